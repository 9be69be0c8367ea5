/** The newest backup looks good from outside and is not: once it was read, the one before it is recommended. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { prepareKeys, seal } from '../../lab/backups/seal'
import { backupBucket, replicaBucket } from '../../lab/s3/object'
import { type S3Room, startS3Room } from '../../lab/s3/testing'
import { createOpenpgp } from '../adapters/openpgp/index'
import { createS3 } from '../adapters/s3/index'
import { readBuckets } from '../collector/buckets'
import { catalogueOf } from '../domain/backups/catalogue'
import type { BackupCheck, BackupPolicy } from '../domain/backups/types'
import { hours } from '../domain/units'
import { verifyRecommended } from './verify-recommended'

let room: S3Room
let keys: string
beforeAll(async () => {
  room = await startS3Room()
  keys = mkdtempSync(join(tmpdir(), 'wr-recommended-'))
  await prepareKeys(keys)
})
afterAll(async () => {
  await room?.end()
  if (keys) rmSync(keys, { recursive: true, force: true })
})

const policy: BackupPolicy = {
  source: 'production',
  database: 'castmatch',
  encrypted: true,
  strict: true,
  everyMs: hours(24),
  rpo: { targetSeconds: 900, maximumSeconds: 3_600 },
}
const dump = (end: string) =>
  `--\n-- PostgreSQL database dump\n--\n\nCOPY public.a (b) FROM stdin;\n${'1\n'.repeat(9_000)}\\.\n\n${end}\n`

async function* one(text: string) {
  yield text
}
/** With all sums right: only what is inside can be wrong. */
async function put(ageHours: number, text: string) {
  const sealed = await seal(room.store, keys, one(text))
  const begun = new Date(Date.now() - hours(ageHours))
  const { sha256 } = sealed.digests
  return room.store.put(
    {
      bucket: backupBucket,
      key: `daily/castmatch-${begun.getTime()}.sql.gz.gpg`,
      storageClass: 'STANDARD',
      contentType: 'application/pgp-encrypted',
      metadata: {
        'source-environment': 'production',
        database: 'castmatch',
        'started-at': begun.toISOString(),
        'finished-at': begun.toISOString(),
        checksum: sha256.toString('hex'),
      },
      checksum: { algorithm: 'SHA256', type: 'FULL_OBJECT', value: sha256.toString('base64') },
    },
    sealed,
  )
}

test('what is found is written down, and moves the recommendation', async () => {
  const older = await put(24, dump('-- PostgreSQL database dump complete\n--'))
  const newest = await put(1, dump('pg_dump: error: connection lost'))
  const backups = createS3({
    own: { bucket: backupBucket, region: 'us-west-2' },
    copy: { bucket: replicaBucket, region: 'us-east-1' },
    prefix: 'daily/',
    endpointUrl: room.url,
    credentials: { accessKeyId: room.secrets.awsAccessKeyId, secretAccessKey: room.secrets.awsSecretAccessKey },
  })
  const opener = await createOpenpgp({
    decryptionKeyFile: join(keys, 'decryption-private.asc'),
    passphrase: null,
    signingKeyFile: join(keys, 'signing-public.asc'),
  })
  const checks: BackupCheck[] = []
  const store = {
    checks: async () => checks,
    saveCheck: async (_: string, check: BackupCheck) => void checks.push(check),
  }
  // Without the copy: it would be tried next, and is as bad.
  const read = async () => ({ ...(await readBuckets(backups, Date.now(), AbortSignal.timeout(30_000))), copy: null })
  const options = { environment: 'lab', policy, backups, opener, store, now: Date.now }
  const recommended = async () =>
    catalogueOf(await read(), { policy, damage: null, checks, now: Date.now() }).recommended

  expect(await recommended()).toBe(newest.key)
  expect(await verifyRecommended({ ...options, sample: await read() })).toMatchObject({
    key: newest.key,
    found: { ok: false, damage: 'incomplete' },
  })
  expect(await recommended()).toBe(older.key)
  expect(await verifyRecommended({ ...options, sample: await read() })).toMatchObject({
    key: older.key,
    found: { ok: true },
  })
  expect(checks.map(({ key, ok }) => [key, ok])).toEqual([
    [newest.key, false],
    [older.key, true],
  ])

  // One that was deleted since the buckets were read is no finding about it.
  const sample = await read()
  await room.store.delete(backupBucket, older.key, older.versionId)
  expect(await verifyRecommended({ ...options, sample })).toMatchObject({ found: { damage: 'missing' } })
  expect(checks).toHaveLength(2)
  expect(await verifyRecommended({ ...options, sample: await read() })).toBeNull()
})
