// What stands in the way of a restore, by the looks that a run begins with: the shape of the database, its key, and what is not
// entered yet.
import { describe, expect, test } from 'vitest'
import type { World } from '../contract'
import { everything } from '../testing/surroundings'
import { pointDraft } from './inputs'
import { ownChecks } from './preflight'

const now = Date.parse('2026-11-29T04:00:00Z')
const environment = { ...everything, aws: { ...everything.aws, recoverySecurityGroupId: 'sg-rec' } }
const { region } = environment.aws
const engines = { aurora: 'aurora-postgresql', multi_az_cluster: 'postgres', instance: 'postgres' } as const

async function looks(
  more: { shape?: keyof typeof engines; attributes?: object; inputs?: object; unfit?: object } = {},
) {
  const { shape = 'aurora' } = more
  const alone = shape === 'instance'
  const instance = {
    id: 'w',
    clusterId: alone ? null : environment.aws.clusterId,
    engine: engines[shape],
    region,
    address: { host: 'w', port: 5432 },
    replicaSourceId: null,
    replicaIds: [],
    securityGroupIds: [],
    tags: {},
  }
  const cluster = {
    id: environment.aws.clusterId,
    engine: engines[shape],
    tags: {},
    members: [{ id: 'w', isWriter: true, promotionTier: 0 }],
    writerEndpoint: { host: 'c', port: 5432 },
    readerEndpoint: null,
    securityGroupIds: [],
  }
  const world = {
    environment,
    now: () => now,
    snapshot: () => null,
    merges: more.unfit ? { unfit: async () => more.unfit } : null,
    survey: async () => ({ extensions: [], unlogged: [], slots: [] }),
    fleet: {
      guarded: async () => ({ cluster: alone ? null : cluster, instances: [instance] }),
      restorable: async () => ({
        window: { earliestAt: now - 7_200_000, latestAt: now - 60_000 },
        attributes: {
          backupRetentionDays: 7,
          encrypted: true,
          kmsKeyId: `arn:aws:kms:${region}:1:key/1`,
          ...more.attributes,
        },
      }),
    },
  } as unknown as World
  const inputs = pointDraft.parse({ at: '2026-11-29T03:12:00Z', ...more.inputs })
  const found = await ownChecks(world, { runId: 'r', mode: 'real', startedAt: now, inputs, facts: {} })
  return (id: string) => found.find((one) => one.id === id)
}

describe('the shape of the database', () => {
  test.each(['aurora', 'instance'] as const)('%s is restored by calls that this version makes', async (shape) => {
    expect((await looks({ shape }))('P2-t')).toMatchObject({ result: 'pass' })
  })
  test('a Multi-AZ DB cluster is refused with the reason', async () => {
    expect((await looks({ shape: 'multi_az_cluster' }))('P2-t')).toMatchObject({
      result: 'block',
      message: expect.stringContaining('cannot restore one'),
    })
  })
})

describe('the key', () => {
  test('of the same region is used', async () => {
    expect((await looks())('P2-k')).toMatchObject({ result: 'pass' })
  })
  test('of another region is refused before anything is made', async () => {
    const kmsKeyId = 'arn:aws:kms:eu-central-1:1:key/1'
    expect((await looks({ attributes: { kmsKeyId } }))('P2-k')).toMatchObject({
      result: 'block',
      message: expect.stringContaining('eu-central-1'),
    })
  })
})

describe('what is not entered yet blocks, and is named', () => {
  test.each([
    ['P2-f', { goal: 'cutover' }, 'Not confirmed yet'],
    ['P2-g', { goal: 'extract' }, 'Enter the tables'],
    ['P2-h', { goal: 'find' }, 'Choose how the damage is recognised'],
  ])('%s', async (id, inputs, says) => {
    expect((await looks({ inputs }))(id)).toMatchObject({ result: 'block', message: expect.stringContaining(says) })
  })
})

describe('the tables whose rows are merged', () => {
  const look = async (unfit: object, damagedTables = 'castings, logs') =>
    (await looks({ inputs: { goal: 'extract', damagedTables }, unfit }))('P2-g')

  test('pass, and one that was dropped is left to the copy', async () => {
    expect(await look({ gone: [], refused: [] })).toMatchObject({
      result: 'pass',
      message: 'Rows of public.castings and public.logs are compared and merged back.',
    })
    expect(await look({ gone: ['public.logs'], refused: [] })).toMatchObject({
      result: 'pass',
      message: expect.stringContaining('The database has no public.logs now. The copy shows'),
    })
  })
  test('block by name before anything is restored, where their rows cannot be compared', async () => {
    const refused = [{ table: 'public.logs', why: 'It has no primary key, so its rows cannot be told apart.' }]
    expect(await look({ gone: [], refused })).toMatchObject({
      result: 'block',
      message: 'public.logs cannot be merged. It has no primary key, so its rows cannot be told apart.',
    })
  })
})
