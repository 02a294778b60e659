-- stopped: analytics, notify, api
-- Alerts and what cannot be judged speak of a subject; what a due row or a request is about is its topic.
ALTER TABLE alert RENAME COLUMN season TO subject;
ALTER TABLE unjudged RENAME COLUMN season TO subject;
ALTER TABLE due RENAME COLUMN subject TO topic;
ALTER TABLE request RENAME COLUMN subject TO topic;

-- The highest level an episode had, kept with its course: what held last says nothing of how bad it was.
CREATE FUNCTION highest_level(level int, course jsonb) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    greatest(level, (SELECT max((entry ->> 1)::int)
                     FROM jsonb_array_elements(CASE jsonb_typeof(course) WHEN 'array' THEN course ELSE '[]' END) AS entry
                     WHERE jsonb_typeof(entry -> 1) = 'number'));
ALTER TABLE alert ADD COLUMN level_highest int GENERATED ALWAYS AS (highest_level(level, course)) STORED;

DROP FUNCTION take_marks;
CREATE FUNCTION take_marks(
    worker text, token uuid, event_now timestamptz, most int, quiet interval, oldest interval, hold interval
) RETURNS TABLE (place int, from_time timestamptz, to_time timestamptz, causes text[], kinds text[], generation bigint)
LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp(); -- real time
    chosen int[];
    leased int[];
    whole int[];
BEGIN
    WITH eligible AS (
        SELECT mark.place, mark.id, mark.marked_at,
               mark.to_time >= date_trunc('day', event_now, spot.time_zone) AS live,
               mark.from_time < date_trunc('day', event_now, spot.time_zone) AS old
        FROM mark JOIN place AS spot ON spot.id = mark.place
        WHERE mark.from_time <= event_now
          AND (mark.to_time <= event_now OR mark.cause NOT IN ('reading', 'correction'))
          AND NOT EXISTS (SELECT FROM lease WHERE lease.place = mark.place)
    ), ready AS (
        SELECT eligible.place, bool_or(live) AS live, min(id) AS first,
               coalesce(max(marked_at) FILTER (WHERE old) <= moment - quiet
                        OR min(marked_at) FILTER (WHERE old) <= moment - oldest, true) AS all_of_them
        FROM eligible GROUP BY eligible.place
    ), waiting AS (
        SELECT ready.place, ready.live, ready.first, ready.all_of_them FROM ready WHERE ready.live OR ready.all_of_them
        UNION ALL
        SELECT due.topic::int, true, 0, false FROM due
        WHERE due.owner = 'analytics' AND due.at <= event_now AND due.topic ~ '^[0-9]+$'
          AND NOT EXISTS (SELECT FROM lease WHERE lease.place = due.topic::int)
    ), merged AS (
        SELECT waiting.place, bool_or(all_of_them) AS all_of_them FROM waiting
        GROUP BY waiting.place ORDER BY bool_or(live) DESC, min(first) LIMIT most
    )
    SELECT array_agg(merged.place ORDER BY merged.place),
           array_agg(merged.place) FILTER (WHERE merged.all_of_them) INTO chosen, whole FROM merged;
    IF chosen IS NULL THEN
        RETURN;
    END IF;
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
    WITH taken AS (
        DELETE FROM mark USING place AS spot
        WHERE spot.id = mark.place AND mark.place = ANY (leased) AND mark.from_time <= event_now
          AND (mark.to_time <= event_now OR mark.cause NOT IN ('reading', 'correction'))
          AND (mark.place = ANY (whole) OR mark.to_time >= date_trunc('day', event_now, spot.time_zone))
        RETURNING mark.place, mark.from_time, mark.to_time, mark.cause, mark.marked_at,
                  date_trunc('day', event_now, spot.time_zone) AS today
    ), kept AS (
        INSERT INTO mark (place, from_time, to_time, cause, marked_at)
        SELECT taken.place, taken.from_time, today - interval '1 microsecond', cause, marked_at
        FROM taken WHERE taken.from_time < today AND NOT taken.place = ANY (coalesce(whole, '{}'))
        RETURNING mark.place
    ), clipped AS (
        SELECT taken.place, taken.to_time, taken.cause, taken.marked_at,
               CASE WHEN taken.place = ANY (coalesce(whole, '{}')) THEN taken.from_time
                    ELSE greatest(taken.from_time, today) END AS from_time
        FROM taken
    ), work AS (
        SELECT clipped.place, min(clipped.from_time) AS from_time, max(clipped.to_time) AS to_time,
               array_agg(DISTINCT clipped.cause) AS causes,
               jsonb_agg(jsonb_build_array(clipped.from_time, clipped.to_time, clipped.cause, clipped.marked_at)) AS marks
        FROM clipped GROUP BY clipped.place
    ), noted AS (
        UPDATE lease SET marks = work.marks FROM work WHERE lease.place = work.place AND lease.token = take_marks.token
        RETURNING lease.place
    )
    SELECT spot, work.from_time, work.to_time, coalesce(work.causes, '{}'),
           ARRAY(SELECT due.kind FROM due WHERE due.owner = 'analytics' AND due.topic = spot::text
                 AND due.at <= event_now),
           coalesce((SELECT worked.generation FROM worked WHERE worked.place = spot), 0)
    FROM unnest(leased) AS spot LEFT JOIN work ON work.place = spot;
END $$;
