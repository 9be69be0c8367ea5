/** The lab's own backup job and each of its faults, as the catalogue sees them: the newest good backup is always recommended. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { registerBackups } from '../../lab/backups/index'
import type { BackupJob } from '../../lab/backups/job'
import type { Lab } from '../../lab/contract'
import { startTestLab, type TestLab } from '../../lab/testing'
import { createS3 } from '../adapters/s3/index'
import { backupPolicy, s3Settings } from '../config/backups'
import { labEnvironment, readLabConnection } from '../config/lab-environment'
import { catalogueOf } from '../domain/backups/catalogue'
import { backupTroubles, summaryOf } from '../domain/backups/summary'
import { readBuckets } from './buckets'

let lab: TestLab
let job: BackupJob
let keys: string[] = []
beforeAll(async () => {
  lab = await startTestLab({
    basePort: 25_600,
    speedup: 100,
    register: (created: Lab) => {
      job = registerBackups(created)
    },
  })
  // Names have whole seconds.
  const [older, newest] = [await job.run(), await later(() => job.run())]
  keys = [newest.key, older.key]
})
afterEach(() => lab.lab.heal(null))
afterAll(() => lab?.end())

async function later<T>(run: () => Promise<T>): Promise<T> {
  await new Promise((done) => setTimeout(done, 1_000))
  return run()
}

async function catalogue(now = Date.now()) {
  const facts = readLabConnection(lab.lab.context.dataDir)
  const environment = labEnvironment(facts, { lab: lab.lab.context.ports })
  const settings = s3Settings(environment)
  const policy = backupPolicy(environment)
  if (!settings || !policy) throw new Error('the lab has backups')
  const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secretAccessKey } = facts.secrets
  const s3 = createS3({ ...settings, credentials: { accessKeyId, secretAccessKey } })
  const sample = await readBuckets(s3, now, AbortSignal.timeout(30_000))
  s3.close()
  const found = catalogueOf(sample, { policy, damage: null, checks: [], now })
  return { ...found, ...backupTroubles(summaryOf(found, policy), now) }
}

test('the job writes backups that can be used, with roles and sidecars that are none', async () => {
  const { rows, recommended, others } = await catalogue()
  expect(recommended).toBe(keys[0])
  expect(rows.map(({ key }) => key)).toEqual(keys)
  expect(rows[0]).toMatchObject({ checksum: 'matches', encryption: 'openpgp', takenBy: 'job', reasons: [] })
  expect(rows[0]?.warnings.map(({ kind }) => kind)).not.toContain('no-roles')
  expect(others).toEqual({ sidecars: 2, roles: 2, unknown: 0 })
})

test.each([
  ['backup-truncated', 'checksum-differs'],
  ['backup-flipped', 'checksum-differs'],
  ['backup-archived', 'archived'],
])('%s: rejected as %s, and the one before it, or the whole copy, is recommended', async (fault, kind) => {
  await lab.lab.startFault(fault, null, {})
  const { rows } = await catalogue()
  const best = rows.find(({ verdict }) => verdict === 'recommended')
  if (best?.key === keys[0]) {
    expect(best).toMatchObject({ place: 'copy' })
    expect(best?.warnings.map((warning) => warning.kind)).toContain('from-copy')
  } else {
    expect(best?.key).toBe(keys[1])
    expect(rows[0]?.reasons.map((reason) => reason.kind)).toContain(kind)
  }
})

test('a newest backup of 12 kB is rejected for its size', async () => {
  await later(() => lab.lab.startFault('backup-small', null, {}))
  const { rows, recommended, troubles } = await catalogue()
  expect(rows[0]?.reasons).toEqual([{ kind: 'too-small', says: expect.stringMatching(/^Size 1\d kB of /) }])
  expect(recommended).toBe(keys[0])
  expect(troubles).toContainEqual(expect.stringContaining('The newest backup in S3 is rejected: Size'))
})

test('a sidecar that is newest changes nothing', async () => {
  await lab.lab.startFault('backup-sidecar-newest', null, {})
  expect((await catalogue()).recommended).toBe(keys[0])
})

test('a job that has stopped shows by the age of the newest', async () => {
  await lab.lab.startFault('backup-job-stopped', null, {})
  expect((await catalogue()).troubles).toEqual([])
  const { troubles } = await catalogue(Date.now() + 8 * 60_000)
  expect(troubles).toEqual([expect.stringMatching(/^The newest usable backup in S3 is .* old; one is due every 5 min/)])
})
