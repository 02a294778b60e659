-- name: replace
-- What cannot be judged at places becomes what is given; a row without a reason stays as it was, be it there or not.
WITH given AS (
    SELECT place, kind, name, subject, reason, string_to_array(nullif(lacks, ''), ',') AS lacks, holds
    FROM unnest(%(place)b::int[], %(kind)b::text[], %(name)b::text[], %(subject)b::int[], %(reason)b::int[],
                %(lacks)b::text[], %(holds)b::int[]) AS one (place, kind, name, subject, reason, lacks, holds)
), gone AS (
    DELETE FROM unjudged WHERE unjudged.place = ANY (%(places)s)
      AND NOT EXISTS (SELECT FROM given WHERE given.place = unjudged.place AND given.kind = unjudged.kind
                      AND given.name = unjudged.name AND given.subject = unjudged.subject)
)
INSERT INTO unjudged (place, kind, name, subject, reason, lacks, holds)
SELECT place, kind, name, subject, reason, coalesce(lacks, '{}'), holds = 1 FROM given WHERE reason > 0
ON CONFLICT (place, kind, name, subject) DO UPDATE
SET reason = excluded.reason, lacks = excluded.lacks, holds = excluded.holds
WHERE (unjudged.reason, unjudged.lacks, unjudged.holds) IS DISTINCT FROM (excluded.reason, excluded.lacks, excluded.holds);

-- name: counted
-- How many places each rule cannot judge, by reason; without those where nothing measures what it needs.
SELECT unjudged.kind, unjudged.name, unjudged.reason, unjudged.lacks, unjudged.holds, count(DISTINCT place.id),
       (array_agg(DISTINCT place.code))[1:3]
FROM unjudged JOIN place ON place.id = unjudged.place
WHERE unjudged.reason <> %(sensor)s
  AND (%(name)s::text IS NULL OR unjudged.name = %(name)s)
  AND (%(places)s::int[] IS NULL OR place.id = ANY (%(places)s))
GROUP BY unjudged.kind, unjudged.name, unjudged.reason, unjudged.lacks, unjudged.holds
ORDER BY unjudged.kind DESC, unjudged.name, unjudged.reason, unjudged.lacks;

-- name: unmeasured
-- The same of those where nothing measures it.
SELECT unjudged.name, count(DISTINCT unjudged.place) FROM unjudged
WHERE unjudged.reason = %(sensor)s AND unjudged.kind = 'rule' AND unjudged.name = %(name)s
  AND unjudged.place = ANY (%(places)s)
GROUP BY unjudged.name;
