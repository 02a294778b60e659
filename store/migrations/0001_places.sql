-- Places: province → commune → farm → field, barn, pond, reservoir, forest plot, station; who may send for them; what feeds them.
CREATE TABLE place (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    kind text NOT NULL CHECK (kind IN ('country', 'province', 'commune', 'village', 'farm', 'field', 'barn', 'pond',
                                       'reservoir', 'river', 'forest_plot', 'station')),
    name text NOT NULL,
    parent int REFERENCES place,
    -- Root first, itself last; kept by a trigger. Row scope and grouping by commune read it.
    path int[] NOT NULL DEFAULT '{}',
    longitude double precision CHECK (longitude BETWEEN -180 AND 180),
    latitude double precision CHECK (latitude BETWEEN -90 AND 90),
    -- GeoJSON geometry that an operator imported; no boundary is invented.
    geometry jsonb,
    elevation double precision, -- m above mean sea level
    time_zone text NOT NULL DEFAULT 'Asia/Ho_Chi_Minh',
    properties jsonb NOT NULL DEFAULT '{}',
    CHECK (parent IS DISTINCT FROM id)
);
CREATE INDEX place_parent ON place (parent);
CREATE INDEX place_path ON place USING gin (path);

CREATE FUNCTION place_keep_path() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.path := coalesce((SELECT path FROM place WHERE id = NEW.parent), '{}') || NEW.id;
    IF (SELECT count(*) FROM unnest(NEW.path) AS step WHERE step = NEW.id) > 1 THEN
        RAISE EXCEPTION 'place % cannot lie within itself', NEW.code;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER place_path BEFORE INSERT OR UPDATE OF parent ON place FOR EACH ROW EXECUTE FUNCTION place_keep_path();

CREATE FUNCTION place_move_children() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE place SET parent = parent WHERE parent = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER place_children AFTER UPDATE OF parent ON place FOR EACH ROW
    WHEN (OLD.path IS DISTINCT FROM NEW.path) EXECUTE FUNCTION place_move_children();

CREATE TABLE season (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- 0 stands for "no season" in index_value and alert
    place int NOT NULL REFERENCES place,
    crop text NOT NULL,
    variety text NOT NULL DEFAULT '',
    sown date NOT NULL,
    ended date,
    properties jsonb NOT NULL DEFAULT '{}',
    CHECK (ended IS NULL OR ended >= sown)
);
CREATE INDEX season_place ON season (place, sown);

CREATE TABLE gateway (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text NOT NULL DEFAULT '',
    revoked boolean NOT NULL DEFAULT false,
    birth jsonb,  -- the last birth message
    status jsonb, -- the last status message
    status_at timestamptz, -- event time at which the status came
    properties jsonb NOT NULL DEFAULT '{}'
);
-- The gateway that stands for readings posted through the API; ingest takes any registered station from it.
INSERT INTO gateway (code, name) VALUES ('api', 'Readings posted through the API');

-- Which stations an operator gave to which gateway; a station is one gateway's at a time.
CREATE TABLE gateway_station (
    gateway int NOT NULL REFERENCES gateway,
    station int NOT NULL REFERENCES place,
    valid_from timestamptz NOT NULL DEFAULT '-infinity',
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (station, valid_from),
    CHECK (valid_from < valid_to)
);
CREATE INDEX gateway_station_gateway ON gateway_station (gateway);

CREATE TABLE datastream (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    place int NOT NULL REFERENCES place, -- the station
    quantity text NOT NULL,
    level text NOT NULL DEFAULT '',
    interval_seconds double precision NOT NULL DEFAULT 0, -- s between readings as born; 0 not regular
    basis text NOT NULL DEFAULT 'measured' CHECK (basis IN ('measured', 'estimated')),
    properties jsonb NOT NULL DEFAULT '{}',
    UNIQUE (place, quantity, level)
);

CREATE TABLE deployment (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    datastream int NOT NULL REFERENCES datastream,
    sensor_model text NOT NULL DEFAULT '',
    serial text NOT NULL DEFAULT '',
    height double precision, -- m above ground; below is negative
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    properties jsonb NOT NULL DEFAULT '{}',
    CHECK (valid_from < valid_to)
);
CREATE INDEX deployment_datastream ON deployment (datastream, valid_from);

-- Which sensors speak for a field, barn or pond; a station is always fed by its own datastreams.
CREATE TABLE feeds (
    place int NOT NULL REFERENCES place,
    datastream int NOT NULL REFERENCES datastream,
    valid_from timestamptz NOT NULL DEFAULT '-infinity',
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (place, datastream, valid_from),
    CHECK (valid_from < valid_to)
);
CREATE INDEX feeds_datastream ON feeds (datastream);

-- Every place a datastream speaks for: its own station, and what an operator said it feeds.
CREATE VIEW spoken_for AS
SELECT place, id AS datastream, '-infinity'::timestamptz AS valid_from, 'infinity'::timestamptz AS valid_to FROM datastream
UNION ALL
SELECT place, datastream, valid_from, valid_to FROM feeds;
