import { join } from 'node:path'
import { ServerError } from '../../../lib/embedded-postgres/errors'
import type { Address } from '../../contract'
import { copyBackup, write } from '../backup'
import type { BaseBackup } from '../backup-store'
import { nodeSettings } from '../node-settings'
import { until } from '../position'
import { type Login, withClient } from '../sql'
import { nodeServer } from './made-instance'

/** Replaying hours of a busy archive takes its time. */
const patienceMs = 20 * 60_000

interface Recovery {
  id: string
  backup: BaseBackup
  /** The archive of the source. */
  archive: string
  ownArchive: string
  /** Everything that was committed before this moment, ms. */
  at: number
  directory: string
  /** Where the server listens meanwhile; nobody else knows it. */
  address: Address
  login: Login
}

/** The archive ends, or has a gap, before the moment that was asked for. */
export class IncompatibleRestoreError extends Error {}

/**
 * Does a server say that the archive lacks what it needs? It says so in other words when the gap lies in the base backup's own
 * WAL: then it finds no checkpoint to begin from, or does not come to the backup's end.
 */
export const endsTooEarly = (log: string): boolean =>
  /recovery ended before configured recovery target|could not (?:locate|find) .*(?:checkpoint|redo)|WAL ends before|before consistent recovery point/.test(
    log,
  )

/**
 * Recovers a data directory from a base backup and archived WAL to a moment, and promotes it: an ordinary server may then be
 * started over it. Throws IncompatibleRestoreError when the archive does not reach that far.
 */
export async function recover(recovery: Recovery): Promise<void> {
  const { id, directory, address, login, archive, ownArchive, at } = recovery
  await copyBackup(recovery.backup.directory, directory)
  await write(join(directory, 'recovery.signal'), '')
  const server = nodeServer(id, directory, address, login.password, {
    ...nodeSettings({ id, directory, ownArchive, restoreFrom: archive, primary: null }),
    recovery_target_time: new Date(at).toISOString().replace('T', ' ').replace('Z', '+00'),
    recovery_target_inclusive: false,
    recovery_target_action: 'promote',
  })
  try {
    await server.start(patienceMs)
    const promoted = () =>
      withClient(address, login, async (client) => {
        const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby')
        return rows[0]?.standby === false
      }).catch(() => false)
    await until(async () => server.state !== 'running' || (await promoted()), patienceMs, 100)
    if (server.state !== 'running')
      throw new IncompatibleRestoreError(`The WAL archive does not reach ${new Date(at).toISOString()}.`)
  } catch (error) {
    if (error instanceof ServerError && endsTooEarly(error.log))
      throw new IncompatibleRestoreError(`The WAL archive does not reach ${new Date(at).toISOString()}.`)
    throw error
  } finally {
    await server.stop()
  }
}
