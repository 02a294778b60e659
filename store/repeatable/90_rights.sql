-- Rights: each process has its own least role; the owner of the tables is none of them. Repeated at every migration.
-- Login users are made by 'nongvu store user' (store/roles.py), as members of one of these.
DO $$
DECLARE
    one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['nongvu_ingest', 'nongvu_analytics', 'nongvu_notify', 'nongvu_api',
                               'chart_reader', 'chart_public_reader'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = one) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', one);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- roles belong to the server: another database was migrated at this very moment
        WHEN insufficient_privilege THEN
            RAISE WARNING 'role % is missing and could not be made: ask the server''s administrator', one;
        END;
    END LOOP;
END $$;

-- Nobody has anything that was not given.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        -- Chunks are reached by name (timescaledb #7830), so whoever may read a hypertable reads all of it: readers get
        -- views alone, and no right on any hypertable. Taking USAGE on _timescaledb_internal from them as well makes
        -- TimescaleDB 2.19 refuse even their queries on PostgreSQL's own catalogue.
        GRANT USAGE ON SCHEMA _timescaledb_internal TO PUBLIC;
    END IF;
END $$;

-- Functions of the server and of TimescaleDB that hold, change, wait or reach further (advisory locks, large objects,
-- notifications, sleeping, other sessions, settings): by default everybody may call them. Here the processes may, readers
-- may not: everything volatile but what only tells the time or draws numbers, and what is volatile though it is not
-- called so. A list of what is forbidden would miss the next one; tests/store/test_store_readers.py lists every function
-- that a reader may execute.
DO $$
DECLARE
    one record;
BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RETURN;
    END IF;
    FOR one IN
        SELECT p.oid, format('%s %I.%I(%s)', CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, n.nspname,
                             p.proname, pg_get_function_identity_arguments(p.oid)) AS named
        FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE (n.nspname IN ('pg_catalog', 'information_schema') OR n.nspname LIKE '%timescaledb%')
          AND p.prokind IN ('f', 'p')
          AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS given
                      WHERE given.grantee = 0 AND given.privilege_type = 'EXECUTE')
          AND (p.provolatile = 'v' AND p.proname <> ALL (ARRAY['clock_timestamp', 'random', 'random_normal', 'setseed',
                   'timeofday', 'gen_random_uuid', 'uuidv4', 'uuidv7', 'nextval', 'currval', 'lastval', 'setval'])
               OR p.proname ~ '(xact_id|txid_current|snapshot)$' OR p.proname ~ '_to_xml|_workers?$|^lo_|stat_reset')
          -- not called by name: triggers, and what the server calls for types and operators
          AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
          AND 'internal'::regtype <> ALL (p.proargtypes::oid[]::regtype[])
          AND NOT EXISTS (SELECT FROM pg_type AS t WHERE p.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend,
                                                                  t.typmodin, t.typmodout))
          AND NOT EXISTS (SELECT FROM pg_operator AS o WHERE o.oprcode = p.oid)
    LOOP
        EXECUTE format('REVOKE EXECUTE ON %s FROM PUBLIC', one.named);
        EXECUTE format('GRANT EXECUTE ON %s TO nongvu_ingest, nongvu_analytics, nongvu_notify, nongvu_api', one.named);
    END LOOP;
END $$;

DO $$
DECLARE
    processes text[] := ARRAY['nongvu_ingest', 'nongvu_analytics', 'nongvu_notify', 'nongvu_api'];
    -- People: only those who deal with them.
    personal text[] := ARRAY['account', 'session', 'api_key', 'key_usage', 'membership'];
    subscribers text[] := ARRAY['subscriber', 'subscriber_place', 'consent', 'consent_event', 'personal', 'delivery',
                                'delivery_step', 'delivery_part', 'inbound', 'broadcast'];
    tables record;
    right_given record;
    one text;
BEGIN
    FOREACH one IN ARRAY processes || ARRAY['chart_reader', 'chart_public_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = one) THEN
            RETURN;
        END IF;
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), one);
    END LOOP;
    FOREACH one IN ARRAY processes LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', one);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM %I', one);
        EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO %I', one);
    END LOOP;
    -- a worker's own staging table
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO nongvu_ingest, nongvu_analytics', current_database());

    FOR tables IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'p', 'm')
    LOOP
        IF tables.relname = ANY(personal) THEN
            EXECUTE format('GRANT SELECT ON %I TO nongvu_api', tables.relname);
        ELSIF tables.relname = ANY(subscribers) THEN
            EXECUTE format('GRANT SELECT ON %I TO nongvu_api, nongvu_notify', tables.relname);
        ELSE
            EXECUTE format('GRANT SELECT ON %I TO nongvu_ingest, nongvu_analytics, nongvu_notify, nongvu_api', tables.relname);
        END IF;
    END LOOP;

    -- who, what, on which tables
    FOR right_given IN SELECT * FROM (VALUES
        ('nongvu_ingest', 'INSERT', ARRAY['batch', 'reading', 'latest', 'superseded', 'set_aside', 'dropped', 'datastream',
                                          'deployment', 'mark', 'touched', 'audit', 'forecast', 'due']),
        ('nongvu_ingest', 'UPDATE', ARRAY['reading', 'latest', 'set_aside', 'datastream', 'deployment', 'gateway', 'command',
                                          'gateway_config', 'forecast']),
        ('nongvu_analytics', 'INSERT, UPDATE, DELETE',
            ARRAY['mark', 'lease', 'worker', 'touched', 'worked', 'due', 'verdict', 'index_value', 'index_state', 'index_name', 'index_method', 'alert', 'alert_step',
                  'request', 'rollup_quarter', 'rollup_hour', 'rollup_hours', 'rollup_grain', 'rollup_day', 'forecast',
                  'sequence_course', 'sequence_cursor',
                  'gateway_trouble', 'unjudged', 'uncomputed', 'area_mark', 'area_day', 'area_day_changed', 'area_station',
                  'area_lease']),
        ('nongvu_analytics', 'INSERT', ARRAY['audit']),
        ('nongvu_notify', 'INSERT, UPDATE, DELETE',
            ARRAY['subscriber', 'subscriber_place', 'consent', 'personal', 'delivery', 'delivery_step', 'delivery_part',
                  'bundle', 'bundle_step', 'bulletin', 'document', 'inbound', 'approval', 'acknowledgement', 'broadcast', 'due',
                  'route_budget']),
        ('nongvu_notify', 'INSERT', ARRAY['audit', 'mark', 'consent_event']),
        ('nongvu_api', 'INSERT, UPDATE, DELETE',
            ARRAY['account', 'session', 'api_key', 'key_usage', 'membership', 'season', 'verdict', 'rule_setting', 'feeds', 'request',
                  'acknowledgement', 'approval', 'subscriber', 'subscriber_place', 'consent', 'personal', 'place',
                  'gateway_station']),
        ('nongvu_api', 'INSERT, UPDATE', ARRAY['inbound', 'command', 'gateway_config', 'gateway', 'delivery', 'document',
                                               'bulletin', 'due', 'forecast']),
        ('nongvu_api', 'INSERT', ARRAY['audit', 'mark', 'touched', 'consent_event'])
    ) AS matrix (who, what, tables)
    LOOP
        FOREACH one IN ARRAY right_given.tables LOOP
            IF to_regclass('public.' || quote_ident(one)) IS NOT NULL THEN
                EXECUTE format('GRANT %s ON %I TO %I', right_given.what, one, right_given.who);
            END IF;
        END LOOP;
    END LOOP;

    -- telephone numbers and names stand in a schema of their own
    IF to_regnamespace('personal') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA personal TO nongvu_notify, nongvu_api;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA personal TO nongvu_notify, nongvu_api;
        GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA personal TO nongvu_notify, nongvu_api;
    END IF;

    GRANT EXECUTE ON FUNCTION end_long_chart_sessions() TO nongvu_analytics;

    -- people who look: only their schema, and not for ever
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM chart_reader, chart_public_reader;
    IF to_regnamespace('chart') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA chart TO chart_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA chart TO chart_reader;
        GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA chart TO chart_reader;
    END IF;
    IF to_regnamespace('chart_public') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA chart_public TO chart_public_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA chart_public TO chart_public_reader;
        GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA chart_public TO chart_public_reader;
    END IF;
END $$;
