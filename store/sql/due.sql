-- name: replace
-- The rows of some topics and kinds become the given ones.
WITH wanted AS (
    SELECT at, kind, topic FROM unnest(%(at)s::timestamptz[], %(kind)s::text[], %(topic)s::text[]) AS w (at, kind, topic)
), gone AS (
    DELETE FROM due WHERE owner = %(owner)s AND topic = ANY (%(topics)s) AND kind = ANY (%(kinds)s)
      AND NOT EXISTS (SELECT FROM wanted WHERE wanted.kind = due.kind AND wanted.topic = due.topic)
)
INSERT INTO due (at, owner, kind, topic) SELECT at, %(owner)s, kind, topic FROM wanted
ON CONFLICT (owner, kind, topic) DO UPDATE SET at = excluded.at WHERE due.at <> excluded.at;

-- name: take
-- Rows whose time has come, locked until the transaction of their effect ends.
DELETE FROM due WHERE (owner, kind, topic) IN (
    SELECT owner, kind, topic FROM due WHERE owner = %(owner)s AND kind = %(kind)s AND at <= %(now)s
    ORDER BY at LIMIT %(most)s FOR UPDATE SKIP LOCKED
) RETURNING at, topic;
