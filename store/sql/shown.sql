-- What the API and the page show. Every statement reads places through visible_place(everything, roots, open);
-- place itself is read only for the names of the communes above.

-- name: stations
SELECT place.code, place.name, place.kind, place.longitude, place.latitude, place.elevation, place.time_zone,
       commune.code AS commune, commune.name AS commune_name, place.private,
       coalesce((SELECT json_agg(json_build_object('name', quantity || CASE level WHEN '' THEN '' ELSE '/' || level END,
                                                   'quantity', quantity, 'level', level,
                                                   'interval_seconds', interval_seconds, 'basis', basis)
                                 ORDER BY quantity, level)
                 FROM datastream WHERE datastream.place = place.id), '[]'::json) AS datastreams
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
LEFT JOIN LATERAL (SELECT upper.code, upper.name FROM place AS upper
                   WHERE upper.id = ANY (place.path) AND upper.kind = 'commune' LIMIT 1) AS commune ON true
WHERE place.kind = 'station'
  AND place.code > %(after)s
  AND (%(code)s::text IS NULL OR place.code = %(code)s)
  AND (%(within_place)s::text IS NULL
       OR place.path @> ARRAY (SELECT id FROM place AS upper WHERE upper.code = %(within_place)s)
      AND EXISTS (SELECT FROM place AS upper WHERE upper.code = %(within_place)s))
  AND (%(quantity)s::text IS NULL
       OR EXISTS (SELECT FROM datastream WHERE datastream.place = place.id AND quantity = %(quantity)s))
  AND (%(west)s::float8 IS NULL OR (place.longitude BETWEEN %(west)s AND %(east)s
                                    AND place.latitude BETWEEN %(south)s AND %(north)s))
  AND (%(radius)s::float8 IS NULL
       -- Great circle on a sphere of 6371008.8 m (IUGG mean radius); haversine is stable for small distances.
       OR 2 * 6371008.8 * asin(least(1, sqrt(power(sind((place.latitude - %(near_latitude)s::float8) / 2), 2)
            + cosd(place.latitude) * cosd(%(near_latitude)s::float8)
            * power(sind((place.longitude - %(near_longitude)s::float8) / 2), 2)))) <= %(radius)s)
ORDER BY place.code
LIMIT %(limit)s

-- name: place
SELECT place.id, place.code, place.kind, place.name, place.longitude, place.latitude, place.geometry, place.elevation,
       place.time_zone, place.private, parent.code AS parent
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
LEFT JOIN place AS parent ON parent.id = place.parent
WHERE place.code = %(code)s

-- name: latest
-- Newest value of every datastream of the stations asked for, with verdicts laid over it as everywhere.
SELECT station, quantity, level, time, value, flag & 255 AS quality, flag
FROM shown_latest(%(everything)s, %(roots)s, %(open)s, %(code)s, %(quantity)s)
ORDER BY station, quantity, level
LIMIT %(limit)s

-- name: latest_said
-- The same as the API says it, a page as one text: written as JSON by the database, since ten thousand are asked for at
-- once. "found" is one more than the limit where there are more; the key of the page's last goes into its cursor.
WITH page AS MATERIALIZED (
    SELECT newest.*, coalesce(observed_property.unit, '') AS unit
    FROM shown_latest(%(everything)s, %(roots)s, %(open)s, %(code)s, %(quantity)s) AS newest
    LEFT JOIN observed_property ON observed_property.name = newest.quantity
    WHERE (newest.station, newest.quantity, newest.level) > (%(after_station)s, %(after_quantity)s, %(after_level)s)
    ORDER BY newest.station, newest.quantity, newest.level
    LIMIT %(limit)s + 1
), item AS (
    SELECT page.station, page.quantity || CASE level WHEN '' THEN '' ELSE '/' || level END AS datastream,
           page.time, page.value, page.unit,
           coalesce((%(qualities)s::text[])[(page.flag & 255) + 1], 'not_evaluated') AS quality,
           CASE WHEN page.flag <= 255 THEN '{}'::text[]
                ELSE ARRAY (SELECT check_name FROM unnest(%(bits)s::int[], %(checks)s::text[]) AS known (bit, check_name)
                            WHERE page.flag & bit <> 0 ORDER BY bit) END AS checks
    FROM page LIMIT %(limit)s
)
SELECT '[' || coalesce((SELECT string_agg(row_to_json(item)::text, ',') FROM item), '') || ']' AS items,
       (SELECT count(*) FROM page) AS found,
       (SELECT ARRAY[station, quantity, level] FROM page OFFSET %(limit)s - 1 LIMIT 1) AS last

-- name: datastreams_of
-- Datastreams of stations that the asker may see; names as on the wire, empty for all.
SELECT datastream.id, place.code AS station, datastream.quantity, datastream.level, datastream.interval_seconds,
       place.time_zone
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN datastream ON datastream.place = place.id
WHERE place.code = ANY (%(stations)s)
  AND (%(names)s::text[] = '{}'
       OR datastream.quantity || CASE level WHEN '' THEN '' ELSE '/' || level END = ANY (%(names)s))
ORDER BY place.code, datastream.quantity, datastream.level

-- name: indices
SELECT place.code AS place, index_value.index, index_value.subject AS season, index_value.time, index_value.value,
       index_value.method, index_value.completeness
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN indexed AS index_value ON index_value.place = place.id
WHERE place.code = %(code)s AND index_value.reference_time = '-infinity'
  AND (%(indices)s::text[] = '{}' OR index_value.index = ANY (%(indices)s))
  AND index_value.time >= %(from_time)s AND index_value.time < %(to_time)s
  AND (index_value.time, index_value.index, index_value.subject)
      > (%(after_time)s, %(after_index)s::text, %(after_season)s::int)
ORDER BY index_value.time, index_value.index, index_value.subject
LIMIT %(limit)s

-- name: unjudged
-- What cannot be judged of a place that the asker may see.
SELECT unjudged.kind, unjudged.name, unjudged.subject AS season, unjudged.reason, unjudged.lacks, unjudged.holds
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN unjudged ON unjudged.place = place.id
WHERE place.code = %(code)s
ORDER BY unjudged.kind DESC, unjudged.holds, unjudged.reason, unjudged.name, unjudged.subject

-- name: awaited
-- Since when readings of the last day wait to be judged at a place that the asker may see, where that is too long; in
-- real time, whatever clock the readings follow.
SELECT min(mark.marked_at) AS since
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN mark ON mark.place = place.id
WHERE place.code = %(code)s AND mark.to_time >= %(now)s - interval '1 day'
  AND mark.marked_at < clock_timestamp() - interval '15 minutes';

-- name: unjudged_counts
-- Of the stations that the asker may see: how many cannot be judged, by rule and reason, without what nothing measures.
SELECT unjudged.name, unjudged.reason, unjudged.lacks, unjudged.holds, count(DISTINCT place.id) AS places,
       array_agg(DISTINCT place.name) AS names
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN unjudged ON unjudged.place = place.id
WHERE unjudged.kind = 'rule' AND unjudged.reason <> %(sensor)s
GROUP BY unjudged.name, unjudged.reason, unjudged.lacks, unjudged.holds
ORDER BY unjudged.holds, count(DISTINCT place.id) DESC, unjudged.name

-- name: alerts
SELECT alert.id, alert.rule, alert.hazard, place.code AS place, place.name AS place_name,
       place.time_zone, commune.code AS commune, commune.name AS commune_name, alert.subject AS season, alert.subject, alert.basis,
       alert.state, alert.level, alert.level_highest, alert.started, alert.ended, alert.values, alert.successor, step.texts, step.kind AS step,
       step.known_at, step.expires
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN alert ON alert.place = place.id
LEFT JOIN LATERAL (SELECT upper.code, upper.name FROM place AS upper
                   WHERE upper.id = ANY (place.path) AND upper.kind = 'commune' LIMIT 1) AS commune ON true
LEFT JOIN LATERAL (SELECT texts, kind, known_at, expires FROM alert_step WHERE alert_step.alert = alert.id
                   ORDER BY number DESC LIMIT 1) AS step ON true
WHERE (%(id)s::bigint IS NULL OR alert.id = %(id)s)
  AND (%(within_place)s::text IS NULL
       OR place.path @> ARRAY (SELECT id FROM place AS upper WHERE upper.code = %(within_place)s)
      AND EXISTS (SELECT FROM place AS upper WHERE upper.code = %(within_place)s))
  AND (%(state)s::text IS NULL OR alert.state = %(state)s)
  AND (%(hazard)s::text IS NULL OR alert.hazard = %(hazard)s)
  AND (%(rule)s::text IS NULL OR alert.rule = %(rule)s)
  AND alert.started < %(to_time)s AND coalesce(alert.ended, 'infinity') >= %(from_time)s
  AND (alert.started, alert.id) < (%(before_time)s, %(before_id)s::bigint)
ORDER BY alert.started DESC, alert.id DESC
LIMIT %(limit)s

-- name: alert_steps
SELECT alert_step.number, alert_step.kind, alert_step.level, alert_step.at, alert_step.known_at, alert_step.expires,
       alert_step.stale, alert_step.values, alert_step.texts
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN alert ON alert.place = place.id
JOIN alert_step ON alert_step.alert = alert.id
WHERE alert.id = %(id)s
ORDER BY alert_step.number

-- name: readings
SELECT datastream_id, time, value, flag, quality
FROM shown_reading(%(everything)s, %(roots)s, %(open)s, %(datastreams)s, %(from_time)s, %(to_time)s, %(qualities)s)
WHERE (time, datastream_id) > (%(after_time)s, %(after_datastream)s::int)
ORDER BY time, datastream_id
LIMIT %(limit)s

-- name: buckets
SELECT datastream_id, time, value, count
FROM shown_bucket(%(everything)s, %(roots)s, %(open)s, %(datastreams)s, %(aggregates)s, %(from_time)s, %(to_time)s,
                  %(qualities)s, %(every)s, %(time_zone)s)
WHERE (time, datastream_id) > (%(after_time)s, %(after_datastream)s::int)
ORDER BY time, datastream_id
LIMIT %(limit)s

-- name: rolled
-- Buckets of long times, from the rollups.
SELECT datastream_id, time, value, count
FROM shown_rolled(%(everything)s, %(roots)s, %(open)s, %(datastreams)s, %(from_time)s, %(to_time)s, %(suspect)s,
                  %(every)s)
WHERE (time, datastream_id) > (%(after_time)s, %(after_datastream)s::int)
ORDER BY time, datastream_id
LIMIT %(limit)s

-- name: span
-- First and last reading of datastreams, so that an endless range asked for is none.
SELECT min(first) AS first, max(last) AS last
FROM unnest(visible_datastreams(%(everything)s, %(roots)s, %(open)s, %(datastreams)s)) AS stream (id)
CROSS JOIN LATERAL (
    SELECT (SELECT phenomenon_time FROM reading WHERE datastream_id = stream.id ORDER BY phenomenon_time LIMIT 1) AS first,
           (SELECT phenomenon_time FROM reading WHERE datastream_id = stream.id
            ORDER BY phenomenon_time DESC LIMIT 1) AS last
) AS bounds

-- name: bucket_starts
-- Where the buckets begin that hold these moments, so that a long time can be cut between buckets.
SELECT time_bucket(%(every)s, moment, %(time_zone)s) AS start FROM unnest(%(moments)s::timestamptz[]) AS moment

-- name: readings_csv
-- Lines of CSV (RFC 4180) as one text, with no work a row in Python; ids become what the given lines begin with.
SELECT string_agg(named.beginning || to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || ',' || value
                  || CASE quality WHEN 1 THEN ',good,' WHEN 2 THEN ',not_evaluated,' WHEN 3 THEN ',suspect,'
                                  WHEN 4 THEN ',fail,' ELSE ',missing,' END
                  || flag || E'\r\n', '' ORDER BY shown.time, shown.datastream_id) AS lines
FROM shown_whole(%(everything)s, %(roots)s, %(open)s, %(datastreams)s, %(from_time)s, %(to_time)s, %(qualities)s)
     AS shown
JOIN unnest(%(datastreams)s::int[], %(beginnings)s::text[]) AS named (id, beginning) ON named.id = shown.datastream_id

-- name: buckets_csv
SELECT string_agg(named.beginning || to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || ','
                  || coalesce(value::text, '') || ',' || count || E'\r\n', '' ORDER BY shown.time, shown.datastream_id)
       AS lines
FROM shown_bucket(%(everything)s, %(roots)s, %(open)s, %(datastreams)s, %(aggregates)s, %(from_time)s, %(to_time)s,
                  %(qualities)s, %(every)s, %(time_zone)s) AS shown
JOIN unnest(%(datastreams)s::int[], %(beginnings)s::text[]) AS named (id, beginning) ON named.id = shown.datastream_id

-- name: readings_binary
SELECT datastream_id, time, value, flag, quality::int2
FROM shown_whole(%(everything)s, %(roots)s, %(open)s, %(datastreams)s, %(from_time)s, %(to_time)s,
                   %(qualities)s)
ORDER BY time, datastream_id;

-- name: buckets_binary
SELECT datastream_id, time, value, count::int4
FROM shown_bucket(%(everything)s, %(roots)s, %(open)s, %(datastreams)s, %(aggregates)s, %(from_time)s,
                  %(to_time)s, %(qualities)s, %(every)s, %(time_zone)s)
ORDER BY time, datastream_id;

-- name: growing
-- Seasons of the day at a station, at fields that it speaks for, and at others of its commune that the asker may see.
SELECT season.id, season.crop, season.variety, season.sown, place.code AS place, place.name AS place_name,
       place.time_zone
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN season ON season.place = place.id
WHERE season.sown <= %(today)s AND (season.ended IS NULL OR season.ended >= %(today)s)
  AND (place.code = %(code)s
       OR EXISTS (SELECT FROM feeds JOIN datastream ON datastream.id = feeds.datastream
                  JOIN place AS station ON station.id = datastream.place
                  WHERE feeds.place = place.id AND station.code = %(code)s)
       OR place.path && ARRAY (SELECT upper.id FROM place AS upper WHERE upper.code = %(commune)s))
ORDER BY place.name, season.sown LIMIT 10

-- name: season_values
SELECT index_value.subject AS season, index_value.index, index_value.time, index_value.value
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN indexed AS index_value ON index_value.place = place.id
WHERE index_value.subject = ANY (%(seasons)s) AND index_value.index = ANY (%(indices)s)
  AND index_value.reference_time = '-infinity' AND index_value.time <= %(now)s
ORDER BY index_value.subject, index_value.time

-- name: coming_indices
-- What the newest forecast makes of the days to come.
SELECT index_value.index, index_value.subject AS season, index_value.time, index_value.value
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN indexed AS index_value ON index_value.place = place.id
WHERE place.code = %(code)s AND index_value.time >= %(from_time)s AND index_value.time < %(to_time)s
  AND index_value.reference_time = (SELECT max(newest.reference_time) FROM indexed AS newest
      WHERE newest.place = place.id AND newest.index = index_value.index AND newest.reference_time <= %(now)s
        AND newest.reference_time > '-infinity')
ORDER BY index_value.time, index_value.index LIMIT 2000

-- name: catalogue
-- Names and texts of the shelves; nobody's rows.
SELECT name, entry FROM catalogue WHERE kind = %(kind)s

-- name: overview
-- The page's first list: stations with the newest of what people look for first.
SELECT place.code, place.name, commune.code AS commune, commune.name AS commune_name, place.longitude, place.latitude,
       place.time_zone, place.elevation, max(latest.phenomenon_time) AS time,
       -- where several hang at different heights, the lowest of them by name
       (array_agg(latest.result ORDER BY datastream.level) FILTER (WHERE datastream.quantity = 'air_temperature'
            AND (SELECT flag FROM judged_at(latest.datastream_id, latest.phenomenon_time, latest.flag)) & 255 IN (1, 2)))[1]
           AS air_temperature,
       (SELECT max(alert.level) FROM alert WHERE alert.place = place.id AND alert.state = 'open') AS alert_level,
       EXISTS (SELECT FROM alert WHERE alert.place = place.id AND alert.state = 'open' AND alert.rule = 'silent_station')
           AS missed,
       min(nullif(datastream.interval_seconds, 0)) AS every,
       -- of one that was heard within a day nobody asks
       CASE WHEN max(latest.phenomenon_time) > %(now)s - interval '1 day' THEN NULL ELSE station_ended(place.id) END AS ended,
       max(latest.phenomenon_time) <= %(now)s - interval '1 day' AND station_recorded(place.id) AS recorded
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
LEFT JOIN LATERAL (SELECT upper.code, upper.name FROM place AS upper
                   WHERE upper.id = ANY (place.path) AND upper.kind = 'commune' LIMIT 1) AS commune ON true
LEFT JOIN datastream ON datastream.place = place.id
LEFT JOIN latest ON latest.datastream_id = datastream.id
WHERE place.kind = 'station'
GROUP BY place.id, place.code, place.name, commune.code, commune.name, place.longitude, place.latitude,
         place.time_zone, place.elevation
ORDER BY commune.name NULLS LAST, place.name
