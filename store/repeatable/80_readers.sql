-- Ends sessions of people who look that outlast their limits. A user may lift the settings of the role
-- (SET statement_timeout = 0), so somebody else has to look: analytics does, every few seconds. The owner's rights are
-- needed for it, so it ends nothing but sessions of direct members of the chart roles.
CREATE OR REPLACE FUNCTION end_long_chart_sessions() RETURNS TABLE (who text, seconds double precision, why text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH told AS (
        SELECT r.oid, split_part(setting, '=', 1) AS name, split_part(setting, '=', 2) AS value
        FROM pg_roles AS r, unnest(r.rolconfig) AS setting
    ), readers AS (
        -- what store/roles.py set, in milliseconds; a role's own where somebody took it away or wrote it otherwise
        SELECT DISTINCT ON (r.oid) r.oid,
               coalesce((SELECT value::float8 FROM told WHERE told.oid = r.oid AND name = 'statement_timeout'
                         AND value ~ '^[1-9][0-9]{0,8}$'), usual.query) / 1000 AS query,
               coalesce((SELECT value::float8 FROM told WHERE told.oid = r.oid
                         AND name = 'idle_in_transaction_session_timeout'
                         AND value ~ '^[1-9][0-9]{0,8}$'), usual.idle) / 1000 AS idle
        FROM (VALUES ('chart_reader', 20000.0, 30000.0), ('chart_public_reader', 5000.0, 10000.0))
            AS usual (role, query, idle)
        JOIN pg_roles AS upper ON upper.rolname = usual.role
        JOIN pg_auth_members AS m ON m.roleid = upper.oid
        JOIN pg_roles AS r ON r.oid = m.member AND NOT r.rolsuper
        ORDER BY r.oid, usual.query
    ), sessions AS (
        SELECT a.pid, a.usename::text AS who, readers.query, readers.idle,
               CASE WHEN a.state = 'active' THEN extract(epoch FROM clock_timestamp() - a.query_start)::float8 END AS running,
               CASE WHEN a.state LIKE 'idle in transaction%'
                    THEN extract(epoch FROM clock_timestamp() - a.state_change)::float8 END AS idling,
               extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS open
        FROM pg_stat_activity AS a JOIN readers ON readers.oid = a.usesysid
        WHERE a.datname = current_database() AND a.backend_type = 'client backend'
    ), long AS MATERIALIZED ( -- else whoever is looked at would be ended first
        -- a second more, so that who keeps the limit hears of it by a readable error
        SELECT pid, who, CASE WHEN running > query + 1 THEN running WHEN idling > idle + 1 THEN idling ELSE open END AS seconds,
               CASE WHEN running > query + 1 THEN 'query' WHEN idling > idle + 1 THEN 'idle in transaction'
                    ELSE 'transaction' END AS why
        FROM sessions WHERE running > query + 1 OR idling > idle + 1 OR open > query + idle + 1
    )
    SELECT who, seconds, why FROM long WHERE pg_terminate_backend(pid)
$$;
REVOKE EXECUTE ON FUNCTION end_long_chart_sessions() FROM PUBLIC;
