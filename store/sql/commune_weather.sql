-- What is known of a commune now, before and ahead.

-- name: sources
-- Stations that speak for a commune: its own, else the nearest one; never a farm's.
WITH own AS (
    SELECT id, name FROM place WHERE kind = 'station' AND path @> ARRAY[%(commune)s::int] AND NOT private
), nearest AS (
    SELECT station.id, station.name FROM place AS station, place AS commune
    WHERE station.kind = 'station' AND NOT station.private AND commune.id = %(commune)s
      AND station.latitude IS NOT NULL AND commune.latitude IS NOT NULL
    ORDER BY (station.latitude - commune.latitude) ^ 2
        + ((station.longitude - commune.longitude) * cosd(commune.latitude)) ^ 2 LIMIT 1
)
SELECT id, name, true AS own FROM own
UNION ALL SELECT id, name, false FROM nearest WHERE NOT EXISTS (SELECT FROM own)

-- name: daily_values
SELECT index, min(value) AS least, max(value) AS most, avg(value) AS mean FROM (
    SELECT index, time, avg(value) AS value, min(value) AS low, max(value) AS high FROM indexed
    WHERE place = ANY (%(places)s) AND subject = 0 AND reference_time = '-infinity' AND time >= %(first)s AND time < %(last)s
      AND index = ANY (%(indices)s)
    GROUP BY index, time) AS days
GROUP BY index

-- name: sums
SELECT index, sum(value) AS total, count(*) FILTER (WHERE value >= 0.1) AS days FROM (
    SELECT index, time, avg(value) AS value FROM indexed
    WHERE place = ANY (%(places)s) AND subject = 0 AND reference_time = '-infinity' AND time >= %(first)s AND time < %(last)s
      AND index = ANY (%(indices)s)
    GROUP BY index, time) AS days
GROUP BY index

-- name: latest_values
SELECT datastream.quantity, avg(latest.result) AS value, max(latest.phenomenon_time) AS at
FROM latest JOIN datastream ON datastream.id = latest.datastream_id
WHERE datastream.place = ANY (%(places)s) AND datastream.level = '' AND latest.flag & 255 IN (1, 2)
  AND latest.phenomenon_time > %(now)s - interval '3 hours'
GROUP BY datastream.quantity

-- name: forecast
-- Newest forecast of places of a commune, or above it, within a window.
SELECT forecast.quantity, min(forecast.value) AS least, max(forecast.value) AS most, sum(forecast.value) AS total,
       min(forecast.source) AS source
FROM forecast
JOIN (SELECT quantity, max(reference_time) AS reference_time FROM forecast
      WHERE place = ANY (%(places)s) AND reference_time <= %(now)s GROUP BY quantity) AS newest
  USING (quantity, reference_time)
WHERE forecast.place = ANY (%(places)s) AND valid_time > %(now)s AND valid_time <= %(until)s
GROUP BY forecast.quantity

-- name: open_alerts
-- What goes on, however long ago it was said last.
SELECT DISTINCT ON (alert.hazard) alert.hazard, alert.rule, alert.level, step.texts
FROM alert JOIN place ON place.id = alert.place
JOIN alert_step AS step ON step.alert = alert.id
WHERE alert.state = 'open' AND alert.hazard <> 'network' AND place.path @> ARRAY[%(commune)s::int]
  AND NOT place.private
ORDER BY alert.hazard, alert.level DESC, step.id DESC

-- name: crops
-- What grows in a commune: of each crop the earliest season, with its newest stage and the days until water is due.
SELECT DISTINCT ON (season.crop) season.crop, season.sown, known.entry -> 'title' AS title, known.entry ->> 'audience' AS audience,
       newest.values -> 'crop_stage' AS stage, coalesce(newest.values -> 'days_to_irrigation', newest.values -> 'paddy_days_to_irrigation') AS days_to_irrigation
FROM season JOIN place ON place.id = season.place
LEFT JOIN catalogue AS known ON known.kind = 'crop' AND known.name = season.crop
CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(index, value ORDER BY time) AS values FROM indexed
    WHERE indexed.place = season.place AND indexed.subject = season.id AND reference_time = '-infinity'
      AND index IN ('crop_stage', 'days_to_irrigation', 'paddy_days_to_irrigation') AND time > %(now)s::timestamptz - interval '3 days' AND time <= %(now)s
      AND value IS NOT NULL AND value <> 'NaN'
) AS newest
WHERE place.path @> ARRAY[%(commune)s::int] AND season.sown <= %(day)s AND (season.ended IS NULL OR season.ended >= %(day)s)
ORDER BY season.crop, season.sown
