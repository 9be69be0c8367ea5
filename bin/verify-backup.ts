import { createOpenpgp } from '../lib/adapters/openpgp/index'
import { createS3 } from '../lib/adapters/s3/index'
import { backupPolicy, s3Settings } from '../lib/config/backups'
import { readRunnerEnv } from '../lib/config/env'
import { byteWords } from '../lib/domain/units'
import { verifyRecommended } from '../lib/runner/verify-recommended'
import { backupStore, readCatalogueSample } from '../lib/store/backups'
import { createStore } from '../lib/store/client'
import { endWithParent, exitOnConfigError } from './starting/process'

/*
 * verify-backup             reads the recommended backup to its end, with the runner's configuration, and writes down what was
 *                           found. A process of its own: decryption would keep the runner from watching.
 *
 * verify-backup PLACE KEY ETAG   the same with that version, in the bucket `own` or `copy`.
 *
 * Exit code 0: whole. 1: not whole. 2: it could not be verified.
 */
const { environment, secrets, DATABASE_URL } = exitOnConfigError(() => readRunnerEnv())
const store = createStore(DATABASE_URL, { connections: 1 })
endWithParent()
const [place, key, etag] = process.argv.slice(2)
const chosen = (place === 'own' || place === 'copy') && key && etag ? ({ place, key, etag } as const) : null

try {
  const policy = backupPolicy(environment)
  const settings = s3Settings(environment)
  const { backups } = environment
  if (!policy || !settings || !backups) throw new Error('No backups in S3 are configured.')
  const sample = await readCatalogueSample(store, environment.name)
  if (!sample) throw new Error('The runner has not read the buckets yet.')
  const { decryptionKeyFile, signingKeyFile } = backups
  const passphrase = secrets.backupPassphrase
  const s3 = createS3(settings)
  let told = 0
  const result = await verifyRecommended({
    environment: environment.name,
    policy,
    sample,
    backups: s3,
    opener: decryptionKeyFile === null ? null : await createOpenpgp({ decryptionKeyFile, passphrase, signingKeyFile }),
    store: backupStore(store),
    chosen,
    now: Date.now,
    progress(bytes, size) {
      process.send?.({ bytes })
      const percent = Math.floor((100 * bytes) / size)
      if (percent >= told + 10) console.log(`${byteWords(bytes)} of ${byteWords(size)}, ${percent} %`)
      if (percent >= told + 10) told = percent - (percent % 10)
    },
  })
  s3.close()
  if (!result)
    throw new Error(
      chosen
        ? `${chosen.key} is not among the backups that were last read.`
        : 'No backup can be recommended; see the backups page.',
    )
  console.log(`${result.key}: ${result.found.says}`)
  process.exitCode = result.found.ok ? 0 : 1
} catch (error) {
  console.error(`No backup was verified. ${(error as Error).message}`)
  process.exitCode = 2
} finally {
  await store.close()
  // The channel of a parent would keep this process alive.
  process.disconnect?.()
}
