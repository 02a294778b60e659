-- name: take
-- Infinite ends of a span (whoever marks everything) do not travel.
SELECT place, CASE WHEN from_time IS NOT NULL THEN greatest(from_time, '1900-01-01') END AS from_time,
       CASE WHEN to_time IS NOT NULL THEN least(to_time, '9000-01-01') END AS to_time, causes, kinds, generation
FROM take_marks(%(worker)s, %(token)s, %(now)s, %(most)s, %(quiet)s, %(oldest)s, %(hold)s, %(late)s);

-- name: finish
-- The leases that are still ours end here; each place's generation goes on by one.
WITH finished AS (
    DELETE FROM lease WHERE token = %(token)s AND place = ANY (%(places)s) RETURNING place
)
INSERT INTO worked (place, generation, through) SELECT place, 1, %(now)s FROM finished
ON CONFLICT (place) DO UPDATE SET generation = worked.generation + 1, through = excluded.through
RETURNING place, generation;

-- name: renew
UPDATE lease SET expires_at = clock_timestamp() + %(hold)s WHERE token = %(token)s;

-- name: give_up
-- Back to marks at once: the worker failed and says so.
WITH own AS (
    UPDATE lease SET expires_at = '-infinity' WHERE token = %(token)s RETURNING place
)
SELECT count(*) FROM own;

-- name: expire
SELECT expire_leases();

-- name: held
SELECT count(*) FROM lease;

-- name: release
-- Leases of work that changes nothing of a place's own, such as comparing the stations below it.
DELETE FROM lease WHERE token = %(token)s AND place = ANY (%(places)s) RETURNING place;
