-- name: take
-- The longest waiting request, locked until its answer commits; a worker that dies leaves it waiting.
SELECT id, kind, topic, who FROM request WHERE state = 'waiting' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED;

-- name: answer
UPDATE request SET state = %(state)s, progress = 1, answer = %(answer)s, answered_at = clock_timestamp()
WHERE id = %(id)s;
