-- What people and programs are shown, and what they list and change. Every statement reads places through
-- visible_place(everything, roots, open); place itself is read only for the names of the communes above. Lists go by id, from
-- %(after)s. Their columns have types in store/visible_row.py.

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
       step.known_at, step.expires, known.entry ->> 'category' AS category, nullif(known.entry ->> 'article', '') AS article
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN alert ON alert.place = place.id
LEFT JOIN LATERAL (SELECT upper.code, upper.name FROM place AS upper
                   WHERE upper.id = ANY (place.path) AND upper.kind = 'commune' LIMIT 1) AS commune ON true
LEFT JOIN LATERAL (SELECT texts, kind, known_at, expires FROM alert_step WHERE alert_step.alert = alert.id
                   ORDER BY number DESC LIMIT 1) AS step ON true
LEFT JOIN catalogue AS known ON known.kind = 'rule' AND known.name = alert.rule
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

-- name: places
SELECT place.id, place.code, place.kind, place.name, parent.code AS parent, place.longitude, place.latitude,
       place.elevation, place.time_zone, place.private, place.geometry
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
LEFT JOIN place AS parent ON parent.id = place.parent
WHERE place.id > %(after)s AND (%(state)s::text IS NULL OR place.kind = %(state)s)
  AND (%(within)s::text IS NULL OR place.path && ARRAY (SELECT id FROM place AS upper WHERE upper.code = %(within)s))
ORDER BY place.id LIMIT %(limit)s

-- name: datastreams
SELECT datastream.id, place.code AS station, datastream.quantity, datastream.level, datastream.interval_seconds,
       datastream.basis, deployed.sensor_model, deployed.serial, deployed.height
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN datastream ON datastream.place = place.id
LEFT JOIN LATERAL (SELECT sensor_model, serial, height FROM deployment WHERE deployment.datastream = datastream.id
                   ORDER BY valid_from DESC LIMIT 1) AS deployed ON true
WHERE datastream.id > %(after)s AND (%(state)s::text IS NULL OR datastream.quantity = %(state)s)
  AND (%(within)s::text IS NULL OR place.path && ARRAY (SELECT id FROM place AS upper WHERE upper.code = %(within)s))
ORDER BY datastream.id LIMIT %(limit)s

-- name: forecasts
SELECT forecast.quantity, forecast.reference_time, forecast.valid_time, forecast.value, forecast.source
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN forecast ON forecast.place = place.id
WHERE place.code = %(code)s AND forecast.valid_time >= %(from_time)s AND forecast.valid_time < %(to_time)s
  AND forecast.reference_time = (SELECT max(newest.reference_time) FROM forecast AS newest
      WHERE newest.place = place.id AND newest.quantity = forecast.quantity AND newest.reference_time <= %(now)s)
ORDER BY forecast.quantity, forecast.valid_time LIMIT %(limit)s

-- name: bulletins
SELECT bulletin.id, place.code AS place, place.name AS place_name, bulletin.kind, bulletin.day, bulletin.released_at,
       bulletin.texts, broadcast.audio
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN bulletin ON bulletin.place = place.id
LEFT JOIN broadcast ON broadcast.about = 'bulletin:' || bulletin.id AND broadcast.state = 'ready'
WHERE bulletin.state = 'released' AND bulletin.id < %(before)s
  AND (%(state)s::text IS NULL OR bulletin.kind = %(state)s)
  AND (%(within)s::text IS NULL OR place.path && ARRAY (SELECT id FROM place AS upper WHERE upper.code = %(within)s))
ORDER BY bulletin.id DESC LIMIT %(limit)s

-- name: document
SELECT document.content_type, document.body, document.created_at
FROM document
WHERE document.name = %(name)s AND document.kind IN ('cap', 'audio', 'bulletin')
  AND (document.place IS NULL AND (%(open)s OR %(everything)s OR cardinality(%(roots)s::int[]) > 0)
       OR document.place IN (SELECT id FROM visible_place(%(everything)s, %(roots)s, %(open)s)))

-- name: seasons
SELECT season.id, place.code AS place, season.crop, season.variety, season.sown, season.ended, season.properties
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN season ON season.place = place.id
WHERE season.id > %(after)s AND (%(state)s::text IS NULL OR season.crop = %(state)s)
  AND (%(within)s::text IS NULL OR place.path && ARRAY (SELECT id FROM place AS upper WHERE upper.code = %(within)s))
ORDER BY season.id LIMIT %(limit)s

-- name: add_season
WITH made AS (
    INSERT INTO season (place, crop, variety, sown, ended, properties)
    SELECT place.id, %(crop)s, %(variety)s, %(sown)s, %(ended)s, jsonb_strip_nulls(%(properties)s)
    FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place WHERE place.code = %(place)s
    RETURNING id, place, sown
)
SELECT made.id, mark_places(ARRAY[made.place], made.sown::timestamptz, greatest(%(now)s, made.sown), 'season') IS NULL AS marked FROM made

-- name: change_season
WITH made AS (
    UPDATE season SET ended = coalesce(%(ended)s, season.ended), variety = coalesce(%(variety)s, season.variety),
        properties = jsonb_strip_nulls(season.properties || %(properties)s)
    FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
    WHERE season.place = place.id AND season.id = %(id)s AND season.sown <= coalesce(%(ended)s, season.sown)
    RETURNING season.id, season.place, season.sown
)
SELECT made.id, mark_places(ARRAY[made.place], made.sown::timestamptz, greatest(%(now)s, made.sown), 'season') IS NULL AS marked FROM made

-- name: subscribers
-- Never an address: those are read where messages are sent, and nowhere else.
SELECT subscriber.id, subscriber.state, subscriber.audience, subscriber.language, subscriber.minimum_level,
       subscriber.hazards, subscriber.bulletins, subscriber.quiet_from, subscriber.quiet_to, subscriber.daily_cap,
       array_agg(place.code ORDER BY place.code) AS places,
       EXISTS (SELECT FROM consent WHERE consent.subscriber = subscriber.id AND withdrawn_at IS NULL) AS consent
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN subscriber_place ON subscriber_place.place = place.id
JOIN subscriber ON subscriber.id = subscriber_place.subscriber
WHERE subscriber.id > %(after)s AND subscriber.state <> 'erased'
  AND (%(state)s::text IS NULL OR subscriber.state = %(state)s)
  AND (%(within)s::text IS NULL OR place.path && ARRAY (SELECT id FROM place AS upper WHERE upper.code = %(within)s))
GROUP BY subscriber.id
ORDER BY subscriber.id LIMIT %(limit)s

-- name: places_within
SELECT place.id, place.code FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
WHERE place.code = ANY (%(codes)s)

-- name: subscriber_within
-- Somebody all of whose places the asker looks after.
SELECT subscriber.id FROM subscriber
WHERE subscriber.id = %(id)s AND subscriber.state <> 'erased'
  AND EXISTS (SELECT FROM subscriber_place WHERE subscriber_place.subscriber = subscriber.id)
  AND NOT EXISTS (SELECT FROM subscriber_place WHERE subscriber_place.subscriber = subscriber.id
                  AND subscriber_place.place NOT IN (SELECT id FROM visible_place(%(everything)s, %(roots)s, %(open)s)))

-- name: deliveries
SELECT delivery.id, place.code AS place, delivery.hazard, delivery.level, delivery.rung, delivery.kind,
       delivery.language, delivery.state, delivery.text, delivery.segments, delivery.route, delivery.at,
       delivery.sent_at, delivery.cost::float8 AS cost, delivery.subscriber
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN delivery ON delivery.place = place.id
WHERE delivery.id < %(before)s AND (%(state)s::text IS NULL OR delivery.state = %(state)s)
  AND (%(within)s::text IS NULL OR place.path && ARRAY (SELECT id FROM place AS upper WHERE upper.code = %(within)s))
ORDER BY delivery.id DESC LIMIT %(limit)s

-- name: gateways
SELECT gateway.id, gateway.code, gateway.name, gateway.revoked, gateway.status, gateway.status_at,
       array_agg(place.code ORDER BY place.code) AS stations
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN gateway_station ON gateway_station.station = place.id AND gateway_station.valid_to = 'infinity'
JOIN gateway ON gateway.id = gateway_station.gateway
WHERE gateway.id > %(after)s
  AND (%(within)s::text IS NULL OR place.path && ARRAY (SELECT id FROM place AS upper WHERE upper.code = %(within)s))
GROUP BY gateway.id
ORDER BY gateway.id LIMIT %(limit)s

-- name: set_aside
-- Of a station that is not registered only those hear who may see everything.
SELECT set_aside.id, set_aside.gateway, set_aside.stream, set_aside.sequence, set_aside.record, set_aside.reason,
       set_aside.detail, set_aside.station, set_aside.received_at, set_aside.replayed_at
FROM set_aside
LEFT JOIN visible_place(%(everything)s, %(roots)s, %(open)s) AS place ON place.code = set_aside.station
WHERE set_aside.id < %(before)s AND (place.id IS NOT NULL OR %(everything)s)
  AND (%(state)s::text IS NULL OR set_aside.reason = %(state)s)
  AND (%(within)s::text IS NULL OR place.path && ARRAY (SELECT id FROM place AS upper WHERE upper.code = %(within)s))
ORDER BY set_aside.id DESC LIMIT %(limit)s

-- name: verdicts
SELECT verdict.id, place.code AS station, datastream.quantity, datastream.level, verdict.valid_from, verdict.valid_to,
       verdict.flag, verdict.reason, verdict.said_at,
       -- officers' names are nobody's business outside
       CASE WHEN %(known)s THEN verdict.who ELSE split_part(verdict.who, ':', 1) END AS who
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN datastream ON datastream.place = place.id
JOIN verdict ON verdict.datastream_id = datastream.id
WHERE verdict.id < %(before)s
  -- by what is shown of it: else a filter would spell the name letter by letter
  AND (%(state)s::text IS NULL
       OR starts_with(CASE WHEN %(known)s THEN verdict.who ELSE split_part(verdict.who, ':', 1) END, %(state)s))
  AND (%(within)s::text IS NULL OR place.path && ARRAY (SELECT id FROM place AS upper WHERE upper.code = %(within)s))
ORDER BY verdict.id DESC LIMIT %(limit)s

-- name: add_verdict
WITH made AS (
    INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at)
    SELECT datastream.id, %(valid_from)s, %(valid_to)s, %(flag)s, %(reason)s, %(who)s, %(now)s
    FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
    JOIN datastream ON datastream.place = place.id
    WHERE place.code = %(station)s
      AND datastream.quantity || CASE level WHEN '' THEN '' ELSE '/' || level END = %(datastream)s
    ON CONFLICT (datastream_id, who, reason, valid_from, valid_to) DO UPDATE SET flag = excluded.flag
    RETURNING id, datastream_id, valid_from, valid_to
)
SELECT made.id, append_marks(ARRAY[datastream_id], ARRAY[valid_from], ARRAY[valid_to], 'verdict') IS NULL AS marked
FROM made

-- name: drop_verdict
WITH made AS (
    DELETE FROM verdict
    USING datastream, visible_place(%(everything)s, %(roots)s, %(open)s) AS place
    WHERE verdict.id = %(id)s AND verdict.who LIKE 'person:%%' AND datastream.id = verdict.datastream_id
      AND place.id = datastream.place
    RETURNING verdict.id, verdict.datastream_id, verdict.valid_from, verdict.valid_to
)
SELECT made.id, append_marks(ARRAY[datastream_id], ARRAY[valid_from], ARRAY[valid_to], 'verdict') IS NULL AS marked
FROM made

-- name: acknowledge
WITH named AS (
    SELECT DISTINCT bundle_step.bundle
    FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
    JOIN alert ON alert.place = place.id
    JOIN alert_step ON alert_step.alert = alert.id
    JOIN bundle_step ON bundle_step.step = alert_step.id
    WHERE alert.id = %(id)s
      -- whoever takes charge stops what is told to others: only where all of it is theirs to look after
      AND NOT EXISTS (
          SELECT FROM bundle_step AS other JOIN alert_step AS step ON step.id = other.step
          JOIN alert AS beside ON beside.id = step.alert
          WHERE other.bundle = bundle_step.bundle
            AND beside.place NOT IN (SELECT seen.id FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS seen))
)
INSERT INTO acknowledgement (bundle, who, at) SELECT bundle, %(who)s, %(now)s FROM named
ON CONFLICT DO NOTHING RETURNING bundle

-- name: approvals
SELECT approval.id, approval.kind, approval.topic AS subject, approval.title, approval.detail, approval.state,
       approval.asked_at, approval.expires, approval.decided_at, approval.who, approval.reason, place.code AS place,
       place.name AS place_name, broadcast.text, broadcast.class, bulletin.texts,
       -- the alert as it is now, which may be another than when it was asked
       CASE WHEN speaks_of_alert(broadcast.about) THEN CASE WHEN speaks_of_open(broadcast.about) THEN 'open' ELSE 'over' END END
           AS alert_state,
       now_of.level AS alert_level, now_of.text AS alert_text
FROM approval
LEFT JOIN broadcast ON approval.topic = 'broadcast:' || broadcast.id
LEFT JOIN bulletin ON approval.topic = 'bulletin:' || bulletin.id
JOIN visible_place(%(everything)s, %(roots)s, %(open)s) AS place ON place.id = coalesce(broadcast.place, bulletin.place)
LEFT JOIN LATERAL alert_now_of(broadcast.about) AS now_of ON true
WHERE approval.id < %(before)s AND (%(state)s::text IS NULL OR approval.state = %(state)s)
  AND (%(within)s::text IS NULL OR place.path && ARRAY (SELECT id FROM place AS upper WHERE upper.code = %(within)s))
ORDER BY approval.id DESC LIMIT %(limit)s

-- name: decide
WITH made AS (
    UPDATE approval SET state = %(decision)s, who = %(who)s, decided_at = %(now)s, reason = %(reason)s
    WHERE approval.id = %(id)s AND approval.state = 'waiting' AND may_decide(approval.topic, approval.expires, %(now)s)
      AND coalesce((SELECT place FROM broadcast WHERE approval.topic = 'broadcast:' || broadcast.id),
                   (SELECT place FROM bulletin WHERE approval.topic = 'bulletin:' || bulletin.id))
          IN (SELECT id FROM visible_place(%(everything)s, %(roots)s, %(open)s))
    RETURNING approval.id
)
SELECT made.id, pg_notify('approval', '') IS NULL AS told FROM made

-- name: rule_settings
SELECT rule_setting.id, rule_setting.rule, place.code AS place, rule_setting.values, rule_setting.valid_from,
       rule_setting.who, rule_setting.said_at
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN rule_setting ON rule_setting.place = place.id
WHERE rule_setting.id > %(after)s AND (%(state)s::text IS NULL OR rule_setting.rule = %(state)s)
  AND (%(within)s::text IS NULL OR place.path && ARRAY (SELECT id FROM place AS upper WHERE upper.code = %(within)s))
ORDER BY rule_setting.id LIMIT %(limit)s

-- name: set_rule
WITH made AS (
    INSERT INTO rule_setting (rule, place, values, valid_from, who, said_at)
    SELECT %(rule)s, place.id, %(values)s, %(valid_from)s, %(who)s, %(now)s
    FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place WHERE place.code = %(place)s
    ON CONFLICT (rule, place, valid_from) DO UPDATE SET values = excluded.values, who = excluded.who,
        said_at = excluded.said_at
    RETURNING id, place, valid_from
)
SELECT made.id, mark_places(ARRAY (SELECT place.id FROM place WHERE place.path @> ARRAY[made.place]), made.valid_from,
                            greatest(%(now)s, made.valid_from), 'rule') IS NULL AS marked FROM made

-- name: ask
WITH made AS (
    INSERT INTO request (kind, topic, who) VALUES (%(kind)s, %(subject)s, %(who)s) RETURNING id
)
SELECT made.id, pg_notify('request', '') IS NULL AS told FROM made

-- name: asked
SELECT id, kind, topic AS subject, who, asked_at, state, progress, answer, answered_at FROM request
WHERE id = %(id)s AND (who = %(who)s OR %(everything)s)

-- name: audited
SELECT id, at, who, action, subject, detail FROM audit
WHERE %(everything)s AND id < %(before)s AND (%(state)s::text IS NULL OR who = %(state)s)
ORDER BY id DESC LIMIT %(limit)s

-- name: aside_of
SELECT record, reason, detail FROM set_aside
WHERE gateway = 'api' AND boot = %(boot)s AND stream = 'live' AND sequence = %(sequence)s ORDER BY record
