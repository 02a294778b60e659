-- name: write
INSERT INTO index_state (place, index, season, reference_time, time, state)
SELECT place, index, season, %(reference_time)s::text::timestamptz, time, (given.numbers)[last - length + 1:last]
FROM (SELECT %(numbers)b::float8[] AS numbers OFFSET 0) AS given, -- one parameter, not one copy a row
     unnest(%(place)b::int[], %(index)b::text[], %(season)b::int[], %(time)b::timestamptz[], %(last)b::int[], %(length)b::int[])
  AS state (place, index, season, time, last, length)
ON CONFLICT (place, index, season, reference_time, time) DO UPDATE SET state = excluded.state
WHERE index_state.state IS DISTINCT FROM excluded.state;

-- name: clear
DELETE FROM index_state USING unnest(%(place)s::int[], %(from_time)s::timestamptz[]) AS span (place, from_time)
WHERE index_state.place = span.place AND index_state.time >= span.from_time
  AND index_state.reference_time = %(reference_time)s::text::timestamptz;

-- name: read
-- Each index's state after one day of each place.
SELECT index_state.place, index_state.index, index_state.season, index_state.state
FROM unnest(%(place)s::int[], %(time)s::timestamptz[]) AS wanted (place, time)
JOIN index_state ON index_state.place = wanted.place AND index_state.time = wanted.time
 AND index_state.reference_time = %(reference_time)s::text::timestamptz;
