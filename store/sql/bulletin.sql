-- Bulletins of communes, and who reads them.

-- name: zones
-- Time zones of communes that have a station.
SELECT DISTINCT commune.time_zone FROM place AS station JOIN place AS commune ON commune.id = ANY (station.path)
WHERE station.kind = 'station' AND commune.kind = 'commune'

-- name: communes
SELECT DISTINCT commune.id, commune.code, commune.name, commune.time_zone
FROM place AS station JOIN place AS commune ON commune.id = ANY (station.path)
WHERE station.kind = 'station' AND commune.kind = 'commune' AND commune.time_zone = %(zone)s ORDER BY commune.id

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
