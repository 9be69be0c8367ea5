// The home region stops responding. While the replica in the other region is promoted, the application is started there: its first pod waits
// for the database, then all of them commit on it. On a bad day no node has room, or the registry does not have the image: the pod's own
// words are shown, the database is promoted all the same, and a person decides.
import { Client } from 'pg'
import { afterEach, expect, test } from 'vitest'
import { startRun } from '../commands/run/start-run'
import { retryStep, skipStep } from '../commands/run/steer'
import { nodeKey } from '../domain/cluster/node-key'
import type { Run } from '../domain/run/run'
import { procedureBySlug } from '../procedures/index'
import { readRun } from '../store/run'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
afterEach(async () => {
  await scene.end()
}, 60_000)
const patience = { timeout: 300_000 }

const replica = () => {
  const found = scene.lab.lab.context.cluster.nodes().find(({ role }) => role === 'cross-region')
  if (!found) throw new Error('the lab has no replica elsewhere')
  return found
}

/** A recovery of the whole region up to its approval, with what is wrong in the other one. */
async function approved(basePort: number, fault: string | null): Promise<string> {
  scene = await stageScene(basePort)
  scene.startRunner()
  await expect.poll(() => scene.snapshot()?.diagnosis.kind, { timeout: 90_000 }).toBe('healthy')
  const { environment, lab } = scene
  if (fault) await lab.lab.startFault(fault, null, {})
  await lab.lab.startFault('region-outage', 'region', { how: 'refuse' })
  await expect.poll(() => scene.snapshot()?.diagnosis.certainty, { timeout: 90_000 }).toBe('confirmed')
  const { id } = await startRun(
    await scene.as('responder'),
    environment,
    {
      slug: 'region-recovery',
      mode: 'real',
      reason: 'A test of the whole procedure',
      typedEnvironment: environment.name,
      inputs: { target: nodeKey(replica().id, environment.aws.drRegion, environment.aws.region) },
    },
    scene.snapshot(),
  )
  const waiting = await scene.reaches(id, ['waiting', 'aborted', 'needs-person'], 90_000)
  const blocks = waiting.checks.filter(({ result }) => result === 'block')
  expect([waiting.state, blocks], waiting.sentence).toEqual(['waiting', []])
  await scene.approveOpen(id, await scene.as('approver'))
  await scene.reaches(id, ['running', 'done', 'needs-person', 'aborted'], 30_000)
  return id
}

/** Goes on to the end; the names, where they are asked for after the promotion, may be moved. */
async function ended(id: string, limitMs: number): Promise<Run> {
  const until = Date.now() + limitMs
  for (;;) {
    const run = await scene.reaches(id, ['waiting', 'done', 'needs-person', 'aborted'], until - Date.now())
    if (run.state !== 'waiting') return run
    await scene.approveOpen(id, await scene.as('approver'))
    await scene.reaches(id, ['running', 'done', 'needs-person', 'aborted'], 30_000)
  }
}

const stepOf = (run: Run, stepId: string) => {
  const found = run.steps.find((step) => step.stepId === stepId)
  if (!found) throw new Error(`the run has no step ${stepId}`)
  return found
}
const saidBy = (run: Run) => run.steps.map((s) => `${s.stepId}: ${s.state} (${s.sentence})`).join('\n')
const owed = (run: Run) =>
  (procedureBySlug('region-recovery')?.obligations(run.facts) ?? []).filter((o) => o.state === 'open').map((o) => o.id)

/** Applications of the run in the other region that took effect, by the number of pods that each asked for. */
const appliedPods = () =>
  scene.lab.lab.context.log
    .list()
    .filter(({ operation, effective }) => operation === 'PatchDeployment' && effective)
    .filter(({ parameters }) => parameters.region === scene.environment.aws.drRegion)
    .map(({ parameters }) => (parameters.body as { spec: { replicas: number } }).spec.replicas)

/** Numbered commits on the promoted database by pods of the other region. */
async function commitsThere(): Promise<{ pods: number; commits: number }> {
  const context = scene.environment.kubernetes?.drContext
  if (!context) throw new Error('the lab has a second context')
  const state = await scene.application?.deployment('production', 'castmatch-api')
  const pods = state?.pods.map(({ name }) => name) ?? []
  const client = new Client({
    ...replica().address,
    user: 'castmatch_admin',
    database: scene.environment.database.name,
    password: scene.lab.lab.secrets.adminPassword,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    const { rows } = await client.query<{ pods: number; commits: number }>(
      'SELECT count(DISTINCT worker)::int AS pods, count(*)::int AS commits FROM commits WHERE worker = ANY($1)',
      [pods],
    )
    return rows[0] ?? { pods: 0, commits: 0 }
  } finally {
    await client.end()
  }
}

test(
  'the application is started during the promotion, and all of its pods commit on the promoted database',
  patience,
  async () => {
    const id = await approved(31_040, null)
    const run = await ended(id, 180_000)
    expect(run.state, saidBy(run)).toBe('done')
    const [promoted, started] = [stepOf(run, 'promote-replica'), stepOf(run, 'start-application')]
    expect(started.stage).toEqual(promoted.stage)
    expect(stepOf(run, 'scale-application').sentence).toContain('4 of 4 pods ready')
    expect(appliedPods()).toEqual([1, 4])
    await expect.poll(async () => (await commitsThere()).pods, { timeout: 20_000 }).toBe(4)
    expect(owed(run)).not.toContain('application')
    const state = await scene.application?.deployment('production', 'castmatch-api')
    expect(state?.annotations['dr.castmatch/run']).toBe(id)
    expect(state?.containers[0]?.env).toMatchObject({ DATABASE_HOST: replica().address.host })
  },
)

test('no node there has room: said in the scheduler’s words, and the database is promoted', patience, async () => {
  const id = await approved(31_100, 'no-capacity-elsewhere')
  const stuck = await scene.reaches(id, ['needs-person', 'done', 'aborted'], 150_000)
  const started = stepOf(stuck, 'start-application')
  expect([stuck.state, started.state], saidBy(stuck)).toEqual(['needs-person', 'failed'])
  expect(started.sentence).toContain('1 Insufficient cpu')
  expect(stepOf(stuck, 'promote-replica').state).toBe('confirmed')
  expect(stuck.checks.find((check) => check.id === 'P3-n')).toMatchObject({
    result: 'warn',
    message: expect.stringContaining('room for 0 of 4 pods'),
  })
  await scene.lab.lab.heal('no-capacity-elsewhere')
  await retryStep(await scene.as('responder'), { runId: id, stepId: 'start-application' })
  const run = await ended(id, 150_000)
  expect(run.state, saidBy(run)).toBe('done')
  expect((await scene.application?.deployment('production', 'castmatch-api'))?.ready).toBe(4)
  expect(owed(run)).not.toContain('application')
})

test(
  'an image cannot be pulled there: people continue without the application, and it stays an open item',
  patience,
  async () => {
    const id = await approved(31_160, 'image-pull-elsewhere')
    const stuck = await scene.reaches(id, ['needs-person', 'done', 'aborted'], 150_000)
    const started = stepOf(stuck, 'start-application')
    expect([stuck.state, started.state], saidBy(stuck)).toEqual(['needs-person', 'failed'])
    expect(started.sentence).toContain('ImagePullBackOff: Back-off pulling image "castmatch/api:2.14.0"')
    expect(stepOf(stuck, 'promote-replica').state).toBe('confirmed')
    await skipStep(await scene.as('commander'), scene.environment, {
      runId: id,
      stepId: 'start-application',
      reason: 'The image is pushed to the other registry first',
    })
    const run = await ended(id, 150_000)
    expect(run.state, saidBy(run)).toBe('done')
    expect(owed(run)).toContain('application')
    expect(appliedPods()).toEqual([1])
    expect((await readRun(scene.store, id)).facts.application).toBeUndefined()
  },
)
