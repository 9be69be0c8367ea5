import { chownSync, constants } from 'node:fs'
import { chmod, copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serverAccount } from '../../lib/embedded-postgres/account'
import type { Address } from '../contract'
import { type Login, withClient } from './sql'

export interface BackupFacts {
  startedAt: number
  stoppedAt: number
  startLsn: string
  stopLsn: string
}

/** Contents that a copy must not have: another server's locks, slots, statistics and WAL. */
const emptied = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
])
const left = /^(postmaster\.pid|postmaster\.opts|standby\.signal|recovery\.signal|backup_label.*|tablespace_map.*)$/
const leftAnywhere = /^(pg_internal\.init.*|pgsql_tmp.*)$/

/**
 * Copies a running writer's files into fresh directories, as a base backup: one session holds the backup open while
 * the files are read. The session ends with the copy, so a failure leaves no backup open.
 */
export async function takeBackup(
  source: { address: Address; login: Login; dataDir: string },
  targets: string[],
): Promise<BackupFacts> {
  return withClient(
    source.address,
    source.login,
    async (client) => {
      const startedAt = Date.now()
      await client.query('CHECKPOINT')
      const start = await client.query<{ lsn: string }>("SELECT pg_backup_start('lab', true) AS lsn")
      for (const target of targets) await copyTree(source.dataDir, target)
      const stop = await client.query<{ lsn: string; labelfile: string }>(
        'SELECT lsn, labelfile FROM pg_backup_stop(false)',
      )
      const row = stop.rows[0]
      if (!row) throw new Error('pg_backup_stop answered nothing')
      for (const target of targets) await write(join(target, 'backup_label'), row.labelfile)
      return { startedAt, stoppedAt: Date.now(), startLsn: start.rows[0]?.lsn ?? '', stopLsn: row.lsn }
    },
    120_000,
  )
}

/** A file in a data directory, readable by the server alone. */
export async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 })
  give(path)
}

function give(path: string): void {
  const account = serverAccount()
  if (account) chownSync(path, account.uid, account.gid)
}

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  give(path)
}

/** A base backup as the data directory of a server that recovers from it. */
export async function copyBackup(backup: string, target: string): Promise<void> {
  await rm(target, { recursive: true, force: true })
  await copyDirectory(backup, target, false)
}

async function copyTree(source: string, target: string): Promise<void> {
  await rm(target, { recursive: true, force: true })
  await copyDirectory(source, target, true)
  await makeDirectory(join(target, 'pg_wal', 'archive_status'))
}

async function copyDirectory(source: string, target: string, top: boolean): Promise<void> {
  await makeDirectory(target)
  const entries = await readdir(source, { withFileTypes: true })
  for (let i = 0; i < entries.length; i += 32)
    await Promise.all(
      entries.slice(i, i + 32).map(async (entry) => {
        if ((top && left.test(entry.name)) || leftAnywhere.test(entry.name)) return
        const from = join(source, entry.name)
        const to = join(target, entry.name)
        try {
          if (entry.isDirectory())
            await (top && emptied.has(entry.name) ? makeDirectory(to) : copyDirectory(from, to, false))
          else if (entry.isFile()) {
            await copyFile(from, to, constants.COPYFILE_FICLONE)
            await chmod(to, 0o600)
            give(to)
          }
        } catch (error) {
          // A table may be dropped while we copy; replaying the WAL drops it from the copy as well.
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        }
      }),
    )
}
