-- People and their consent.

-- name: insert_subscriber
INSERT INTO subscriber (audience, language, accents, minimum_level, hazards, crops, animals, bulletins, time_zone, quiet_from,
                        quiet_to, urgent_level, daily_cap, created_at)
VALUES (%(audience)s, %(language)s, %(accents)s, %(minimum_level)s, %(hazards)s, %(crops)s, %(animals)s, %(bulletins)s,
        %(time_zone)s, %(quiet_from)s, %(quiet_to)s, %(urgent_level)s, %(daily_cap)s, %(at)s)
RETURNING id

-- name: update_subscriber
UPDATE subscriber SET audience = %(audience)s, language = %(language)s, accents = %(accents)s, minimum_level = %(minimum_level)s,
    hazards = %(hazards)s, crops = %(crops)s, animals = %(animals)s, bulletins = %(bulletins)s, time_zone = %(time_zone)s,
    quiet_from = %(quiet_from)s, quiet_to = %(quiet_to)s, urgent_level = %(urgent_level)s, daily_cap = %(daily_cap)s
WHERE id = %(subscriber)s

-- name: insert_contact
INSERT INTO personal.contact (subscriber, kind, address, name, secret)
VALUES (%(subscriber)s, %(kind)s, %(address)s, %(name)s, %(secret)s)
ON CONFLICT (subscriber) DO UPDATE SET name = excluded.name, secret = excluded.secret

-- name: find_address
SELECT subscriber FROM personal.contact WHERE kind = %(kind)s AND address = %(address)s

-- name: places
SELECT id, code FROM place WHERE code = ANY (%(codes)s)

-- name: unknown_words
-- What a subscriber asks for that no rule and no crop knows, each with the words that there are: nobody would ever be told.
WITH vocabulary (field, word) AS (
    SELECT 'hazard', entry ->> 'hazard' FROM catalogue WHERE kind = 'rule'
    UNION SELECT 'crop', name FROM catalogue WHERE kind = 'crop'
    UNION SELECT 'crop', entry ->> 'audience' FROM catalogue WHERE kind = 'crop' AND entry ->> 'audience' <> ''
    UNION SELECT 'animal', jsonb_array_elements_text(entry -> 'for_animals') FROM catalogue WHERE kind = 'rule'
    UNION SELECT 'audience', unnest(ARRAY['farmer', 'officer', 'technician', 'radio', 'everyone'])
    UNION SELECT 'audience', jsonb_object_keys(level #> '{words,vi,advice}')
          FROM catalogue, jsonb_array_elements(entry -> 'levels') AS level WHERE kind = 'rule'
), asked (field, word) AS (
    SELECT 'hazard', unnest(%(hazards)s::text[]) UNION SELECT 'crop', unnest(%(crops)s::text[])
    UNION SELECT 'animal', unnest(%(animals)s::text[]) UNION SELECT 'audience', %(audience)s
)
SELECT field, word, (SELECT string_agg(word, ', ' ORDER BY word) FROM vocabulary WHERE vocabulary.field = asked.field) AS known
FROM asked WHERE NOT EXISTS (SELECT FROM vocabulary WHERE (vocabulary.field, vocabulary.word) = (asked.field, asked.word))
ORDER BY field, word

-- name: forget_places
DELETE FROM subscriber_place WHERE subscriber = %(subscriber)s

-- name: insert_places
INSERT INTO subscriber_place (subscriber, place) SELECT %(subscriber)s, place FROM unnest(%(places)s::int[]) AS place
ON CONFLICT DO NOTHING

-- name: give_consent
INSERT INTO consent (subscriber, text_version, given_at, channel, recorded_by)
VALUES (%(subscriber)s, %(text_version)s, %(at)s, %(channel)s, %(who)s)
ON CONFLICT (subscriber) WHERE withdrawn_at IS NULL DO NOTHING

-- name: withdraw_consent
UPDATE consent SET withdrawn_at = %(at)s, withdrawn_channel = %(channel)s
WHERE subscriber = %(subscriber)s AND withdrawn_at IS NULL

-- name: set_state
UPDATE subscriber SET state = %(state)s WHERE id = %(subscriber)s AND state <> 'erased' RETURNING id

-- name: withdraw_waiting
-- Nothing that still waits reaches somebody who said STOP.
UPDATE delivery SET state = 'withdrawn', detail = 'the subscriber stopped' WHERE subscriber = %(subscriber)s AND state IN ('queued', 'held')

-- name: erase_contact
DELETE FROM personal.contact WHERE subscriber = %(subscriber)s

-- name: erase_subscriber
-- What remains is history under a number that leads to nobody.
UPDATE subscriber SET state = 'erased', crops = '{}', animals = '{}', bulletins = '{}', hazards = '{}'
WHERE id = %(subscriber)s AND state <> 'erased' RETURNING id

-- name: erase_inbound
UPDATE inbound SET payload = '' WHERE subscriber = %(subscriber)s

-- name: list
SELECT subscriber.id, subscriber.state, contact.kind, contact.address, contact.name, subscriber.audience, subscriber.language,
       subscriber.accents, subscriber.minimum_level, subscriber.hazards, subscriber.crops, subscriber.animals,
       subscriber.bulletins, subscriber.quiet_from, subscriber.quiet_to, subscriber.urgent_level, subscriber.daily_cap,
       places.codes AS places, standing.given_at AS consent_given_at, standing.text_version AS consent_text,
       standing.channel AS consent_channel
FROM subscriber
LEFT JOIN personal.contact ON contact.subscriber = subscriber.id
LEFT JOIN consent AS standing ON standing.subscriber = subscriber.id AND standing.withdrawn_at IS NULL
LEFT JOIN LATERAL (
    SELECT coalesce(array_agg(place.code ORDER BY place.code), '{}') AS codes
    FROM subscriber_place JOIN place ON place.id = subscriber_place.place WHERE subscriber_place.subscriber = subscriber.id
) AS places ON true
WHERE (%(state)s::text IS NULL OR subscriber.state = %(state)s)
  AND (%(subscriber)s::bigint IS NULL OR subscriber.id = %(subscriber)s)
ORDER BY subscriber.id

-- name: consents
SELECT text_version, given_at, channel, recorded_by, withdrawn_at, withdrawn_channel
FROM consent WHERE subscriber = %(subscriber)s ORDER BY given_at

-- name: messages
SELECT id, about, rung, state, text, at, sent_at, route FROM delivery WHERE subscriber = %(subscriber)s ORDER BY id

-- name: said
SELECT at, kind, payload FROM inbound
WHERE subscriber = %(subscriber)s AND kind <> 'receipt' ORDER BY id

-- name: audit
INSERT INTO audit (who, action, subject, detail) VALUES (%(who)s, %(action)s, %(subject)s, %(detail)s::jsonb)
