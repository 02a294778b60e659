-- Documents: CAP messages, their feed, audio, bulletins.

-- name: put
INSERT INTO document (kind, name, content_type, body, place, created_at, expires, properties)
VALUES (%(kind)s, %(name)s, %(content_type)s, %(body)s, %(place)s, %(at)s, %(expires)s, %(properties)s::jsonb)
ON CONFLICT (name) DO UPDATE SET body = excluded.body, created_at = excluded.created_at, expires = excluded.expires,
    properties = excluded.properties

-- name: warnings
-- What a CAP message says of steps beside their texts.
SELECT step.id, step.number, alert.started, place.code AS place_code, place.latitude, place.longitude, place.geometry,
       place.time_zone, commune.code AS commune_code, commune.name AS commune_name, commune.geometry AS commune_geometry,
       rule.entry AS rule_entry
FROM alert_step AS step
JOIN alert ON alert.id = step.alert
JOIN place ON place.id = alert.place
LEFT JOIN catalogue AS rule ON rule.kind = 'rule' AND rule.name = alert.rule
CROSS JOIN LATERAL (
    SELECT above.code, above.name, above.geometry FROM place AS above
    WHERE above.id = ANY (place.path)
    ORDER BY above.kind = 'commune' DESC, above.id = place.parent DESC, above.id = place.id DESC
    LIMIT 1
) AS commune
WHERE step.id = ANY (%(steps)s) ORDER BY step.id

-- name: unpublished
-- Earlier steps of these steps' alerts that have no CAP message yet: another bundle has them, and has not come to it.
SELECT DISTINCT earlier.id FROM alert_step AS step
JOIN alert_step AS earlier ON earlier.alert = step.alert AND earlier.number < step.number
WHERE step.id = ANY (%(steps)s) AND NOT earlier.id = ANY (%(steps)s)
  AND EXISTS (SELECT FROM due WHERE due.owner = 'notify' AND due.kind = 'step' AND due.topic = earlier.id::text)
  AND NOT EXISTS (SELECT FROM document WHERE document.kind = 'cap' AND document.properties ->> 'alert' = step.alert::text
                  AND document.properties ->> 'step' = earlier.id::text)

-- name: references
-- The newest message of an alert before a step, whatever its age, and all others that have not expired (CAP 1.2, section 3.2.1).
SELECT properties ->> 'reference' AS reference FROM document
WHERE kind = 'cap' AND properties ->> 'alert' = %(alert)s AND (properties ->> 'step')::bigint < %(step)s
  AND (expires > %(now)s OR (properties ->> 'step')::bigint = (
      SELECT max((newest.properties ->> 'step')::bigint) FROM document AS newest
      WHERE newest.kind = 'cap' AND newest.properties ->> 'alert' = %(alert)s
        AND (newest.properties ->> 'step')::bigint < %(step)s))
ORDER BY (properties ->> 'step')::bigint

-- name: feed
-- Everybody may read it: what was said of farms is not in it. Messages that have not expired, and of every alert that is open
-- the newest one even so: what goes on stands in it, however old.
WITH newest AS (
    SELECT said.id FROM alert
    CROSS JOIN LATERAL (
        SELECT document.id FROM document
        WHERE document.kind = 'cap' AND document.properties ->> 'alert' = alert.id::text
        ORDER BY (document.properties ->> 'step')::bigint DESC LIMIT 1) AS said
    WHERE alert.state = 'open'
), listed AS (
    SELECT document.id, document.name, document.properties, document.expires, newest.id IS NOT NULL AS holds
    FROM document LEFT JOIN newest ON newest.id = document.id LEFT JOIN place ON place.id = document.place
    WHERE document.kind = 'cap' AND document.content_type = 'application/cap+xml' AND place.private IS NOT TRUE
      AND (document.expires > %(now)s OR newest.id IS NOT NULL)
    ORDER BY newest.id IS NULL, document.id DESC LIMIT 500
)
SELECT name, properties, expires FROM listed ORDER BY id DESC

-- name: retire
-- Their documents are of the past from now on.
UPDATE document SET expires = least(expires, %(now)s)
WHERE kind = 'audio' AND name = ANY (SELECT stem || ending FROM unnest(%(names)s::text[]) AS audio (name)
    CROSS JOIN LATERAL (SELECT regexp_replace(audio.name, '[.]mp3$', '') AS stem) AS bare
    CROSS JOIN unnest(ARRAY['.mp3', '.wav', '.txt']) AS ending)
