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

-- name: waiting
-- What an owner is to do because its time has come.
SELECT kind, topic, at FROM due WHERE owner = %(owner)s AND at <= %(now)s ORDER BY at, kind, topic LIMIT %(most)s;

-- name: plan
INSERT INTO due (at, owner, kind, topic) VALUES (%(at)s, %(owner)s, %(kind)s, %(topic)s)
ON CONFLICT (owner, kind, topic) DO UPDATE SET at = excluded.at;

-- name: take_one
-- The row is deleted in the transaction that has its effect; whoever comes second finds nothing.
DELETE FROM due WHERE owner = %(owner)s AND kind = %(kind)s AND topic = %(topic)s AND at <= %(now)s RETURNING at;

-- name: take_topics
DELETE FROM due WHERE owner = %(owner)s AND kind = %(kind)s AND topic = ANY (%(topics)s) RETURNING topic;
