-- Rollups that cost a tenth: no quarters of an hour where readings come every five minutes or more seldom (a picture by
-- quarters reads the readings, of which there are fewer), and the hours of days that have closed as one row of arrays.
-- Hours of today and yesterday stay rows in rollup_hour, since they change with every reading.
CREATE TABLE rollup_hours (
    datastream_id int NOT NULL,
    day timestamptz NOT NULL, -- start of the place's local day
    class smallint NOT NULL,
    -- Which hours: 0 is the first whole hour of UTC that begins within the day. NULL: 0, 1, 2, ... without a gap.
    hours smallint[],
    counts int[] NOT NULL,
    sums double precision[] NOT NULL,
    minima double precision[] NOT NULL,
    maxima double precision[] NOT NULL,
    easts double precision[],  -- of directions only
    norths double precision[],
    lasts double precision[],  -- of quantities whose latest value counts only
    PRIMARY KEY (datastream_id, day, class)
);
SELECT create_hypertable('rollup_hours', by_range('day', INTERVAL '1 year'), create_default_indexes => false);
SELECT set_chunk_time_interval('rollup_day', INTERVAL '1 year');

-- Whether a datastream has quarters; where there is no row, nobody knows yet how often its readings come, and it has none.
CREATE TABLE rollup_grain (
    datastream_id int PRIMARY KEY REFERENCES datastream ON DELETE CASCADE,
    quarters boolean NOT NULL,
    leftover boolean NOT NULL DEFAULT false -- it had quarters, which are still to be removed
);
-- So far every datastream had them; `store.rollup.close` looks at each.
INSERT INTO rollup_grain (datastream_id, quarters) SELECT id, true FROM datastream;

-- Room for updates in place: hours and days change with every reading until they close.
ALTER TABLE rollup_quarter SET (fillfactor = 80);
ALTER TABLE rollup_hour SET (fillfactor = 70);
ALTER TABLE rollup_day SET (fillfactor = 70);
