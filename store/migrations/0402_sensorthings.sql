-- What SensorThings asks for and the other tables do not have: sensors by name, where stations stood, observed properties.
CREATE TABLE sensor (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    encoding_type text NOT NULL DEFAULT 'text/plain',
    metadata text NOT NULL DEFAULT '',
    model text, serial text, -- of sensors that came by a deployment
    properties jsonb NOT NULL DEFAULT '{}',
    UNIQUE (model, serial)
);
INSERT INTO sensor (name, description) VALUES ('not known', 'No sensor was named for the datastream.');

ALTER TABLE datastream ADD COLUMN sensor int NOT NULL DEFAULT 1 REFERENCES sensor;
CREATE INDEX datastream_sensor ON datastream (sensor);
CREATE INDEX datastream_quantity ON datastream (quantity);

CREATE FUNCTION deployment_names_sensor() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    number int;
BEGIN
    IF NEW.sensor_model = '' THEN
        RETURN NULL;
    END IF;
    INSERT INTO sensor (name, description, model, serial)
    VALUES (NEW.sensor_model, NEW.serial, NEW.sensor_model, NEW.serial)
    ON CONFLICT (model, serial) DO UPDATE SET name = sensor.name RETURNING id INTO number;
    UPDATE datastream SET sensor = number WHERE id = NEW.datastream AND sensor <> number;
    RETURN NULL;
END $$;
CREATE TRIGGER deployment_sensor AFTER INSERT OR UPDATE OF sensor_model, serial ON deployment
    FOR EACH ROW EXECUTE FUNCTION deployment_names_sensor();
UPDATE deployment SET sensor_model = sensor_model;

-- Where a station stood, and since when we know (real time).
CREATE TABLE historical_location (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    place int NOT NULL REFERENCES place ON DELETE CASCADE,
    time timestamptz NOT NULL DEFAULT clock_timestamp(),
    longitude double precision NOT NULL,
    latitude double precision NOT NULL
);
CREATE INDEX historical_location_place ON historical_location (place, time);

CREATE FUNCTION place_remembers_location() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'station' AND NEW.longitude IS NOT NULL AND NEW.latitude IS NOT NULL AND NOT EXISTS (
        SELECT FROM (SELECT longitude, latitude FROM historical_location WHERE place = NEW.id
                     ORDER BY time DESC, id DESC LIMIT 1) AS last
        WHERE last.longitude = NEW.longitude AND last.latitude = NEW.latitude
    ) THEN
        INSERT INTO historical_location (place, longitude, latitude) VALUES (NEW.id, NEW.longitude, NEW.latitude);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER place_location AFTER INSERT OR UPDATE OF longitude, latitude, kind ON place
    FOR EACH ROW EXECUTE FUNCTION place_remembers_location();
INSERT INTO historical_location (place, longitude, latitude)
SELECT id, longitude, latitude FROM place WHERE kind = 'station' AND longitude IS NOT NULL AND latitude IS NOT NULL;

-- The table of quantities; filled by store/repeatable/40_observed_property.sql, compared with telemetry in a test.
CREATE TABLE observed_property (
    name text PRIMARY KEY,
    title text NOT NULL,
    definition text NOT NULL,
    description text NOT NULL,
    unit text NOT NULL
);

-- GeoJSON of a place: what an operator imported, or its point.
CREATE FUNCTION place_geojson(geometry jsonb, longitude double precision, latitude double precision)
RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(geometry, CASE WHEN longitude IS NOT NULL AND latitude IS NOT NULL THEN
        jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(longitude, latitude)) END)
$$;

-- Metres on a sphere of 6371008.8 m (IUGG mean radius), by haversine.
CREATE FUNCTION metres_between(longitude1 float8, latitude1 float8, longitude2 float8, latitude2 float8)
RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT 2 * 6371008.8 * asin(least(1, sqrt(power(sind((latitude1 - latitude2) / 2), 2)
        + cosd(latitude1) * cosd(latitude2) * power(sind((longitude1 - longitude2) / 2), 2))))
$$;
