-- Alerts: episodes in event time, and their append-only steps.
CREATE TABLE alert (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule text NOT NULL,
    hazard text NOT NULL, -- groups rules for people: cold, frost, heat, rain, wind, ...
    place int NOT NULL REFERENCES place,
    season int NOT NULL DEFAULT 0,
    basis text NOT NULL CHECK (basis IN ('observed', 'forecast')),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ended', 'cancelled')),
    level int NOT NULL, -- of the rule, 1 the lowest: what holds now, or held last
    started timestamptz NOT NULL, -- event time
    ended timestamptz, -- event time
    -- Levels in event time: [[from, level], ...]; what order of arrival cannot change.
    course jsonb NOT NULL DEFAULT '[]',
    values jsonb NOT NULL DEFAULT '{}', -- what texts speak of: extremes, days, ...
    successor bigint REFERENCES alert, -- of a cancelled one, or the observed one of a forecast that came true
    CHECK ((state = 'open') = (ended IS NULL) OR state = 'cancelled')
);
CREATE UNIQUE INDEX alert_open ON alert (rule, place, season, basis) WHERE state = 'open';
CREATE INDEX alert_place ON alert (place, started DESC);
CREATE INDEX alert_started ON alert (started DESC, id DESC);

CREATE TABLE alert_step (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert bigint NOT NULL REFERENCES alert,
    number int NOT NULL, -- 1, 2, ... within the alert
    kind text NOT NULL CHECK (kind IN ('open', 'raise', 'lower', 'update', 'end', 'cancel')),
    level int NOT NULL,
    at timestamptz NOT NULL,    -- event time of what changed
    known_at timestamptz NOT NULL, -- event time at which it was known
    expires timestamptz NOT NULL,  -- event time after which nobody needs to hear it
    -- Late data rewrite history but page nobody: a stale step goes to the page and CAP only.
    stale boolean NOT NULL DEFAULT false,
    values jsonb NOT NULL DEFAULT '{}',
    texts jsonb NOT NULL DEFAULT '{}', -- language → {short, long, advice: {audience: text}}
    trace text NOT NULL DEFAULT '',
    UNIQUE (alert, number)
);

CREATE TABLE rule_setting (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule text NOT NULL,
    place int NOT NULL REFERENCES place, -- holds for everything below it
    values jsonb NOT NULL, -- thresholds, operator, enabled, ...: what differs from the rule's own
    valid_from timestamptz NOT NULL, -- event time
    who text NOT NULL,
    said_at timestamptz NOT NULL, -- event time
    UNIQUE (rule, place, valid_from)
);

-- What indices and rules are called and say: generated from the shelves, committed, loaded by migrate.
CREATE TABLE catalogue (
    kind text NOT NULL CHECK (kind IN ('quantity', 'index', 'rule', 'crop', 'sensor_model')),
    name text NOT NULL,
    entry jsonb NOT NULL,
    PRIMARY KEY (kind, name)
);
