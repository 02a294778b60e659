-- Forecasts: what a weather service says of a place; an input that other parts build on.

-- name: put
INSERT INTO forecast (place, quantity, reference_time, valid_time, value, source)
SELECT %(place)s, said.quantity, %(reference_time)s, said.valid_time, said.value, %(source)s
FROM unnest(%(quantity)s::text[], %(valid_time)s::timestamptz[], %(value)s::float8[]) AS said (quantity, valid_time, value)
ON CONFLICT (place, quantity, reference_time, valid_time) DO UPDATE SET value = excluded.value, source = excluded.source
WHERE (forecast.value, forecast.source) IS DISTINCT FROM (excluded.value, excluded.source);

-- name: mark
-- The place itself, and every place below it that something speaks for: theirs is the nearest forecast above them.
SELECT mark_places(ARRAY(SELECT id FROM place WHERE id = %(place)s OR (%(place)s = ANY (path)
                         AND EXISTS (SELECT FROM spoken_for WHERE spoken_for.place = place.id))),
                   least(%(first)s, %(reference_time)s), %(last)s, 'forecast');

-- name: newest
-- Newest issue of each quantity that reaches beyond now: of the place itself, else of the nearest above it.
SELECT spot.id, issue.place, issue.quantity, issue.reference_time, spot.elevation - source.elevation
FROM place AS spot
CROSS JOIN LATERAL (
    SELECT above.place FROM unnest(spot.path) WITH ORDINALITY AS above (place, depth)
    WHERE EXISTS (SELECT FROM forecast WHERE forecast.place = above.place AND forecast.valid_time > %(now)s
                  AND forecast.reference_time <= %(now)s AND forecast.reference_time > %(now)s - interval '16 days')
    ORDER BY depth DESC LIMIT 1
) AS nearest
CROSS JOIN LATERAL (
    SELECT forecast.place, forecast.quantity, max(forecast.reference_time) AS reference_time FROM forecast
    WHERE forecast.place = nearest.place AND forecast.valid_time > %(now)s
      AND forecast.reference_time <= %(now)s AND forecast.reference_time > %(now)s - interval '16 days'
    GROUP BY forecast.place, forecast.quantity
) AS issue
JOIN place AS source ON source.id = issue.place
WHERE spot.id = ANY (%(places)s);

-- name: said
SELECT forecast.place, forecast.quantity, forecast.valid_time, forecast.value
FROM unnest(%(place)s::int[], %(quantity)s::text[], %(reference_time)s::timestamptz[])
  AS issue (place, quantity, reference_time)
JOIN forecast USING (place, quantity, reference_time)
ORDER BY forecast.place, forecast.quantity, forecast.valid_time;

-- name: looked
-- The leases that are still ours end here; what was looked ahead on is remembered.
WITH finished AS (
    DELETE FROM lease WHERE token = %(token)s AND place = ANY (%(places)s) RETURNING place
)
INSERT INTO worked (place, generation, issued, ahead)
SELECT place, 1, issue.issued, issue.ahead
FROM finished LEFT JOIN unnest(%(of_place)s::int[], %(issued)s::timestamptz[], %(ahead)s::timestamptz[])
  AS issue (place, issued, ahead) USING (place)
ON CONFLICT (place) DO UPDATE SET generation = worked.generation + 1, issued = excluded.issued, ahead = excluded.ahead
RETURNING place, generation;

-- name: place
SELECT id FROM place WHERE code = %(code)s;
