-- name: write
WITH names AS MATERIALIZED (
    SELECT name, index_id(name) AS id FROM (SELECT DISTINCT unnest(%(index)b::text[])) AS each (name)
)
INSERT INTO index_state (place, index, subject, reference_time, time, state)
SELECT place, names.id, subject, %(reference_time)s::text::timestamptz, time, (given.numbers)[last - length + 1:last]
FROM (SELECT %(numbers)b::float8[] AS numbers OFFSET 0) AS given, -- one parameter, not one copy a row
     unnest(%(place)b::int[], %(index)b::text[], %(subject)b::int[], %(time)b::timestamptz[], %(last)b::int[], %(length)b::int[])
  AS state (place, index, subject, time, last, length)
     JOIN names ON names.name = state.index
ON CONFLICT (place, index, subject, reference_time, time) DO UPDATE SET state = excluded.state
WHERE index_state.state IS DISTINCT FROM excluded.state;

-- name: clear
DELETE FROM index_state USING unnest(%(place)s::int[], %(from_time)s::timestamptz[]) AS span (place, from_time)
WHERE index_state.place = span.place AND index_state.time >= span.from_time
  AND index_state.reference_time = %(reference_time)s::text::timestamptz;

-- name: read
-- Each index's state after one day of each place.
SELECT index_state.place, index_name.name, index_state.subject, index_state.state
FROM unnest(%(place)s::int[], %(time)s::timestamptz[]) AS wanted (place, time)
JOIN index_state ON index_state.place = wanted.place AND index_state.time = wanted.time
 AND index_state.reference_time = %(reference_time)s::text::timestamptz
JOIN index_name ON index_name.id = index_state.index;
