-- History import: stations and the datastreams that a file fills.

-- name: station
SELECT place.id, coalesce((SELECT gateway FROM gateway_station WHERE station = place.id AND valid_to = 'infinity'),
                          (SELECT id FROM gateway WHERE code = 'api'))
FROM place WHERE place.code = %(code)s AND place.kind = 'station';

-- name: datastreams
SELECT quantity, level, id FROM datastream WHERE place = %(place)s;

-- name: create
INSERT INTO datastream (place, quantity, level) VALUES (%(place)s, %(quantity)s, %(level)s)
ON CONFLICT DO NOTHING;
