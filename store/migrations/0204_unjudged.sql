-- What cannot be judged at a place, and why: without a row a rule or an index speaks there.
CREATE TABLE unjudged (
    place int NOT NULL REFERENCES place ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('rule', 'index')),
    name text NOT NULL,
    season int NOT NULL DEFAULT 0,
    reason smallint NOT NULL, -- telemetry.unknown.Why
    lacks text[] NOT NULL DEFAULT '{}', -- properties or quantities
    holds boolean NOT NULL DEFAULT false, -- it is judged by what is certain all the same
    PRIMARY KEY (place, kind, name, season)
);
