-- stopped: analytics
-- Areas are compared from days of their stations, in a lane of its own: what asks for it, the days, what has to be
-- compared anew, and who does it.

-- Stations whose days that have ended changed.
CREATE TABLE area_mark (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    station int NOT NULL REFERENCES place ON DELETE CASCADE,
    from_time timestamptz NOT NULL, -- event times of what changed
    to_time timestamptz NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT clock_timestamp() -- real time
);

-- A station's local day as its neighbours are compared with it: raw readings less what the ordered checks doubt of the
-- day and the one before, whatever people or neighbours said; no row where nothing was measured.
CREATE TABLE area_day (
    station int NOT NULL REFERENCES place ON DELETE CASCADE,
    day date NOT NULL,
    air double precision,                -- mean temperature of a whole day [°C]
    rain double precision,               -- rain of a whole day [mm]
    temperature double precision[] NOT NULL, -- of each hour [°C], NaN where missing
    PRIMARY KEY (station, day)
);

-- Days to compare anew: wholly, or only for drift, which looks two months back.
CREATE TABLE area_day_changed (
    area int NOT NULL REFERENCES place ON DELETE CASCADE,
    day date NOT NULL,
    whole boolean NOT NULL,
    PRIMARY KEY (area, day)
);

-- What a station's days were made from.
CREATE TABLE area_station (
    station int PRIMARY KEY REFERENCES place ON DELETE CASCADE,
    since date NOT NULL DEFAULT '-infinity', -- days before are made when they are first needed
    basis text,                              -- time zone and datastreams
    deployed timestamptz[] NOT NULL DEFAULT '{}' -- when its thermometers were put up
);

CREATE TABLE area_lease (
    area int PRIMARY KEY REFERENCES place ON DELETE CASCADE,
    token uuid NOT NULL,
    worker text NOT NULL,
    expires_at timestamptz NOT NULL -- real time
);

-- The province of a station, else the root of its tree.
CREATE FUNCTION area_of(station int) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT above.id FROM place AS above WHERE above.id = ANY (place.path) AND above.kind = 'province'
                     LIMIT 1), place.path[1])
    FROM place WHERE place.id = area_of.station;
$$;

-- Days of stations that were there before are made when they are needed.
INSERT INTO area_station (station, since, deployed)
SELECT place.id, '9999-01-01',
       ARRAY (SELECT DISTINCT deployment.valid_from
              FROM deployment JOIN datastream ON datastream.id = deployment.datastream
              WHERE datastream.place = place.id AND datastream.quantity = 'air_temperature' ORDER BY 1)
FROM place WHERE kind = 'station';
-- What was to be compared stays so, also what a process had that is stopped now.
UPDATE lease SET expires_at = '-infinity'
WHERE EXISTS (SELECT FROM jsonb_array_elements(lease.marks) AS entry WHERE entry ->> 2 = 'area');
SELECT expire_leases();
INSERT INTO area_mark (station, from_time, to_time, marked_at)
SELECT station.id, mark.from_time, mark.to_time, mark.marked_at
FROM mark JOIN place AS station ON mark.place = ANY (station.path) AND station.kind = 'station'
WHERE mark.cause = 'area';
DELETE FROM mark WHERE cause = 'area';
