-- What TimescaleDB's Community edition adds; the Apache edition goes without, and readers see the same in both.
-- Looked at again at every migration, so that a change of edition takes effect.
DO $$
DECLARE
    rollup text;
BEGIN
    IF current_setting('timescaledb.license', true) IS DISTINCT FROM 'timescale' THEN
        RETURN;
    END IF;
    IF NOT (SELECT compression_enabled FROM timescaledb_information.hypertables
            WHERE hypertable_schema = 'public' AND hypertable_name = 'reading') THEN
        ALTER TABLE reading SET (timescaledb.compress, timescaledb.compress_segmentby = 'datastream_id',
                                 timescaledb.compress_orderby = 'phenomenon_time');
    END IF;
    -- Gateways that were away come back within a month nearly always; later ones write into compressed chunks, slower.
    PERFORM add_compression_policy('reading', INTERVAL '35 days', if_not_exists => true);
    -- Rollups age with their readings; each chunk spans months, so its policy looks at what lies a chunk behind.
    FOREACH rollup IN ARRAY ARRAY['rollup_quarter', 'rollup_hour', 'rollup_hours', 'rollup_day'] LOOP
        IF NOT (SELECT compression_enabled FROM timescaledb_information.hypertables
                WHERE hypertable_schema = 'public' AND hypertable_name = rollup) THEN
            EXECUTE format('ALTER TABLE %I SET (timescaledb.compress, timescaledb.compress_segmentby = %L,'
                           ' timescaledb.compress_orderby = %L)', rollup, 'datastream_id, class',
                           CASE rollup WHEN 'rollup_hours' THEN 'day' ELSE 'bucket' END);
        END IF;
        PERFORM add_compression_policy(rollup::regclass, INTERVAL '35 days', if_not_exists => true);
    END LOOP;
    -- Half a year: a correction, a rule's new settings or a season's recompute its index values, seldom those of older ones.
    IF NOT (SELECT compression_enabled FROM timescaledb_information.hypertables
            WHERE hypertable_schema = 'public' AND hypertable_name = 'index_value') THEN
        ALTER TABLE index_value SET (timescaledb.compress, timescaledb.compress_segmentby = 'place, subject, index',
                                     timescaledb.compress_orderby = 'reference_time, time');
    END IF;
    PERFORM add_compression_policy('index_value', INTERVAL '180 days', if_not_exists => true);
END $$;
