-- Care of the network: which packs came of each gateway's streams, and when something was wrong with a gateway.
CREATE TABLE sequence_course (
    gateway int NOT NULL REFERENCES gateway,
    boot text NOT NULL,
    stream text NOT NULL,
    seen int8multirange NOT NULL,                   -- sequences that came, were set aside whole, or were declared dropped
    holes int8multirange NOT NULL DEFAULT '{}',     -- between the lowest and the highest of them, at the last look
    standing int8multirange NOT NULL DEFAULT '{}',  -- those that were there at the look before, too
    changed_at timestamptz NOT NULL,                -- event time of the last pack
    PRIMARY KEY (gateway, boot, stream)
);

-- How far the tables of packs were looked through.
CREATE TABLE sequence_cursor (
    family text PRIMARY KEY CHECK (family IN ('batch', 'set_aside', 'dropped')),
    id bigint NOT NULL DEFAULT 0
);
INSERT INTO sequence_cursor (family) VALUES ('batch'), ('set_aside'), ('dropped');

CREATE TABLE gateway_trouble (
    gateway int NOT NULL REFERENCES gateway,
    kind text NOT NULL CHECK (kind IN ('offline', 'clock', 'gap')),
    from_time timestamptz NOT NULL, -- event time
    to_time timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (gateway, kind, from_time),
    CHECK (from_time <= to_time)
);
CREATE UNIQUE INDEX gateway_trouble_now ON gateway_trouble (gateway, kind) WHERE to_time = 'infinity';
