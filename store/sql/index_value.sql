-- name: write
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(%(place)b::int[], %(index)b::text[], %(subject)b::int[], %(time)b::timestamptz[], %(value)b::float8[],
                         %(method)b::text[], %(completeness)b::real[])
      AS given (place, index, subject, time, value, method, completeness)
), names AS MATERIALIZED (
    SELECT name, index_id(name) AS id FROM (SELECT DISTINCT index FROM given) AS each (name)
), methods AS MATERIALIZED (
    SELECT name, method_id(name) AS id FROM (SELECT DISTINCT method FROM given) AS each (name)
)
INSERT INTO index_value (place, index, subject, reference_time, time, value, method, completeness)
SELECT given.place, names.id, given.subject, %(reference_time)s::text::timestamptz, given.time, given.value, methods.id,
       given.completeness
FROM given JOIN names ON names.name = given.index JOIN methods ON methods.name = given.method
ON CONFLICT (place, index, subject, reference_time, time) DO UPDATE
SET value = excluded.value, method = excluded.method, completeness = excluded.completeness
WHERE (index_value.value, index_value.method, index_value.completeness)
      IS DISTINCT FROM (excluded.value, excluded.method, excluded.completeness);

-- name: insert
-- Of places that were cleared: nothing to look for, row by row.
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(%(place)b::int[], %(index)b::text[], %(subject)b::int[], %(time)b::timestamptz[], %(value)b::float8[],
                         %(method)b::text[], %(completeness)b::real[])
      AS given (place, index, subject, time, value, method, completeness)
), names AS MATERIALIZED (
    SELECT name, index_id(name) AS id FROM (SELECT DISTINCT index FROM given) AS each (name)
), methods AS MATERIALIZED (
    SELECT name, method_id(name) AS id FROM (SELECT DISTINCT method FROM given) AS each (name)
)
INSERT INTO index_value (place, index, subject, reference_time, time, value, method, completeness)
SELECT given.place, names.id, given.subject, %(reference_time)s::text::timestamptz, given.time, given.value, methods.id,
       given.completeness
FROM given JOIN names ON names.name = given.index JOIN methods ON methods.name = given.method;

-- name: remove
DELETE FROM index_value USING unnest(%(place)b::int[], %(index)b::text[], %(subject)b::int[], %(time)b::timestamptz[])
  AS gone (place, index, subject, time) JOIN index_name ON index_name.name = gone.index
WHERE index_value.place = gone.place AND index_value.index = index_name.id AND index_value.subject = gone.subject
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
SELECT place, index, subject, time, value, method, completeness FROM indexed
WHERE place = ANY (%(places)s) AND reference_time = %(reference_time)s::text::timestamptz
  AND time >= %(from_time)s AND time < %(to_time)s AND (%(indices)s::text[] IS NULL OR index = ANY (%(indices)s));
