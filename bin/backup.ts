import { mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { listWords } from '../lib/domain/units'
import { takeBackup } from '../lib/store/copy/backup'
import { databaseUrl } from '../lib/store/prepare'
import { localDataDir, withEmbeddedStore } from './starting/embedded'

/*
 * backup [FILE]          copies the store to one file with a checksum, also while it is in use: the store at
 *                        DATABASE_OWNER_URL, else the embedded one of this copy. Without FILE, it goes to
 *                        <data>/backups/warroom-<time>.backup.
 */
const [named, ...more] = process.argv.slice(2)
const owner = process.env.DATABASE_OWNER_URL

async function main(): Promise<void> {
  if (more.length || named?.startsWith('-')) throw new Error('Usage: npm run backup, or npm run backup -- FILE')
  if (!owner && process.env.DATABASE_URL)
    throw new Error(
      'DATABASE_OWNER_URL is missing: the address of the store at DATABASE_URL with a user that owns its tables.',
    )
  const dataDir = localDataDir()
  const stamp = new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').toLowerCase()
  const path = resolve(named ?? join(dataDir, 'backups', `warroom-${stamp}z.backup`))
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const { header, footer, bytes, sha256 } = owner
    ? await takeBackup(owner, path)
    : await withEmbeddedStore(dataDir, ({ adminUrl }) => takeBackup(databaseUrl(adminUrl, 'warroom'), path))
  const rows = Object.values(footer.rows).reduce((sum, n) => sum + n, 0)
  console.log(`Backed up ${rows} rows of ${header.tables.length} tables as of ${header.takenAt} to
  ${path}
  ${(bytes / 1e6).toFixed(1)} MB, SHA-256 ${sha256}
  Environments: ${header.environments.length ? listWords(header.environments) : 'none yet'}. The record ends with entry ${footer.head.n}, ${footer.head.hash}.
It contains password hashes and everything people wrote. Protect it like the store, and keep it on another machine.`)
  if (header.leftOut.length) console.log(`Not in the backup: schema ${listWords(header.leftOut)}.`)
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
})
