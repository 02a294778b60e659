-- Readings: writing whole batches, repeats, corrections, conflicts; what is set aside.

-- name: staged
-- Of every connection that writes readings.
CREATE TEMPORARY TABLE IF NOT EXISTS staged (
    phenomenon_time timestamptz NOT NULL, result float8 NOT NULL, datastream_id int NOT NULL, flag int NOT NULL,
    batch_id int NOT NULL, n int NOT NULL, revision int NOT NULL
) ON COMMIT DELETE ROWS;

-- name: unstage
-- One transaction may stage several times.
DELETE FROM staged;

-- name: copy
COPY reading (phenomenon_time, result, datastream_id, flag, batch_id) FROM STDIN (FORMAT BINARY);

-- name: copy_staged
COPY staged (phenomenon_time, result, datastream_id, flag, batch_id, n, revision) FROM STDIN (FORMAT BINARY);

-- name: insert_staged
INSERT INTO reading (phenomenon_time, result, datastream_id, flag, batch_id)
SELECT phenomenon_time, result, datastream_id, flag, batch_id FROM staged
ON CONFLICT (datastream_id, phenomenon_time) DO NOTHING;

-- name: insert_few
INSERT INTO reading (phenomenon_time, result, datastream_id, flag, batch_id)
SELECT * FROM unnest(%(time)s::timestamptz[], %(result)s::float8[], %(datastream)s::int[], %(flag)s::int[],
                     %(batch)s::int[])
ON CONFLICT (datastream_id, phenomenon_time) DO NOTHING;

-- name: clashing
-- What was in the table already, in the order of staging: is it the same value, and what does it belong to?
SELECT staged.n, reading.result, reading.flag, reading.batch_id, coalesce(batch.revision, 0),
       EXISTS (SELECT FROM superseded WHERE superseded.datastream_id = staged.datastream_id
               AND superseded.phenomenon_time = staged.phenomenon_time AND superseded.result = staged.result)
FROM staged
JOIN reading ON reading.datastream_id = staged.datastream_id AND reading.phenomenon_time = staged.phenomenon_time
LEFT JOIN batch ON batch.id = reading.batch_id
WHERE reading.phenomenon_time BETWEEN %(first)s AND %(last)s
  AND (reading.batch_id <> staged.batch_id OR reading.result <> staged.result);

-- name: lock_corrections
-- Two workers never correct at once: what wins depends on what is there.
SELECT pg_advisory_xact_lock(x'6e6f6e68'::bigint);

-- name: supersede
INSERT INTO superseded (datastream_id, phenomenon_time, result, flag, batch_id, revision, by_revision, by_batch, superseded_at)
SELECT *, clock_timestamp()
FROM unnest(%(datastream)s::int[], %(time)s::timestamptz[], %(result)s::float8[], %(flag)s::int[], %(batch)s::int[],
            %(revision)s::int[], %(by_revision)s::int[], %(by_batch)s::int[])
ON CONFLICT (datastream_id, phenomenon_time, revision, result) DO NOTHING;

-- name: correct
UPDATE reading SET result = said.result, flag = said.flag, batch_id = said.batch_id
FROM unnest(%(time)s::timestamptz[], %(result)s::float8[], %(datastream)s::int[], %(flag)s::int[], %(batch)s::int[])
     AS said (phenomenon_time, result, datastream_id, flag, batch_id)
WHERE reading.datastream_id = said.datastream_id AND reading.phenomenon_time = said.phenomenon_time
  AND reading.phenomenon_time BETWEEN %(first)s AND %(last)s;

-- name: latest_and_marks
-- In one trip: the newest of datastreams that are ahead of `latest`, and marks for all that changed.
WITH kept AS (
    INSERT INTO latest (datastream_id, phenomenon_time, result, flag, batch_id)
    SELECT * FROM unnest(%(datastream)s::int[], %(time)s::timestamptz[], %(result)s::float8[], %(flag)s::int[], %(batch)s::int[])
    ON CONFLICT (datastream_id) DO UPDATE SET phenomenon_time = excluded.phenomenon_time, result = excluded.result,
        flag = excluded.flag, batch_id = excluded.batch_id
    WHERE latest.phenomenon_time <= excluded.phenomenon_time
)
SELECT append_marks(%(changed)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[], %(cause)s);

-- name: batches
INSERT INTO batch (gateway, boot, stream, sequence, kind, revision, received_at, records, trace)
SELECT * FROM unnest(%(gateway)s::int[], %(boot)s::text[], %(stream)s::text[], %(sequence)s::bigint[], %(kind)s::text[],
                     %(revision)s::int[], %(received_at)s::timestamptz[], %(records)s::int[], %(trace)s::text[])
ORDER BY 1, 2, 3, 4 -- one order for all, lest two transactions with each other's repeats wait for each other
ON CONFLICT (gateway, boot, stream, sequence) WHERE sequence >= 0 DO NOTHING
RETURNING id, gateway, boot, stream, sequence;

-- name: batch_of
SELECT id FROM batch
WHERE gateway = %(gateway)s AND boot = %(boot)s AND stream = %(stream)s AND sequence = %(sequence)s AND sequence >= 0;

-- name: set_aside
INSERT INTO set_aside (gateway, boot, stream, sequence, record, reason, detail, station, content_type, payload,
                       payload_sha256, received_at)
VALUES (%(gateway)s, %(boot)s, %(stream)s, %(sequence)s, %(record)s, %(reason)s, %(detail)s, %(station)s,
        %(content_type)s, %(payload)s, %(sha256)s, %(received_at)s)
ON CONFLICT DO NOTHING;

-- name: dropped
INSERT INTO dropped (gateway, batch_id, number, boot, stream, first_sequence, last_sequence, station, datastream,
                     first_time, last_time, readings)
VALUES (%(gateway)s, %(batch)s, %(number)s, %(boot)s, %(stream)s, %(first_sequence)s, %(last_sequence)s, %(station)s,
        %(datastream)s, %(first_time)s, %(last_time)s, %(readings)s)
ON CONFLICT DO NOTHING;

-- name: audit
INSERT INTO audit (who, action, subject, detail) VALUES (%(who)s, %(action)s, %(subject)s, %(detail)s);
