-- Meaning: what has to be worked on (marks, leases, due rows), what came of it (indices), and forecasts as input.
CREATE TABLE mark (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    place int NOT NULL REFERENCES place,
    from_time timestamptz NOT NULL,
    to_time timestamptz NOT NULL,
    cause text NOT NULL, -- reading, correction, verdict, feeds, season, rule, forecast, spatial, lease, ...
    marked_at timestamptz NOT NULL DEFAULT clock_timestamp() -- real time: for the quiet time of older days
);
CREATE INDEX mark_place ON mark (place, id);

CREATE TABLE lease (
    place int PRIMARY KEY REFERENCES place,
    token uuid NOT NULL,
    worker text NOT NULL,
    expires_at timestamptz NOT NULL, -- real time
    marks jsonb NOT NULL -- [[from, to, cause], ...]: marks again if the lease expires
);

-- What happens because time passes.
CREATE TABLE due (
    at timestamptz NOT NULL, -- event time
    owner text NOT NULL CHECK (owner IN ('analytics', 'notify')),
    kind text NOT NULL,
    subject text NOT NULL,
    PRIMARY KEY (owner, kind, subject)
);
CREATE INDEX due_at ON due (owner, at);

-- What rollups have to be recomputed.
CREATE TABLE touched (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    place int NOT NULL REFERENCES place,
    from_time timestamptz NOT NULL,
    to_time timestamptz NOT NULL
);
CREATE INDEX touched_place ON touched (place);

CREATE TABLE index_value (
    place int NOT NULL,
    index text NOT NULL,
    season int NOT NULL DEFAULT 0,
    reference_time timestamptz NOT NULL DEFAULT '-infinity', -- -infinity: observed; else the forecast's issue time
    time timestamptz NOT NULL, -- start of the local day or hour it speaks for
    value double precision NOT NULL,
    method text NOT NULL DEFAULT '',
    completeness real NOT NULL,
    PRIMARY KEY (place, index, season, reference_time, time)
);
SELECT create_hypertable('index_value', by_range('time', INTERVAL '90 days'), create_default_indexes => false);

-- State of recursive indices after a day, from which the next day goes on.
CREATE TABLE index_state (
    place int NOT NULL,
    index text NOT NULL,
    season int NOT NULL DEFAULT 0,
    reference_time timestamptz NOT NULL DEFAULT '-infinity',
    time timestamptz NOT NULL, -- start of the local day after which the state holds
    state double precision[] NOT NULL,
    PRIMARY KEY (place, index, season, reference_time, time)
);

CREATE TABLE forecast (
    place int NOT NULL REFERENCES place,
    quantity text NOT NULL,
    reference_time timestamptz NOT NULL, -- when it was issued
    valid_time timestamptz NOT NULL,
    value double precision NOT NULL,
    source text NOT NULL,
    PRIMARY KEY (place, quantity, reference_time, valid_time)
);

-- Appends a mark for every place that the datastreams speak for, and what rollups have to be recomputed; wakes
-- analytics. Whoever changes an input calls it in the same transaction.
CREATE FUNCTION append_marks(datastreams int[], from_times timestamptz[], to_times timestamptz[], cause text)
RETURNS void LANGUAGE sql AS $$
    WITH changed AS (
        SELECT spoken_for.place,
               greatest(min(change.from_time), min(spoken_for.valid_from)) AS from_time,
               least(max(change.to_time), max(spoken_for.valid_to)) AS to_time
        FROM unnest(datastreams, from_times, to_times) AS change (datastream, from_time, to_time)
        JOIN spoken_for ON spoken_for.datastream = change.datastream
         AND spoken_for.valid_from <= change.to_time AND spoken_for.valid_to > change.from_time
        GROUP BY spoken_for.place
    ), marked AS (
        INSERT INTO mark (place, from_time, to_time, cause)
        SELECT place, from_time, to_time, append_marks.cause FROM changed
        RETURNING place
    ), stations AS (
        INSERT INTO touched (place, from_time, to_time)
        SELECT datastream.place, min(change.from_time), max(change.to_time)
        FROM unnest(datastreams, from_times, to_times) AS change (datastream, from_time, to_time)
        JOIN datastream ON datastream.id = change.datastream
        GROUP BY datastream.place
        RETURNING place
    )
    SELECT pg_notify('mark', '') WHERE EXISTS (SELECT FROM marked) OR EXISTS (SELECT FROM stations);
$$;

-- Appends a mark for places themselves (season, feeds, a rule's settings).
CREATE FUNCTION mark_places(places int[], from_time timestamptz, to_time timestamptz, cause text)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO mark (place, from_time, to_time, cause)
    SELECT DISTINCT place, mark_places.from_time, mark_places.to_time, mark_places.cause FROM unnest(places) AS place;
    SELECT pg_notify('mark', '');
$$;
