// Bytes a reading takes in TimescaleDB's Community edition, as compressed as its policies make it.
// readings STREAMS DAYS: the table of readings alone, with the data of bytes_per_reading.py.
// tables FOLDER: all tables with what disk_community.py copied into a folder.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrated } from './migrated.mjs'

const [store, what, ...given] = process.argv.slice(2)
const db = await migrated(store)
const one = async (query) => Object.values((await db.query(query)).rows[0])[0]

async function readings(streams, days) {
  await db.exec(`
    INSERT INTO reading
    SELECT t, round((20 + 8 * sin(mod(extract(epoch FROM t), 86400) / 86400 * 2 * pi() + d))::numeric, 2), d, 1,
           10 * ((t::date - '2026-01-01'::date) / 10) + 1
    FROM generate_series('2026-01-01'::timestamptz, '2026-01-01'::timestamptz + interval '${days} days' - interval '1 minute', '1 minute') t,
         generate_series(1, ${streams}) d`)
  const rows = Number(await one('SELECT count(*) FROM reading'))
  await db.exec('VACUUM reading')
  const plain = Number(await one("SELECT hypertable_size('reading')"))
  await db.exec("SELECT compress_chunk(c) FROM show_chunks('reading') c")
  const compressed = Number(await one("SELECT hypertable_size('reading')"))
  return { rows, plain: plain / rows, compressed: compressed / rows }
}

// no rule of a table looks at what is copied: places, rules and names are not
async function tables(folder) {
  await db.exec("SET session_replication_role = replica; SET timezone = 'UTC'")
  const sizes = {}
  for (const table of readdirSync(folder)) {
    const text = readFileSync(join(folder, table), 'utf8')
    const end = text.indexOf('\n')
    // a few megabytes at a time: all of it passes through one buffer
    const lines = text.slice(end + 1).split('\n')
    for (let first = 0; first < lines.length - 1; first += 50000) {
      const part = lines.slice(first, first + 50000).filter((line) => line).join('\n') + '\n'
      await db.query(`COPY ${table} (${text.slice(0, end)}) FROM '/dev/blob'`, [], { blob: new Blob([part]) })
    }
  }
  const rows = Number(await one('SELECT count(*) FROM reading'))
  const compressed = (await db.query("SELECT hypertable_name::text AS name FROM timescaledb_information.hypertables WHERE compression_enabled AND hypertable_schema = 'public'")).rows.map((row) => row.name)
  for (const table of readdirSync(folder)) {
    if (compressed.includes(table)) await db.exec(`SELECT compress_chunk(c) FROM show_chunks('${table}') c`)
    else await db.exec(`VACUUM FULL ${table}`)
    sizes[table] = Number(await one(`SELECT coalesce((SELECT hypertable_size(h.oid) FROM pg_class h JOIN timescaledb_information.hypertables t ON t.hypertable_name = h.relname WHERE h.oid = '${table}'::regclass), pg_total_relation_size('${table}'))`))
  }
  return { rows, sizes, compressed }
}

console.log(JSON.stringify(what === 'tables' ? await tables(given[0]) : await readings(...given.map(Number))))
process.exit(0)
