-- name: episodes
SELECT alert.rule, place.code, extract(epoch FROM alert.started)::bigint,
       extract(epoch FROM coalesce(alert.ended, %(now)s))::bigint
FROM alert JOIN place ON place.id = alert.place
WHERE alert.state <> 'cancelled' AND alert.basis = 'observed' AND alert.rule = %(rule)s
  AND alert.started < %(last)s AND coalesce(alert.ended, 'infinity') > %(first)s AND alert.level >= %(level)s
ORDER BY alert.started;

-- name: monitored
-- Every rule about the weather, the water and the crops: what it is held against, days that came of those, and what was said.
SELECT catalogue.name AS rule, catalogue.entry #>> '{monitor,index}' AS index,
       count(day.rule) AS days,
       count(*) FILTER (WHERE day.came AND day.warned) AS hits,
       count(*) FILTER (WHERE day.came AND NOT day.warned) AS misses,
       count(*) FILTER (WHERE day.warned AND NOT day.came) AS false_alarms,
       count(*) FILTER (WHERE day.came AND day.in_time) AS in_time
FROM catalogue
LEFT JOIN (SELECT rule_day.* FROM rule_day JOIN place ON place.id = rule_day.place
           WHERE (%(code)s::text IS NULL OR place.code = %(code)s)
             AND rule_day.time >= %(first)s AND rule_day.time < %(last)s) AS day ON day.rule = catalogue.name
WHERE catalogue.kind = 'rule' AND catalogue.entry ->> 'hazard' <> 'network'
  AND (%(rule)s::text IS NULL OR catalogue.name = %(rule)s)
GROUP BY 1, 2 ORDER BY 1;

-- name: eves
-- What was said of a morrow by persistence, and the value of that day in the alert: none where the alert was over by then.
-- A morrow that is not over is left out.
SELECT alert.rule, step.level, (alert.values -> 'by_day' ->> (step.values ->> 'eve'))::float8 AS value
FROM alert_step AS step JOIN alert ON alert.id = step.alert JOIN place ON place.id = alert.place
WHERE step.values ? 'eve' AND step.kind = 'renew' AND (%(code)s::text IS NULL OR place.code = %(code)s)
  AND step.known_at >= %(first)s AND step.known_at < %(last)s
  AND ((step.values ->> 'eve')::date + 1)::timestamp AT TIME ZONE place.time_zone <= %(now)s
ORDER BY step.id;

-- name: forecasts
-- Each forecast beside what was measured in the hour of its time, and in the hour of its issue.
SELECT forecast.quantity, extract(epoch FROM forecast.valid_time - forecast.reference_time)::bigint / 86400 AS days_ahead,
       forecast.value,
       (SELECT avg(reading.result) FROM reading JOIN spoken_for ON spoken_for.datastream = reading.datastream_id
        JOIN datastream ON datastream.id = reading.datastream_id
        WHERE spoken_for.place = forecast.place AND datastream.quantity = forecast.quantity AND reading.flag & 255 < 3
          AND reading.phenomenon_time >= forecast.valid_time
          AND reading.phenomenon_time < forecast.valid_time + interval '1 hour') AS observed,
       (SELECT avg(reading.result) FROM reading JOIN spoken_for ON spoken_for.datastream = reading.datastream_id
        JOIN datastream ON datastream.id = reading.datastream_id
        WHERE spoken_for.place = forecast.place AND datastream.quantity = forecast.quantity AND reading.flag & 255 < 3
          AND reading.phenomenon_time > forecast.reference_time - interval '1 hour'
          AND reading.phenomenon_time <= forecast.reference_time) AS persistence
FROM forecast JOIN place ON place.id = forecast.place
WHERE (%(code)s::text IS NULL OR place.code = %(code)s) AND forecast.valid_time >= %(first)s
  AND forecast.valid_time < %(last)s;

-- name: index_forecasts
-- Each index value of a forecast beside what was observed of its day, and of the last day before its issue.
SELECT ahead.index, greatest(0, ceil(extract(epoch FROM ahead.time - ahead.reference_time) / 86400))::int AS days_ahead,
       ahead.value, came.value AS observed, last.value AS persistence
FROM indexed AS ahead
JOIN place ON place.id = ahead.place
JOIN indexed AS came ON came.place = ahead.place AND came.index = ahead.index AND came.subject = ahead.subject
 AND came.reference_time = '-infinity' AND came.time = ahead.time
LEFT JOIN LATERAL (
    SELECT before.value FROM indexed AS before
    WHERE before.place = ahead.place AND before.index = ahead.index AND before.subject = ahead.subject
      AND before.reference_time = '-infinity' AND before.time <= ahead.reference_time - interval '24 hours'
      AND before.time > ahead.reference_time - interval '72 hours'
    ORDER BY before.time DESC LIMIT 1
) AS last ON true
WHERE isfinite(ahead.reference_time) AND (%(code)s::text IS NULL OR place.code = %(code)s)
  AND ahead.time >= %(first)s AND ahead.time < %(last)s;
