-- Asking: how one process asks another for work, and who changed what.
CREATE TABLE request (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL, -- preview, backfill, explain
    subject jsonb NOT NULL,
    who text NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- real time
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'working', 'done', 'failed')),
    progress real NOT NULL DEFAULT 0,
    answer jsonb,
    answered_at timestamptz
);
CREATE INDEX request_waiting ON request (id) WHERE state IN ('waiting', 'working');

CREATE TABLE gateway_config (
    gateway int NOT NULL REFERENCES gateway,
    revision int NOT NULL,
    toml text NOT NULL,
    who text NOT NULL,
    desired_at timestamptz NOT NULL, -- event time
    published_at timestamptz, -- real time: handed to the broker
    outcome text CHECK (outcome IN ('applied', 'refused', 'rolled_back')),
    reasons jsonb NOT NULL DEFAULT '[]',
    reported_at timestamptz,
    PRIMARY KEY (gateway, revision)
);

CREATE TABLE command (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    gateway int NOT NULL REFERENCES gateway,
    action text NOT NULL CHECK (action IN ('read_now', 'restart', 'set_relay')),
    arguments jsonb NOT NULL DEFAULT '{}',
    who text NOT NULL,
    ordered_at timestamptz NOT NULL, -- event time
    expires timestamptz NOT NULL,
    published_at timestamptz, -- real time
    outcome text CHECK (outcome IN ('done', 'refused', 'expired', 'failed', 'repeated')),
    detail text NOT NULL DEFAULT '',
    replied_at timestamptz
);
CREATE INDEX command_gateway ON command (gateway, ordered_at DESC);

CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(), -- real time
    who text NOT NULL, -- account:<name>, key:<prefix>, command:<system user>, process:<name>
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_at ON audit (at DESC);

-- CAP messages, audio and other bytes that the API serves.
CREATE TABLE document (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL, -- cap, audio, bulletin, ...
    name text NOT NULL UNIQUE, -- last part of its URL
    content_type text NOT NULL,
    body bytea NOT NULL,
    place int REFERENCES place,
    created_at timestamptz NOT NULL, -- event time
    expires timestamptz,
    properties jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX document_kind ON document (kind, created_at DESC);
