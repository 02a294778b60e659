-- Forecasts: what a weather service says of a place; an input that other parts build on.

-- name: put
INSERT INTO forecast (place, quantity, reference_time, valid_time, value, source)
SELECT %(place)s, said.quantity, %(reference_time)s, said.valid_time, said.value, %(source)s
FROM unnest(%(quantity)s::text[], %(valid_time)s::timestamptz[], %(value)s::float8[]) AS said (quantity, valid_time, value)
ON CONFLICT (place, quantity, reference_time, valid_time) DO UPDATE SET value = excluded.value, source = excluded.source
WHERE (forecast.value, forecast.source) IS DISTINCT FROM (excluded.value, excluded.source);

-- name: mark
SELECT mark_places(ARRAY[%(place)s]::int[], %(first)s, %(last)s, 'forecast');

-- name: place
SELECT id FROM place WHERE code = %(code)s;
