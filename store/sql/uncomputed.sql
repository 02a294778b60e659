-- name: set_apart
-- The lease goes over to nobody and ends when the place is to be tried again: then it becomes marks, as any that ends.
WITH failed AS (
    INSERT INTO uncomputed (place, task, since, failures, reason, again_at)
    SELECT lease.place, 'past', clock_timestamp(), 1, %(reason)s, clock_timestamp() + %(first)s
    FROM lease WHERE lease.token = %(token)s AND lease.place = %(place)s
    ON CONFLICT (place, task) DO UPDATE SET failures = uncomputed.failures + 1, reason = excluded.reason,
        again_at = clock_timestamp() + least(%(first)s * power(2, least(uncomputed.failures, 20)), %(longest)s)
    RETURNING place, failures, again_at
), held AS (
    UPDATE lease SET token = gen_random_uuid(), worker = 'set apart', expires_at = failed.again_at
    FROM failed WHERE lease.place = failed.place AND lease.token = %(token)s
    RETURNING lease.place
)
SELECT place.code, failed.failures, failed.again_at FROM failed JOIN place ON place.id = failed.place;

-- name: set_apart_ahead
-- Its readings go on being computed: the lease ends, and `wake` asks for another look ahead.
WITH held AS (
    DELETE FROM lease WHERE token = %(token)s AND place = %(place)s RETURNING place
), failed AS (
    INSERT INTO uncomputed (place, task, since, failures, reason, again_at)
    SELECT held.place, 'ahead', clock_timestamp(), 1, %(reason)s, clock_timestamp() + %(first)s FROM held
    ON CONFLICT (place, task) DO UPDATE SET failures = uncomputed.failures + 1, reason = excluded.reason, waits = true,
        again_at = clock_timestamp() + least(%(first)s * power(2, least(uncomputed.failures, 20)), %(longest)s)
    RETURNING place, failures, again_at
)
SELECT place.code, failed.failures, failed.again_at FROM failed JOIN place ON place.id = failed.place;

-- name: set_apart_area
-- What is to be compared stays where it is; the area is not taken before its time (`area`, `take`).
WITH held AS (
    DELETE FROM area_lease WHERE token = %(token)s AND area = %(place)s RETURNING area
), failed AS (
    INSERT INTO uncomputed (place, task, since, failures, reason, again_at)
    SELECT held.area, 'area', clock_timestamp(), 1, %(reason)s, clock_timestamp() + %(first)s FROM held
    ON CONFLICT (place, task) DO UPDATE SET failures = uncomputed.failures + 1, reason = excluded.reason,
        again_at = clock_timestamp() + least(%(first)s * power(2, least(uncomputed.failures, 20)), %(longest)s)
    RETURNING place, failures, again_at
)
SELECT place.code, failed.failures, failed.again_at FROM failed JOIN place ON place.id = failed.place;

-- name: known
SELECT place FROM uncomputed WHERE place = ANY (%(places)s) AND task = %(task)s;

-- name: postponed
-- Looks ahead that wait until they are tried again: their leases end.
DELETE FROM lease USING uncomputed
WHERE lease.token = %(token)s AND lease.place = ANY (%(places)s)
  AND uncomputed.place = lease.place AND uncomputed.task = 'ahead' AND uncomputed.waits
RETURNING lease.place;

-- name: wake
-- Looks ahead whose time has come are asked for again.
WITH woken AS (
    UPDATE uncomputed SET waits = false WHERE task = 'ahead' AND waits AND again_at <= clock_timestamp() RETURNING place
), asked AS (
    INSERT INTO mark (place, from_time, to_time, cause) SELECT place, %(now)s, %(now)s, 'ahead' FROM woken RETURNING place
)
SELECT count(*)::int, max(pg_notify('mark', '')::text) FROM asked;

-- name: healed
DELETE FROM uncomputed WHERE place = ANY (%(places)s) AND task = %(task)s;

-- name: again
-- Somebody asks for them: they are tried now.
WITH held AS (
    UPDATE lease SET expires_at = '-infinity' WHERE worker = 'set apart'
)
UPDATE uncomputed SET again_at = clock_timestamp() WHERE task <> 'past';

-- name: all
SELECT place.code, uncomputed.task, uncomputed.since, uncomputed.failures, uncomputed.reason, uncomputed.again_at
FROM uncomputed JOIN place ON place.id = uncomputed.place ORDER BY uncomputed.since, place.code, uncomputed.task;
