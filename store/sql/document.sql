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

-- name: references
SELECT properties ->> 'reference' AS reference FROM document
WHERE kind = 'cap' AND properties ->> 'alert' = %(alert)s AND expires > %(now)s ORDER BY id

-- name: feed
-- Everybody may read it: what was said of farms is not in it.
SELECT document.name, document.created_at, document.properties FROM document
LEFT JOIN place ON place.id = document.place
WHERE document.kind = 'cap' AND document.content_type = 'application/cap+xml' AND document.expires > %(now)s
  AND place.private IS NOT TRUE
ORDER BY document.id DESC LIMIT 100
