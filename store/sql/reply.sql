-- What a person's message asks for: who wrote, of which place or bundle, and how many answers they had.

-- name: sender
SELECT contact.subscriber, subscriber.language, subscriber.accents
FROM personal.contact JOIN subscriber ON subscriber.id = contact.subscriber
WHERE contact.kind = 'phone' AND contact.address = %(address)s

-- name: places
-- What somebody may ask the weather of.
SELECT id, code, name, time_zone FROM place WHERE kind IN ('commune', 'farm', 'village') ORDER BY kind, id

-- name: last_bundle
SELECT bundle FROM delivery
WHERE subscriber = %(subscriber)s AND bundle IS NOT NULL AND state IN ('sent', 'delivered', 'doubtful')
  AND at > %(now)s - interval '48 hours' ORDER BY id DESC LIMIT 1

-- name: acknowledge
INSERT INTO acknowledgement (bundle, subscriber, who, at) VALUES (%(bundle)s, %(subscriber)s, %(who)s, %(now)s)
ON CONFLICT DO NOTHING

-- name: count_answers
-- Answers in 24 hours: to one subscriber, or to all who have not subscribed.
SELECT count(*) FROM delivery
WHERE about LIKE 'inbound:%%' AND at > %(now)s - interval '24 hours' AND subscriber IS NOT DISTINCT FROM %(subscriber)s

-- name: keep_address
INSERT INTO personal.answer_address (delivery, address) VALUES (%(delivery)s, %(address)s)
