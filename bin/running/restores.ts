import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createOpenpgp } from '../../lib/adapters/openpgp/index'
import { createPostgresAdmin } from '../../lib/adapters/postgres/admin'
import { createMasterLogins } from '../../lib/adapters/rds/master-logins'
import { backupPolicy } from '../../lib/config/backups'
import type { RunnerEnv } from '../../lib/config/env'
import type { BackupObject } from '../../lib/domain/procedure/call'
import type { BackupOpener, Backups } from '../../lib/ports/backups'
import { createBackupsLook } from '../../lib/runner/backups-look'
import { createRestorer } from '../../lib/runner/restorer'
import { readBackupChecks, readCatalogueSample } from '../../lib/store/backups'
import type { Store } from '../../lib/store/client'
import { backupLoader } from '../starting/backup-loader'

/**
 * Reading a backup to its end keeps a processor busy for minutes: here, it would cost the watch over the cluster its beat. The
 * recommended one, or the one that is named.
 */
export async function verifyInOwnProcess(
  signal: AbortSignal,
  object: Pick<BackupObject, 'place' | 'key' | 'etag'> | null = null,
  progress: (bytes: number) => void = () => {},
): Promise<void> {
  const program = join(import.meta.dirname, '../verify-backup.ts')
  const flags = ['--max-old-space-size=160', '--import', 'tsx']
  const chosen = object ? [object.place, object.key, object.etag] : []
  const child = spawn(process.execPath, [...flags, program, ...chosen], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    signal,
  })
  child.on('message', ({ bytes }: { bytes: number }) => progress(bytes))
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-500)
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  // 1: it was read, and is bad; the catalogue says so.
  if (code !== 0 && code !== 1) throw new Error(`verify-backup ended with ${code}. ${complaint.trim()}`)
}

/** What a restore from a backup looks at and does; null where none are configured. */
export function createRestores(env: RunnerEnv, store: Store, backups: Backups | null) {
  const { environment, secrets } = env
  const { aws, database } = environment
  const policy = backupPolicy(environment)
  if (!environment.backups || !policy || !backups) return null
  const { decryptionKeyFile, signingKeyFile } = environment.backups
  let opener: Promise<BackupOpener> | null = null
  const look = createBackupsLook({
    backups,
    policy,
    signed: signingKeyFile !== null,
    async opener() {
      if (decryptionKeyFile === null) return null
      opener ??= createOpenpgp({ decryptionKeyFile, passphrase: secrets.backupPassphrase, signingKeyFile })
      return await opener
    },
    sample: () => readCatalogueSample(store, environment.name),
    checks: () => readBackupChecks(store, environment.name),
    verify: (object, { progress, signal }) => verifyInOwnProcess(signal, object, progress),
    now: Date.now,
  })
  const restorer = createRestorer({
    loader: backupLoader(),
    admin: createPostgresAdmin({ tls: database.tls, caFile: database.caFile }),
    masters: createMasterLogins({ region: aws.region, drRegion: aws.drRegion, endpointUrl: aws.endpointUrl }),
    ownPasswords: {
      [database.user]: secrets.databasePassword,
      ...(database.recovery && secrets.recoveryPassword !== null
        ? { [database.recovery.user]: secrets.recoveryPassword }
        : {}),
    },
    tls: database.tls === 'verify-full' ? { caFile: database.caFile ?? null } : null,
    signed: signingKeyFile !== null,
  })
  return { look, restorer }
}
