-- Areas: what stations are compared within: the province of a place, else the root of its tree.

-- name: mark
-- Days of stations that have ended changed; one that stands alone has no area.
INSERT INTO area_mark (station, from_time, to_time)
SELECT station, from_time, to_time
FROM unnest(%(stations)s::int[], %(from_times)s::timestamptz[], %(to_times)s::timestamptz[]) AS m (station, from_time, to_time)
WHERE area_of(station) <> station;

-- name: take
-- An area nobody compares, that was quiet or waited long enough, or that somebody began and left; one that failed waits
-- until it is to be tried again, and comes after all others. Nothing is taken away
-- from what waits: whoever ends the work does that, with its results.
WITH asked AS (
    SELECT area_of(station) AS area, max(marked_at) AS newest, min(marked_at) AS oldest FROM area_mark GROUP BY 1
), ready AS (
    SELECT area FROM asked
    WHERE newest <= clock_timestamp() - %(quiet)s OR oldest <= clock_timestamp() - %(oldest)s
    UNION
    SELECT area FROM area_day_changed
    WHERE day < (SELECT min((%(now)s::timestamptz AT TIME ZONE station.time_zone)::date) FROM place AS station
                 WHERE area_day_changed.area = ANY (station.path) AND station.kind = 'station')
)
INSERT INTO area_lease (area, token, worker, expires_at)
SELECT area, %(token)s, %(worker)s, clock_timestamp() + %(hold)s
FROM ready LEFT JOIN uncomputed AS failed ON failed.place = ready.area AND failed.task = 'area'
WHERE area IS NOT NULL AND (failed.again_at <= clock_timestamp()) IS NOT FALSE
  AND NOT EXISTS (SELECT FROM area_lease AS held WHERE held.area = ready.area AND held.expires_at > clock_timestamp())
ORDER BY failed.place IS NOT NULL, area LIMIT 1
ON CONFLICT (area) DO UPDATE SET token = excluded.token, worker = excluded.worker, expires_at = excluded.expires_at
WHERE area_lease.expires_at <= clock_timestamp()
RETURNING area;

-- name: renew
UPDATE area_lease SET expires_at = clock_timestamp() + %(hold)s WHERE token = %(token)s;

-- name: held
-- Whether an area is still ours, and so until the transaction ends.
SELECT area FROM area_lease WHERE area = %(area)s AND token = %(token)s FOR UPDATE;

-- name: release
DELETE FROM area_lease WHERE token = %(token)s;

-- name: stations
-- Stations of an area that measure what is compared, and what their days were made from; the latter NULL of new ones.
SELECT station.id, station.time_zone, station.latitude, station.longitude, station.elevation,
       ARRAY (SELECT DISTINCT deployment.valid_from
              FROM deployment JOIN datastream ON datastream.id = deployment.datastream
              WHERE datastream.place = station.id AND datastream.quantity = 'air_temperature' ORDER BY 1) AS deployed,
       CASE WHEN isfinite(made.since) THEN made.since END AS since, made.basis, made.deployed AS known
FROM place AS station LEFT JOIN area_station AS made ON made.station = station.id
WHERE %(area)s = ANY (station.path) AND station.kind = 'station'
  AND EXISTS (SELECT FROM datastream WHERE datastream.place = station.id
              AND datastream.quantity IN ('air_temperature', 'precipitation'))
ORDER BY station.id;

-- name: streams
-- Datastreams of stations' own that are compared.
SELECT place, id, quantity, level, interval_seconds FROM datastream
WHERE place = ANY (%(stations)s) AND quantity IN ('air_temperature', 'precipitation') ORDER BY place, id;

-- name: marks
SELECT id, station, from_time, to_time FROM area_mark WHERE area_of(station) = %(area)s ORDER BY id;

-- name: done
DELETE FROM area_mark WHERE id = ANY (%(ids)s);

-- name: made
-- What days were made from, as far as it changed.
INSERT INTO area_station (station, since, basis, deployed)
SELECT station, coalesce(since, '-infinity'), basis,
       ARRAY (SELECT deployment.valid_from FROM unnest(%(whose)s::int[], %(deployed)s::timestamptz[])
                AS deployment (station, valid_from)
              WHERE deployment.station = m.station ORDER BY valid_from)
FROM unnest(%(stations)s::int[], %(since)s::date[], %(basis)s::text[]) AS m (station, since, basis)
ON CONFLICT (station) DO UPDATE SET since = excluded.since, basis = excluded.basis, deployed = excluded.deployed
WHERE (area_station.since, area_station.basis, area_station.deployed)
      IS DISTINCT FROM (excluded.since, excluded.basis, excluded.deployed);

-- name: first_days
-- First day of each station that was made.
SELECT station, min(day) FROM area_day WHERE station = ANY (%(stations)s) GROUP BY station;

-- name: write
-- Days of stations become the given, and days without any are gone; what really changed is to be compared anew: the day,
-- and where its mean changed, for drift, all days that look back at it.
WITH given AS (
    SELECT station, day, nullif(air, 'NaN') AS air, nullif(rain, 'NaN') AS rain,
           (hourly.numbers)[last - length + 1:last] AS temperature
    FROM (SELECT %(numbers)b::float8[] AS numbers OFFSET 0) AS hourly, -- one parameter, not one copy a row
         unnest(%(station)b::int[], %(day)b::date[], %(air)b::float8[], %(rain)b::float8[], %(last)b::int[], %(length)b::int[])
      AS each (station, day, air, rain, last, length)
), former AS (
    SELECT area_day.* FROM unnest(%(stations)s::int[], %(firsts)s::date[], %(lasts)s::date[]) AS span (station, first, last)
    JOIN area_day ON area_day.station = span.station AND area_day.day BETWEEN span.first AND span.last
), differs AS (
    SELECT station, day, given.station IS NOT NULL AS stands, given.air IS DISTINCT FROM former.air AS warmth
    FROM given FULL JOIN former USING (station, day)
    WHERE (given.air, given.rain, given.temperature) IS DISTINCT FROM (former.air, former.rain, former.temperature)
), gone AS (
    DELETE FROM area_day USING differs
    WHERE area_day.station = differs.station AND area_day.day = differs.day AND NOT differs.stands
), written AS (
    INSERT INTO area_day (station, day, air, rain, temperature)
    SELECT given.* FROM given JOIN differs USING (station, day)
    ON CONFLICT (station, day) DO UPDATE
    SET air = excluded.air, rain = excluded.rain, temperature = excluded.temperature
), asked AS (
    SELECT DISTINCT day, true AS whole FROM differs
    UNION ALL
    SELECT warm.day + k, false
    FROM (SELECT DISTINCT day FROM differs WHERE warmth) AS warm, generate_series(1, %(reach)s) AS k
    WHERE warm.day + k <= %(until)s
)
INSERT INTO area_day_changed (area, day, whole)
SELECT %(area)s, day, bool_or(whole) FROM asked WHERE %(asks)s GROUP BY day
ON CONFLICT (area, day) DO UPDATE SET whole = true WHERE excluded.whole AND NOT area_day_changed.whole;

-- name: ask
-- Days to compare anew for drift, whatever changed.
INSERT INTO area_day_changed (area, day, whole)
SELECT DISTINCT %(area)s::int, day::date, false
FROM unnest(%(firsts)s::date[], %(lasts)s::date[]) AS span (first, last), generate_series(first, last, interval '1 day') AS day
ON CONFLICT (area, day) DO NOTHING;

-- name: changed_days
SELECT day, whole FROM area_day_changed WHERE area = %(area)s ORDER BY day;

-- name: compared
DELETE FROM area_day_changed WHERE area = %(area)s AND day BETWEEN %(first)s AND %(last)s;

-- name: means
SELECT station, day, air FROM area_day
WHERE station = ANY (%(stations)s) AND day BETWEEN %(first)s AND %(last)s AND air IS NOT NULL;

-- name: rain
SELECT station, day, rain FROM area_day
WHERE station = ANY (%(stations)s) AND day BETWEEN %(first)s AND %(last)s AND rain IS NOT NULL;

-- name: hours
SELECT area_day.station, area_day.day, (hour.number - 1)::int, hour.value
FROM area_day, unnest(area_day.temperature) WITH ORDINALITY AS hour (value, number)
WHERE area_day.station = ANY (%(stations)s) AND area_day.day BETWEEN %(first)s AND %(last)s;

-- name: replace
-- What the comparison found of spans becomes the given (of drift alone where the days were not compared wholly); rollups
-- follow what changed.
WITH wanted AS (
    SELECT * FROM unnest(%(datastream)b::int[], %(valid_from)b::timestamptz[], %(valid_to)b::timestamptz[],
                         %(flag)b::int[], %(reason)b::text[])
      AS w (datastream_id, valid_from, valid_to, flag, reason)
), gone AS (
    DELETE FROM verdict
    USING unnest(%(datastreams)b::int[], %(from_times)b::timestamptz[], %(to_times)b::timestamptz[])
      AS span (datastream, from_time, to_time)
    WHERE verdict.datastream_id = span.datastream AND verdict.who = 'spatial'
      AND verdict.valid_from >= span.from_time AND verdict.valid_from < span.to_time
      AND (%(whole)s OR verdict.reason = 'drift')
      AND NOT EXISTS (SELECT FROM wanted WHERE wanted.datastream_id = verdict.datastream_id
                      AND wanted.reason = verdict.reason AND wanted.valid_from = verdict.valid_from
                      AND wanted.valid_to = verdict.valid_to)
    RETURNING verdict.datastream_id, verdict.valid_from, verdict.valid_to
), said AS (
    INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at)
    SELECT datastream_id, valid_from, valid_to, flag, reason, 'spatial', %(now)s FROM wanted
    ON CONFLICT (datastream_id, who, reason, valid_from, valid_to) DO UPDATE SET flag = excluded.flag
    WHERE verdict.flag <> excluded.flag
    RETURNING datastream_id, valid_from, valid_to
), changed AS (
    SELECT datastream_id, range_agg(tstzrange(valid_from, valid_to, '[]')) AS parts
    FROM (SELECT * FROM gone UNION ALL SELECT * FROM said) AS each GROUP BY datastream_id
), touching AS (
    INSERT INTO touched (place, from_time, to_time)
    SELECT station.place, lower(part), upper(part)
    FROM (SELECT datastream.place, range_agg(changed.parts) AS parts
          FROM changed JOIN datastream ON datastream.id = changed.datastream_id GROUP BY datastream.place) AS station,
         unnest(station.parts) AS part
)
SELECT datastream_id, lower(parts), upper(parts) FROM changed;

-- name: changed
-- A spatial verdict that really changed marks its own place; never the area again.
SELECT append_marks(%(datastreams)s, %(from_times)s, %(to_times)s, 'spatial');
