import { createGpg } from '../../adapters/openpgp/gpg'
import { createOpenpgp } from '../../adapters/openpgp/index'
import { createPostgresAdmin } from '../../adapters/postgres/admin'
import { createDumpTarget } from '../../adapters/postgres/loading/index'
import { programVersion } from '../../adapters/postgres/loading/program'
import { createMasterLogins } from '../../adapters/rds/master-logins'
import { createS3 } from '../../adapters/s3/index'
import { readBuckets } from '../../collector/buckets'
import { backupPolicy, s3Settings } from '../../config/backups'
import type { EnvironmentConfig } from '../../config/environment'
import type { LabConnection } from '../../config/lab-environment'
import type { BackupLoader, LoadOptions } from '../../ports/backup-loader'
import { backupStore, readBackupChecks, readCatalogueSample } from '../../store/backups'
import type { Store } from '../../store/client'
import { createBackupsLook } from '../backups-look'
import { loadBackup } from '../load-backup'
import { loadRoles } from '../load-roles'
import { createRestorer } from '../restorer'
import { verifyRecommended } from '../verify-recommended'

/** Backups of a lab as a runner of this process looks at them and loads them; in production each load is a process. */
export function stageRestores(environment: EnvironmentConfig, facts: LabConnection, store: Store) {
  const settings = s3Settings(environment)
  const policy = backupPolicy(environment)
  const keys = environment.backups
  if (!settings || !policy || !keys?.decryptionKeyFile) throw new Error('the lab has backups')
  const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secretAccessKey } = facts.secrets
  const credentials = { accessKeyId, secretAccessKey }
  const s3 = createS3({ ...settings, credentials })
  const openpgp = { decryptionKeyFile: keys.decryptionKeyFile, signingKeyFile: keys.signingKeyFile, passphrase: null }
  const readNow = async () => {
    const sample = await readBuckets(s3, Date.now(), AbortSignal.timeout(30_000))
    await backupStore(store).save(environment.name, sample)
    return sample
  }
  const known = () => readCatalogueSample(store, environment.name)
  const look = createBackupsLook({
    backups: s3,
    policy,
    signed: true,
    opener: () => createOpenpgp(openpgp),
    sample: known,
    checks: () => readBackupChecks(store, environment.name),
    async verify({ place, key, etag }, { signal, progress }) {
      const sample = await known()
      if (!sample) throw new Error('the buckets were not read')
      const opener = await createOpenpgp(openpgp)
      const chosen = { place, key, etag }
      const reads = { environment: environment.name, policy, sample, backups: s3, opener, chosen, signal, progress }
      await verifyRecommended({ ...reads, store: backupStore(store), now: Date.now })
    },
    now: Date.now,
  })
  /** Set by a test: waited for when a load has begun to read. */
  const hold: { load: ((options: LoadOptions) => Promise<void>) | null } = { load: null }
  const loading = async (request: Parameters<BackupLoader['loadRoles']>[0], options: LoadOptions) => {
    const opener = await createGpg(openpgp)
    return {
      backups: s3,
      opener,
      target: createDumpTarget(request.target),
      source: request.source,
      options,
      now: Date.now,
    }
  }
  const loader: BackupLoader = {
    async tools() {
      const [psql, pgRestore] = await Promise.all([programVersion('psql'), programVersion('pg_restore')])
      return { gpg: null, psql, pgRestore }
    },
    async load(request, options) {
      const load = await loading(request, options)
      const result = await loadBackup({ ...load, needs: request.needs })
      await hold.load?.(options)
      await load.opener.close()
      return result
    },
    async loadRoles(request, options) {
      const load = await loading(request, options)
      const found = await loadRoles(load)
      await load.opener.close()
      return found
    },
  }
  const masters = createMasterLogins({
    region: environment.aws.region,
    drRegion: environment.aws.drRegion,
    endpointUrl: environment.aws.endpointUrl,
    credentials,
  })
  const restorer = createRestorer({
    loader,
    admin: createPostgresAdmin({ tls: 'disable' }),
    masters,
    ownPasswords: {
      [environment.database.user]: facts.secrets.warroomPassword,
      [facts.masterUser]: facts.secrets.adminPassword,
    },
    tls: null,
    signed: true,
  })
  return {
    look,
    restorer,
    hold,
    readNow,
    async close() {
      await look.close()
      masters.close()
      s3.close()
    },
  }
}
