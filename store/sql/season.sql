-- Seasons: what was sown where and when; each change marks its place, for its indices hang on it.

-- name: same
-- The season of a crop sown on a day at a place; whoever asks holds the place, lest two of them add it.
SELECT season.id FROM place
LEFT JOIN season ON season.place = place.id AND season.crop = %(crop)s AND season.sown = %(sown)s
WHERE place.code = %(place)s
ORDER BY season.id LIMIT 1 FOR UPDATE OF place;

-- name: add
INSERT INTO season (place, crop, variety, sown, ended, properties)
SELECT place.id, %(crop)s, %(variety)s, %(sown)s, %(ended)s, jsonb_strip_nulls(%(properties)s)
FROM place WHERE place.code = %(place)s
RETURNING id;

-- name: put
-- What is not given is kept; a property that is null is taken away.
UPDATE season SET variety = coalesce(%(variety)s, variety), ended = coalesce(%(ended)s, ended),
    properties = jsonb_strip_nulls(properties || %(properties)s)
WHERE id = %(id)s
RETURNING id;

-- name: mark
-- From its sowing on; what is ahead of a season that goes on is looked at as well.
SELECT mark_places(ARRAY[season.place], season.sown::timestamptz, 'infinity', 'season') FROM season WHERE id = %(id)s;

-- name: one
SELECT sown, ended FROM season WHERE id = %(id)s;

-- name: listed
SELECT season.id, place.code AS place, season.crop, season.variety, season.sown, season.ended, season.properties
FROM season JOIN place ON place.id = season.place
WHERE (%(below)s::text IS NULL OR place.path @> ARRAY[(SELECT id FROM place WHERE code = %(below)s)])
  AND (%(crop)s::text IS NULL OR season.crop = %(crop)s)
  AND (NOT %(open)s OR season.ended IS NULL)
ORDER BY place.code, season.sown, season.id;
