-- Bulletins and broadcasts: facts of a commune, texts, what waits for approval, what loudspeakers say.

-- name: zones
-- Time zones of communes that have a station.
SELECT DISTINCT commune.time_zone FROM place AS station JOIN place AS commune ON commune.id = ANY (station.path)
WHERE station.kind = 'station' AND commune.kind = 'commune'

-- name: communes
SELECT DISTINCT commune.id, commune.code, commune.name, commune.time_zone
FROM place AS station JOIN place AS commune ON commune.id = ANY (station.path)
WHERE station.kind = 'station' AND commune.kind = 'commune' AND commune.time_zone = %(zone)s ORDER BY commune.id

-- name: commune
SELECT id, code, name, time_zone FROM place WHERE id = %(commune)s

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

-- name: insert
INSERT INTO bulletin (place, kind, day, state, made_at, released_at, texts, facts)
VALUES (%(place)s, %(kind)s, %(day)s, %(state)s, %(at)s, %(released_at)s, %(texts)s::jsonb, %(facts)s::jsonb)
ON CONFLICT (place, kind, day) DO NOTHING RETURNING id

-- name: bulletin
SELECT id, place, kind, day, state, texts, made_at FROM bulletin WHERE id = %(bulletin)s

-- name: release
UPDATE bulletin SET state = 'released', released_at = %(now)s WHERE id = %(bulletin)s AND state = 'waiting' RETURNING id

-- name: refuse
UPDATE bulletin SET state = 'refused' WHERE id = %(bulletin)s AND state = 'waiting' RETURNING id

-- name: readers
SELECT subscriber.id AS subscriber, contact.kind, subscriber.language, subscriber.accents
FROM subscriber
JOIN personal.contact ON contact.subscriber = subscriber.id
WHERE subscriber.state = 'active' AND %(kind)s = ANY (subscriber.bulletins)
  AND EXISTS (SELECT FROM consent WHERE consent.subscriber = subscriber.id AND consent.withdrawn_at IS NULL)
  AND EXISTS (SELECT FROM subscriber_place JOIN place ON place.id = %(commune)s
              WHERE subscriber_place.subscriber = subscriber.id AND subscriber_place.place = ANY (place.path))
ORDER BY subscriber.id

-- name: insert_broadcast
INSERT INTO broadcast (about, place, class, state, language, text, spoken, at, play_from, expires, exercise)
VALUES (%(about)s, %(place)s, %(class)s, %(state)s, %(language)s, %(text)s, %(spoken)s, %(at)s, %(play_from)s, %(expires)s,
        %(exercise)s)
ON CONFLICT (about) DO NOTHING RETURNING id

-- name: ask_approval
INSERT INTO approval (kind, topic, title, detail, asked_at, expires)
VALUES (%(kind)s, %(topic)s, %(title)s, %(detail)s::jsonb, %(at)s, %(expires)s) ON CONFLICT DO NOTHING RETURNING id

-- name: decide
UPDATE approval SET state = %(state)s, who = %(who)s, decided_at = %(at)s, reason = %(reason)s
WHERE id = %(approval)s AND state = 'waiting' AND may_decide(topic, expires, %(at)s) RETURNING topic

-- name: decided
-- Approvals decided whose topic still waits.
SELECT approval.id, approval.topic, approval.state FROM approval
LEFT JOIN broadcast ON approval.topic = 'broadcast:' || broadcast.id
LEFT JOIN bulletin ON approval.topic = 'bulletin:' || bulletin.id
WHERE approval.state IN ('approved', 'refused') AND coalesce(broadcast.state, bulletin.state) = 'waiting'
ORDER BY approval.id

-- name: expire_approval
UPDATE approval SET state = 'expired' WHERE id = %(approval)s AND state = 'waiting' RETURNING topic

-- name: waiting_approvals
-- What waits, with the level at which its alert is now.
SELECT approval.id, approval.kind, approval.title, approval.asked_at, approval.expires, now_of.level
FROM approval LEFT JOIN broadcast ON approval.topic = 'broadcast:' || broadcast.id
LEFT JOIN LATERAL alert_now_of(broadcast.about) AS now_of ON true
WHERE approval.state = 'waiting' ORDER BY approval.id

-- name: set_broadcast
UPDATE broadcast SET state = %(state)s WHERE id = %(broadcast)s AND state = 'waiting' RETURNING id

-- name: silent
-- Broadcasts that are ready and have no audio yet.
SELECT broadcast.id, broadcast.about, broadcast.class, broadcast.language, broadcast.text, broadcast.spoken, broadcast.at,
       broadcast.play_from, broadcast.expires, place.id AS place, place.code, place.name, place.time_zone
FROM broadcast JOIN place ON place.id = broadcast.place
WHERE broadcast.state = 'ready' AND broadcast.audio = '' AND broadcast.expires > %(now)s ORDER BY broadcast.class, broadcast.id LIMIT 5

-- name: set_audio
UPDATE broadcast SET audio = %(audio)s, laid_out = true WHERE id = %(broadcast)s

-- name: withdraw
-- What waits or is ready in a commune, or of these alerts wherever that was, and speaks of nothing that goes on.
WITH over AS (
    SELECT broadcast.id, broadcast.state AS was,
           (SELECT array_agg(DISTINCT alert.rule) FROM bundle_step JOIN alert_step ON alert_step.id = bundle_step.step
            JOIN alert ON alert.id = alert_step.alert
            WHERE bundle_step.bundle = split_part(broadcast.about, ':', 2)::bigint) AS rules
    FROM broadcast
    WHERE broadcast.state IN ('waiting', 'ready') AND speaks_of_alert(broadcast.about) AND NOT speaks_of_open(broadcast.about)
      AND (broadcast.place = %(commune)s OR broadcast.about IN (
          SELECT 'bundle:' || bundle_step.bundle FROM bundle_step JOIN alert_step ON alert_step.id = bundle_step.step
          WHERE alert_step.alert = ANY (%(alerts)s)))
    FOR UPDATE
)
UPDATE broadcast SET state = 'withdrawn' FROM over WHERE over.id = broadcast.id
RETURNING broadcast.id, over.was, over.rules, broadcast.class, broadcast.place, broadcast.audio, broadcast.play_from

-- name: withdraw_approvals
UPDATE approval SET state = 'withdrawn'
WHERE state = 'waiting' AND topic = ANY (SELECT 'broadcast:' || id FROM unnest(%(broadcasts)s::bigint[]) AS id)

-- name: still_asked
-- A broadcast that waits, with the newest step of each of its alerts that goes on.
SELECT broadcast.id AS broadcast, broadcast.class,
       ARRAY (SELECT max(newest.id) FROM bundle_step JOIN alert_step ON alert_step.id = bundle_step.step
              JOIN alert ON alert.id = alert_step.alert AND alert.state = 'open'
              JOIN place ON place.id = alert.place AND NOT place.private
              JOIN alert_step AS newest ON newest.alert = alert.id
              WHERE bundle_step.bundle = split_part(broadcast.about, ':', 2)::bigint GROUP BY alert.id) AS steps
FROM approval JOIN broadcast ON approval.topic = 'broadcast:' || broadcast.id
WHERE approval.id = %(approval)s AND approval.state = 'waiting' AND broadcast.about LIKE 'bundle:%%'

-- name: say_anew
UPDATE broadcast SET text = %(text)s, spoken = %(spoken)s, at = %(now)s, play_from = %(now)s, expires = %(expires)s
WHERE id = %(broadcast)s AND state = 'waiting'

-- name: ask_anew
UPDATE approval SET title = %(title)s, expires = %(expires)s,
    detail = detail || jsonb_build_object('asked_again', coalesce((detail ->> 'asked_again')::int, 0) + 1)
WHERE id = %(approval)s AND state = 'waiting'

-- name: laid_out
-- Files in players' folders that are to be played no more.
SELECT broadcast.id, broadcast.about, broadcast.class, broadcast.play_from, broadcast.audio, place.code, place.time_zone
FROM broadcast JOIN place ON place.id = broadcast.place
WHERE broadcast.laid_out AND (broadcast.expires <= %(now)s OR broadcast.state <> 'ready') ORDER BY broadcast.id LIMIT 100

-- name: cleaned
UPDATE broadcast SET laid_out = false WHERE id = ANY (%(broadcasts)s)

-- name: retire
-- Their documents are of the past from now on.
UPDATE document SET expires = least(expires, %(now)s)
WHERE kind = 'audio' AND name = ANY (SELECT stem || ending FROM unnest(%(names)s::text[]) AS audio (name)
    CROSS JOIN LATERAL (SELECT regexp_replace(audio.name, '[.]mp3$', '') AS stem) AS bare
    CROSS JOIN unnest(ARRAY['.mp3', '.wav', '.txt']) AS ending)

-- name: broadcasts
SELECT broadcast.audio, broadcast.about, broadcast.class, broadcast.text, broadcast.at, broadcast.play_from, broadcast.expires,
       place.code, place.name
FROM broadcast JOIN place ON place.id = broadcast.place
WHERE broadcast.state = 'ready' AND broadcast.audio <> '' AND broadcast.expires > %(now)s ORDER BY broadcast.id DESC LIMIT 100

-- name: tell_decided
SELECT pg_notify('approval', '')
