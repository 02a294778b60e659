-- What server-sent events tell: new batches and alert steps, in the order in which they can be seen.

-- name: heads
SELECT coalesce((SELECT max(id) FROM batch), 0) AS batch, coalesce((SELECT max(id) FROM alert_step), 0) AS step

-- name: batches
SELECT id FROM batch WHERE id > %(after)s ORDER BY id LIMIT 10000

-- name: steps
SELECT id FROM alert_step WHERE id > %(after)s ORDER BY id LIMIT 10000

-- name: latest_of
-- Newest values that came with these batches; the asker's scope is applied to each listener by path and private.
SELECT latest.batch_id AS id, place.path, place.private, place.code AS station, datastream.quantity, datastream.level,
       latest.phenomenon_time AS time, latest.result AS value, latest.flag
FROM latest JOIN datastream ON datastream.id = latest.datastream_id JOIN place ON place.id = datastream.place
WHERE latest.batch_id = ANY (%(ids)s)
ORDER BY latest.batch_id, latest.datastream_id

-- name: latest_since
-- What somebody missed who was away: newest values that came with any later batch; a row a datastream at most.
SELECT latest.batch_id AS id, place.path, place.private, place.code AS station, datastream.quantity, datastream.level,
       latest.phenomenon_time AS time, latest.result AS value, latest.flag
FROM latest JOIN datastream ON datastream.id = latest.datastream_id JOIN place ON place.id = datastream.place
WHERE latest.batch_id > %(after)s
ORDER BY latest.batch_id, latest.datastream_id

-- name: steps_of
SELECT alert_step.id, place.path, place.private, alert.id AS alert, alert.rule, alert.hazard, place.code AS place,
       alert.state, alert_step.kind, alert_step.level, alert_step.at, alert_step.known_at, alert_step.texts,
       known.entry ->> 'category' AS category, nullif(known.entry ->> 'article', '') AS article
FROM alert_step JOIN alert ON alert.id = alert_step.alert JOIN place ON place.id = alert.place
LEFT JOIN catalogue AS known ON known.kind = 'rule' AND known.name = alert.rule
WHERE alert_step.id = ANY (%(ids)s)
ORDER BY alert_step.id
