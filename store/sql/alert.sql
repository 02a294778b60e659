-- name: current
-- Episodes of places that are open, or ended at or after each place's moment; cancelled ones are history.
SELECT alert.id, alert.rule, alert.place, alert.subject, alert.basis, alert.state, alert.started, alert.ended,
       alert.course, alert.values,
       said.steps, newest.expires, newest.through, people.at AS people_at, people.through AS people_through,
       people.worst AS people_worst, alert.level, alert.successor
FROM unnest(%(places)s::int[], %(from_times)s::timestamptz[]) AS span (place, from_time)
JOIN alert ON alert.place = span.place AND alert.state <> 'cancelled'
 AND (alert.ended IS NULL OR alert.ended >= span.from_time)
CROSS JOIN LATERAL (SELECT coalesce(max(number), 0) AS steps FROM alert_step WHERE alert_step.alert = alert.id) AS said
LEFT JOIN LATERAL (SELECT expires, values ->> 'through' AS through FROM alert_step
                   WHERE alert_step.alert = alert.id AND number = said.steps) AS newest ON true
LEFT JOIN LATERAL (SELECT known_at AS at, values ->> 'through' AS through, (values ->> 'worst')::float8 AS worst
                   FROM alert_step WHERE alert_step.alert = alert.id AND NOT stale AND kind <> 'extend'
                   ORDER BY number DESC LIMIT 1) AS people ON true
ORDER BY alert.started, alert.id;

-- name: change
-- Former episodes become what is known now. Run for those that close before those that open.
UPDATE alert SET state = changed.state, level = changed.level, started = changed.started, ended = changed.ended,
                 course = changed.course, values = changed.values
FROM jsonb_to_recordset(%(alerts)s::jsonb) AS changed (id bigint, state text, level int, started timestamptz,
                                                       ended timestamptz, course jsonb, values jsonb)
WHERE alert.id = changed.id;

-- name: open
INSERT INTO alert (rule, hazard, place, subject, basis, state, level, started, ended, course, values)
SELECT rule, hazard, place, subject, basis, state, level, started, ended, course, values
FROM jsonb_to_recordset(%(alerts)s::jsonb) AS opened (rule text, hazard text, place int, subject int, basis text,
     state text, level int, started timestamptz, ended timestamptz, course jsonb, values jsonb)
RETURNING id, rule, place, subject, basis, started;

-- name: cancel
UPDATE alert SET state = 'cancelled', ended = coalesce(ended, %(now)s)
WHERE id = ANY (%(ids)s);

-- name: succeed
-- Names the episode that took another's place.
UPDATE alert SET successor = given.successor
FROM unnest(%(ids)s::bigint[], %(successors)s::bigint[]) AS given (id, successor) WHERE alert.id = given.id;

-- name: say
-- Appends steps, and in the same transaction tells notify of each that is not mere history. A step's trace is that of the newest pack with a latest
-- value that speaks for the place: the one that the step answers, where it is no late one.
WITH said AS (
    INSERT INTO alert_step (alert, number, kind, level, at, known_at, expires, stale, values, texts, trace)
    SELECT alert, number, kind, level, at, known_at, expires, stale, values, texts,
           coalesce((SELECT batch.trace FROM alert AS of_place
                     JOIN spoken_for ON spoken_for.place = of_place.place
                     JOIN latest ON latest.datastream_id = spoken_for.datastream
                     JOIN batch ON batch.id = latest.batch_id
                     WHERE of_place.id = step.alert AND step.known_at < spoken_for.valid_to
                     ORDER BY batch.id DESC LIMIT 1), '')
    FROM jsonb_to_recordset(%(steps)s::jsonb) AS step (alert bigint, number int, kind text, level int, at timestamptz,
         known_at timestamptz, expires timestamptz, stale boolean, values jsonb, texts jsonb)
    RETURNING id, alert, number, kind, level, trace, known_at
), history AS (
    -- Long over, and never told to anybody while it was not: nothing of it is sent or published.
    SELECT past.alert, past.number
    FROM jsonb_to_recordset(%(steps)s::jsonb) AS past (alert bigint, number int, past boolean)
    WHERE past.past AND NOT EXISTS (SELECT FROM alert_step AS earlier
                                    WHERE earlier.alert = past.alert AND earlier.number < past.number
                                      AND NOT coalesce((earlier.values ->> 'past')::boolean, false))
), told AS (
    INSERT INTO due (at, owner, kind, topic) SELECT known_at, 'notify', 'step', id::text FROM said
    WHERE NOT EXISTS (SELECT FROM history WHERE history.alert = said.alert AND history.number = said.number)
)
SELECT alert, kind, level, trace FROM said, (SELECT pg_notify('step', '')) AS woken;
