-- Readings: raw values, never changed; what came in which batch; what could not be stored and why.
CREATE TABLE batch (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway int NOT NULL REFERENCES gateway,
    boot text NOT NULL DEFAULT '', -- empty: a pack without a label, accepted and not receipted
    stream text NOT NULL DEFAULT 'live' CHECK (stream IN ('live', 'backlog', 'import')),
    sequence bigint NOT NULL DEFAULT -1,
    kind text NOT NULL DEFAULT 'readings' CHECK (kind IN ('readings', 'dropped')),
    revision int NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL, -- real time
    records int NOT NULL DEFAULT 0,
    trace text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX batch_label ON batch (gateway, boot, stream, sequence) WHERE sequence >= 0;

CREATE TABLE reading (
    phenomenon_time timestamptz NOT NULL,
    result double precision NOT NULL,
    datastream_id int NOT NULL,
    -- Low byte: QARTOD 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing. Above it a bit for each check
    -- that failed: see store/flag.py.
    flag int NOT NULL DEFAULT 2,
    batch_id int NOT NULL,
    PRIMARY KEY (datastream_id, phenomenon_time)
);
SELECT create_hypertable('reading', by_range('phenomenon_time', INTERVAL '7 days'), create_default_indexes => false);

CREATE TABLE latest (
    datastream_id int PRIMARY KEY REFERENCES datastream,
    phenomenon_time timestamptz NOT NULL,
    result double precision NOT NULL,
    flag int NOT NULL,
    batch_id int NOT NULL
) WITH (fillfactor = 70);

-- Values that a correction replaced; the correction's revision is in by_revision.
CREATE TABLE superseded (
    datastream_id int NOT NULL REFERENCES datastream,
    phenomenon_time timestamptz NOT NULL,
    result double precision NOT NULL,
    flag int NOT NULL,
    batch_id int NOT NULL,
    revision int NOT NULL,    -- revision of the value that was replaced; 0 the original
    by_revision int NOT NULL, -- revision of the value that replaced it
    by_batch int NOT NULL,
    superseded_at timestamptz NOT NULL, -- real time
    PRIMARY KEY (datastream_id, phenomenon_time, revision, result)
);

CREATE TABLE set_aside (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway text NOT NULL, -- as the topic says; may be unknown
    boot text NOT NULL DEFAULT '',
    stream text NOT NULL DEFAULT 'live',
    sequence bigint NOT NULL DEFAULT -1,
    record int NOT NULL DEFAULT -1, -- -1: the whole pack
    reason text NOT NULL,
    detail text NOT NULL DEFAULT '',
    station text, -- where known: what a registration may cure
    content_type text NOT NULL DEFAULT '',
    payload bytea NOT NULL, -- the record as a SenML pack of one, or the whole payload
    payload_sha256 bytea NOT NULL,
    received_at timestamptz NOT NULL, -- real time
    replayed_at timestamptz -- real time; set when its cause was cured and it was stored
);
-- Labelled packs once; those without a label once a payload.
CREATE UNIQUE INDEX set_aside_label ON set_aside (gateway, boot, stream, sequence, record) WHERE sequence >= 0;
CREATE UNIQUE INDEX set_aside_payload ON set_aside (gateway, payload_sha256, record, reason) WHERE sequence < 0;
CREATE INDEX set_aside_station ON set_aside (station) WHERE replayed_at IS NULL;

-- What gateways declared they had to drop.
CREATE TABLE dropped (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway int NOT NULL REFERENCES gateway,
    batch_id int NOT NULL,
    number int NOT NULL, -- position in the declaration
    boot text, stream text, first_sequence bigint, last_sequence bigint, -- formed packs
    station text, datastream text, first_time timestamptz, last_time timestamptz, -- unformed readings
    readings bigint NOT NULL,
    UNIQUE (batch_id, number)
);

-- Findings of ordered and spatial checks, and of people; laid over readings, which they never change.
CREATE TABLE verdict (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    datastream_id int NOT NULL REFERENCES datastream,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL, -- inclusive
    flag int NOT NULL,   -- as reading.flag: QARTOD value and bits of the checks
    reason text NOT NULL,
    who text NOT NULL,   -- 'ordered', 'spatial' or 'person:<account>'
    said_at timestamptz NOT NULL, -- event time
    CHECK (valid_from <= valid_to)
);
CREATE UNIQUE INDEX verdict_finding ON verdict (datastream_id, who, reason, valid_from, valid_to);
CREATE INDEX verdict_span ON verdict (datastream_id, valid_to, valid_from);
