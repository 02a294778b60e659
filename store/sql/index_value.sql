-- name: write
INSERT INTO index_value (place, index, season, reference_time, time, value, method, completeness)
SELECT place, index, season, %(reference_time)s::text::timestamptz, time, value, method, completeness
FROM unnest(%(place)b::int[], %(index)b::text[], %(season)b::int[], %(time)b::timestamptz[], %(value)b::float8[],
            %(method)b::text[], %(completeness)b::real[])
  AS given (place, index, season, time, value, method, completeness)
ON CONFLICT (place, index, season, reference_time, time) DO UPDATE
SET value = excluded.value, method = excluded.method, completeness = excluded.completeness
WHERE (index_value.value, index_value.method, index_value.completeness)
      IS DISTINCT FROM (excluded.value, excluded.method, excluded.completeness);

-- name: insert
-- Of places that were cleared: nothing to look for, row by row.
INSERT INTO index_value (place, index, season, reference_time, time, value, method, completeness)
SELECT place, index, season, %(reference_time)s::text::timestamptz, time, value, method, completeness
FROM unnest(%(place)b::int[], %(index)b::text[], %(season)b::int[], %(time)b::timestamptz[], %(value)b::float8[],
            %(method)b::text[], %(completeness)b::real[])
  AS given (place, index, season, time, value, method, completeness);

-- name: remove
DELETE FROM index_value USING unnest(%(place)b::int[], %(index)b::text[], %(season)b::int[], %(time)b::timestamptz[])
  AS gone (place, index, season, time)
WHERE index_value.place = gone.place AND index_value.index = gone.index AND index_value.season = gone.season
  AND index_value.reference_time = %(reference_time)s::text::timestamptz AND index_value.time = gone.time;

-- name: clear
-- Everything from a moment on, place by place.
DELETE FROM index_value USING unnest(%(place)s::int[], %(from_time)s::timestamptz[]) AS span (place, from_time)
WHERE index_value.place = span.place AND index_value.time >= span.from_time
  AND index_value.reference_time = %(reference_time)s::text::timestamptz;

-- name: clear_issues
-- Forecast values of places said from a moment on, until another issue took their place.
DELETE FROM index_value USING unnest(%(place)s::int[], %(from_time)s::timestamptz[]) AS span (place, from_time)
WHERE index_value.place = span.place AND index_value.time >= span.from_time
  AND index_value.reference_time >= span.from_time AND index_value.reference_time <= %(issued)s;

-- name: forget_issues
-- What forecasts issued before a moment gave; what was observed stays.
DELETE FROM index_value WHERE reference_time > '-infinity' AND reference_time < %(limit)s;

-- name: read
SELECT place, index, season, time, value, method, completeness FROM index_value
WHERE place = ANY (%(places)s) AND reference_time = %(reference_time)s::text::timestamptz
  AND time >= %(from_time)s AND time < %(to_time)s AND (%(indices)s::text[] IS NULL OR index = ANY (%(indices)s));
