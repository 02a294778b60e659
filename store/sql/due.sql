-- name: replace
-- The rows of some subjects and kinds become the given ones.
WITH wanted AS (
    SELECT at, kind, subject FROM unnest(%(at)s::timestamptz[], %(kind)s::text[], %(subject)s::text[]) AS w (at, kind, subject)
), gone AS (
    DELETE FROM due WHERE owner = %(owner)s AND subject = ANY (%(subjects)s) AND kind = ANY (%(kinds)s)
      AND NOT EXISTS (SELECT FROM wanted WHERE wanted.kind = due.kind AND wanted.subject = due.subject)
)
INSERT INTO due (at, owner, kind, subject) SELECT at, %(owner)s, kind, subject FROM wanted
ON CONFLICT (owner, kind, subject) DO UPDATE SET at = excluded.at WHERE due.at <> excluded.at;

-- name: next
SELECT min(at) FROM due WHERE owner = %(owner)s;

-- name: take
-- Rows whose time has come, locked until the transaction of their effect ends.
DELETE FROM due WHERE (owner, kind, subject) IN (
    SELECT owner, kind, subject FROM due WHERE owner = %(owner)s AND kind = %(kind)s AND at <= %(now)s
    ORDER BY at LIMIT %(most)s FOR UPDATE SKIP LOCKED
) RETURNING at, subject;
