-- What officers and programs list and change. Places are read through visible_place(everything, roots, open); lists go by
-- id, from %(after)s.

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
