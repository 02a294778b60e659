-- Places: adding, importing and listing.

-- name: add
INSERT INTO place (code, kind, name, parent, longitude, latitude, elevation, time_zone, geometry, properties)
VALUES (%(code)s, %(kind)s, %(name)s, (SELECT id FROM place WHERE code = %(parent)s), %(longitude)s, %(latitude)s,
        %(elevation)s, %(time_zone)s, %(geometry)s, %(properties)s)
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
    geometry = coalesce(excluded.geometry, place.geometry), properties = place.properties || excluded.properties
RETURNING id;

-- name: id_of
SELECT id FROM place WHERE code = %(code)s;

-- name: listed
SELECT place.code, place.kind, place.name, parent.code AS parent, place.longitude, place.latitude, place.elevation,
       place.time_zone, cardinality(place.path) AS depth
FROM place
LEFT JOIN place AS parent ON parent.id = place.parent
WHERE (%(kind)s::text IS NULL OR place.kind = %(kind)s)
  AND (%(below)s::text IS NULL OR place.path @> ARRAY[(SELECT id FROM place WHERE code = %(below)s)])
ORDER BY place.path;

-- name: feed
INSERT INTO feeds (place, datastream, valid_from)
SELECT field.id, datastream.id, coalesce(%(valid_from)s, '-infinity')
FROM place AS field, datastream JOIN place AS station ON station.id = datastream.place
WHERE field.code = %(place)s AND station.code = %(station)s
  AND (%(quantity)s::text IS NULL OR datastream.quantity = %(quantity)s)
ON CONFLICT DO NOTHING
RETURNING datastream;

-- name: mark
SELECT mark_places(ARRAY[(SELECT id FROM place WHERE code = %(place)s)], %(from_time)s, %(to_time)s, %(cause)s);
