-- name: append
SELECT mark_places(%(places)s, %(from_time)s, %(to_time)s, %(cause)s);

-- name: below
-- Marks every place at or below one.
INSERT INTO mark (place, from_time, to_time, cause)
SELECT id, %(from_time)s, %(to_time)s, %(cause)s FROM place WHERE %(place)s = ANY (path);

-- name: waiting
SELECT count(*) FROM mark;

-- name: spans
-- Marks places below some codes (all with a datastream where none is given) from a moment on; returns how many.
WITH wanted AS (
    SELECT DISTINCT place.id FROM place JOIN spoken_for ON spoken_for.place = place.id
    WHERE %(codes)s::text[] IS NULL OR place.path && ARRAY (SELECT id FROM place AS area WHERE area.code = ANY (%(codes)s))
), marked AS (
    INSERT INTO mark (place, from_time, to_time, cause, marked_at)
    SELECT id, %(from_time)s, %(to_time)s, %(cause)s, '-infinity' FROM wanted RETURNING place
)
SELECT count(*), max(pg_notify('mark', '')::text) FROM marked;

-- name: left
SELECT (SELECT count(DISTINCT place) FROM mark WHERE cause = %(cause)s)
     + (SELECT count(*) FROM lease WHERE worker <> 'set apart'
        AND EXISTS (SELECT FROM jsonb_array_elements(marks) AS entry WHERE entry ->> 2 = %(cause)s));
