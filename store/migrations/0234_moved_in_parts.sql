-- `take_marks` as before, but that it moves no more than some thousand marks of older days at a time: 100,000 of them took
-- seconds, in which a reading of today waited. Places with more are taken in parts, those marked first before the others. And
-- marks of one cause become one under a lease, over the time that is computed anyway: what is given back, or set apart for
-- weeks, is a mark and not thousands.
CREATE OR REPLACE FUNCTION take_marks(
    worker text, token uuid, event_now timestamptz, most int, quiet interval, oldest interval, hold interval, late interval
) RETURNS TABLE (place int, from_time timestamptz, to_time timestamptz, causes text[], kinds text[], generation bigint)
LANGUAGE plpgsql
-- One plan, made while the table is empty and good when it is full: through the indexes, in their order.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
    moment timestamptz := clock_timestamp(); -- real time
    many int := greatest(5000, 4 * most);
    looked int := 400; -- where one of those is ready: many; beside something of today: no more than 250
    few int := greatest(most / 25, 1);
    names text[] := CASE WHEN late > interval '0' THEN live_workers('analytics') ELSE '{}' END;
    -- whether nobody else lives, so that everything is its own
    alone boolean := names <@ ARRAY[worker];
    -- the earliest and the latest beginning of today, wherever places are
    first_today timestamptz;
    last_today timestamptz;
    chosen int[];
    leased int[];
    whole int[];
    urgent int[];
    of_today bigint[];
    moved int := 10000; -- marks of older days in one take, of all places: a third of a second
    next_place int;
    reached int[] := '{}';
    of_older bigint[] := '{}';
BEGIN
    WITH RECURSIVE zone AS (
        (SELECT spot.time_zone FROM place AS spot ORDER BY spot.time_zone LIMIT 1)
        UNION ALL
        SELECT (SELECT spot.time_zone FROM place AS spot WHERE spot.time_zone > zone.time_zone ORDER BY 1 LIMIT 1)
        FROM zone WHERE zone.time_zone IS NOT NULL
    )
    SELECT min(date_trunc('day', event_now, time_zone)), max(date_trunc('day', event_now, time_zone))
    INTO first_today, last_today FROM zone WHERE time_zone IS NOT NULL;

    LOOP
        WITH live AS (
            SELECT mark.place, min(mark.id) AS first, min(mark.marked_at) AS since, array_agg(mark.id) AS marks FROM mark
            WHERE mark.to_time >= first_today AND mark.from_time <= event_now AND isfinite(mark.marked_at)
              AND mark.to_time >= date_trunc('day', event_now, (SELECT spot.time_zone FROM place AS spot WHERE spot.id = mark.place))
              AND (mark.to_time <= event_now OR mark.cause NOT IN ('reading', 'correction'))
              AND NOT EXISTS (SELECT FROM lease WHERE lease.place = mark.place)
            GROUP BY mark.place
        ), room AS (
            SELECT CASE WHEN count(*) = 0 THEN looked WHEN count(*) < most THEN least(looked, 250) ELSE 0 END AS rows FROM live
        ), older AS (
            SELECT * FROM (
                SELECT mark.place, mark.from_time, mark.to_time, mark.marked_at, mark.id FROM mark
                WHERE mark.marked_at <= moment - least(quiet, oldest) AND mark.marked_at > '-infinity'
                  AND mark.from_time < last_today AND mark.from_time <= event_now
                  AND (mark.to_time <= event_now OR mark.cause NOT IN ('reading', 'correction'))
                  AND NOT EXISTS (SELECT FROM lease WHERE lease.place = mark.place)
                ORDER BY mark.marked_at, mark.id LIMIT (SELECT rows FROM room)
            ) AS waited
            UNION ALL
            SELECT * FROM (
                SELECT mark.place, mark.from_time, mark.to_time, mark.marked_at, mark.id FROM mark
                WHERE mark.marked_at = '-infinity' AND mark.from_time <= event_now
                  AND (mark.to_time <= event_now OR mark.cause NOT IN ('reading', 'correction'))
                  AND NOT EXISTS (SELECT FROM lease WHERE lease.place = mark.place)
                ORDER BY mark.marked_at, mark.id LIMIT (SELECT rows FROM room)
            ) AS at_once
        ), past AS (
            SELECT older.place, min(older.id) AS first, max(least(older.to_time, event_now)) AS recent,
                   min(older.marked_at) AS waits_since, min(older.from_time) AS from_time
            FROM older GROUP BY older.place
        ), dated AS (
            SELECT past.*,
                   date_trunc('day', event_now, (SELECT spot.time_zone FROM place AS spot WHERE spot.id = past.place)) AS today
            FROM past
        ), ready AS MATERIALIZED (
            SELECT dated.*,
                   (SELECT mark.marked_at FROM mark WHERE mark.place = dated.place AND mark.from_time < dated.today
                    AND mark.from_time <= event_now ORDER BY mark.marked_at DESC LIMIT 1) AS newest
            FROM dated WHERE dated.from_time < dated.today OR dated.waits_since = '-infinity'
        ), waiting AS (
            SELECT live.place, 1 AS class, live.first, live.since, NULL::timestamptz AS recent, false AS whole, live.marks FROM live
            UNION ALL
            SELECT due.place, 2, NULL, due.at, NULL, false, NULL FROM (
                SELECT numbered.place, numbered.at FROM (
                    SELECT CASE WHEN due.topic ~ '^[0-9]{1,9}$' THEN due.topic::int END AS place, due.at FROM due
                    WHERE due.owner = 'analytics' AND due.at <= event_now
                ) AS numbered
                WHERE numbered.place IS NOT NULL AND NOT EXISTS (SELECT FROM lease WHERE lease.place = numbered.place)
                ORDER BY numbered.at LIMIT many
            ) AS due
            UNION ALL
            -- ready since it became quiet, or since it had waited long enough
            SELECT ready.place, CASE WHEN isfinite(ready.waits_since) THEN 3 ELSE 4 END, ready.first,
                   least(ready.waits_since + oldest, ready.newest + quiet), ready.recent, true, NULL
            FROM ready WHERE ready.newest <= moment - quiet OR ready.newest IS NULL OR ready.waits_since <= moment - oldest
        ), merged AS (
            SELECT waiting.place, min(waiting.class) AS class, min(waiting.first) AS first, min(waiting.since) AS since,
                   max(waiting.recent) AS recent, bool_or(waiting.whole) AS whole, max(waiting.marks) AS marks
            FROM waiting GROUP BY waiting.place
        ), judged AS MATERIALIZED (
            SELECT merged.*, alone OR (worker = ANY (names) AND NOT EXISTS (
                       SELECT FROM unnest(names) AS other WHERE (hashtextextended(other, merged.place), other)
                                                              > (hashtextextended(worker, merged.place), worker))) AS mine,
                   merged.class < 4 AND EXISTS (SELECT FROM alert WHERE alert.place = merged.place AND alert.state = 'open')
                       AS warned
            FROM merged
        ), ours AS (
            SELECT judged.*, row_number() OVER (
                       PARTITION BY judged.class < 3 ORDER BY judged.warned DESC, judged.class, judged.since) AS number
            FROM judged
            WHERE judged.mine OR (judged.since <= moment - late AND NOT EXISTS (SELECT FROM judged AS own WHERE own.mine))
        ), picked AS MATERIALIZED (
            SELECT ours.place, ours.whole, ours.class, ours.marks FROM ours WHERE ours.mine OR ours.class >= 3 OR ours.number <= few
            ORDER BY ours.warned DESC, ours.class, CASE WHEN ours.class >= 3 THEN ours.recent END DESC NULLS LAST,
                     ours.first, ours.since LIMIT most
        )
        SELECT (SELECT array_agg(picked.place ORDER BY picked.place) FROM picked),
               (SELECT coalesce(array_agg(picked.place) FILTER (WHERE picked.whole), '{}') FROM picked),
               (SELECT coalesce(array_agg(picked.place) FILTER (WHERE picked.whole AND picked.class < 3), '{}') FROM picked),
               (SELECT coalesce(array_agg(id), '{}') FROM picked, unnest(picked.marks) AS id)
        INTO chosen, whole, urgent, of_today;
        EXIT WHEN chosen IS NULL OR cardinality(whole) = 0 OR cardinality(chosen) >= most OR looked >= many;
        looked := many;
    END LOOP;
    IF chosen IS NULL THEN
        RETURN;
    END IF;
    FOREACH next_place IN ARRAY whole LOOP
        EXIT WHEN cardinality(of_older) >= moved;
        reached := reached || next_place;
        of_older := of_older || ARRAY (
            SELECT mark.id FROM mark WHERE mark.place = next_place AND mark.from_time <= event_now
              AND (mark.to_time <= event_now OR mark.cause NOT IN ('reading', 'correction'))
            ORDER BY mark.marked_at LIMIT moved - cardinality(of_older)
        );
    END LOOP;
    -- places that were not reached wait for the next take, but for their marks of today and what only time has brought
    SELECT array_agg(picked) INTO chosen FROM unnest(chosen) AS picked
    WHERE picked <> ALL (whole) OR picked = ANY (reached) OR picked = ANY (urgent);
    whole := reached;
    WITH made AS (
        INSERT INTO lease (place, token, worker, expires_at, marks)
        SELECT spot, take_marks.token, take_marks.worker, moment + hold, '[]' FROM unnest(chosen) AS spot ORDER BY spot
        ON CONFLICT ON CONSTRAINT lease_pkey DO NOTHING
        RETURNING lease.place
    )
    SELECT array_agg(made.place) INTO leased FROM made;
    IF leased IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH wanted AS (
        SELECT unnest(of_today) AS id
        UNION
        SELECT unnest(of_older)
    ), taken AS (
        DELETE FROM mark USING wanted, place AS spot
        WHERE mark.id = wanted.id AND mark.place = ANY (leased) AND spot.id = mark.place
        RETURNING mark.place, mark.from_time, mark.to_time, mark.cause, mark.marked_at,
                  date_trunc('day', event_now, spot.time_zone) AS today
    ), kept AS (
        INSERT INTO mark (place, from_time, to_time, cause, marked_at)
        SELECT taken.place, taken.from_time, today - interval '1 microsecond', cause, marked_at
        FROM taken WHERE taken.from_time < today AND NOT taken.place = ANY (whole)
        RETURNING mark.place
    ), clipped AS (
        SELECT taken.place, taken.to_time, taken.cause, taken.marked_at,
               CASE WHEN taken.place = ANY (whole) THEN taken.from_time
                    ELSE greatest(taken.from_time, today) END AS from_time
        FROM taken
    ), joined AS (
        SELECT clipped.place, min(clipped.from_time) AS from_time, max(clipped.to_time) AS to_time, clipped.cause,
               min(clipped.marked_at) AS marked_at
        FROM clipped GROUP BY clipped.place, clipped.cause, isfinite(clipped.marked_at)
    ), work AS (
        SELECT clipped.place, min(clipped.from_time) AS from_time, max(clipped.to_time) AS to_time,
               array_agg(DISTINCT clipped.cause) AS causes,
               jsonb_agg(jsonb_build_array(clipped.from_time, clipped.to_time, clipped.cause, clipped.marked_at)) AS marks
        FROM joined AS clipped GROUP BY clipped.place
    ), noted AS (
        UPDATE lease SET marks = work.marks FROM work WHERE lease.place = work.place AND lease.token = take_marks.token
        RETURNING lease.place
    )
    SELECT found.spot, found.from_time, found.to_time, found.causes,
           ARRAY(SELECT due.kind FROM due WHERE due.owner = 'analytics' AND due.topic = found.spot::text
                 AND due.at <= event_now),
           coalesce((SELECT worked.generation FROM worked WHERE worked.place = found.spot), 0)
    FROM (
        SELECT work.place AS spot, work.from_time, work.to_time, work.causes FROM work
        UNION ALL
        SELECT spot, NULL, NULL, '{}' FROM unnest(leased) AS spot WHERE spot <> ALL (ARRAY (SELECT work.place FROM work))
    ) AS found;
END $$;
