-- name: set_apart
-- The lease goes over to nobody and ends when the place is to be tried again: then it becomes marks, as any that ends.
WITH failed AS (
    INSERT INTO uncomputed (place, since, failures, reason, again_at)
    SELECT lease.place, clock_timestamp(), 1, %(reason)s, clock_timestamp() + %(first)s
    FROM lease WHERE lease.token = %(token)s AND lease.place = %(place)s
    ON CONFLICT (place) DO UPDATE SET failures = uncomputed.failures + 1, reason = excluded.reason,
        again_at = clock_timestamp() + least(%(first)s * power(2, least(uncomputed.failures, 20)), %(longest)s)
    RETURNING place, failures, again_at
), held AS (
    UPDATE lease SET token = gen_random_uuid(), worker = 'set apart', expires_at = failed.again_at
    FROM failed WHERE lease.place = failed.place AND lease.token = %(token)s
    RETURNING lease.place
)
SELECT place.code, failed.failures, failed.again_at FROM failed JOIN place ON place.id = failed.place;

-- name: known
SELECT place FROM uncomputed WHERE place = ANY (%(places)s);

-- name: healed
DELETE FROM uncomputed WHERE place = ANY (%(places)s);

-- name: again
-- Somebody asks for them: they are tried now.
UPDATE lease SET expires_at = '-infinity' WHERE worker = 'set apart';

-- name: all
SELECT place.code, uncomputed.since, uncomputed.failures, uncomputed.reason, uncomputed.again_at
FROM uncomputed JOIN place ON place.id = uncomputed.place ORDER BY uncomputed.since, place.code;
