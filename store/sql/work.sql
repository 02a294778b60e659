-- name: known
-- What a worker must know of leased places before it loads their window: how far they were computed.
SELECT place, generation, CASE WHEN isfinite(through) THEN through END, issued, ahead
FROM worked WHERE place = ANY (%(places)s);

-- name: feeds
SELECT spoken_for.place, datastream.id, datastream.quantity, datastream.level, datastream.interval_seconds,
       CASE WHEN isfinite(spoken_for.valid_from) THEN spoken_for.valid_from END,
       CASE WHEN isfinite(spoken_for.valid_to) THEN spoken_for.valid_to END,
       datastream.place = spoken_for.place
FROM spoken_for JOIN datastream ON datastream.id = spoken_for.datastream
WHERE spoken_for.place = ANY (%(places)s)
ORDER BY spoken_for.place, datastream.id;

-- name: spots
SELECT place.id, place.code, place.name, place.kind, place.time_zone, place.latitude, place.longitude, place.elevation,
       -- what is said of a province or commune holds below it where nothing nearer is said
       (SELECT coalesce(jsonb_object_agg(said.key, said.value ORDER BY cardinality(upper.path)), '{}')
        FROM place AS upper, jsonb_each(upper.properties) AS said WHERE upper.id = ANY (place.path)) AS properties,
       place.path,
       (SELECT commune.name FROM place AS commune WHERE commune.id = ANY (place.path) AND commune.kind = 'commune'
        AND commune.id <> place.id LIMIT 1) AS commune,
       (SELECT deployment.height FROM deployment JOIN datastream ON datastream.id = deployment.datastream
        WHERE datastream.place = place.id AND datastream.quantity = 'wind_speed'
        ORDER BY deployment.valid_from DESC LIMIT 1) AS wind_height,
       station_ended(place.id) AS ended, station_recorded(place.id) AS recorded
FROM place WHERE place.id = ANY (%(places)s);

-- name: seasons
SELECT id, place, crop, variety, sown, ended, properties FROM season WHERE place = ANY (%(places)s) ORDER BY place, id;

-- name: settings
-- Rule settings of places and of everything above them.
SELECT rule, place, values, valid_from FROM rule_setting
WHERE place IN (SELECT unnest(path) FROM place WHERE id = ANY (%(places)s)) ORDER BY rule, place, valid_from;

-- name: troubles
-- When something was wrong with the gateway that had a station at the time.
SELECT given.station, trouble.kind, greatest(trouble.from_time, given.valid_from) AS from_time,
       CASE WHEN isfinite(least(trouble.to_time, given.valid_to)) THEN least(trouble.to_time, given.valid_to) END AS to_time
FROM gateway_station AS given JOIN gateway_trouble AS trouble ON trouble.gateway = given.gateway
WHERE given.station = ANY (%(places)s) AND greatest(trouble.from_time, given.valid_from) < least(trouble.to_time, given.valid_to)
ORDER BY given.station, trouble.kind, from_time;

-- name: readings
-- Span by span through the key, whatever the planner thinks of so many (OFFSET 0): it would rather read and sort whole
-- chunks for every batch. The constants leave chunks out. In order of the spans, and within each of time, so that who
-- gets as many as he asked for goes on behind the last one.
SELECT found.datastream_id, found.phenomenon_time, found.result, found.flag
FROM unnest(%(datastreams)b::int[], %(from_times)b::timestamptz[], %(to_times)b::timestamptz[])
  AS span (datastream, from_time, to_time)
CROSS JOIN LATERAL (
    SELECT reading.datastream_id, reading.phenomenon_time, reading.result, reading.flag FROM reading
    WHERE reading.datastream_id = span.datastream AND reading.phenomenon_time BETWEEN span.from_time AND span.to_time
      AND reading.phenomenon_time BETWEEN %(first)s AND %(last)s
    ORDER BY reading.phenomenon_time OFFSET 0
) AS found
LIMIT %(most)s;

-- name: newest
-- The last reading of datastreams, whenever it came; those that never had one are not in it.
SELECT datastream_id, phenomenon_time FROM latest WHERE datastream_id = ANY (%(datastreams)s);

-- name: heard
-- The last reading of each datastream in a span; the constants leave chunks out.
SELECT span.datastream, last.phenomenon_time
FROM unnest(%(datastreams)b::int[], %(from_times)b::timestamptz[], %(to_times)b::timestamptz[])
  AS span (datastream, from_time, to_time)
CROSS JOIN LATERAL (
    SELECT reading.phenomenon_time FROM reading
    WHERE reading.datastream_id = span.datastream AND reading.phenomenon_time BETWEEN span.from_time AND span.to_time
      AND reading.phenomenon_time BETWEEN %(first)s AND %(last)s
    ORDER BY reading.phenomenon_time DESC LIMIT 1
) AS last;

-- name: verdicts
-- What people and the spatial pass said of readings; the ordered checks are made anew.
SELECT datastream_id, valid_from, valid_to, flag, who FROM verdict
WHERE datastream_id = ANY (%(datastreams)s) AND who <> 'ordered' AND valid_to >= %(first)s AND valid_from <= %(last)s
ORDER BY said_at, id;

-- name: long_past
-- A daily index of places over many years.
SELECT place, time, value FROM indexed
WHERE place = ANY (%(places)s) AND index = %(index)s AND subject = 0 AND reference_time = '-infinity'
  AND time >= %(first)s AND time < %(last)s;

-- name: earliest
-- First reading of what feeds each place.
SELECT spoken_for.place, min(first.phenomenon_time)
FROM spoken_for CROSS JOIN LATERAL (
    SELECT reading.phenomenon_time FROM reading WHERE reading.datastream_id = spoken_for.datastream
    ORDER BY reading.phenomenon_time LIMIT 1
) AS first
WHERE spoken_for.place = ANY (%(places)s) GROUP BY spoken_for.place;
