-- Answers: what people and providers send back, who takes charge, what needs a person's approval, and bulletins.
CREATE TABLE inbound (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    route text NOT NULL,  -- as in the routes file; the last part of the callback's address
    content_type text NOT NULL DEFAULT '',
    payload bytea NOT NULL, -- as it came; may hold a phone number: emptied after the retention time or at an erasure
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- real time
    at timestamptz, -- event time at which it was taken up
    state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'waiting', 'done', 'unmatched', 'refused')),
    kind text NOT NULL DEFAULT '', -- receipt, stop, start, weather, acknowledgement, unknown
    subscriber bigint REFERENCES subscriber,
    tries int NOT NULL DEFAULT 0,
    detail text NOT NULL DEFAULT ''
);
CREATE INDEX inbound_open ON inbound (id) WHERE state IN ('new', 'waiting');

CREATE TABLE acknowledgement (
    bundle bigint NOT NULL REFERENCES bundle,
    subscriber bigint REFERENCES subscriber,
    who text NOT NULL, -- 'subscriber', 'account:…', 'command:…'
    at timestamptz NOT NULL, -- event time
    PRIMARY KEY (bundle, who, at)
);

CREATE TABLE approval (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('broadcast', 'bulletin')),
    subject text NOT NULL, -- 'broadcast:7', ...
    title text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'refused', 'expired')),
    asked_at timestamptz NOT NULL, -- event time
    expires timestamptz NOT NULL,
    decided_at timestamptz,
    who text,
    reason text NOT NULL DEFAULT '',
    UNIQUE (kind, subject),
    CHECK (state NOT IN ('approved', 'refused') OR (who IS NOT NULL AND decided_at IS NOT NULL))
);
CREATE INDEX approval_waiting ON approval (id) WHERE state = 'waiting';

CREATE TABLE bulletin (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    place int NOT NULL REFERENCES place, -- the commune
    kind text NOT NULL CHECK (kind IN ('daily', 'ten_day')),
    day date NOT NULL, -- the local day it is issued on
    state text NOT NULL CHECK (state IN ('waiting', 'released', 'refused')),
    made_at timestamptz NOT NULL, -- event time
    released_at timestamptz,
    texts jsonb NOT NULL, -- language → {title, radio, short, page}
    facts jsonb NOT NULL DEFAULT '{}', -- the values that the texts were made from
    UNIQUE (place, kind, day)
);

-- What a loudspeaker says: text, audio (two documents), class, schedule.
CREATE TABLE broadcast (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    about text NOT NULL UNIQUE, -- 'bundle:7', 'bulletin:3'
    place int NOT NULL REFERENCES place, -- the commune
    class text NOT NULL CHECK (class IN ('thong_thuong', 'uu_tien', 'khan_cap')),
    state text NOT NULL CHECK (state IN ('waiting', 'ready', 'refused', 'expired')),
    language text NOT NULL DEFAULT 'vi',
    text text NOT NULL,   -- as people read it
    spoken text NOT NULL, -- as it is read aloud: numbers and units in words
    audio text NOT NULL DEFAULT '', -- names of documents without their endings; empty: not made yet
    at timestamptz NOT NULL,      -- event time
    play_from timestamptz NOT NULL,
    expires timestamptz NOT NULL,
    exercise boolean NOT NULL DEFAULT false
);
CREATE INDEX broadcast_ready ON broadcast (place, play_from) WHERE state = 'ready';
