-- Readings as the API shows them, verdicts laid over as everywhere (20_judged.sql), of datastreams that the asker may see.

-- Of the datastreams named those within the asker's scope.
CREATE OR REPLACE FUNCTION visible_datastreams(everything boolean, roots int[], open boolean, datastreams int[])
RETURNS int[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(datastream.id), '{}') FROM visible_place(everything, roots, open) AS place
    JOIN datastream ON datastream.place = place.id WHERE datastream.id = ANY (datastreams)
$$;

-- For pages: few rows of a range.
CREATE OR REPLACE FUNCTION shown_reading(everything boolean, roots int[], open boolean, datastreams int[],
                                         first timestamptz, last timestamptz, qualities int[])
RETURNS TABLE (datastream_id int, "time" timestamptz, value double precision, flag int, quality int)
LANGUAGE sql STABLE AS $$
    SELECT judged.datastream_id, judged.phenomenon_time, judged.result, judged.flag, judged.flag & 255
    FROM judged
    WHERE judged.datastream_id = ANY (visible_datastreams(everything, roots, open, datastreams))
      AND judged.phenomenon_time >= first AND judged.phenomenon_time < last
      AND judged.flag & 255 = ANY (qualities)
$$;

-- For whole ranges.
CREATE OR REPLACE FUNCTION shown_whole(everything boolean, roots int[], open boolean, datastreams int[],
                                       first timestamptz, last timestamptz, qualities int[])
RETURNS TABLE (datastream_id int, "time" timestamptz, value double precision, flag int, quality int)
LANGUAGE sql STABLE AS $$
    SELECT judged.datastream_id, judged.phenomenon_time, judged.result, judged.flag, judged.flag & 255
    FROM judged_readings(visible_datastreams(everything, roots, open, datastreams), first, last) AS judged
    WHERE judged.phenomenon_time < last AND judged.flag & 255 = ANY (qualities)
$$;

-- Values of a longer period, as each datastream's aggregate says; buckets start at local midnight.
CREATE OR REPLACE FUNCTION shown_bucket(everything boolean, roots int[], open boolean, datastreams int[],
                                        aggregates text[], first timestamptz, last timestamptz, qualities int[],
                                        every interval, zone text)
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
    FROM shown_whole(everything, roots, open, datastreams, first, last, qualities) AS shown
    JOIN unnest(datastreams, aggregates) AS kind (datastream, aggregate) ON kind.datastream = shown.datastream_id
    GROUP BY shown.datastream_id, kind.aggregate, 2
$$;

-- The same from the rollups, for long times: each datastream's own aggregate, whole buckets.
CREATE OR REPLACE FUNCTION shown_rolled(everything boolean, roots int[], open boolean, datastreams int[],
                                        first timestamptz, last timestamptz, suspect boolean, every interval)
RETURNS TABLE (datastream_id int, "time" timestamptz, value double precision, count bigint)
LANGUAGE sql STABLE AS $$
    SELECT stream.id, series.time, series.value, series.count
    FROM unnest(visible_datastreams(everything, roots, open, datastreams)) AS stream (id)
    CROSS JOIN LATERAL series(stream.id, first, last, 1000, suspect, every) AS series
$$;

-- Newest values over which verdicts are laid, with the flag that comes of it; values without a verdict are not among them.
CREATE OR REPLACE FUNCTION judged_latest()
RETURNS TABLE (datastream_id int, flag int)
LANGUAGE sql STABLE AS $$
    SELECT latest.datastream_id,
           judged_flag(latest.flag, max(verdict.flag & 255), bit_or(verdict.flag & ~255),
                       (array_agg(verdict.flag & 255 ORDER BY verdict.said_at DESC, verdict.id DESC)
                        FILTER (WHERE verdict.who LIKE 'person:%'))[1])
    FROM verdict JOIN latest ON latest.datastream_id = verdict.datastream_id
     AND verdict.valid_to >= latest.phenomenon_time AND verdict.valid_from <= latest.phenomenon_time
    GROUP BY latest.datastream_id, latest.flag
$$;

-- Newest values of the stations that the asker may see, verdicts laid over: of one station or quantity, or of all.
CREATE OR REPLACE FUNCTION shown_latest(everything boolean, roots int[], open boolean, code text, quantity text)
RETURNS TABLE (station text, quantity text, level text, "time" timestamptz, value double precision, flag int)
LANGUAGE sql STABLE AS $$
    SELECT place.code, datastream.quantity, datastream.level, latest.phenomenon_time, latest.result,
           coalesce(said.flag, latest.flag)
    FROM visible_place(everything, roots, open) AS place
    JOIN datastream ON datastream.place = place.id
    JOIN latest ON latest.datastream_id = datastream.id
    LEFT JOIN judged_latest() AS said ON said.datastream_id = latest.datastream_id
    WHERE (shown_latest.code IS NULL OR place.code = shown_latest.code)
      AND (shown_latest.quantity IS NULL OR datastream.quantity = shown_latest.quantity)
$$;
