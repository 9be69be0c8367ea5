import { copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { giveToServer } from '../../../lib/embedded-postgres/account'
import { takeBackup } from '../backup'
import type { BackupSource } from '../backup-store'
import { until } from '../position'
import { withClient } from '../sql'

/** Keeps a base backup with all WAL that it needs: a server started over a copy of it has the data of that moment. */
export async function keepSnapshot(source: BackupSource & { archive: string }, directory: string): Promise<void> {
  const facts = await takeBackup(source, [directory])
  const [first, last] = await withClient(source.address, source.login, async (client) => {
    const { rows } = await client.query<{ first: string; last: string }>(
      'SELECT pg_walfile_name($1::pg_lsn) AS first, pg_walfile_name($2::pg_lsn) AS last',
      [facts.startLsn, facts.stopLsn],
    )
    await client.query('SELECT pg_switch_wal()')
    return [rows[0]?.first ?? '', rows[0]?.last ?? '']
  })
  const archived = async () => (await readdir(source.archive)).filter((name) => name >= first && name <= last)
  if (!(await until(async () => (await archived()).includes(last), 60_000)))
    throw new Error('the WAL of the snapshot was not archived')
  for (const name of await archived()) {
    const copy = join(directory, 'pg_wal', name)
    await copyFile(join(source.archive, name), copy)
    giveToServer(copy)
  }
}
