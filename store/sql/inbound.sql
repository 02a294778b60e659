-- What came back: receipts and people's messages, raw until they are understood.

-- name: keep
INSERT INTO inbound (route, content_type, payload) VALUES (%(route)s, %(content_type)s, %(payload)s)

-- name: wake
SELECT pg_notify('inbound', '')

-- name: take
SELECT id, route, content_type, payload, tries FROM inbound
WHERE state = 'new' OR (state = 'waiting' AND received_at + make_interval(secs => power(2, least(tries, 12))::int) <= clock_timestamp())
ORDER BY id LIMIT 200 FOR UPDATE SKIP LOCKED

-- name: done
UPDATE inbound SET state = %(state)s, kind = %(kind)s, at = %(at)s, subscriber = %(subscriber)s, detail = %(detail)s,
                   tries = tries + 1
WHERE id = %(id)s

-- name: apply_receipt
-- A part that arrived stays arrived; receipts that come twice change nothing.
UPDATE delivery_part SET receipt = CASE WHEN receipt = 'delivered' THEN receipt ELSE %(state)s END, receipt_at = %(at)s,
                         detail = %(detail)s
WHERE (delivery, part) = (
    SELECT delivery, part FROM delivery_part WHERE route = %(route)s AND provider_id = %(provider_id)s
    ORDER BY delivery DESC LIMIT 1)
RETURNING delivery

-- name: settle_by_receipts
-- Delivered when every part was; failed when one was.
UPDATE delivery SET
    state = CASE WHEN parts.failed THEN 'failed' WHEN parts.delivered THEN 'delivered' ELSE delivery.state END,
    detail = CASE WHEN parts.failed THEN 'the provider could not deliver it: ' || parts.detail ELSE delivery.detail END
FROM (SELECT bool_or(receipt = 'failed') AS failed, bool_and(receipt IS NOT DISTINCT FROM 'delivered') AS delivered,
             string_agg(DISTINCT detail, ' ') FILTER (WHERE receipt = 'failed') AS detail
      FROM delivery_part WHERE delivery = %(delivery)s) AS parts
WHERE delivery.id = %(delivery)s AND delivery.state IN ('sent', 'doubtful')

-- name: sender
SELECT contact.subscriber, subscriber.language, subscriber.accents, subscriber.state
FROM personal.contact JOIN subscriber ON subscriber.id = contact.subscriber
WHERE contact.kind = 'phone' AND contact.address = %(address)s

-- name: answered
-- Answers in 24 hours: to one subscriber, or to all who have not subscribed.
SELECT count(*) FROM delivery
WHERE about LIKE 'inbound:%%' AND at > %(now)s - interval '24 hours' AND subscriber IS NOT DISTINCT FROM %(subscriber)s

-- name: answer_address
INSERT INTO personal.answer_address (delivery, address) VALUES (%(delivery)s, %(address)s)

-- name: communes
SELECT id, name, code FROM place WHERE kind IN ('commune', 'farm', 'village') ORDER BY kind, id

-- name: last_bundle_of
SELECT bundle FROM delivery
WHERE subscriber = %(subscriber)s AND bundle IS NOT NULL AND state IN ('sent', 'delivered', 'doubtful')
  AND at > %(now)s - interval '48 hours' ORDER BY id DESC LIMIT 1

-- name: acknowledge
INSERT INTO acknowledgement (bundle, subscriber, who, at) VALUES (%(bundle)s, %(subscriber)s, %(who)s, %(now)s)
ON CONFLICT DO NOTHING

-- name: forget
-- Raw messages of people are kept no longer than they are needed.
UPDATE inbound SET payload = '' WHERE state NOT IN ('new', 'waiting') AND payload <> ''
  AND received_at < clock_timestamp() - make_interval(days => %(days)s)
