-- Places: adding, importing and listing.

-- name: add
INSERT INTO place (code, kind, name, parent, longitude, latitude, elevation, time_zone, geometry, properties)
VALUES (%(code)s, %(kind)s, %(name)s, (SELECT id FROM place WHERE code = %(parent)s), %(longitude)s, %(latitude)s,
        %(elevation)s, %(time_zone)s, %(geometry)s, jsonb_strip_nulls(%(properties)s))
RETURNING id;

-- name: put
-- Add a place, or bring one of the same code up to date; a parent or geometry that is not given is kept.
INSERT INTO place (code, kind, name, parent, longitude, latitude, elevation, time_zone, geometry, properties)
VALUES (%(code)s, %(kind)s, %(name)s, (SELECT id FROM place WHERE code = %(parent)s), %(longitude)s, %(latitude)s,
        %(elevation)s, %(time_zone)s, %(geometry)s, %(properties)s)
ON CONFLICT (code) DO UPDATE SET kind = excluded.kind, name = excluded.name,
    parent = coalesce(excluded.parent, place.parent),
    longitude = coalesce(excluded.longitude, place.longitude), latitude = coalesce(excluded.latitude, place.latitude),
    elevation = coalesce(excluded.elevation, place.elevation), time_zone = excluded.time_zone,
    geometry = coalesce(excluded.geometry, place.geometry), properties = jsonb_strip_nulls(place.properties || excluded.properties)
RETURNING id;

-- name: change
-- Numbers that people know of a place; null takes one away. Who inherits them is marked by a trigger.
UPDATE place SET properties = jsonb_strip_nulls(properties || %(properties)s) WHERE code = %(code)s RETURNING id;

-- name: id_of
SELECT id FROM place WHERE code = %(code)s;

-- name: around
-- The geometry that a place has, and the nearest place above it, by its parent as given or as it is, that lies somewhere.
SELECT own.geometry AS own, above.code, above.name, above.kind, above.longitude, above.latitude, above.geometry
FROM (SELECT) AS one
LEFT JOIN place AS own ON own.code = %(code)s
LEFT JOIN place AS parent ON parent.id = coalesce((SELECT id FROM place WHERE code = %(parent)s), own.parent)
LEFT JOIN LATERAL (
    SELECT step.* FROM place AS step WHERE step.id = ANY (parent.path) AND step.longitude IS NOT NULL
    ORDER BY array_position(parent.path, step.id) DESC LIMIT 1
) AS above ON true;

-- name: listed
SELECT place.code, place.kind, place.name, parent.code AS parent, place.longitude, place.latitude, place.elevation,
       place.time_zone, cardinality(place.path) AS depth
FROM place
LEFT JOIN place AS parent ON parent.id = place.parent
WHERE (%(kind)s::text IS NULL OR place.kind = %(kind)s)
  AND (%(below)s::text IS NULL OR place.path @> ARRAY[(SELECT id FROM place WHERE code = %(below)s)])
ORDER BY place.path;

-- name: feed
-- Days begin at midnight of the field; where a datastream speaks for it by then nothing is added.
INSERT INTO feeds (place, datastream, valid_from)
SELECT field.id, datastream.id, coalesce(%(day)s::date::timestamp AT TIME ZONE field.time_zone, '-infinity')
FROM place AS field, datastream JOIN place AS station ON station.id = datastream.place
WHERE field.code = %(place)s AND station.code = %(station)s
  AND (%(quantity)s::text IS NULL OR datastream.quantity = %(quantity)s)
  AND NOT EXISTS (SELECT FROM feeds AS said WHERE said.place = field.id AND said.datastream = datastream.id
                  AND said.valid_to > coalesce(%(day)s::date::timestamp AT TIME ZONE field.time_zone, '-infinity'))
RETURNING CASE WHEN isfinite(valid_from) THEN valid_from END;

-- name: unfeed
UPDATE feeds SET valid_to = %(day)s::date::timestamp AT TIME ZONE field.time_zone
FROM place AS field, datastream JOIN place AS station ON station.id = datastream.place
WHERE feeds.place = field.id AND feeds.datastream = datastream.id
  AND field.code = %(place)s AND station.code = %(station)s
  AND (%(quantity)s::text IS NULL OR datastream.quantity = %(quantity)s)
  AND feeds.valid_to = 'infinity' AND feeds.valid_from < %(day)s::date::timestamp AT TIME ZONE field.time_zone
RETURNING valid_to;

-- name: datastreams_of
SELECT count(*) FROM datastream JOIN place ON place.id = datastream.place
WHERE place.code = %(station)s AND (%(quantity)s::text IS NULL OR datastream.quantity = %(quantity)s);

-- name: mark
SELECT mark_places(ARRAY[(SELECT id FROM place WHERE code = %(place)s)], %(from_time)s, %(to_time)s, %(cause)s);
