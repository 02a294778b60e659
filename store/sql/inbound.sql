-- What came back: receipts and people's messages, raw until they are understood.

-- name: keep_all
INSERT INTO inbound (route, content_type, payload) SELECT %(route)s, %(content_type)s, unnest(%(payloads)s::bytea[])

-- name: wake
SELECT pg_notify('inbound', '')

-- name: take
SELECT id, route, content_type, payload, tries FROM inbound
WHERE state = 'new' OR (state = 'waiting' AND received_at + make_interval(secs => power(2, least(tries, 12))::int) <= clock_timestamp())
ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED

-- name: done
UPDATE inbound SET state = noted.state, kind = noted.kind, at = %(at)s, subscriber = noted.subscriber, detail = noted.detail,
                   tries = tries + 1
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(kinds)s::text[], %(subscribers)s::bigint[], %(details)s::text[])
    AS noted (id, state, kind, subscriber, detail)
WHERE inbound.id = noted.id

-- name: apply_receipts
-- Receipts by number, in the order in which they came, to the part that each names (by the first of its names that is known):
-- a part that arrived stays arrived, of several receipts of a part the last one counts, and one that comes twice changes
-- nothing. Returns which were understood.
WITH said AS (
    SELECT * FROM unnest(%(numbers)s::int[], %(names)s::int[], %(routes)s::text[], %(provider_ids)s::text[], %(states)s::text[],
                         %(details)s::text[]) AS said (number, name, route, provider_id, state, detail)
), named AS MATERIALIZED (
    SELECT DISTINCT ON (number) said.*, part.delivery, part.part FROM said CROSS JOIN LATERAL (
        (SELECT delivery, part FROM delivery_part WHERE route = said.route AND provider_id = said.provider_id
         ORDER BY delivery DESC LIMIT 1)
        UNION ALL -- our own reference, which some services hand back
        SELECT part.delivery, part.part FROM delivery_part AS part JOIN delivery ON delivery.id = part.delivery
        WHERE said.provider_id ~ '^nv-[0-9]{1,18}(-[0-9]{1,9})?$' AND part.route = said.route
          AND part.delivery = CASE WHEN said.provider_id ~ '^nv-[0-9]{1,18}(-|$)' THEN split_part(said.provider_id, '-', 2)::bigint END
          AND delivery.renamed = coalesce(nullif(split_part(said.provider_id, '-', 3), ''), '0')::int
        LIMIT 1) AS part
    ORDER BY number, said.name
), noted AS (
    UPDATE delivery_part AS part SET receipt = last.state, receipt_at = %(at)s, detail = last.detail
    FROM (SELECT DISTINCT ON (delivery, part) * FROM named
          ORDER BY delivery, part, state = 'delivered' DESC, number DESC) AS last
    WHERE (part.delivery, part.part) = (last.delivery, last.part) AND part.receipt IS DISTINCT FROM 'delivered'
      AND NOT (last.state = 'unknown' AND part.receipt IS NOT DISTINCT FROM 'failed')
)
SELECT number, delivery FROM named

-- name: settle_by_receipts
-- Delivered when every part was, also after another receipt had said failed; failed when one was; what nobody understands
-- changes no state and is shown.
UPDATE delivery SET
    state = CASE WHEN parts.failed THEN 'failed' WHEN parts.delivered THEN 'delivered' ELSE delivery.state END,
    detail = CASE WHEN parts.failed THEN 'the provider could not deliver it: ' || parts.detail
                  WHEN parts.delivered THEN '' ELSE 'the provider said what is not known: ' || parts.unknown END
FROM (SELECT delivery, bool_or(receipt = 'failed') AS failed, bool_and(receipt IS NOT DISTINCT FROM 'delivered') AS delivered,
             string_agg(DISTINCT detail, ' ') FILTER (WHERE receipt = 'failed') AS detail,
             string_agg(DISTINCT detail, ' ') FILTER (WHERE receipt = 'unknown') AS unknown
      FROM delivery_part WHERE delivery = ANY (%(deliveries)s) GROUP BY delivery) AS parts
WHERE delivery.id = parts.delivery
  AND (delivery.state IN ('sent', 'doubtful') AND (parts.failed OR parts.delivered)
       OR delivery.state IN ('failed', 'queued') AND parts.delivered -- of an earlier try: nothing is to be sent again
       OR delivery.state = 'sent' AND parts.unknown IS NOT NULL)

-- name: forget
-- Raw messages of people are kept no longer than they are needed.
UPDATE inbound SET payload = '' WHERE state NOT IN ('new', 'waiting') AND payload <> ''
  AND received_at < clock_timestamp() - make_interval(days => %(days)s)
