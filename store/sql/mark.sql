-- name: append
SELECT mark_places(%(places)s, %(from_time)s, %(to_time)s, %(cause)s);

-- name: append_to
-- A mark with its own span for each place.
INSERT INTO mark (place, from_time, to_time, cause)
SELECT place, from_time, to_time, %(cause)s
FROM unnest(%(places)s::int[], %(from_times)s::timestamptz[], %(to_times)s::timestamptz[]) AS m (place, from_time, to_time);

-- name: below
-- Marks every place at or below one.
INSERT INTO mark (place, from_time, to_time, cause)
SELECT id, %(from_time)s, %(to_time)s, %(cause)s FROM place WHERE %(place)s = ANY (path);

-- name: waiting
SELECT count(*) FROM mark;
