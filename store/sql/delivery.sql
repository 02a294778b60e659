-- Write, claim, send, settle.

-- name: insert_delivery
INSERT INTO delivery (about, bundle, subscriber, rung, kind, place, hazard, level, language, title, text, long, coding,
                      segments, at, expires, state)
VALUES (%(about)s, %(bundle)s, %(subscriber)s, %(rung)s, %(kind)s, %(place)s, %(hazard)s, %(level)s, %(language)s,
        %(title)s, %(text)s, %(long)s, %(coding)s, %(segments)s, %(at)s, %(expires)s, %(state)s)
ON CONFLICT DO NOTHING RETURNING id

-- name: insert_delivery_steps
INSERT INTO delivery_step (step, subscriber, rung, delivery)
SELECT step, %(subscriber)s, %(rung)s, %(delivery)s FROM unnest(%(steps)s::bigint[]) AS step

-- name: wake_senders
SELECT pg_notify('delivery', '')

-- name: release_held
-- Quiet hours are over: what goes on is said, however long it was held, but not what a newer message says as well; that it
-- is over or less is said to who was told of it. What is neither, and has ended or expired, is not said.
WITH held AS (
    SELECT delivery.id, alert_step.kind, alert.state, alert_step.kind IN ('open', 'raise', 'renew') AS rises,
           EXISTS (SELECT FROM alert_step AS newer
                   JOIN delivery_step AS later ON later.step = newer.id AND later.subscriber = delivery.subscriber
                   JOIN delivery AS after ON after.id = later.delivery AND after.id > delivery.id
                       AND after.state NOT IN ('capped', 'withdrawn', 'failed', 'expired')
                   WHERE newer.alert = alert.id AND newer.number > alert_step.number) AS overtaken,
           EXISTS (SELECT FROM alert_step AS earlier
                   JOIN alert AS of_rule ON of_rule.id = earlier.alert AND of_rule.rule = alert.rule
                       AND of_rule.basis = alert.basis AND of_rule.subject = alert.subject
                       AND (of_rule.id = alert.id OR areal.proxy AND alert.subject = 0
                            AND coalesce(of_rule.ended, 'infinity') >= alert.started - interval '36 hours')
                   JOIN delivery_step AS before ON before.step = earlier.id AND before.subscriber = delivery.subscriber
                   JOIN delivery AS told ON told.id = before.delivery AND told.id < delivery.id
                       AND told.place IS NOT DISTINCT FROM delivery.place
                       AND told.state IN ('queued', 'sending', 'sent', 'delivered', 'doubtful')
                   WHERE earlier.kind IN ('open', 'raise', 'renew')) AS heard
    FROM delivery JOIN delivery_step ON delivery_step.delivery = delivery.id
    JOIN alert_step ON alert_step.id = delivery_step.step
    JOIN alert ON alert.id = alert_step.alert
    CROSS JOIN LATERAL (
        SELECT coalesce(bool_or((entry ->> 'proxy')::boolean), false) AS proxy FROM catalogue
        WHERE catalogue.kind = 'rule' AND catalogue.name = alert.rule) AS areal
    WHERE delivery.id = %(delivery)s
), weighed AS (
    SELECT bool_or(rises AND state = 'open' AND NOT overtaken) AS goes_on,
           bool_or(NOT rises AND NOT overtaken AND heard) AS heard, count(*) > 0 AS of_alerts
    FROM held
)
UPDATE delivery SET
    state = CASE WHEN weighed.goes_on OR weighed.heard THEN 'queued'
                 WHEN weighed.of_alerts THEN 'withdrawn'
                 WHEN expires <= %(now)s THEN 'expired' ELSE 'queued' END,
    expires = CASE WHEN weighed.goes_on OR weighed.heard
              THEN greatest(expires, %(now)s::timestamptz + interval '6 hours') ELSE expires END
FROM weighed
WHERE id = %(delivery)s AND delivery.state = 'held' RETURNING delivery.state

-- name: worker
SELECT nextval('notify_worker')::int

-- name: hold_worker
-- Held for as long as the worker's connection lives; who can take it knows that the worker is gone.
SELECT pg_try_advisory_lock(x'6e7632'::int, %(worker)s)

-- name: let_worker
SELECT pg_advisory_unlock(x'6e7632'::int, %(worker)s)

-- name: claim
-- Messages for one route: of one of its kinds, not refused by it, refused by every route that is better and well. Of a route
-- whose budget is used up: only from a level on, and what tells officers that they are needed.
UPDATE delivery SET state = 'sending', worker = %(worker)s, route = %(route)s, claimed_at = clock_timestamp(),
                    attempts = attempts + 1
WHERE id IN (
    SELECT id FROM delivery
    WHERE state = 'queued' AND kind = %(kind)s AND retry_at <= clock_timestamp()
      AND CASE WHEN pinned IS NULL
               THEN NOT %(route)s = ANY (refused_by || unfit_by) AND (refused_by || unfit_by) @> %(better)s::text[]
          ELSE pinned = %(route)s END
      AND (level >= %(least)s OR about ~ '^(approval|notice|alarm):')
    ORDER BY level DESC, id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
RETURNING id, about, subscriber, rung, kind, place, hazard, level, language, title, text, long, coding, segments, at, expires,
          attempts, refused_by, unfit_by, renamed, pinned, unsure_since,
          -- of the packs that its steps answer
          ARRAY(SELECT DISTINCT step.trace FROM bundle_step JOIN alert_step AS step ON step.id = bundle_step.step
                WHERE bundle_step.bundle = delivery.bundle AND step.trace <> '' ORDER BY 1) AS traces

-- name: addresses
SELECT delivery.id, coalesce(contact.address, answer_address.address) AS address, coalesce(contact.secret, '') AS secret,
       subscriber.state AS subscriber_state
FROM delivery
LEFT JOIN subscriber ON subscriber.id = delivery.subscriber
LEFT JOIN personal.contact ON contact.subscriber = delivery.subscriber
LEFT JOIN personal.answer_address ON answer_address.delivery = delivery.id
WHERE delivery.id = ANY (%(deliveries)s)

-- name: take_back
-- What this worker claimed without having begun to send it.
UPDATE delivery SET state = 'queued', worker = NULL, attempts = greatest(attempts - 1, 0)
WHERE state = 'sending' AND worker = %(worker)s AND NOT id = ANY (%(underway)s::bigint[])

-- name: settle_sent
UPDATE delivery SET state = 'sent', sent_at = done.at, handed_at = done.handed_at, segments = done.segments, cost = done.cost,
                    detail = ''
FROM unnest(%(deliveries)s::bigint[], %(at)s::timestamptz[], %(handed_at)s::timestamptz[], %(segments)s::int[],
            %(cost)s::float8[]) AS done (delivery, at, handed_at, segments, cost)
WHERE delivery.id = done.delivery AND delivery.state IN ('sending', 'doubtful') AND delivery.worker = %(worker)s

-- name: forget_parts
-- Parts of an earlier try that this one does not have: their receipts say nothing of it.
DELETE FROM delivery_part AS part USING unnest(%(deliveries)s::bigint[], %(counts)s::int[]) AS now (delivery, count)
WHERE part.delivery = now.delivery AND part.part > now.count

-- name: insert_parts
INSERT INTO delivery_part (delivery, part, route, provider_id)
SELECT * FROM unnest(%(deliveries)s::bigint[], %(parts)s::int[], %(routes)s::text[], %(provider_ids)s::text[])
ON CONFLICT (delivery, part) DO UPDATE SET route = excluded.route, provider_id = excluded.provider_id,
    receipt = CASE WHEN (delivery_part.route, delivery_part.provider_id) = (excluded.route, excluded.provider_id)
                   THEN delivery_part.receipt END

-- name: settle_again
UPDATE delivery SET state = 'queued', worker = NULL, detail = %(detail)s, refused_by = %(refused_by)s, unfit_by = %(unfit_by)s,
                    pinned = CASE WHEN %(unsure)s THEN route ELSE pinned END,
                    unsure_since = CASE WHEN %(unsure)s THEN coalesce(unsure_since, claimed_at) ELSE unsure_since END,
                    renamed = renamed + %(renamed)s::int,
                    retry_at = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE id = %(delivery)s AND state = 'sending' AND worker = %(worker)s

-- name: settle_end
UPDATE delivery SET state = %(state)s, detail = %(detail)s, sent_at = CASE WHEN %(state)s = 'doubtful' THEN %(at)s ELSE sent_at END
WHERE id = %(delivery)s AND state = 'sending' AND worker = %(worker)s

-- name: forget_answer_address
DELETE FROM personal.answer_address WHERE delivery = ANY (%(deliveries)s)

-- name: claimants
-- Workers that hold claims, and are not this one.
SELECT DISTINCT worker FROM delivery WHERE state = 'sending' AND worker <> %(worker)s

-- name: orphans
SELECT id, route, renamed FROM delivery WHERE state = 'sending' AND worker = %(worker)s ORDER BY id

-- name: requeue_orphan
UPDATE delivery SET state = 'queued', worker = NULL, pinned = route, unsure_since = coalesce(unsure_since, claimed_at), detail = 'the sender died; sent again under the same reference'
WHERE id = %(delivery)s AND state = 'sending' AND worker = %(worker)s

-- name: doubt_orphan
UPDATE delivery SET state = 'doubtful', detail = 'the sender died between handing it over and noting it', sent_at = coalesce(sent_at, at)
WHERE id = %(delivery)s AND state = 'sending' AND worker = %(worker)s

-- name: adopt_orphan
UPDATE delivery SET state = 'sent', sent_at = coalesce(sent_at, at), detail = 'the sender died; the provider has it'
WHERE id = %(delivery)s AND state = 'sending' AND worker = %(worker)s

-- name: spent
-- Messages, segments and money of a route since a moment of event time.
SELECT coalesce(sum(segments), 0)::bigint AS segments, coalesce(sum(cost), 0)::float8 AS cost
FROM delivery WHERE route = %(route)s AND sent_at >= %(since)s AND state IN ('sent', 'delivered', 'doubtful')

-- name: note_budget
INSERT INTO route_budget (route, spent_at, segments, cost)
VALUES (%(route)s, CASE WHEN %(over)s THEN %(at)s END, %(segments)s, %(cost)s)
ON CONFLICT (route) DO UPDATE SET
    spent_at = CASE WHEN %(over)s THEN coalesce(route_budget.spent_at, excluded.spent_at) END,
    segments = excluded.segments, cost = excluded.cost, seen_at = clock_timestamp()

-- name: budgets
-- Routes whose budget is used up, and how many messages wait while it is.
SELECT route, spent_at, segments, cost, (SELECT count(*) FROM delivery WHERE state = 'queued') AS waiting
FROM route_budget WHERE spent_at IS NOT NULL ORDER BY route

-- name: unknown_receipts
-- What providers said that no document of theirs has, in the last days: by route, as they said it.
SELECT route, detail, count(*) FROM inbound
WHERE kind = 'receipt' AND detail LIKE 'not known: %%' AND received_at > clock_timestamp() - interval '7 days'
GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 20

-- name: place_names
-- Of the places that deliveries are of.
SELECT id, name FROM place WHERE kind IN ('province', 'commune', 'farm', 'station')
