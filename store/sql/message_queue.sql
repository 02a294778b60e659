-- Messages as an operator sees them: how many there are, which wait or failed, which are sent again.

-- name: count
SELECT state, count(*) AS messages FROM delivery GROUP BY state ORDER BY state

-- name: listed
SELECT id, about, rung, kind, state, route, attempts, level, hazard, at, expires, detail, subscriber
FROM delivery WHERE state = ANY (%(states)s) ORDER BY id DESC LIMIT %(most)s

-- name: retry
-- Only on a person's word: what was doubtful may have arrived.
-- A doubtful one keeps its reference, so that a service that knows it says so; what failed gets a new one.
UPDATE delivery SET state = 'queued', worker = NULL, pinned = NULL, refused_by = '{}', unfit_by = '{}', retry_at = '-infinity',
                    attempts = 0, renamed = renamed + (state = 'failed')::int,
                    unsure_since = CASE WHEN state = 'doubtful' THEN coalesce(unsure_since, claimed_at) END
WHERE id = ANY (%(deliveries)s) AND state IN ('failed', 'doubtful') RETURNING id
