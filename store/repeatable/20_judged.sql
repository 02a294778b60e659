-- Readings as they are to be believed: verdicts laid over raw flags, and rollups read with the width of the picture.

-- Quality of a flag after verdicts: what a person said counts above all (the latest word), else the worst.
CREATE OR REPLACE FUNCTION judged_flag(raw int, worst int, bits int, person int) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN person IS NOT NULL THEN person | (raw & ~255) | coalesce(bits, 0) | (1 << 20)
         WHEN worst IS NULL THEN raw
         ELSE greatest(raw & 255, worst) | (raw & ~255) | bits END;

-- For any condition on readings; for long ranges `judged_readings` is faster.
CREATE OR REPLACE VIEW judged AS
SELECT reading.phenomenon_time, reading.result, reading.datastream_id,
       judged_flag(reading.flag, said.worst, said.bits, said.person) AS flag, reading.flag AS raw_flag, reading.batch_id
FROM reading
LEFT JOIN LATERAL (
    SELECT max(verdict.flag & 255) AS worst, bit_or(verdict.flag & ~255) AS bits,
           (array_agg(verdict.flag & 255 ORDER BY verdict.said_at DESC, verdict.id DESC)
            FILTER (WHERE verdict.who LIKE 'person:%'))[1] AS person
    FROM verdict
    WHERE verdict.datastream_id = reading.datastream_id
      AND verdict.valid_to >= reading.phenomenon_time AND verdict.valid_from <= reading.phenomenon_time
) AS said ON true;

-- What verdicts say of datastreams within a range: those that say the same are one multirange; each word of a person by itself.
CREATE OR REPLACE FUNCTION said_alike(datastreams int[], first timestamptz, last timestamptz)
RETURNS TABLE (datastream_id int, flag int, person boolean, said_at timestamptz, id bigint, spans tstzmultirange)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT said.datastream_id, said.flag, said.person, max(said.said_at), max(said.id),
           range_agg(tstzrange(said.valid_from, said.valid_to, '[]'))
    FROM (SELECT verdict.*, verdict.who LIKE 'person:%' AS person FROM verdict) AS said
    WHERE said.datastream_id = ANY (datastreams) AND said.valid_to >= first AND said.valid_from < last
    GROUP BY said.datastream_id, said.flag, said.person, CASE WHEN said.person THEN said.id END
$$;

-- Readings of datastreams within a range, verdicts laid over. One multirange holds all that was said of a datastream: a
-- reading of which nothing was said, as of nearly all, costs one search in it. A single datastream, as most ask for, is read
-- chunk after chunk in order; of several, chunks have to be merged.
CREATE OR REPLACE FUNCTION judged_readings(datastreams int[], first timestamptz, last timestamptz)
RETURNS TABLE (phenomenon_time timestamptz, result double precision, datastream_id int, flag int, raw_flag int)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    one constant int := CASE WHEN cardinality(datastreams) = 1 THEN datastreams[1] END;
    anywhere constant tstzmultirange := (
        SELECT range_agg(tstzrange(verdict.valid_from, verdict.valid_to, '[]')) FROM verdict
        WHERE verdict.datastream_id = ANY (datastreams) AND verdict.valid_to >= first AND verdict.valid_from < last);
BEGIN
    IF one IS NULL AND anywhere IS NULL THEN
        RETURN QUERY SELECT reading.phenomenon_time, reading.result, reading.datastream_id, reading.flag, reading.flag
            FROM reading
            WHERE reading.datastream_id = ANY (datastreams)
              AND reading.phenomenon_time >= first AND reading.phenomenon_time < last
            ORDER BY reading.datastream_id, reading.phenomenon_time;
    ELSIF one IS NULL THEN
        RETURN QUERY SELECT * FROM judged_together(datastreams, first, last);
    ELSIF anywhere IS NULL THEN
        RETURN QUERY SELECT reading.phenomenon_time, reading.result, reading.datastream_id, reading.flag, reading.flag
            FROM reading
            WHERE reading.datastream_id = one
              AND reading.phenomenon_time >= first AND reading.phenomenon_time < last
            ORDER BY reading.phenomenon_time;
    ELSE
        RETURN QUERY
        WITH alike AS MATERIALIZED (SELECT * FROM said_alike(datastreams, first, last))
        SELECT reading.phenomenon_time, reading.result, reading.datastream_id,
               CASE WHEN anywhere @> reading.phenomenon_time THEN (
                   SELECT judged_flag(reading.flag, max(alike.flag & 255), bit_or(alike.flag & ~255),
                                      (array_agg(alike.flag & 255 ORDER BY alike.said_at DESC, alike.id DESC)
                                       FILTER (WHERE alike.person))[1])
                   FROM alike WHERE alike.spans @> reading.phenomenon_time) ELSE reading.flag END,
               reading.flag
        FROM reading
        WHERE reading.datastream_id = one
          AND reading.phenomenon_time >= first AND reading.phenomenon_time < last
        ORDER BY reading.phenomenon_time;
    END IF;
END $$;

-- The same of several datastreams of which something was said.
CREATE OR REPLACE FUNCTION judged_together(datastreams int[], first timestamptz, last timestamptz)
RETURNS TABLE (phenomenon_time timestamptz, result double precision, datastream_id int, flag int, raw_flag int)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH alike AS MATERIALIZED (
        SELECT * FROM said_alike(datastreams, first, last)
    ), anything AS MATERIALIZED (
        SELECT alike.datastream_id, range_agg(alike.spans) AS spans FROM alike GROUP BY alike.datastream_id
    )
    SELECT reading.phenomenon_time, reading.result, reading.datastream_id,
           CASE WHEN anything.datastream_id IS NULL THEN reading.flag ELSE (
               SELECT judged_flag(reading.flag, max(alike.flag & 255), bit_or(alike.flag & ~255),
                                  (array_agg(alike.flag & 255 ORDER BY alike.said_at DESC, alike.id DESC)
                                   FILTER (WHERE alike.person))[1])
               FROM alike
               WHERE alike.datastream_id = reading.datastream_id AND alike.spans @> reading.phenomenon_time) END,
           reading.flag
    FROM reading
    LEFT JOIN anything ON anything.datastream_id = reading.datastream_id AND anything.spans @> reading.phenomenon_time
    WHERE reading.datastream_id = ANY (datastreams)
      AND reading.phenomenon_time >= first AND reading.phenomenon_time < last
    ORDER BY reading.datastream_id, reading.phenomenon_time
$$;

-- How a quantity becomes one value of a longer period; as telemetry.quantities, a test compares them.
CREATE OR REPLACE FUNCTION aggregate_of(quantity text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN quantity IN ('precipitation', 'sunshine_duration', 'water_volume', 'pest_count') THEN 'sum'
         WHEN quantity = 'wind_direction' THEN 'vector'
         WHEN quantity = 'wind_gust' THEN 'maximum'
         WHEN quantity = 'battery_level' THEN 'last'
         ELSE 'mean' END;

-- One value of the sums of a period.
CREATE OR REPLACE FUNCTION rolled_value(aggregate text, count bigint, sum double precision, maximum double precision,
                                        east double precision, north double precision, last double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE aggregate
        WHEN 'sum' THEN sum
        WHEN 'maximum' THEN maximum
        WHEN 'last' THEN last
        WHEN 'vector' THEN CASE WHEN abs(east) + abs(north) < 1e-9 * count THEN NULL -- all directions at once: none
                                ELSE (degrees(atan2(east, north)) + 360)::numeric % 360 END
        ELSE sum / nullif(count, 0) END;

-- Sums of readings by class, verdicts included, in buckets of a width; by local days where a zone is named.
DROP FUNCTION IF EXISTS roll_up(int[], timestamptz, timestamptz);
CREATE OR REPLACE FUNCTION roll_up(datastreams int[], first timestamptz, last timestamptz, width interval,
                                   zone text DEFAULT NULL) RETURNS SETOF rollup_quarter
LANGUAGE sql STABLE AS $$
    SELECT judged.datastream_id,
           CASE WHEN zone IS NULL THEN time_bucket(width, judged.phenomenon_time)
                ELSE date_trunc('day', judged.phenomenon_time, zone) END,
           (CASE WHEN judged.flag & 255 <= 2 THEN 1 ELSE judged.flag & 255 END)::smallint,
           count(*)::int, sum(judged.result), min(judged.result), max(judged.result), sum(judged.result * judged.result),
           sum(CASE WHEN aggregate_of(datastream.quantity) = 'vector' THEN sin(radians(judged.result)) ELSE 0 END),
           sum(CASE WHEN aggregate_of(datastream.quantity) = 'vector' THEN cos(radians(judged.result)) ELSE 0 END),
           (array_agg(judged.result ORDER BY judged.phenomenon_time DESC))[1]
    FROM judged_readings(datastreams, first, last) AS judged
    JOIN datastream ON datastream.id = judged.datastream_id
    WHERE judged.flag & 255 IN (1, 2, 3, 4)
    GROUP BY 1, 2, 3
$$;

-- The first whole hour of UTC that begins at a moment or after it: a local day of +05:45 begins within an hour, which
-- belongs to the day before.
CREATE OR REPLACE FUNCTION next_hour(moment timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    time_bucket(INTERVAL '1 hour', moment + INTERVAL '59 minutes 59.999999 seconds');

-- Hours of datastreams: of open days as they are, of closed days out of their arrays (which hold no squares). The arrays of
-- a day may begin up to 25 hours before the first that is asked for.
CREATE OR REPLACE FUNCTION rolled_hours(datastreams int[], from_time timestamptz, to_time timestamptz)
RETURNS SETOF rollup_quarter LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT hour.datastream_id, hour.bucket, hour.class, hour.count, hour.sum, hour.minimum, hour.maximum, hour.squares,
           hour.east, hour.north, hour.last
    FROM rollup_hour AS hour
    WHERE hour.datastream_id = ANY (datastreams) AND hour.bucket >= from_time AND hour.bucket < to_time
    UNION ALL
    SELECT closed.datastream_id, at.bucket, closed.class, closed.counts[n], closed.sums[n], closed.minima[n],
           closed.maxima[n], NULL, coalesce(closed.easts[n], 0), coalesce(closed.norths[n], 0),
           closed.lasts[n]
    FROM rollup_hours AS closed, generate_subscripts(closed.counts, 1) AS n,
         LATERAL (SELECT next_hour(closed.day) + coalesce(closed.hours[n], n - 1) * INTERVAL '1 hour' AS bucket) AS at
    WHERE closed.datastream_id = ANY (datastreams) AND closed.day >= from_time - INTERVAL '26 hours' AND closed.day < to_time
      AND at.bucket >= from_time AND at.bucket < to_time
$$;

-- Quarters of datastreams: of those that have none, straight from the readings.
CREATE OR REPLACE FUNCTION rolled_quarters(datastreams int[], from_time timestamptz, to_time timestamptz)
RETURNS SETOF rollup_quarter LANGUAGE sql STABLE AS $$
    SELECT quarter.*
    FROM rollup_quarter AS quarter
    WHERE quarter.datastream_id = ANY (ARRAY(SELECT grain.datastream_id FROM rollup_grain AS grain
                                             WHERE grain.datastream_id = ANY (datastreams) AND grain.quarters))
      AND quarter.bucket >= from_time AND quarter.bucket < to_time
    UNION ALL
    SELECT raw.*
    FROM roll_up(ARRAY(SELECT asked FROM unnest(datastreams) AS asked WHERE NOT EXISTS (
                           SELECT FROM rollup_grain AS grain WHERE grain.datastream_id = asked AND grain.quarters)),
                 time_bucket(INTERVAL '15 minutes', from_time), to_time, INTERVAL '15 minutes') AS raw
    WHERE raw.bucket >= from_time
$$;

CREATE OR REPLACE FUNCTION rolled_days(datastreams int[], from_time timestamptz, to_time timestamptz)
RETURNS SETOF rollup_quarter LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT day.datastream_id, day.bucket, day.class, day.count, day.sum, day.minimum, day.maximum, day.squares, day.east,
           day.north, day.last
    FROM rollup_day AS day
    WHERE day.datastream_id = ANY (datastreams) AND day.bucket >= from_time AND day.bucket < to_time
$$;

-- Width of the buckets that a picture of so many points wants: 0 raw, else 15 minutes, an hour, a day.
CREATE OR REPLACE FUNCTION bucket_width(span interval, points int, interval_seconds double precision) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN extract(epoch FROM span) <= points * greatest(interval_seconds, 60) THEN INTERVAL '0'
         WHEN extract(epoch FROM span) <= points * 900::float8 THEN INTERVAL '15 minutes'
         WHEN extract(epoch FROM span) <= points * 3600::float8 THEN INTERVAL '1 hour'
         ELSE INTERVAL '1 day' END;

-- A datastream between two moments, as finely as a picture of so many points can show: raw readings, or buckets.
-- Failed readings are left out, suspect ones too unless they are asked for. Buckets that are being recomputed come
-- from the raw readings. Completeness is NULL where the datastream has no regular interval.
CREATE OR REPLACE FUNCTION series(of_datastream int, first timestamptz, last timestamptz, points int DEFAULT 1000,
                                  suspect boolean DEFAULT false, width interval DEFAULT NULL)
RETURNS TABLE ("time" timestamptz, value double precision, minimum double precision, maximum double precision,
               count bigint, completeness double precision, bucket interval)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    stream record;
    chosen interval;
    source text;
BEGIN
    SELECT datastream.interval_seconds AS seconds, aggregate_of(datastream.quantity) AS aggregate, datastream.place,
           place.time_zone
    INTO stream FROM datastream JOIN place ON place.id = datastream.place WHERE datastream.id = of_datastream;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    chosen := coalesce(width, bucket_width(last - first, points, stream.seconds));
    IF chosen = INTERVAL '0' THEN
        RETURN QUERY SELECT judged.phenomenon_time, judged.result, judged.result, judged.result, 1::bigint,
                            CASE WHEN stream.seconds > 0 THEN 1.0::float8 END, chosen
            FROM judged_readings(ARRAY[of_datastream], first, last) AS judged
            WHERE judged.flag & 255 <= CASE WHEN suspect THEN 3 ELSE 2 END;
        RETURN;
    END IF;
    source := CASE chosen WHEN INTERVAL '15 minutes' THEN 'quarter' WHEN INTERVAL '1 hour' THEN 'hour'
                          WHEN INTERVAL '1 day' THEN 'day' END;
    IF source IS NULL THEN
        RAISE EXCEPTION 'width is 0, 15 minutes, 1 hour or 1 day, not %', chosen USING ERRCODE = '22023';
    END IF;
    RETURN QUERY EXECUTE format($q$
        WITH stale AS MATERIALIZED (
            SELECT DISTINCT %3$s AS bucket FROM touched,
                generate_series(greatest(touched.from_time, $2), least(touched.to_time, $3), %4$L::interval) AS step
            WHERE touched.place = $6 AND touched.to_time >= $2 AND touched.from_time < $3
            UNION
            SELECT %5$s FROM touched WHERE touched.place = $6 AND touched.to_time >= $2 AND touched.from_time < $3
        ), parts AS (
            SELECT rollup.bucket, rollup.class, rollup.count, rollup.sum, rollup.minimum, rollup.maximum, rollup.east,
                   rollup.north, rollup.last
            FROM %1$I(ARRAY[$1], %6$s, $3) AS rollup
            WHERE NOT EXISTS (SELECT FROM stale WHERE stale.bucket = rollup.bucket)
            UNION ALL
            SELECT stale.bucket, raw.class, raw.count, raw.sum, raw.minimum, raw.maximum, raw.east, raw.north, raw.last
            FROM stale, LATERAL roll_up(ARRAY[$1], stale.bucket, %2$s, %7$L::interval, %8$L) AS raw
        )
        SELECT parts.bucket,
               rolled_value($4, sum(parts.count), sum(parts.sum), max(parts.maximum), sum(parts.east), sum(parts.north),
                            (array_agg(parts.last))[1]),
               min(parts.minimum), max(parts.maximum), sum(parts.count)::bigint,
               CASE WHEN $5 > 0 THEN least(1, sum(parts.count) * $5 / extract(epoch FROM %2$s - parts.bucket))::float8 END,
               $7
        FROM parts WHERE parts.class <= CASE WHEN $8 THEN 3 ELSE 1 END
        GROUP BY parts.bucket ORDER BY parts.bucket
    $q$, 'rolled_' || source || 's',
        CASE source WHEN 'day' THEN format('((bucket AT TIME ZONE %1$L + INTERVAL ''1 day'') AT TIME ZONE %1$L)', stream.time_zone)
                    ELSE format('(bucket + %L::interval)', chosen) END,
        CASE source WHEN 'day' THEN format('date_trunc(''day'', step, %L)', stream.time_zone)
                    ELSE format('time_bucket(%L::interval, step)', chosen) END,
        chosen,
        CASE source WHEN 'day' THEN format('date_trunc(''day'', least(touched.to_time, $3), %L)', stream.time_zone)
                    ELSE format('time_bucket(%L::interval, least(touched.to_time, $3))', chosen) END,
        CASE source WHEN 'day' THEN format('date_trunc(''day'', $2, %L)', stream.time_zone)
                    ELSE format('time_bucket(%L::interval, $2)', chosen) END,
        chosen, CASE source WHEN 'day' THEN stream.time_zone END)
    USING of_datastream, first, last, stream.aggregate, stream.seconds, stream.place, chosen, suspect;
END $$;
