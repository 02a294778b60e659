-- Workers that share a kind of work.

-- name: beat
-- A worker lives, and has this trouble; those long gone are forgotten.
WITH gone AS (
    DELETE FROM worker WHERE owner = %(owner)s AND name <> %(name)s AND seen_at < clock_timestamp() - interval '1 hour'
)
INSERT INTO worker (owner, name, seen_at, trouble) VALUES (%(owner)s, %(name)s, clock_timestamp(), %(trouble)s)
ON CONFLICT (owner, name) DO UPDATE SET seen_at = excluded.seen_at, trouble = excluded.trouble;

-- name: live
SELECT live_workers(%(owner)s);

-- name: leave
DELETE FROM worker WHERE owner = %(owner)s AND name = %(name)s;

-- name: own
-- Which of some places a worker is to take first, among those that live.
SELECT place FROM unnest(%(places)s::int[]) AS place WHERE NOT EXISTS (
    SELECT FROM unnest(live_workers(%(owner)s)) AS other
    WHERE (hashtextextended(other, place), other) > (hashtextextended(%(name)s, place), %(name)s));
