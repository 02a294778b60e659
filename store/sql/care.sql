-- Care of the network: what is wrong with gateways, and since when.

-- name: only_one
-- One worker looks at a time; the lock ends with the transaction.
SELECT pg_try_advisory_xact_lock(x'6e7633'::int, 0)

-- name: follow
-- Takes up the packs since the last look. Numbers are given before they are seen, so some are looked at again.
WITH heads AS (
    SELECT (SELECT coalesce(max(id), 0) FROM batch) AS batch,
           (SELECT coalesce(max(id), 0) FROM set_aside) AS aside,
           (SELECT coalesce(max(id), 0) FROM dropped) AS dropped
), since AS (
    SELECT max(id) FILTER (WHERE family = 'batch') - %(again)s AS batch,
           max(id) FILTER (WHERE family = 'set_aside') - %(again)s AS aside,
           max(id) FILTER (WHERE family = 'dropped') - %(again)s AS dropped
    FROM sequence_cursor
), came AS (
    SELECT gateway, boot, stream, int8range(sequence, sequence + 1) AS range
    FROM batch, since WHERE batch.id > since.batch AND sequence >= 0 AND stream <> 'import'
    UNION ALL
    SELECT gateway.id, boot, stream, int8range(sequence, sequence + 1)
    FROM since, set_aside JOIN gateway ON gateway.code = set_aside.gateway
    WHERE set_aside.id > since.aside AND sequence >= 0
    UNION ALL
    SELECT gateway, boot, stream, int8range(first_sequence, last_sequence, '[]')
    FROM dropped, since WHERE dropped.id > since.dropped AND first_sequence <= last_sequence AND boot IS NOT NULL
), fresh AS (
    SELECT gateway, boot, stream, range_agg(range) AS seen FROM came GROUP BY gateway, boot, stream
), moved AS (
    UPDATE sequence_cursor SET id = CASE family WHEN 'batch' THEN heads.batch WHEN 'set_aside' THEN heads.aside
                                                ELSE heads.dropped END
    FROM heads
)
INSERT INTO sequence_course (gateway, boot, stream, seen, changed_at)
SELECT gateway, boot, stream, seen, %(now)s FROM fresh
ON CONFLICT (gateway, boot, stream) DO UPDATE
    SET seen = sequence_course.seen + excluded.seen, changed_at = excluded.changed_at
    WHERE NOT sequence_course.seen @> excluded.seen

-- name: holes
-- A hole counts once it was there at two looks: packs under way make and fill others all the time.
UPDATE sequence_course SET holes = found.holes, standing = found.holes * sequence_course.holes
FROM (SELECT gateway, boot, stream, int8multirange(range_merge(seen)) - seen AS holes FROM sequence_course) AS found
WHERE (sequence_course.gateway, sequence_course.boot, sequence_course.stream) = (found.gateway, found.boot, found.stream)
  AND (sequence_course.holes <> found.holes OR sequence_course.standing <> found.holes * sequence_course.holes)

-- name: troubles
-- What begins and what ends; the stations of those gateways are marked from that moment on.
WITH wrong AS (
    SELECT id AS gateway, 'offline' AS kind, least(status_at, %(now)s) AS since FROM gateway
    WHERE NOT revoked AND status ->> 'online' = 'false'
    UNION ALL
    SELECT id, 'clock', least(status_at, %(now)s) FROM gateway
    WHERE NOT revoked AND status ->> 'online' = 'true'
      AND (status ->> 'clock_right' = 'false' OR abs(told_number(status, 'clock_offset')) > %(offset)s)
    UNION ALL
    SELECT DISTINCT course.gateway, 'gap', %(now)s::timestamptz FROM sequence_course AS course
    JOIN gateway ON gateway.id = course.gateway AND NOT gateway.revoked
    WHERE course.standing <> '{}' AND course.changed_at > %(now)s - %(remembered)s
), begun AS (
    INSERT INTO gateway_trouble (gateway, kind, from_time)
    SELECT gateway, kind, since FROM wrong
    WHERE NOT EXISTS (SELECT FROM gateway_trouble AS known WHERE known.gateway = wrong.gateway
                      AND known.kind = wrong.kind AND known.to_time = 'infinity')
    ON CONFLICT DO NOTHING
    RETURNING gateway, from_time AS moment
), over AS (
    UPDATE gateway_trouble AS known SET to_time = greatest(known.from_time, CASE
        WHEN known.kind <> 'gap' AND gateway.status_at > known.from_time THEN least(gateway.status_at, %(now)s)
        ELSE %(now)s END)
    FROM gateway
    WHERE gateway.id = known.gateway AND known.to_time = 'infinity'
      AND NOT EXISTS (SELECT FROM wrong WHERE wrong.gateway = known.gateway AND wrong.kind = known.kind)
    RETURNING known.gateway, known.to_time AS moment
), changed AS (
    SELECT * FROM begun UNION ALL SELECT * FROM over
), marked AS (
    INSERT INTO mark (place, from_time, to_time, cause)
    SELECT given.station, changed.moment, %(now)s, 'network'
    FROM changed JOIN gateway_station AS given ON given.gateway = changed.gateway AND given.valid_to > changed.moment
    RETURNING place
)
SELECT (SELECT count(*) FROM changed)::int AS changed, max(pg_notify('mark', '')::text) FROM marked
