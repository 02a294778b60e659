-- Places that analytics could not compute: why, since when, how often it tried. Their lease is held until they are tried
-- again, so that nobody takes them before, and nothing that was marked is lost.
CREATE TABLE uncomputed (
    place int PRIMARY KEY REFERENCES place ON DELETE CASCADE,
    since timestamptz NOT NULL, -- real time of the first failure
    failures int NOT NULL,
    reason text NOT NULL,
    again_at timestamptz NOT NULL -- real time
);
