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

-- Flag of one reading with the verdicts that lie over it: two looks into an index, however many there are of other times.
CREATE OR REPLACE FUNCTION judged_at(datastream int, moment timestamptz, raw int) RETURNS TABLE (flag int)
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN EXISTS (SELECT FROM verdict WHERE verdict.datastream_id = datastream
                             AND verdict.valid_to >= moment AND verdict.valid_from <= moment) THEN (
        SELECT judged_flag(raw, max(verdict.flag & 255), bit_or(verdict.flag & ~255),
                           (array_agg(verdict.flag & 255 ORDER BY verdict.said_at DESC, verdict.id DESC)
                            FILTER (WHERE verdict.who LIKE 'person:%'))[1])
        FROM verdict
        WHERE verdict.datastream_id = datastream AND verdict.valid_to >= moment AND verdict.valid_from <= moment)
    ELSE raw END
$$;

-- Newest values of the stations that the asker may see, verdicts laid over: of one station or quantity, or of all.
CREATE OR REPLACE FUNCTION shown_latest(everything boolean, roots int[], open boolean, code text, quantity text)
RETURNS TABLE (station text, quantity text, level text, "time" timestamptz, value double precision, flag int)
LANGUAGE sql STABLE AS $$
    SELECT place.code, datastream.quantity, datastream.level, latest.phenomenon_time, latest.result, judged.flag
    FROM visible_place(everything, roots, open) AS place
    JOIN datastream ON datastream.place = place.id
    JOIN latest ON latest.datastream_id = datastream.id
    CROSS JOIN LATERAL judged_at(latest.datastream_id, latest.phenomenon_time, latest.flag) AS judged
    WHERE (shown_latest.code IS NULL OR place.code = shown_latest.code)
      AND (shown_latest.quantity IS NULL OR datastream.quantity = shown_latest.quantity)
$$;
