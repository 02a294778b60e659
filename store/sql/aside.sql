-- What was set aside instead of stored: shown, and tried again when its cause is gone.

-- name: curable
-- What was set aside for some reasons (of itself: want of a registration), oldest first.
SELECT id, gateway, boot, stream, sequence, record, reason, content_type, payload, received_at
FROM set_aside
WHERE replayed_at IS NULL AND reason = ANY (%(reasons)s) AND gateway = %(gateway)s AND id > %(after)s
ORDER BY id LIMIT 500;

-- name: curable_gateways
SELECT DISTINCT gateway FROM set_aside WHERE replayed_at IS NULL AND reason = ANY (%(reasons)s);

-- name: still_aside
SELECT count(*) FROM set_aside
WHERE replayed_at IS NULL AND reason = ANY (%(reasons)s) AND gateway = ANY (%(gateways)s);

-- name: replayed
UPDATE set_aside SET replayed_at = clock_timestamp() WHERE id = ANY(%(ids)s);

-- name: another_reason
UPDATE set_aside SET reason = %(reason)s, detail = %(detail)s WHERE id = %(id)s;

-- name: list
SELECT id, gateway, boot, stream, sequence, record, reason, detail, station, content_type, payload, received_at, replayed_at
FROM set_aside
WHERE (%(gateway)s::text IS NULL OR gateway = %(gateway)s)
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
  AND (%(everything)s OR replayed_at IS NULL)
ORDER BY received_at DESC, id DESC
LIMIT %(limit)s;
