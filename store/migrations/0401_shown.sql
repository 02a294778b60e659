-- Readings as they are shown: raw values with verdicts laid over their flags, of datastreams that the asker may see.
CREATE FUNCTION shown_reading(everything boolean, roots int[], open boolean, datastreams int[],
                              first timestamptz, last timestamptz, qualities int[])
RETURNS TABLE (datastream_id int, "time" timestamptz, value double precision, flag int, quality int)
LANGUAGE sql STABLE AS $$
    SELECT reading.datastream_id, reading.phenomenon_time, reading.result,
           reading.flag | coalesce(said.checks, 0), greatest(reading.flag & 255, coalesce(said.quality, 0))
    FROM reading
    LEFT JOIN LATERAL (SELECT max(verdict.flag & 255) AS quality, bit_or(verdict.flag & ~255) AS checks FROM verdict
                       WHERE verdict.datastream_id = reading.datastream_id
                         AND reading.phenomenon_time BETWEEN verdict.valid_from AND verdict.valid_to) AS said ON true
    WHERE reading.datastream_id = ANY (ARRAY (
            SELECT datastream.id FROM visible_place(everything, roots, open) AS place
            JOIN datastream ON datastream.place = place.id WHERE datastream.id = ANY (datastreams)))
      AND reading.phenomenon_time >= first AND reading.phenomenon_time < last
      AND greatest(reading.flag & 255, coalesce(said.quality, 0)) = ANY (qualities)
$$;

-- Values of a longer period, as each datastream's aggregate says; buckets start at local midnight.
CREATE FUNCTION shown_bucket(everything boolean, roots int[], open boolean, datastreams int[], aggregates text[],
                             first timestamptz, last timestamptz, qualities int[], every interval, zone text)
RETURNS TABLE (datastream_id int, "time" timestamptz, value double precision, count bigint)
LANGUAGE sql STABLE AS $$
    SELECT shown.datastream_id, time_bucket(every, shown.time, zone),
           CASE kind.aggregate
               WHEN 'mean' THEN avg(shown.value) WHEN 'min' THEN min(shown.value) WHEN 'max' THEN max(shown.value)
               WHEN 'sum' THEN sum(shown.value) WHEN 'last' THEN last(shown.value, shown.time)
               -- The direction of the mean unit vector; none where directions cancel out.
               WHEN 'vector' THEN CASE
                   WHEN power(avg(sind(shown.value)), 2) + power(avg(cosd(shown.value)), 2) > 1e-12
                   THEN ((atan2d(avg(sind(shown.value)), avg(cosd(shown.value))) + 360)::numeric % 360)::float8 END
           END, count(*)
    FROM shown_reading(everything, roots, open, datastreams, first, last, qualities) AS shown
    JOIN unnest(datastreams, aggregates) AS kind (datastream, aggregate) ON kind.datastream = shown.datastream_id
    GROUP BY shown.datastream_id, kind.aggregate, 2
$$;
