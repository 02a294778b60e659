-- Rollups: exactly the touched buckets, under a lock per place. Hours of days before yesterday are closed: arrays, computed
-- from the readings of the whole day; later ones are rows, of which only those that changed are written.

-- name: waiting
SELECT DISTINCT place FROM touched ORDER BY place LIMIT %(limit)s;

-- name: claim
-- Lock of a place until the transaction ends: two workers never write the same buckets.
SELECT place FROM unnest(%(places)s::int[]) AS place WHERE pg_try_advisory_xact_lock(x'726f6c6c'::int, place);

-- name: choose_grain
-- Quarters are for datastreams whose readings come within five minutes of each other: as born, else by the median of the
-- last 200. Who changes sides is rolled up anew from its first reading on. Without `look_again` only those are asked that
-- were never asked, or were born anew with another interval: found first, since gaps of all at each call cost more than the
-- rollups themselves.
WITH asked AS MATERIALIZED (
    SELECT datastream.id, datastream.place, grain.quarters AS former, datastream.interval_seconds AS born
    FROM datastream LEFT JOIN rollup_grain AS grain ON grain.datastream_id = datastream.id
    WHERE datastream.place = ANY(%(places)s)
      AND (grain.datastream_id IS NULL
           OR (datastream.interval_seconds > 0 AND grain.quarters <> (datastream.interval_seconds < 300))
           OR (%(look_again)s AND datastream.interval_seconds = 0))
), known AS (
    SELECT asked.id, asked.place, asked.former,
           CASE WHEN asked.born > 0 THEN asked.born < 300 ELSE gaps.median < 300 END AS quarters
    FROM asked LEFT JOIN LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY gap.seconds) AS median
        FROM (SELECT extract(epoch FROM newest.phenomenon_time - lead(newest.phenomenon_time) OVER ()) AS seconds
              FROM (SELECT phenomenon_time FROM reading WHERE datastream_id = asked.id AND asked.born = 0
                    ORDER BY phenomenon_time DESC LIMIT 200) AS newest) AS gap
        HAVING count(gap.seconds) >= 20
    ) AS gaps ON asked.born = 0
), written AS (
    INSERT INTO rollup_grain AS grain (datastream_id, quarters)
    SELECT id, quarters FROM known WHERE quarters IS NOT NULL AND quarters IS DISTINCT FROM former
    ON CONFLICT (datastream_id) DO UPDATE SET quarters = excluded.quarters, leftover = grain.quarters OR grain.leftover
    RETURNING datastream_id, grain.quarters
)
INSERT INTO touched (place, from_time, to_time)
SELECT known.place, ends.earliest, ends.newest
FROM written JOIN known ON known.id = written.datastream_id,
     LATERAL (SELECT (SELECT phenomenon_time FROM reading WHERE datastream_id = known.id
                      ORDER BY phenomenon_time LIMIT 1) AS earliest,
                     (SELECT phenomenon_time FROM reading WHERE datastream_id = known.id
                      ORDER BY phenomenon_time DESC LIMIT 1) AS newest) AS ends
WHERE written.quarters AND ends.earliest IS NOT NULL;

-- name: split
-- Long spans in pieces, so that none is more than a call can hold.
WITH long AS (
    DELETE FROM touched WHERE place = ANY(%(places)s) AND to_time - from_time > INTERVAL '50 days'
    RETURNING place, from_time, to_time
)
INSERT INTO touched (place, from_time, to_time)
SELECT place, begin, least(begin + INTERVAL '50 days' - INTERVAL '1 microsecond', to_time)
FROM long, generate_series(from_time, to_time, INTERVAL '50 days') AS begin;

-- name: choose
-- Newest first, as many as make no more readings than `most`, by the intervals they are expected at; one at least.
WITH weight AS (
    SELECT place, sum(86400 / CASE WHEN interval_seconds > 0 THEN interval_seconds ELSE 600 END) AS a_day
    FROM datastream WHERE place = ANY(%(places)s) GROUP BY place
), pending AS (
    SELECT touched.id, sum(coalesce(weight.a_day, 0) * greatest(extract(epoch FROM touched.to_time - touched.from_time) / 86400, 0.1))
                       OVER (ORDER BY touched.to_time DESC, touched.id) AS readings,
           row_number() OVER (ORDER BY touched.to_time DESC, touched.id) AS place_in_line
    FROM touched LEFT JOIN weight ON weight.place = touched.place
    WHERE touched.place = ANY(%(places)s)
)
SELECT id FROM pending WHERE readings <= %(most)s OR place_in_line = 1;

-- name: take
-- The touched ranges of the places: in whole hours, of closed days in all their hours; in whole local days; and from when
-- on days are open. A day that is in arrays stays closed, whatever the clock says.
WITH spot AS MATERIALIZED (
    SELECT place.id, place.time_zone AS zone,
           greatest(date_trunc('day', %(now)s::timestamptz - INTERVAL '1 day', place.time_zone),
                    (SELECT date_trunc('day', max(newest.day) + INTERVAL '36 hours', place.time_zone)
                     FROM datastream, LATERAL (SELECT day FROM rollup_hours WHERE datastream_id = datastream.id
                                               ORDER BY day DESC LIMIT 1) AS newest
                     WHERE datastream.place = place.id)) AS opens
    FROM place WHERE place.id = ANY(%(places)s)
), taken AS (
    DELETE FROM touched WHERE id = ANY(%(touched)s) RETURNING place, from_time, to_time
), cut AS (
    SELECT taken.place, spot.zone, spot.opens,
           time_bucket('1 hour', taken.from_time) AS first_hour, time_bucket('1 hour', taken.to_time) AS last_hour,
           date_trunc('day', taken.from_time, spot.zone) AS first_day, date_trunc('day', taken.to_time, spot.zone) AS last_day
    FROM taken JOIN spot ON spot.id = taken.place
), parts AS (
    SELECT cut.*,
           CASE WHEN last_hour >= next_hour(opens)
                THEN tstzrange(greatest(first_hour, next_hour(opens)), last_hour + INTERVAL '1 hour') ELSE 'empty' END AS open,
           CASE WHEN first_hour < next_hour(opens)
                THEN tstzrange(next_hour(date_trunc('day', first_hour, zone)), least(next_hour(opens),
                     next_hour((date_trunc('day', last_hour, zone) AT TIME ZONE zone + INTERVAL '1 day') AT TIME ZONE zone)))
                ELSE 'empty' END AS closed
    FROM cut
)
SELECT place, zone, next_hour(opens), (range_agg(open) + range_agg(closed))::text,
       range_agg(tstzrange(first_day, (last_day AT TIME ZONE zone + INTERVAL '1 day') AT TIME ZONE zone))::text
FROM parts GROUP BY place, zone, opens;

-- name: refresh
-- One pass: readings → quarters or hours → hours → days; what stands already as it should is not written.
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(%(place)s::int[], %(zone)s::text[], %(opens)s::timestamptz[], %(hours)s::text[], %(days)s::text[])
      AS asked (place, zone, opens, hours, days)
), stream AS MATERIALIZED (
    SELECT datastream.id, datastream.place, asked.zone, asked.opens, aggregate_of(datastream.quantity) AS aggregate,
           coalesce(grain.quarters, false) AS quarters
    FROM asked JOIN datastream ON datastream.place = asked.place
    LEFT JOIN rollup_grain AS grain ON grain.datastream_id = datastream.id
), streams AS MATERIALIZED (
    SELECT place, array_agg(id) AS ids, array_agg(id) FILTER (WHERE quarters) AS fine,
           array_agg(id) FILTER (WHERE NOT quarters) AS coarse
    FROM stream GROUP BY place
), hour_span AS MATERIALIZED (
    SELECT asked.place, asked.zone, asked.opens, streams.ids, streams.fine, streams.coarse, lower(part) AS first,
           upper(part) AS last
    FROM asked JOIN streams ON streams.place = asked.place, unnest(asked.hours::tstzmultirange) AS part
), day_span AS MATERIALIZED (
    -- where local days begin within an hour, hours do not make days
    SELECT asked.place, asked.zone, asked.opens, streams.ids, lower(part) AS first, upper(part) AS last,
           lower(part) <> next_hour(lower(part)) OR upper(part) <> next_hour(upper(part)) AS within_hour
    FROM asked JOIN streams ON streams.place = asked.place, unnest(asked.days::tstzmultirange) AS part
), quarter AS MATERIALIZED (
    SELECT rolled.* FROM hour_span,
        LATERAL roll_up(hour_span.fine, hour_span.first, hour_span.last, INTERVAL '15 minutes') AS rolled
    WHERE hour_span.fine IS NOT NULL
), hour AS MATERIALIZED (
    SELECT rolled.* FROM hour_span,
        LATERAL roll_up(hour_span.coarse, hour_span.first, hour_span.last, INTERVAL '1 hour') AS rolled
    WHERE hour_span.coarse IS NOT NULL
    UNION ALL
    SELECT datastream_id, time_bucket('1 hour', bucket), class, sum(count)::int, sum(sum ORDER BY bucket), min(minimum),
           max(maximum), sum(squares ORDER BY bucket), sum(east ORDER BY bucket), sum(north ORDER BY bucket),
           (array_agg(last ORDER BY bucket DESC))[1]
    FROM quarter GROUP BY 1, 2, 3
), around AS (
    -- the other hours of open days that were touched
    SELECT rolled.* FROM day_span, LATERAL rolled_hours(day_span.ids, greatest(day_span.first, day_span.opens), day_span.last)
        AS rolled
    WHERE NOT day_span.within_hour AND day_span.last > day_span.opens
      AND NOT EXISTS (SELECT FROM hour_span WHERE hour_span.place = day_span.place
                      AND rolled.bucket >= hour_span.first AND rolled.bucket < hour_span.last)
), day AS MATERIALIZED (
    SELECT part.datastream_id, date_trunc('day', part.bucket, stream.zone) AS bucket, part.class,
           sum(part.count)::int AS count, sum(part.sum ORDER BY part.bucket) AS sum, min(part.minimum) AS minimum,
           max(part.maximum) AS maximum, sum(part.squares ORDER BY part.bucket) AS squares,
           sum(part.east ORDER BY part.bucket) AS east, sum(part.north ORDER BY part.bucket) AS north,
           (array_agg(part.last ORDER BY part.bucket DESC))[1] AS last
    FROM (SELECT * FROM hour UNION ALL SELECT * FROM around) AS part
    JOIN stream ON stream.id = part.datastream_id
    JOIN day_span ON day_span.place = stream.place AND part.bucket >= day_span.first AND part.bucket < day_span.last
    WHERE NOT day_span.within_hour
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT rolled.* FROM day_span,
        LATERAL roll_up(day_span.ids, day_span.first, day_span.last, INTERVAL '1 day', day_span.zone) AS rolled
    WHERE day_span.within_hour
), packed AS MATERIALIZED (
    SELECT part.datastream_id, date_trunc('day', part.bucket, stream.zone) AS day, part.class, stream.aggregate,
           array_agg((extract(epoch FROM part.bucket - next_hour(date_trunc('day', part.bucket, stream.zone))) / 3600)::smallint
                     ORDER BY part.bucket) AS hours,
           array_agg(part.count ORDER BY part.bucket) AS counts, array_agg(part.sum ORDER BY part.bucket) AS sums,
           array_agg(part.minimum ORDER BY part.bucket) AS minima, array_agg(part.maximum ORDER BY part.bucket) AS maxima,
           array_agg(part.east ORDER BY part.bucket) AS easts, array_agg(part.north ORDER BY part.bucket) AS norths,
           array_agg(part.last ORDER BY part.bucket) AS lasts
    FROM hour AS part JOIN stream ON stream.id = part.datastream_id
    WHERE part.bucket < stream.opens
    GROUP BY 1, 2, 3, 4
), gone_quarters AS (
    DELETE FROM rollup_quarter AS former USING hour_span
    WHERE former.datastream_id = ANY(hour_span.fine) AND former.bucket >= hour_span.first AND former.bucket < hour_span.last
      AND former.bucket >= %(first)s AND former.bucket < %(last)s
      AND NOT EXISTS (SELECT FROM quarter WHERE quarter.datastream_id = former.datastream_id
                      AND quarter.bucket = former.bucket AND quarter.class = former.class)
), gone_hours AS (
    -- those of closed days go into arrays
    DELETE FROM rollup_hour AS former USING hour_span
    WHERE former.datastream_id = ANY(hour_span.ids) AND former.bucket >= hour_span.first AND former.bucket < hour_span.last
      AND former.bucket >= %(first)s AND former.bucket < %(last)s
      AND (former.bucket < hour_span.opens
           OR NOT EXISTS (SELECT FROM hour WHERE hour.datastream_id = former.datastream_id
                          AND hour.bucket = former.bucket AND hour.class = former.class))
), gone_arrays AS (
    DELETE FROM rollup_hours AS former USING hour_span
    WHERE former.datastream_id = ANY(hour_span.ids) AND hour_span.first < hour_span.opens
      AND next_hour(former.day) >= hour_span.first AND next_hour(former.day) < hour_span.last
      AND former.day >= %(first)s::timestamptz - INTERVAL '1 day' AND former.day < %(last)s
      AND NOT EXISTS (SELECT FROM packed WHERE packed.datastream_id = former.datastream_id
                      AND packed.day = former.day AND packed.class = former.class)
), gone_days AS (
    DELETE FROM rollup_day AS former USING day_span
    WHERE former.datastream_id = ANY(day_span.ids) AND former.bucket >= day_span.first AND former.bucket < day_span.last
      AND former.bucket >= %(first)s::timestamptz - INTERVAL '1 day' AND former.bucket < %(last)s
      AND NOT EXISTS (SELECT FROM day WHERE day.datastream_id = former.datastream_id
                      AND day.bucket = former.bucket AND day.class = former.class)
), quarters_written AS (
    INSERT INTO rollup_quarter AS former SELECT * FROM quarter
    ON CONFLICT (datastream_id, bucket, class) DO UPDATE SET
        count = excluded.count, sum = excluded.sum, minimum = excluded.minimum, maximum = excluded.maximum,
        squares = excluded.squares, east = excluded.east, north = excluded.north, last = excluded.last
    WHERE (former.count, former.sum, former.minimum, former.maximum, former.squares, former.east, former.north, former.last)
        IS DISTINCT FROM (excluded.count, excluded.sum, excluded.minimum, excluded.maximum, excluded.squares, excluded.east,
                          excluded.north, excluded.last)
), hours_written AS (
    INSERT INTO rollup_hour AS former
    SELECT hour.* FROM hour JOIN stream ON stream.id = hour.datastream_id WHERE hour.bucket >= stream.opens
    ON CONFLICT (datastream_id, bucket, class) DO UPDATE SET
        count = excluded.count, sum = excluded.sum, minimum = excluded.minimum, maximum = excluded.maximum,
        squares = excluded.squares, east = excluded.east, north = excluded.north, last = excluded.last
    WHERE (former.count, former.sum, former.minimum, former.maximum, former.squares, former.east, former.north, former.last)
        IS DISTINCT FROM (excluded.count, excluded.sum, excluded.minimum, excluded.maximum, excluded.squares, excluded.east,
                          excluded.north, excluded.last)
), arrays_written AS (
    INSERT INTO rollup_hours AS former
    SELECT datastream_id, day, class, nullif(hours, ARRAY(SELECT generate_series(0, cardinality(hours) - 1)::smallint)),
           counts, sums, minima, maxima, CASE WHEN aggregate = 'vector' THEN easts END,
           CASE WHEN aggregate = 'vector' THEN norths END, CASE WHEN aggregate = 'last' THEN lasts END
    FROM packed
    ON CONFLICT (datastream_id, day, class) DO UPDATE SET
        hours = excluded.hours, counts = excluded.counts, sums = excluded.sums, minima = excluded.minima,
        maxima = excluded.maxima, easts = excluded.easts, norths = excluded.norths, lasts = excluded.lasts
    WHERE (former.hours, former.counts, former.sums, former.minima, former.maxima, former.easts, former.norths, former.lasts)
        IS DISTINCT FROM (excluded.hours, excluded.counts, excluded.sums, excluded.minima, excluded.maxima, excluded.easts,
                          excluded.norths, excluded.lasts)
)
INSERT INTO rollup_day AS former SELECT * FROM day
ON CONFLICT (datastream_id, bucket, class) DO UPDATE SET
    count = excluded.count, sum = excluded.sum, minimum = excluded.minimum, maximum = excluded.maximum,
    squares = excluded.squares, east = excluded.east, north = excluded.north, last = excluded.last
WHERE (former.count, former.sum, former.minimum, former.maximum, former.squares, former.east, former.north, former.last)
    IS DISTINCT FROM (excluded.count, excluded.sum, excluded.minimum, excluded.maximum, excluded.squares, excluded.east,
                      excluded.north, excluded.last);

-- name: closable
-- Places with hours of days that have closed, or with quarters that are no longer kept.
SELECT place.id FROM place
WHERE place.kind = 'station' AND place.id > %(after)s
  AND EXISTS (SELECT FROM datastream WHERE datastream.place = place.id
              AND (EXISTS (SELECT FROM rollup_hour WHERE rollup_hour.datastream_id = datastream.id AND rollup_hour.bucket
                           < next_hour(date_trunc('day', %(now)s::timestamptz - INTERVAL '1 day', place.time_zone)))
                   OR EXISTS (SELECT FROM rollup_grain AS grain WHERE grain.datastream_id = datastream.id
                              AND (grain.leftover OR grain.quarters AND datastream.interval_seconds >= 300))))
ORDER BY place.id LIMIT %(limit)s;

-- name: close_hours
-- Rows of closed days become arrays; what was touched in them is computed anew by `refresh`, from the readings.
WITH stream AS MATERIALIZED (
    SELECT datastream.id, place.time_zone AS zone, aggregate_of(datastream.quantity) AS aggregate,
           next_hour(date_trunc('day', %(now)s::timestamptz - INTERVAL '1 day', place.time_zone)) AS opens
    FROM datastream JOIN place ON place.id = datastream.place WHERE place.id = ANY(%(places)s)
), moved AS (
    DELETE FROM rollup_hour AS hour USING stream
    WHERE hour.datastream_id = stream.id AND hour.bucket < stream.opens
      AND hour.bucket < %(now)s::timestamptz
    RETURNING hour.*, date_trunc('day', hour.bucket, stream.zone) AS day, stream.aggregate
)
INSERT INTO rollup_hours
SELECT datastream_id, day, class,
       nullif(array_agg((extract(epoch FROM bucket - next_hour(day)) / 3600)::smallint ORDER BY bucket),
              ARRAY(SELECT generate_series(0, count(*)::int - 1)::smallint)),
       array_agg(count ORDER BY bucket), array_agg(sum ORDER BY bucket), array_agg(minimum ORDER BY bucket),
       array_agg(maximum ORDER BY bucket),
       CASE WHEN aggregate = 'vector' THEN array_agg(east ORDER BY bucket) END,
       CASE WHEN aggregate = 'vector' THEN array_agg(north ORDER BY bucket) END,
       CASE WHEN aggregate = 'last' THEN array_agg(last ORDER BY bucket) END
FROM moved GROUP BY datastream_id, day, class, aggregate;

-- name: forget_quarters
WITH leftover AS (
    UPDATE rollup_grain AS grain SET leftover = false FROM datastream
    WHERE datastream.id = grain.datastream_id AND datastream.place = ANY(%(places)s) AND grain.leftover
      AND NOT grain.quarters
    RETURNING grain.datastream_id
)
DELETE FROM rollup_quarter USING leftover WHERE rollup_quarter.datastream_id = leftover.datastream_id;
