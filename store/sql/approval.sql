-- What waits for a person's word.

-- name: ask_approval
INSERT INTO approval (kind, topic, title, detail, asked_at, expires)
VALUES (%(kind)s, %(topic)s, %(title)s, %(detail)s::jsonb, %(at)s, %(expires)s) ON CONFLICT DO NOTHING RETURNING id

-- name: decide
UPDATE approval SET state = %(state)s, who = %(who)s, decided_at = %(at)s, reason = %(reason)s
WHERE id = %(approval)s AND state = 'waiting' AND may_decide(topic, expires, %(at)s) RETURNING topic

-- name: decided
-- Approvals decided whose topic still waits.
SELECT approval.id, approval.topic, approval.state FROM approval
LEFT JOIN broadcast ON approval.topic = 'broadcast:' || broadcast.id
LEFT JOIN bulletin ON approval.topic = 'bulletin:' || bulletin.id
WHERE approval.state IN ('approved', 'refused') AND coalesce(broadcast.state, bulletin.state) = 'waiting'
ORDER BY approval.id

-- name: expire_approval
UPDATE approval SET state = 'expired' WHERE id = %(approval)s AND state = 'waiting' RETURNING topic

-- name: waiting_approvals
-- What waits, with the level at which its alert is now.
SELECT approval.id, approval.kind, approval.title, approval.asked_at, approval.expires, now_of.level
FROM approval LEFT JOIN broadcast ON approval.topic = 'broadcast:' || broadcast.id
LEFT JOIN LATERAL alert_now_of(broadcast.about) AS now_of ON true
WHERE approval.state = 'waiting' ORDER BY approval.id

-- name: withdraw_approvals
UPDATE approval SET state = 'withdrawn'
WHERE state = 'waiting' AND topic = ANY (SELECT 'broadcast:' || id FROM unnest(%(broadcasts)s::bigint[]) AS id)

-- name: ask_anew
UPDATE approval SET title = %(title)s, expires = %(expires)s,
    detail = detail || jsonb_build_object('asked_again', coalesce((detail ->> 'asked_again')::int, 0) + 1)
WHERE id = %(approval)s AND state = 'waiting'

-- name: tell_decided
SELECT pg_notify('approval', '')
