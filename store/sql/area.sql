-- Areas: what stations are compared within: the province of a place, else the root of its tree.

-- name: of_places
-- One that is no station is an area itself.
SELECT place.id, CASE WHEN place.kind = 'station' THEN area.id ELSE place.id END
FROM place CROSS JOIN LATERAL (
    SELECT coalesce((SELECT above.id FROM place AS above WHERE above.id = ANY (place.path) AND above.kind = 'province'
                     LIMIT 1), place.path[1]) AS id
) AS area
WHERE place.id = ANY (%(places)s) AND (place.kind <> 'station' OR area.id <> place.id);

-- name: stations
-- Stations of an area that measure what is compared, with when their present thermometer was put up.
SELECT station.id,
       (SELECT max(deployment.valid_from) FROM deployment JOIN datastream ON datastream.id = deployment.datastream
        WHERE datastream.place = station.id AND datastream.quantity = 'air_temperature') AS deployed
FROM place AS station
WHERE %(area)s = ANY (station.path) AND station.kind = 'station'
  AND EXISTS (SELECT FROM datastream WHERE datastream.place = station.id
              AND datastream.quantity IN ('air_temperature', 'precipitation'))
ORDER BY station.id;

-- name: mark
-- Marks areas from a moment of each.
INSERT INTO mark (place, from_time, to_time, cause)
SELECT area, from_time, %(now)s, 'area' FROM unnest(%(areas)s::int[], %(from_times)s::timestamptz[]) AS m (area, from_time);

-- name: changed
-- A spatial verdict that really changed marks its own place.
SELECT append_marks(%(datastreams)s, %(from_times)s, %(to_times)s, 'spatial');
