-- Retention: raw readings that are old enough to go; rollups, indices, alerts and messages stay.

-- name: edition
SELECT current_setting('timescaledb.license', true);

-- name: policy
-- The Community edition's own job; the Apache edition has the view, and nothing in it.
SELECT (config ->> 'drop_after')::interval FROM timescaledb_information.jobs
WHERE proc_name = 'policy_retention' AND hypertable_name = 'reading';

-- name: forget_policy
SELECT remove_retention_policy('reading', if_exists => true);

-- name: set_policy
SELECT add_retention_policy('reading', make_interval(days => %(days)s));

-- name: old_chunks
SELECT show_chunks('reading', older_than => %(limit)s::timestamptz)::text;

-- name: drop_chunks
SELECT drop_chunks('reading', older_than => %(limit)s::timestamptz);
