-- Checks of the tables: what may be wrong and how large things are.

-- name: orphan_readings
-- Readings whose datastream is not registered, by datastream (newest chunks first would not find old ones: all).
SELECT datastream_id, count(*) FROM reading
WHERE NOT EXISTS (SELECT FROM datastream WHERE datastream.id = reading.datastream_id)
GROUP BY datastream_id ORDER BY datastream_id LIMIT 20;

-- name: silent_datastreams
SELECT count(*) FROM datastream WHERE NOT EXISTS (SELECT FROM latest WHERE latest.datastream_id = datastream.id);

-- name: latest_behind
-- `latest` must not be older than the newest reading.
SELECT latest.datastream_id FROM latest
JOIN LATERAL (SELECT phenomenon_time FROM reading WHERE reading.datastream_id = latest.datastream_id
              ORDER BY phenomenon_time DESC LIMIT 1) AS newest ON true
WHERE newest.phenomenon_time > latest.phenomenon_time LIMIT 20;

-- name: chunks
SELECT count(*), count(*) FILTER (WHERE range_end > now() + interval '60 days'), min(range_start), max(range_end)
FROM timescaledb_information.chunks WHERE hypertable_name = 'reading';

-- name: invalid_indexes
SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid;

-- name: gateways_with_gaps
WITH span AS (
    SELECT gateway, boot, stream, max(sequence) - min(sequence) + 1 - count(*) AS missing
    FROM batch WHERE sequence >= 0 GROUP BY gateway, boot, stream
)
SELECT gateway.code, sum(span.missing)::bigint FROM span JOIN gateway ON gateway.id = span.gateway
WHERE span.missing > 0 GROUP BY gateway.code ORDER BY 2 DESC LIMIT 20;

-- name: aside
SELECT reason, count(*) FROM set_aside WHERE replayed_at IS NULL GROUP BY reason ORDER BY 2 DESC;

-- name: size
SELECT pg_database_size(current_database()), coalesce(hypertable_size('reading'), 0),
       coalesce(approximate_row_count('reading'), 0);

-- name: rate
-- Readings received in the last day of real time, for the disk forecast.
SELECT coalesce(sum(records), 0)::bigint FROM batch WHERE received_at > now() - interval '1 day';

-- name: outlines
SELECT code, geometry, longitude FROM place WHERE geometry IS NOT NULL ORDER BY code;

-- name: running
-- Processes of the platform that are connected, of those named.
SELECT name, count(*) FROM pg_stat_activity JOIN unnest(%(names)s::text[]) AS name
  ON application_name = 'nongvu-' || name OR application_name LIKE 'nongvu-' || name || '-%%'
WHERE datname = current_database() AND pid <> pg_backend_pid()
GROUP BY name ORDER BY name;
