// Bytes a reading takes in TimescaleDB's Community edition: the data of bytes_per_reading.py, as compressed as its policy makes it.
import { migrated } from './migrated.mjs'

const [store, streams, days] = process.argv.slice(2)
const db = await migrated(store)
const one = async (query) => Object.values((await db.query(query)).rows[0])[0]
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
console.log(JSON.stringify({ rows, plain: plain / rows, compressed: compressed / rows }))
process.exit(0)
