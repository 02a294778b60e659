-- name: replace
-- What the checks found from a moment on, datastream by datastream, becomes the given; rollups follow what changed: of a
-- finding that grew with a reading only what it grew by, not the whole day that it lies over.
WITH wanted AS (
    SELECT * FROM unnest(%(datastream)b::int[], %(valid_from)b::timestamptz[], %(valid_to)b::timestamptz[],
                         %(flag)b::int[], %(reason)b::text[])
      AS w (datastream_id, valid_from, valid_to, flag, reason)
), gone AS (
    DELETE FROM verdict USING unnest(%(datastreams)b::int[], %(from_times)b::timestamptz[]) AS span (datastream, from_time)
    WHERE verdict.datastream_id = span.datastream AND verdict.who = %(who)s AND verdict.valid_from >= span.from_time
      AND NOT EXISTS (SELECT FROM wanted WHERE wanted.datastream_id = verdict.datastream_id
                      AND wanted.reason = verdict.reason AND wanted.valid_from = verdict.valid_from
                      AND wanted.valid_to = verdict.valid_to)
    RETURNING verdict.datastream_id, verdict.valid_from, verdict.valid_to, verdict.reason, verdict.flag
), said AS (
    INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at)
    SELECT datastream_id, valid_from, valid_to, flag, reason, %(who)s, %(now)s FROM wanted
    ON CONFLICT (datastream_id, who, reason, valid_from, valid_to) DO UPDATE SET flag = excluded.flag
    WHERE verdict.flag <> excluded.flag
    RETURNING datastream_id, valid_from, valid_to, reason, flag
), spans AS (
    SELECT datastream_id, reason, flag,
           coalesce(range_agg(tstzrange(valid_from, valid_to, '[]')) FILTER (WHERE NOT stands), '{}') AS former,
           coalesce(range_agg(tstzrange(valid_from, valid_to, '[]')) FILTER (WHERE stands), '{}') AS present
    FROM (SELECT gone.*, false AS stands FROM gone UNION ALL SELECT said.*, true FROM said) AS each
    GROUP BY datastream_id, reason, flag
), changed AS (
    SELECT datastream_id, range_agg((former - present) + (present - former)) AS parts FROM spans GROUP BY datastream_id
), touching AS (
    INSERT INTO touched (place, from_time, to_time)
    SELECT station.place, lower(part), upper(part)
    FROM (SELECT datastream.place, range_agg(changed.parts) AS parts
          FROM changed JOIN datastream ON datastream.id = changed.datastream_id GROUP BY datastream.place) AS station,
         unnest(station.parts) AS part
)
SELECT datastream_id, lower(parts), upper(parts) FROM changed WHERE NOT isempty(parts);

-- name: say
INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at)
VALUES (%(datastream)s, %(valid_from)s, %(valid_to)s, %(flag)s, %(reason)s, %(who)s, %(now)s)
ON CONFLICT (datastream_id, who, reason, valid_from, valid_to)
DO UPDATE SET flag = excluded.flag, said_at = excluded.said_at;

-- name: mark
SELECT append_marks(ARRAY[%(datastream)s::int], ARRAY[%(valid_from)s::timestamptz], ARRAY[%(valid_to)s::timestamptz], 'verdict');
