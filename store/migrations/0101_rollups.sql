-- Rollups of our own, in both editions: 15 minutes, hours and local days, by class of flag, refreshed for exactly the
-- buckets that something touched.
-- Class 1: good or not evaluated; 3: suspect; 4: failed. Readings flagged as missing (9) are in none.
CREATE TABLE rollup_quarter (
    datastream_id int NOT NULL,
    bucket timestamptz NOT NULL, -- start of 15 minutes
    class smallint NOT NULL,
    count int NOT NULL,
    sum double precision NOT NULL,
    minimum double precision NOT NULL,
    maximum double precision NOT NULL,
    squares double precision NOT NULL, -- sum of squares
    east double precision NOT NULL,    -- of directions: sum of sines, of cosines; 0 for other quantities
    north double precision NOT NULL,
    last double precision NOT NULL,    -- the latest value
    PRIMARY KEY (datastream_id, bucket, class)
);
SELECT create_hypertable('rollup_quarter', by_range('bucket', INTERVAL '90 days'), create_default_indexes => false);
CREATE TABLE rollup_hour (LIKE rollup_quarter INCLUDING INDEXES);
SELECT create_hypertable('rollup_hour', by_range('bucket', INTERVAL '1 year'), create_default_indexes => false);
CREATE TABLE rollup_day (LIKE rollup_quarter INCLUDING INDEXES); -- bucket: start of the place's local day
SELECT create_hypertable('rollup_day', by_range('bucket', INTERVAL '10 years'), create_default_indexes => false);
