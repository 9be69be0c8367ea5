// The home region stops responding. Two people promote the replica in the other region, knowing what it costs; it is protected and
// takes writes. When the home region returns, its writer is fenced by the same approval, and refuses the application.
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startRun } from '../commands/run/start-run'
import { nodeKey } from '../domain/cluster/node-key'
import { procedureBySlug } from '../procedures/index'
import { readRun } from '../store/run'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
let runId: string
beforeAll(async () => {
  scene = await stageScene(30_700)
  scene.startRunner()
})
beforeEach(async () => {
  if (!runId) await expect.poll(() => scene.snapshot()?.diagnosis.kind, { timeout: 90_000 }).toBe('healthy')
}, 120_000)
afterAll(async () => {
  await scene?.end()
})
const patience = { timeout: 240_000 }

const replica = () => {
  const found = scene.lab.lab.context.cluster.nodes().find(({ role }) => role === 'cross-region')
  if (!found) throw new Error('the lab has no replica elsewhere')
  return found
}

async function start(target: string): Promise<string> {
  const { environment } = scene
  const { id } = await startRun(
    await scene.as('responder'),
    environment,
    {
      slug: 'region-recovery',
      mode: 'real',
      reason: 'A test of the whole procedure',
      typedEnvironment: environment.name,
      inputs: { target },
    },
    scene.snapshot(),
  )
  return id
}

/** A statement as the application's own role, at an address; its SQLSTATE when it is refused. */
async function asApplication(address: { host: string; port: number }, sql: string): Promise<string> {
  const client = new Client({
    ...address,
    user: scene.environment.database.applicationRoles[0],
    database: scene.environment.database.name,
    password: scene.lab.lab.secrets.applicationPassword,
    connectionTimeoutMillis: 2_000,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query(sql)
    return JSON.stringify(rows[0] ?? null)
  } catch (error) {
    return String((error as { code?: string }).code ?? error)
  } finally {
    await client.end().catch(() => {})
  }
}

test('goes from a region that is away to a promoted, protected database that takes writes', patience, async () => {
  const { environment, lab } = scene
  const { region, drRegion } = environment.aws
  const { id, address } = replica()
  const key = nodeKey(id, drRegion, region)
  await lab.lab.startFault('region-outage', 'region', { how: 'refuse' })
  await expect.poll(() => scene.snapshot()?.diagnosis.certainty, { timeout: 90_000 }).toBe('confirmed')
  runId = await start(key)
  const waiting = await scene.reaches(runId, ['waiting', 'aborted', 'needs-person'], 90_000)
  const blocks = waiting.checks.filter(({ result }) => result === 'block')
  expect([waiting.state, waiting.sentence, blocks]).toEqual(['waiting', expect.any(String), []])
  const asked = waiting.approvals.at(-1)
  expect(asked?.shown.loss).not.toBeNull()
  expect(asked?.shown.facts).toContainEqual({ label: 'Diagnosis', value: 'The writer at home does not respond' })
  await scene.approveOpen(runId, await scene.as('approver'))
  // The names are a question of their own, after the promotion.
  await scene.reaches(runId, ['running', 'done', 'needs-person', 'aborted'], 30_000)
  const promoted = await scene.reaches(runId, ['waiting', 'done', 'needs-person', 'aborted'], 150_000)
  expect(promoted.approvals.at(-1)?.title).toBe(`Move 2 names from ${region} to ${drRegion}`)
  await scene.approveOpen(runId, await scene.as('approver'))
  const run = await scene.reaches(runId, ['done', 'needs-person', 'aborted'], 150_000)
  const said = run.steps.map((s) => `${s.stepId}: ${s.state} (${s.sentence})`).join('\n')
  expect(run.state, said).toBe('done')
  expect(scene.effects('PromoteReadReplica')).toBe(1)
  expect(await asApplication(address, 'SELECT pg_is_in_recovery() AS standby')).toBe('{"standby":false}')
  const owed = procedureBySlug('region-recovery')?.obligations(run.facts) ?? []
  expect(owed.filter((o) => o.state === 'open').map((o) => o.id)).toEqual(
    expect.arrayContaining(['fence-pending', 'replica-home', 'configuration']),
  )
  expect(owed.map(({ id }) => id)).not.toContain('names')
})

test(
  'the home region returns: its writer is fenced by the approval of the run, and refuses the application',
  patience,
  async () => {
    const { lab } = scene
    const before = await readRun(scene.store, runId)
    const old = lab.lab.context.cluster.node(String((before.facts.writerBefore as { id: string }).id))
    if (!old) throw new Error('the run names no old writer')
    await lab.lab.heal('region-outage')
    await expect.poll(() => asApplication(old.address, 'SELECT 1'), { timeout: 60_000 }).toBe('28000')
    await expect.poll(async () => (await readRun(scene.store, runId)).facts.fence, { timeout: 60_000 }).toBe('fenced')
    expect(await asApplication(replica().address, 'SELECT pg_is_in_recovery() AS standby')).toBe('{"standby":false}')
  },
)
