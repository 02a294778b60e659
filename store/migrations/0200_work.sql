-- How analytics shares its work: marks are taken under leases, and a place's generation tells a cached window's age.
CREATE TABLE worked (
    place int PRIMARY KEY REFERENCES place,
    generation bigint NOT NULL -- how many times results of this place were written
) WITH (fillfactor = 70);

CREATE INDEX due_at_owner ON due (owner, at);
DROP INDEX due_at;

-- Takes the waiting marks of places that nobody has a lease on, and places with a due row whose time has come.
-- Today's marks go at once. Older days wait until they have been quiet, or have waited long enough; a mark that
-- reaches from an older day into today is cut in two. Marks of readings ahead of event time wait for it.
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
        SELECT due.subject::int, true, 0, false FROM due
        WHERE due.owner = 'analytics' AND due.at <= event_now AND due.subject ~ '^[0-9]+$'
          AND NOT EXISTS (SELECT FROM lease WHERE lease.place = due.subject::int)
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
           ARRAY(SELECT due.kind FROM due WHERE due.owner = 'analytics' AND due.subject = spot::text
                 AND due.at <= event_now),
           coalesce((SELECT worked.generation FROM worked WHERE worked.place = spot), 0)
    FROM unnest(leased) AS spot LEFT JOIN work ON work.place = spot;
END $$;

-- Leases whose worker is gone become marks again, as old as they were.
CREATE FUNCTION expire_leases() RETURNS int LANGUAGE sql AS $$
    WITH gone AS (
        DELETE FROM lease WHERE expires_at <= clock_timestamp() RETURNING place, marks
    ), again AS (
        INSERT INTO mark (place, from_time, to_time, cause, marked_at)
        SELECT place, (entry ->> 0)::timestamptz, (entry ->> 1)::timestamptz, entry ->> 2, (entry ->> 3)::timestamptz
        FROM gone, jsonb_array_elements(marks) AS entry
        RETURNING 1
    ), woken AS (
        SELECT pg_notify('mark', '') FROM gone LIMIT 1
    )
    SELECT count(*)::int FROM gone LEFT JOIN woken ON true;
$$;
