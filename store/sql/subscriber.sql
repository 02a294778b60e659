-- People and their consent.

-- name: insert_subscriber
INSERT INTO subscriber (audience, language, accents, minimum_level, hazards, crops, animals, bulletins, time_zone, quiet_from,
                        quiet_to, urgent_level, daily_cap, created_at)
VALUES (%(audience)s, %(language)s, %(accents)s, %(minimum_level)s, %(hazards)s, %(crops)s, %(animals)s, %(bulletins)s,
        %(time_zone)s, %(quiet_from)s, %(quiet_to)s, %(urgent_level)s, %(daily_cap)s, %(at)s)
RETURNING id

-- name: update_subscriber
-- Only what was given: a list that says nothing of a thing takes nothing away.
UPDATE subscriber SET
    audience = CASE WHEN 'audience' = ANY (%(given)s::text[]) THEN %(audience)s ELSE subscriber.audience END,
    language = CASE WHEN 'language' = ANY (%(given)s::text[]) THEN %(language)s ELSE subscriber.language END,
    accents = CASE WHEN 'accents' = ANY (%(given)s::text[]) THEN %(accents)s ELSE subscriber.accents END,
    minimum_level = CASE WHEN 'minimum_level' = ANY (%(given)s::text[]) THEN %(minimum_level)s ELSE subscriber.minimum_level END,
    hazards = CASE WHEN 'hazards' = ANY (%(given)s::text[]) THEN %(hazards)s ELSE subscriber.hazards END,
    crops = CASE WHEN 'crops' = ANY (%(given)s::text[]) THEN %(crops)s ELSE subscriber.crops END,
    animals = CASE WHEN 'animals' = ANY (%(given)s::text[]) THEN %(animals)s ELSE subscriber.animals END,
    bulletins = CASE WHEN 'bulletins' = ANY (%(given)s::text[]) THEN %(bulletins)s ELSE subscriber.bulletins END,
    time_zone = CASE WHEN 'time_zone' = ANY (%(given)s::text[]) THEN %(time_zone)s ELSE subscriber.time_zone END,
    quiet_from = CASE WHEN 'quiet_from' = ANY (%(given)s::text[]) THEN %(quiet_from)s ELSE subscriber.quiet_from END,
    quiet_to = CASE WHEN 'quiet_to' = ANY (%(given)s::text[]) THEN %(quiet_to)s ELSE subscriber.quiet_to END,
    urgent_level = CASE WHEN 'urgent_level' = ANY (%(given)s::text[]) THEN %(urgent_level)s ELSE subscriber.urgent_level END,
    daily_cap = CASE WHEN 'daily_cap' = ANY (%(given)s::text[]) THEN %(daily_cap)s ELSE subscriber.daily_cap END
WHERE id = %(subscriber)s

-- name: insert_contact
INSERT INTO personal.contact (subscriber, kind, address, name, secret)
VALUES (%(subscriber)s, %(kind)s, %(address)s, %(name)s, %(secret)s)
ON CONFLICT (subscriber) DO UPDATE SET name = coalesce(nullif(excluded.name, ''), contact.name),
                                       secret = coalesce(nullif(excluded.secret, ''), contact.secret)

-- name: find_address
SELECT subscriber FROM personal.contact WHERE kind = %(kind)s AND address = %(address)s

-- name: refused
-- When the person of an address last withdrew or was erased, where they have not agreed again since.
SELECT at, erased FROM (
    SELECT event.at, false AS erased FROM personal.contact
    JOIN consent_event AS event ON event.subscriber = contact.subscriber AND event.kind = 'withdrawn'
    WHERE contact.kind = %(kind)s AND contact.address = %(address)s
    UNION ALL SELECT consent.withdrawn_at, false FROM personal.contact
    JOIN consent ON consent.subscriber = contact.subscriber AND consent.withdrawn_at IS NOT NULL
    WHERE contact.kind = %(kind)s AND contact.address = %(address)s
    UNION ALL SELECT refusal.at, true FROM personal.refusal
    WHERE refusal.digest = personal.address_digest(%(kind)s, %(address)s)
) AS said
WHERE NOT EXISTS (SELECT FROM personal.contact JOIN consent ON consent.subscriber = contact.subscriber
                  WHERE contact.kind = %(kind)s AND contact.address = %(address)s AND consent.withdrawn_at IS NULL)
ORDER BY at DESC LIMIT 1

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

-- name: leave_places
DELETE FROM subscriber_place WHERE subscriber = %(subscriber)s AND place = ANY (%(places)s::int[]) RETURNING place

-- name: give_consent
WITH given AS (
    INSERT INTO consent (subscriber, text_version, given_at, channel, recorded_by)
    VALUES (%(subscriber)s, %(text_version)s, %(at)s, %(channel)s, %(who)s)
    ON CONFLICT (subscriber) WHERE withdrawn_at IS NULL DO NOTHING RETURNING subscriber
)
INSERT INTO consent_event (subscriber, kind, at, source, text_version, recorded_by)
SELECT subscriber, 'given', %(at)s, %(channel)s, %(text_version)s, %(who)s FROM given

-- name: withdraw_consent
-- Also of who never agreed: they have refused from now on. Said twice, it is written down once.
WITH ended AS (
    UPDATE consent SET withdrawn_at = %(at)s, withdrawn_channel = %(channel)s
    WHERE subscriber = %(subscriber)s AND withdrawn_at IS NULL RETURNING subscriber, text_version
)
INSERT INTO consent_event (subscriber, kind, at, source, text_version, recorded_by)
SELECT subscriber, 'withdrawn', %(at)s, %(channel)s, text_version, %(channel)s FROM ended
UNION ALL SELECT id, 'withdrawn', %(at)s, %(channel)s, '', %(channel)s FROM subscriber
WHERE id = %(subscriber)s AND NOT EXISTS (SELECT FROM ended)
  AND NOT EXISTS (SELECT FROM consent_event WHERE subscriber = %(subscriber)s AND kind = 'withdrawn')

-- name: set_state
UPDATE subscriber SET state = %(state)s WHERE id = %(subscriber)s AND state <> 'erased' RETURNING id

-- name: withdraw_waiting
-- Nothing that still waits reaches somebody who said STOP.
UPDATE delivery SET state = 'withdrawn', detail = 'the subscriber stopped' WHERE subscriber = %(subscriber)s AND state IN ('queued', 'held')

-- name: remember_refusal
INSERT INTO personal.refusal (digest, at)
SELECT personal.address_digest(kind, address), %(at)s FROM personal.contact WHERE subscriber = %(subscriber)s
ON CONFLICT DO NOTHING

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

-- name: consent_events
SELECT kind, at, source, text_version, recorded_by, recorded_at FROM consent_event WHERE subscriber = %(subscriber)s ORDER BY id

-- name: messages
SELECT id, about, rung, state, text, at, sent_at, route FROM delivery WHERE subscriber = %(subscriber)s ORDER BY id

-- name: said
SELECT at, kind, payload FROM inbound
WHERE subscriber = %(subscriber)s AND kind <> 'receipt' ORDER BY id
