// What stands in the way of a restore from a backup, by the looks that a run begins with: the key that opens it, the version of its
// dump, the KMS key, and a name that somebody else has.
import { describe, expect, test } from 'vitest'
import type { BackupRow } from '../../domain/backups/types'
import { PortError } from '../../ports/port-error'
import type { BackupsLook, DumpHead } from '../../ports/restore'
import type { World } from '../contract'
import { everything } from '../testing/surroundings'
import { restoreInputs } from './inputs'
import { ownChecks } from './preflight'

const now = Date.parse('2026-11-29T04:00:00Z')
const environment = { ...everything, aws: { ...everything.aws, recoverySecurityGroupId: 'sg-rec' } }
const { region } = environment.aws
const rejected = (errorClass: 'config' | 'missing' | 'unreachable', message: string) =>
  new PortError(errorClass, message, { outcome: 'rejected', probe: 'other' })
const row = {
  ...{ key: 'daily/a.sql.gz.gpg', place: 'own', etag: 'e', versionId: 'v', size: 10, takenAt: now - 60_000 },
  ...{
    takenBy: 'job',
    checksum: 'matches',
    storageClass: 'STANDARD',
    warnings: [],
    verdict: 'recommended',
    reasons: [],
  },
} as unknown as BackupRow
const dump: DumpHead = { format: 'plain', serverVersion: '15.13' }

async function looks(
  more: { peek?: () => Promise<DumpHead>; head?: () => Promise<never>; attributes?: object; instance?: object } = {},
) {
  const backups = {
    policy: { rpo: { targetSeconds: 900, maximumSeconds: 3_600 } },
    buckets: { own: { bucket: 'b', region } },
    catalogue: async () => ({ rows: [row], recommended: row.key }),
    head: more.head ?? (async () => ({ metadata: {} })),
    rolesOf: async () => null,
    peek: more.peek ?? (async () => dump),
  } as unknown as BackupsLook
  const world = {
    environment,
    backups,
    loads: null,
    now: () => now,
    snapshot: () => null,
    survey: async () => ({ extensions: [] }),
    fleet: {
      guarded: async () => ({ cluster: null, instances: [] }),
      instance: async () => more.instance ?? null,
      restorable: async () => ({
        attributes: {
          ...{ engineVersion: '15.4', encrypted: true, kmsKeyId: `arn:aws:kms:${region}:1:key/1` },
          ...more.attributes,
        },
      }),
    },
  } as unknown as World
  const inputs = restoreInputs.parse({})
  const found = await ownChecks(world, { runId: 'r', mode: 'real', startedAt: now, inputs, facts: {} })
  return (id: string) => found.find((one) => one.id === id)
}

test('a backup that the key opens, of the same version, is taken', async () => {
  const check = await looks()
  expect(check('P4-c')).toMatchObject({ result: 'pass', message: expect.stringContaining('15.13') })
  expect(check('P4-k')).toMatchObject({ result: 'pass' })
})

describe('before anything is created', () => {
  test('a wrong key blocks', async () => {
    const peek = () => Promise.reject(rejected('config', 'The configured key does not open it.'))
    expect((await looks({ peek }))('P4-c')).toMatchObject({
      result: 'block',
      message: 'The configured key does not open it.',
    })
  })
  test('that its first bytes could not be read is no word against the key', async () => {
    const peek = () => Promise.reject(rejected('unreachable', 'S3 does not respond.'))
    expect((await looks({ peek }))('P4-c')).toMatchObject({ result: 'warn' })
  })
  test('a dump that is too new blocks', async () => {
    const peek = async () => ({ ...dump, serverVersion: '17.1' })
    expect((await looks({ peek }))('P4-c')).toMatchObject({ result: 'block', message: expect.stringContaining('17.1') })
  })
  test('what is no dump blocks', async () => {
    const peek = async (): Promise<DumpHead> => ({ format: 'unknown', serverVersion: null })
    expect((await looks({ peek }))('P4-c')).toMatchObject({ result: 'block' })
  })
  test('a KMS key of another region blocks', async () => {
    const attributes = { kmsKeyId: 'arn:aws:kms:eu-central-1:1:key/1' }
    expect((await looks({ attributes }))('P4-k')).toMatchObject({
      result: 'block',
      message: expect.stringContaining('eu-central-1'),
    })
  })
  test('an object that was deleted since the buckets were read blocks', async () => {
    const head = () => Promise.reject(rejected('missing', 'It is not there.'))
    expect((await looks({ head }))('P4-a')).toMatchObject({
      result: 'block',
      message: expect.stringContaining('was deleted'),
    })
  })
})
