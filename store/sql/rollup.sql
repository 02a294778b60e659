-- Rollups: exactly the touched buckets, under a lock per place.

-- name: waiting
SELECT DISTINCT place FROM touched ORDER BY place LIMIT %(limit)s;

-- name: claim
-- Lock of a place until the transaction ends: two workers never write the same buckets.
SELECT place FROM unnest(%(places)s::int[]) AS place WHERE pg_try_advisory_xact_lock(x'726f6c6c'::int, place);

-- name: take
-- The touched ranges of the places, merged, in whole local days, hours and quarters.
WITH taken AS (
    DELETE FROM touched WHERE place = ANY(%(places)s) RETURNING place, from_time, to_time
)
SELECT taken.place, place.time_zone,
       range_agg(tstzrange(time_bucket('15 minutes', taken.from_time),
                           time_bucket('15 minutes', taken.to_time) + INTERVAL '15 minutes'))::text,
       range_agg(tstzrange(time_bucket('1 hour', taken.from_time),
                           time_bucket('1 hour', taken.to_time) + INTERVAL '1 hour'))::text,
       range_agg(tstzrange(date_trunc('day', taken.from_time, place.time_zone),
                           (date_trunc('day', taken.to_time, place.time_zone) AT TIME ZONE place.time_zone
                            + INTERVAL '1 day') AT TIME ZONE place.time_zone))::text
FROM taken JOIN place ON place.id = taken.place
GROUP BY taken.place, place.time_zone;

-- name: refresh_quarters
WITH spans AS MATERIALIZED (
    SELECT span.place, lower(part) AS first, upper(part) AS last,
           (SELECT array_agg(id) FROM datastream WHERE datastream.place = span.place) AS datastreams
    FROM unnest(%(place)s::int[], %(ranges)s::text[]) AS span (place, ranges), unnest(span.ranges::tstzmultirange) AS part
), fresh AS MATERIALIZED (
    SELECT rolled.* FROM spans, LATERAL roll_up(spans.datastreams, spans.first, spans.last) AS rolled
), gone AS (
    DELETE FROM rollup_quarter AS former USING spans
    WHERE former.datastream_id = ANY(spans.datastreams) AND former.bucket >= spans.first AND former.bucket < spans.last
      AND former.bucket >= %(first)s AND former.bucket < %(last)s
      AND NOT EXISTS (SELECT FROM fresh WHERE fresh.datastream_id = former.datastream_id
                      AND fresh.bucket = former.bucket AND fresh.class = former.class)
)
INSERT INTO rollup_quarter
SELECT * FROM fresh
ON CONFLICT (datastream_id, bucket, class) DO UPDATE SET
    count = excluded.count, sum = excluded.sum, minimum = excluded.minimum, maximum = excluded.maximum,
    squares = excluded.squares, east = excluded.east, north = excluded.north, last = excluded.last;

-- name: refresh_hours
WITH spans AS MATERIALIZED (
    SELECT span.place, lower(part) AS first, upper(part) AS last,
           (SELECT array_agg(id) FROM datastream WHERE datastream.place = span.place) AS datastreams
    FROM unnest(%(place)s::int[], %(ranges)s::text[]) AS span (place, ranges), unnest(span.ranges::tstzmultirange) AS part
), fresh AS MATERIALIZED (
    SELECT part.datastream_id, time_bucket('1 hour', part.bucket) AS bucket, part.class,
           sum(part.count)::int AS count, sum(part.sum) AS sum, min(part.minimum) AS minimum, max(part.maximum) AS maximum,
           sum(part.squares) AS squares, sum(part.east) AS east, sum(part.north) AS north,
           (array_agg(part.last ORDER BY part.bucket DESC))[1] AS last
    FROM spans JOIN rollup_quarter AS part ON part.datastream_id = ANY(spans.datastreams)
     AND part.bucket >= spans.first AND part.bucket < spans.last
    WHERE part.bucket >= %(first)s AND part.bucket < %(last)s
    GROUP BY 1, 2, 3
), gone AS (
    DELETE FROM rollup_hour AS former USING spans
    WHERE former.datastream_id = ANY(spans.datastreams) AND former.bucket >= spans.first AND former.bucket < spans.last
      AND former.bucket >= %(first)s AND former.bucket < %(last)s
      AND NOT EXISTS (SELECT FROM fresh WHERE fresh.datastream_id = former.datastream_id
                      AND fresh.bucket = former.bucket AND fresh.class = former.class)
)
INSERT INTO rollup_hour
SELECT * FROM fresh
ON CONFLICT (datastream_id, bucket, class) DO UPDATE SET
    count = excluded.count, sum = excluded.sum, minimum = excluded.minimum, maximum = excluded.maximum,
    squares = excluded.squares, east = excluded.east, north = excluded.north, last = excluded.last;

-- name: refresh_days
-- From quarters of an hour: there are time zones whose days begin at half past, or at a quarter to.
WITH spans AS MATERIALIZED (
    SELECT span.place, span.zone, lower(part) AS first, upper(part) AS last,
           (SELECT array_agg(id) FROM datastream WHERE datastream.place = span.place) AS datastreams
    FROM unnest(%(place)s::int[], %(zone)s::text[], %(ranges)s::text[]) AS span (place, zone, ranges),
         unnest(span.ranges::tstzmultirange) AS part
), fresh AS MATERIALIZED (
    SELECT part.datastream_id, date_trunc('day', part.bucket, spans.zone) AS bucket, part.class,
           sum(part.count)::int AS count, sum(part.sum) AS sum, min(part.minimum) AS minimum, max(part.maximum) AS maximum,
           sum(part.squares) AS squares, sum(part.east) AS east, sum(part.north) AS north,
           (array_agg(part.last ORDER BY part.bucket DESC))[1] AS last
    FROM spans JOIN rollup_quarter AS part ON part.datastream_id = ANY(spans.datastreams)
     AND part.bucket >= spans.first AND part.bucket < spans.last
    WHERE part.bucket >= %(first)s AND part.bucket < %(last)s
    GROUP BY 1, 2, 3
), gone AS (
    DELETE FROM rollup_day AS former USING spans
    WHERE former.datastream_id = ANY(spans.datastreams) AND former.bucket >= spans.first AND former.bucket < spans.last
      AND former.bucket >= %(first)s AND former.bucket < %(last)s
      AND NOT EXISTS (SELECT FROM fresh WHERE fresh.datastream_id = former.datastream_id
                      AND fresh.bucket = former.bucket AND fresh.class = former.class)
)
INSERT INTO rollup_day
SELECT * FROM fresh
ON CONFLICT (datastream_id, bucket, class) DO UPDATE SET
    count = excluded.count, sum = excluded.sum, minimum = excluded.minimum, maximum = excluded.maximum,
    squares = excluded.squares, east = excluded.east, north = excluded.north, last = excluded.last;
