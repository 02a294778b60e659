-- Standalone: what `nongvu up` and `nongvu doctor` ask of the tables.

-- name: admitted
SELECT code FROM gateway WHERE NOT revoked AND code <> 'api' ORDER BY code;

-- name: server
SELECT current_setting('server_version') AS version, current_setting('synchronous_commit') AS synchronous_commit,
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescaledb,
       (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb') AS offered,
       current_setting('timescaledb.license', true) AS license, clock_timestamp() AS now;

-- name: waiting
-- Seconds of real time that the oldest mark has waited, leases past their time, deliveries on their way.
-- Not of places that are set apart: `uncomputed` tells of them.
SELECT (SELECT count(*) FROM mark WHERE place NOT IN (SELECT place FROM lease WHERE worker = 'set apart')) AS marks,
       (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(marked_at)), 0)::float8 FROM mark
        WHERE isfinite(marked_at) AND place NOT IN (SELECT place FROM lease WHERE worker = 'set apart')) AS oldest,
       (SELECT count(*) FROM lease WHERE expires_at < clock_timestamp()) AS leases,
       (SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending')) AS sending,
       (SELECT count(*) FROM delivery WHERE state IN ('failed', 'doubtful')) AS failed,
       (SELECT count(*) FROM due WHERE at <= %(now)s) AS due;

-- name: troubled
-- How many workers of an owner live, and what those say that goes wrong with them.
SELECT count(*), coalesce(array_agg(worker.name || ': ' || worker.trouble ORDER BY worker.name)
                          FILTER (WHERE worker.trouble <> ''), '{}') AS troubles
FROM worker WHERE owner = %(owner)s AND name = ANY (live_workers(%(owner)s));

-- name: gateways
-- Of every gateway: whether it is online, when it last said so, readings that wait there, latest reading of its stations.
SELECT gateway.code, told_truth(gateway.status, 'online') AS online, gateway.status_at,
       coalesce(told_whole(gateway.status, 'waiting'), 0) AS waiting, told_number(gateway.status, 'clock_offset') AS "offset",
       (SELECT max(latest.phenomenon_time) FROM gateway_station
        JOIN datastream ON datastream.place = gateway_station.station
        JOIN latest ON latest.datastream_id = datastream.id
        WHERE gateway_station.gateway = gateway.id AND gateway_station.valid_to = 'infinity') AS latest,
       gateway.status
FROM gateway WHERE NOT gateway.revoked AND gateway.code <> 'api' ORDER BY gateway.code;

-- name: processes
-- Which of these processes have a connection; each names itself nongvu-<process>….
SELECT DISTINCT name FROM pg_stat_activity JOIN unnest(%(names)s::text[]) AS name ON application_name LIKE 'nongvu-' || name || '%%'
WHERE datname = current_database();

-- name: signs
-- What each process left behind: when the last pack came, the oldest step that is to be told, the oldest mark.
SELECT (SELECT received_at FROM batch ORDER BY id DESC LIMIT 1) AS last_pack,
       (SELECT min(at) FROM due WHERE owner = 'notify' AND at <= %(now)s) AS oldest_step,
       (SELECT min(marked_at) FROM mark WHERE isfinite(marked_at)
        AND place NOT IN (SELECT place FROM lease WHERE worker = 'set apart')) AS oldest_mark;

-- name: overdue
-- How many things of an owner were due before a moment, and when the first of them; not of places that are set apart.
SELECT count(*), min(at) AS first FROM due
WHERE owner = %(owner)s AND at <= %(before)s
  AND NOT (owner = 'analytics' AND topic IN (SELECT place::text FROM lease WHERE worker = 'set apart'));

-- name: ended
-- Stations that stopped for good, with the day of it: as was said, or heard last over 400 days ago.
SELECT code, to_char(coalesce(ended, heard) AT TIME ZONE time_zone, 'YYYY-MM-DD') AS day FROM (
    SELECT place.code, place.time_zone, station_ended(place.id) AS ended,
           (SELECT max(latest.phenomenon_time) FROM datastream JOIN latest ON latest.datastream_id = datastream.id
            WHERE datastream.place = place.id) AS heard
    FROM place WHERE place.kind = 'station') AS station
WHERE (ended <= %(now)s AND (heard IS NULL OR heard <= ended + interval '1 day')) OR heard < %(now)s - interval '400 days'
ORDER BY code;

-- name: people
SELECT (SELECT count(*) FROM place WHERE kind = 'station') AS stations,
       (SELECT count(*) FROM subscriber) AS subscribers;
