-- What loudspeakers say.

-- name: insert_broadcast
INSERT INTO broadcast (about, place, class, state, language, text, spoken, at, play_from, expires, exercise)
VALUES (%(about)s, %(place)s, %(legal_class)s, %(state)s, %(language)s, %(text)s, %(spoken)s, %(at)s, %(play_from)s, %(expires)s,
        %(exercise)s)
ON CONFLICT (about) DO NOTHING RETURNING id

-- name: set_broadcast
UPDATE broadcast SET state = %(state)s WHERE id = %(broadcast)s AND state = 'waiting' RETURNING id

-- name: silent
-- Broadcasts that are ready and have no audio yet.
SELECT broadcast.id, broadcast.about, broadcast.class AS legal_class, broadcast.language, broadcast.text, broadcast.spoken, broadcast.at,
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
RETURNING broadcast.id, over.was, over.rules, broadcast.class AS legal_class, broadcast.place, broadcast.audio, broadcast.play_from

-- name: still_asked
-- A broadcast that waits, with the newest step of each of its alerts that goes on.
SELECT broadcast.id AS broadcast, broadcast.class AS legal_class,
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

-- name: laid_out
-- Files in players' folders that are to be played no more.
SELECT broadcast.id, broadcast.about, broadcast.class AS legal_class, broadcast.play_from, broadcast.audio, place.code, place.time_zone
FROM broadcast JOIN place ON place.id = broadcast.place
WHERE broadcast.laid_out AND (broadcast.expires <= %(now)s OR broadcast.state <> 'ready') ORDER BY broadcast.id LIMIT 100

-- name: cleaned
UPDATE broadcast SET laid_out = false WHERE id = ANY (%(broadcasts)s)

-- name: broadcasts
SELECT broadcast.audio, broadcast.about, broadcast.class AS legal_class, broadcast.text, broadcast.at, broadcast.play_from, broadcast.expires,
       place.code, place.name
FROM broadcast JOIN place ON place.id = broadcast.place
WHERE broadcast.state = 'ready' AND broadcast.audio <> '' AND broadcast.expires > %(now)s ORDER BY broadcast.id DESC LIMIT 100
