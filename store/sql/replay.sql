-- Replay: what `nongvu demo` asks of the tables.

-- name: waiting
-- What is still to be worked on before the clock may go on; all zero when a tick is passed.
-- A place that is set apart keeps nobody waiting.
SELECT (SELECT count(*) FROM mark WHERE place NOT IN (SELECT place FROM lease WHERE worker = 'set apart')) AS marks,
       (SELECT count(*) FROM lease WHERE worker <> 'set apart') AS leases,
       (SELECT count(*) FROM due WHERE at <= %(tick)s
        AND NOT (owner = 'analytics' AND topic IN (SELECT place::text FROM lease WHERE worker = 'set apart'))) AS due,
       (SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending')) AS deliveries;

-- name: waiting_detail
-- In words, for the log when a tick takes too long.
SELECT 'due ' || owner || ' ' || kind || ' ' || topic || ' at ' || at FROM due WHERE at <= %(tick)s
UNION ALL SELECT 'mark at place ' || place || ' ' || from_time || ' to ' || to_time || ' ' || cause FROM mark
UNION ALL SELECT 'delivery ' || id || ' ' || state FROM delivery WHERE state IN ('queued', 'sending')
UNION ALL SELECT 'lease at place ' || place || ' by ' || worker FROM lease
LIMIT 8;

-- name: stored
SELECT (SELECT count(*) FROM reading) AS readings,
       (SELECT count(*) - count(DISTINCT (datastream_id, phenomenon_time)) FROM reading) AS duplicates,
       (SELECT count(*) FROM set_aside) AS set_aside,
       (SELECT count(*) FROM alert_step WHERE kind = 'open') AS alerts_opened,
       (SELECT count(*) FROM delivery WHERE state IN ('sent', 'delivered')) AS messages_sent;

-- name: episodes
-- Every alert that holds or held, as people see it: what order of arrival cannot change.
SELECT alert.rule, place.code, alert.started, alert.ended, alert.course
FROM alert JOIN place ON place.id = alert.place
WHERE alert.state <> 'cancelled'
ORDER BY alert.rule, place.code, alert.started;
