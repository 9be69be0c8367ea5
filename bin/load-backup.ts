import type { FromLoader, ToLoader } from '../lib/adapters/backup-loader/messages'
import { createGpg } from '../lib/adapters/openpgp/gpg'
import { createOpenpgp } from '../lib/adapters/openpgp/index'
import { createDumpTarget } from '../lib/adapters/postgres/loading/index'
import { createS3 } from '../lib/adapters/s3/index'
import { s3Settings } from '../lib/config/backups'
import { readRunnerEnv } from '../lib/config/env'
import type { LoadResult } from '../lib/ports/backup-loader'
import { loadBackup } from '../lib/runner/load-backup'
import { loadRoles } from '../lib/runner/load-roles'
import { exitOnConfigError } from './starting/process'

/*
 * load-backup               loads one backup into one database, for the runner that started it and tells it what by a message. A
 *                           process of its own: decryption would keep the runner from watching. It ends with its runner.
 */
const { environment, secrets } = exitOnConfigError(() => readRunnerEnv())

/** Longest wait for the sessions of a broken load to end, once the runner is gone, ms. */
const partingMs = 10_000
const stopping = new AbortController()

async function opener() {
  const { backups } = environment
  if (!backups || backups.decryptionKeyFile === null) return null
  const { decryptionKeyFile, signingKeyFile, decryptWith } = backups
  const settings = { decryptionKeyFile, signingKeyFile, passphrase: secrets.backupPassphrase }
  if (decryptWith === 'gpg') return createGpg(settings)
  return { ...(await createOpenpgp(settings)), close: async () => {} }
}

async function carryOut(order: Exclude<ToLoader, { kind: 'cancel' }>): Promise<void> {
  const settings = s3Settings(environment)
  if (!settings) throw new Error('No backups in S3 are configured.')
  const s3 = createS3(settings)
  const opening = await opener()
  const { source, target } = order.request
  const load = {
    backups: s3,
    opener: opening,
    target: createDumpTarget(target),
    source,
    options: {
      signal: stopping.signal,
      progress: (progress: Extract<FromLoader, { kind: 'progress' }>['progress']) =>
        void tell({ kind: 'progress', progress }),
    },
    now: Date.now,
  }
  try {
    const { result, created }: { result: LoadResult; created: readonly string[] } =
      order.kind === 'load'
        ? { result: await loadBackup({ ...load, needs: order.request.needs }), created: [] }
        : await loadRoles(load)
    await tell({ kind: 'result', result, created })
  } finally {
    s3.close()
    await opening?.close()
  }
}

const tell = (message: FromLoader) =>
  new Promise<void>((resolve) => {
    if (!process.connected) return resolve()
    process.send?.(message, undefined, {}, () => resolve())
  })

/** Ends this process with everything that it started: it leads a group of its own. */
const end = (code: number) => {
  process.exitCode = code
  process.disconnect?.()
}

if (!process.channel) {
  console.error('The runner starts this program; there is nothing to do for anybody else.')
  process.exitCode = 2
} else {
  const stop = () => {
    stopping.abort()
    // Whatever hangs is killed with it.
    setTimeout(() => process.kill(-process.pid, 'SIGKILL'), partingMs).unref()
  }
  process.on('disconnect', stop)
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  let begun = false
  process.on('message', (message: ToLoader) => {
    if (message.kind === 'cancel') return stop()
    if (begun) return
    begun = true
    carryOut(message).then(
      () => end(0),
      (error: unknown) => {
        console.error((error as Error).stack)
        end(1)
      },
    )
  })
}
