-- SensorThings entities as relations: each within visible_place(everything, roots, open). What is asked of them
-- (conditions, order, page) is put around them by store/sensorthings.py.

-- name: Things
SELECT place.id, place.name, coalesce(place.properties ->> 'description', place.name) AS description,
       (place.properties - 'description') || jsonb_build_object('code', place.code, 'kind', place.kind,
           'time_zone', place.time_zone, 'elevation', place.elevation) AS properties
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place WHERE place.kind = 'station'

-- name: Locations
SELECT place.id, place.name, 'Where ' || place.name || ' stands' AS description,
       'application/geo+json' AS "encodingType", place.longitude, place.latitude,
       place_geojson(place.geometry, place.longitude, place.latitude) AS location, '{}'::jsonb AS properties
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
WHERE place.kind = 'station' AND (place.geometry IS NOT NULL OR place.longitude IS NOT NULL)

-- name: HistoricalLocations
SELECT historical_location.id, historical_location.time, historical_location.place
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN historical_location ON historical_location.place = place.id WHERE place.kind = 'station'

-- name: Datastreams
SELECT datastream.id, datastream.place, datastream.sensor, datastream.quantity,
       coalesce(datastream.properties ->> 'name', place.name || ': ' || observed_property.title
           || CASE datastream.level WHEN '' THEN '' ELSE ' (' || datastream.level || ')' END) AS name,
       coalesce(datastream.properties ->> 'description', observed_property.title || ' at ' || place.name) AS description,
       'http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement' AS "observationType",
       jsonb_build_object('name', observed_property.unit, 'symbol', observed_property.unit,
                          'definition', 'https://ucum.org/ucum#' || observed_property.unit) AS "unitOfMeasurement",
       (datastream.properties - 'name' - 'description') || jsonb_build_object('station', place.code,
           'quantity', datastream.quantity, 'level', datastream.level, 'basis', datastream.basis,
           'interval_seconds', datastream.interval_seconds) AS properties
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN datastream ON datastream.place = place.id
JOIN observed_property ON observed_property.name = datastream.quantity
WHERE place.kind = 'station'

-- name: Sensors
-- A sensor is seen with its datastreams; one that has none yet by those who may see everything.
SELECT sensor.id, sensor.name, sensor.description, sensor.encoding_type AS "encodingType", sensor.metadata,
       sensor.properties || jsonb_strip_nulls(jsonb_build_object('model', sensor.model, 'serial', sensor.serial))
           AS properties
FROM sensor
WHERE %(everything)s OR EXISTS (
    SELECT FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
    JOIN datastream ON datastream.place = place.id WHERE datastream.sensor = sensor.id)

-- name: ObservedProperties
SELECT observed_property.name AS id, observed_property.name, observed_property.definition, observed_property.description,
       jsonb_build_object('unit', observed_property.unit, 'title', observed_property.title) AS properties
FROM observed_property

-- name: Observations
SELECT reading.datastream_id || '@' || (extract(epoch FROM reading.phenomenon_time) * 1000000)::bigint AS id,
       reading.datastream_id, place.id AS place, reading.phenomenon_time AS "phenomenonTime",
       reading.phenomenon_time AS "resultTime", reading.result,
       judged.flag & 255 AS quality, judged.flag
FROM reading
JOIN datastream ON datastream.id = reading.datastream_id
JOIN visible_place(%(everything)s, %(roots)s, %(open)s) AS place ON place.id = datastream.place
CROSS JOIN LATERAL judged_at(reading.datastream_id, reading.phenomenon_time, reading.flag) AS judged
WHERE place.kind = 'station'

-- name: NewestObservations
-- The same for $top=1 by time downwards, which needs no look at the readings.
SELECT latest.datastream_id || '@' || (extract(epoch FROM latest.phenomenon_time) * 1000000)::bigint AS id,
       latest.datastream_id, place.id AS place, latest.phenomenon_time AS "phenomenonTime",
       latest.phenomenon_time AS "resultTime", latest.result,
       judged.flag & 255 AS quality, judged.flag
FROM latest
JOIN datastream ON datastream.id = latest.datastream_id
JOIN visible_place(%(everything)s, %(roots)s, %(open)s) AS place ON place.id = datastream.place
CROSS JOIN LATERAL judged_at(latest.datastream_id, latest.phenomenon_time, latest.flag) AS judged
WHERE place.kind = 'station'

-- name: FeaturesOfInterest
SELECT place.id, place.name, 'Air, soil or water at ' || place.name AS description,
       'application/geo+json' AS "encodingType", place.longitude, place.latitude,
       place_geojson(place.geometry, place.longitude, place.latitude) AS feature, '{}'::jsonb AS properties
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
WHERE place.kind = 'station' AND (place.geometry IS NOT NULL OR place.longitude IS NOT NULL)

-- name: add_place
INSERT INTO place (code, kind, name, parent, elevation, properties)
VALUES (%(code)s, 'station', %(name)s, %(parent)s, %(elevation)s, %(properties)s)
RETURNING id

-- name: parent_within
SELECT place.id FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place WHERE place.code = %(parent)s

-- name: above
-- The nearest place above a station of which it is known where it lies.
SELECT above.code, above.name, above.kind, above.longitude, above.latitude, above.geometry
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS seen
JOIN place AS own ON own.id = seen.id AND own.kind = 'station'
JOIN place AS above ON above.id = ANY (own.path) AND above.id <> own.id AND above.longitude IS NOT NULL
WHERE own.id = %(id)s ORDER BY array_position(own.path, above.id) DESC LIMIT 1

-- name: locate
UPDATE place SET longitude = %(longitude)s, latitude = %(latitude)s, geometry = NULL
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS seen
WHERE place.id = seen.id AND place.id = %(id)s AND place.kind = 'station' RETURNING place.id

-- name: add_sensor
INSERT INTO sensor (name, description, encoding_type, metadata, properties)
VALUES (%(name)s, %(description)s, %(encoding_type)s, %(metadata)s, %(properties)s) RETURNING id

-- name: add_datastream
INSERT INTO datastream (place, quantity, level, sensor, properties)
SELECT place.id, %(quantity)s, %(level)s, %(sensor)s, %(properties)s
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place WHERE place.id = %(place)s AND place.kind = 'station'
RETURNING id

-- name: change_thing
UPDATE place SET name = coalesce(%(name)s, place.name), properties = %(properties)s
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS seen
WHERE place.id = seen.id AND place.id = %(id)s AND place.kind = 'station' RETURNING place.id

-- name: change_datastream
UPDATE datastream SET properties = %(properties)s, sensor = coalesce(%(sensor)s::int, datastream.sensor)
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS seen
WHERE datastream.place = seen.id AND datastream.id = %(id)s RETURNING datastream.id

-- name: sensor_within
-- A sensor that the asker may hang a datastream on: one of theirs, or one that has none yet.
SELECT sensor.id FROM sensor WHERE sensor.id = %(sensor)s AND (%(everything)s OR sensor.id = 1
    OR NOT EXISTS (SELECT FROM datastream WHERE datastream.sensor = sensor.id)
    OR EXISTS (SELECT FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
               JOIN datastream ON datastream.place = place.id WHERE datastream.sensor = sensor.id))

-- name: change_sensor
UPDATE sensor SET name = coalesce(%(name)s, name), description = coalesce(%(description)s, description),
    encoding_type = coalesce(%(encoding_type)s, encoding_type), metadata = coalesce(%(metadata)s, metadata),
    properties = %(properties)s
WHERE id = %(id)s AND %(everything)s RETURNING id

-- name: drop_datastream
DELETE FROM datastream USING visible_place(%(everything)s, %(roots)s, %(open)s) AS seen
WHERE datastream.place = seen.id AND datastream.id = %(id)s RETURNING datastream.id

-- name: drop_deployments
DELETE FROM deployment WHERE datastream = %(id)s

-- name: has_readings
SELECT EXISTS (SELECT FROM reading JOIN datastream ON datastream.id = reading.datastream_id
               WHERE datastream.id = %(datastream)s OR datastream.place = %(place)s) AS found

-- name: datastreams_of
SELECT id FROM datastream WHERE place = %(place)s

-- name: drop_thing
DELETE FROM place USING visible_place(%(everything)s, %(roots)s, %(open)s) AS seen
WHERE place.id = seen.id AND place.id = %(id)s AND place.kind = 'station' RETURNING place.id

-- name: drop_sensor
DELETE FROM sensor WHERE id = %(id)s AND id <> 1 AND %(everything)s RETURNING id

-- name: stored_properties
-- What stands in the tables itself, without what the relations above add.
SELECT place.properties FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
WHERE place.id = %(id)s AND %(entity)s = 'Things'
UNION ALL
SELECT datastream.properties FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN datastream ON datastream.place = place.id WHERE datastream.id = %(id)s AND %(entity)s = 'Datastreams'
UNION ALL
SELECT sensor.properties FROM sensor WHERE sensor.id = %(id)s AND %(entity)s = 'Sensors' AND %(everything)s

-- name: wire_name
SELECT place.code AS station, datastream.quantity, datastream.level
FROM visible_place(%(everything)s, %(roots)s, %(open)s) AS place
JOIN datastream ON datastream.place = place.id WHERE datastream.id = %(id)s
