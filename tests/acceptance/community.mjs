// What is asked of TimescaleDB's Community edition; prints what was found.
import { migrated, statement } from './migrated.mjs'

const store = process.argv[2]
const db = await migrated(store)
const one = async (query, values) => Object.values((await db.query(query, values)).rows[0])[0]
const found = {}
found.license = await one('SHOW timescaledb.license')
found.version = await one("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
found.policies = (await db.query("SELECT proc_name FROM timescaledb_information.jobs WHERE hypertable_name = 'reading' ORDER BY 1")).rows.map((row) => row.proc_name)

await db.exec(`
  INSERT INTO place (code, kind, name) VALUES ('s', 'station', 's');
  INSERT INTO datastream (place, quantity, interval_seconds) SELECT id, q, 60 FROM place, unnest(ARRAY['air_temperature', 'relative_humidity', 'precipitation', 'wind_speed']) q;
  INSERT INTO gateway (code) VALUES ('g');
  INSERT INTO batch (gateway, received_at) SELECT id, '2026-01-01' FROM gateway WHERE code = 'g';
  INSERT INTO reading
  SELECT t, round((20 + 8 * sin(extract(epoch FROM t) / 86400 * 2 * pi() + d))::numeric, 1), d, 1, 1
  FROM generate_series('2025-03-06'::timestamptz, '2025-03-19 23:59', '1 minute') t, generate_series(1, 4) d;
`)
const rows = Number(await one('SELECT count(*) FROM reading'))
const before = await one('SELECT sum(hashtextextended(r::text, 0))::text FROM reading r')
await db.exec("SELECT compress_chunk(c) FROM show_chunks('reading') c")
await db.exec('CHECKPOINT')
found.rows = rows
found.bytes = Number(await one("SELECT hypertable_size('reading')")) / rows
found.same = before === (await one('SELECT sum(hashtextextended(r::text, 0))::text FROM reading r'))

// a direct COPY into chunks that are compressed: what is new is stored, what is there is refused as ingest expects it
const copy = async (line) => {
  try {
    await db.query("COPY reading (phenomenon_time, result, datastream_id, flag, batch_id) FROM '/dev/blob' WITH (FORMAT csv)", [], { blob: new Blob([line]) })
    return 'stored'
  } catch (error) { return error.code }
}
found.copied = [await copy('2025-03-08 00:00:20+00,7,1,1,1\n'), await copy('2025-03-08 00:00:00+00,7,1,1,1\n'), await copy('2025-03-08 00:00:20+00,7,1,1,1\n')]

// late readings, repeats and corrections in chunks that are compressed: the statements of store/sql/reading.sql
await db.exec(statement(store, 'reading', 'staged').replace('ON COMMIT DELETE ROWS', ''))
await db.exec("INSERT INTO staged VALUES ('2025-03-07 00:00', 1, 1, 1, 2, 0, 0), ('2025-03-07 00:00:30', 2, 1, 1, 2, 1, 0)")
found.stored = (await db.query(statement(store, 'reading', 'insert_staged'))).affectedRows
const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name])
const span = { first: "'2025-03-07'", last: "'2025-03-08'" }
found.clashes = (await db.query(fill(statement(store, 'reading', 'clashing'), span))).rows.length
await db.query(fill(statement(store, 'reading', 'correct'), { ...span, time: "ARRAY['2025-03-07 00:00'::timestamptz]", result: 'ARRAY[-3.5::float8]', datastream: 'ARRAY[1]', flag: 'ARRAY[1]', batch: 'ARRAY[2]' }))
found.corrected = await one("SELECT result FROM reading WHERE datastream_id = 1 AND phenomenon_time = '2025-03-07 00:00'")
await db.exec("SELECT append_marks(ARRAY[1], ARRAY['2025-03-07 00:00'::timestamptz], ARRAY['2025-03-07 00:00:30'::timestamptz], 'correction')")
found.minimum = await one("SELECT min(minimum) FROM series(1, '2025-03-07', '2025-03-07 01:00', 1000)")
found.dropped = (await db.query("SELECT drop_chunks('reading', older_than => '2025-03-13'::timestamptz)")).rows.length

// rollups in chunks that are compressed: what comes late is rolled up there too, in quarters, hours of closed days and days
const literal = (text) => `'${String(text).replaceAll("'", "''")}'`
const rollUp = async () => {
  await db.query(fill(statement(store, 'rollup', 'choose_grain'), { places: 'ARRAY[1]', look_again: 'false' }))
  const touched = (await db.query(fill(statement(store, 'rollup', 'choose'), { places: 'ARRAY[1]', most: '2000000' }))).rows.map((row) => row.id)
  const taken = (await db.query(fill(statement(store, 'rollup', 'take'), { places: 'ARRAY[1]', touched: `ARRAY[${touched}]::bigint[]`, now: "'2025-04-01'" }), [], { rowMode: 'array', parsers: { 1184: (text) => text } })).rows
  const [place, zone, opens, hours, days] = taken[0]
  await db.query(fill(statement(store, 'rollup', 'refresh'), { place: `ARRAY[${place}]`, zone: `ARRAY[${literal(zone)}]`, opens: `ARRAY[${literal(opens)}]`, hours: `ARRAY[${literal(hours)}]`, days: `ARRAY[${literal(days)}]`, first: "'2025-03-01'", last: "'2025-04-01'" }))
}
await db.exec("DELETE FROM touched; INSERT INTO touched (place, from_time, to_time) VALUES (1, '2025-03-14', '2025-03-18')")
await rollUp()
found.compressed = 0
for (const table of ['rollup_quarter', 'rollup_hours', 'rollup_day']) {
  found.compressed += (await db.query(`SELECT compress_chunk(c) FROM show_chunks('${table}') c`)).rows.length
}
await db.exec("INSERT INTO reading VALUES ('2025-03-15 03:07:30', 1000, 1, 1, 2); INSERT INTO touched (place, from_time, to_time) VALUES (1, '2025-03-15 03:07:30', '2025-03-15 03:07:30')")
await rollUp()
const highest = async (source) => Number(await one(`SELECT max(maximum) FROM ${source}(ARRAY[1], '2025-03-14 17:00', '2025-03-15 17:00')`))
found.rolled = [await highest('rolled_quarters'), await highest('rolled_hours'), await highest('rolled_days')]
found.counted = [await one("SELECT sum(count)::int FROM rolled_hours(ARRAY[1], '2025-03-14 17:00', '2025-03-15 17:00')"), await one("SELECT sum(count)::int FROM rolled_days(ARRAY[1], '2025-03-14 17:00', '2025-03-15 17:00')")]

// index values in chunks that are compressed are read, replaced and removed as ever
await db.exec("INSERT INTO index_value (place, index, time, value, completeness) SELECT 1, index_id('air_temperature_mean'), t, 20, 1 FROM generate_series('2025-01-01'::timestamptz, '2025-03-01', '1 day') t")
found.packed = (await db.query("SELECT compress_chunk(c) FROM show_chunks('index_value') c")).rows.length
await db.exec("INSERT INTO index_value (place, index, time, value, completeness) VALUES (1, index_id('air_temperature_mean'), '2025-01-05', 5, 1) ON CONFLICT (place, index, subject, reference_time, time) DO UPDATE SET value = excluded.value")
await db.exec("DELETE FROM index_value WHERE place = 1 AND time >= '2025-02-01'")
found.indexed = Object.values((await db.query("SELECT count(*)::int, min(value), max(value) FROM indexed WHERE index = 'air_temperature_mean'")).rows[0])

// retention: no policy until an operator wants one; then the database's own job does it, and it can be taken back
const keep = (name) => statement(store, 'retention', name)
const policy = async () => (await db.query(keep('policy').replace('::interval', ''))).rows.map((row) => Object.values(row)[0])
found.retention = [await policy()]
await db.query(keep('set_policy').replace('%(days)s', '400'))
found.retention.push(await policy())
const job = await one("SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = 'policy_retention'")
found.edition = await one(keep('edition'))
const chunks = async () => Number(await one("SELECT count(*) FROM show_chunks('reading')"))
await db.exec("INSERT INTO reading VALUES (now() - interval '300 days', 1, 1, 1, 1), (now() - interval '500 days', 1, 1, 1, 1)")
const newest = Number(await one("SELECT count(*) FROM show_chunks('reading', newer_than => now() - interval '400 days')"))
await db.exec(`CALL run_job(${job})`)
found.kept = [await chunks() - newest <= 1, Number(await one("SELECT count(*) FROM reading WHERE phenomenon_time > now() - interval '301 days'")), Number(await one("SELECT count(*) FROM reading WHERE phenomenon_time < now() - interval '499 days'"))]
await db.query(keep('forget_policy'))
found.retention.push(await policy())
console.log(JSON.stringify(found))
process.exit(0)
