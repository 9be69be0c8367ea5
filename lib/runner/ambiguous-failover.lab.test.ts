// The API loses its answer, breaks after the effect, or RDS acts by itself while the approver still reads. Whatever the
// caller was told, there is one failover, and the run ends proved.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { approve } from '../commands/run/decide'
import { readRun } from '../store/run'
import { readOutput } from '../store/run-output'
import { failOver, witnessLab } from './testing/many-failovers'
import { readersStream } from './testing/readers-stream'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
beforeAll(async () => {
  scene = await stageScene(21_800)
  scene.startRunner()
})
afterAll(async () => {
  await scene.end()
})

/** Each test begins with a writer and two readers that stream, as the one before left them. */
beforeEach(async () => {
  await expect.poll(() => readersStream(scene), { timeout: 60_000 }).toBe(true)
}, 70_000)

const reader = () => scene.lab.lab.context.cluster.nodes().find((n) => n.role === 'reader')?.id ?? ''
const sent = () => scene.lab.lab.context.log.list().filter((e) => e.operation === 'FailoverDBCluster').length
const patience = { timeout: 120_000 }

test('answer lost, target behind: sent once, never two writers, no more lost than shown', patience, async () => {
  const witness = witnessLab(scene.lab.lab)
  try {
    const fate = { writer: 'killed', way: 'reply lost', behind: true, dies: 1 } as const
    const outcome = await failOver(scene, witness, fate)
    expect(outcome).toMatchObject({ state: 'done', retries: 0, failovers: 1, twoWriters: false, byOwnName: 0 })
    expect(outcome.lostCommits).toBeGreaterThan(0)
    expect(outcome.lossSeconds).toBeLessThanOrEqual(outcome.shownLossSeconds ?? 0)
  } finally {
    await witness.end()
  }
})

test('a failover answered with 500 after its effect is observed and not sent again', patience, async () => {
  const before = sent()
  const id = await scene.startFailover({ target: reader() })
  await scene.reaches(id, ['waiting'])
  await scene.lab.lab.startFault('api-500', 'rds', { calls: 1, operation: 'FailoverDBCluster', when: 'after' })
  await scene.approveOpen(id, await scene.as('approver'))
  const run = await scene.reaches(id, ['done', 'needs-person'], 90_000)
  expect(run.state, run.sentence).toBe('done')
  expect(run.effects.find((e) => e.stepId === 'fail-over')).toMatchObject({ attempt: 1, outcome: 'unknown' })
  expect(sent() - before).toBe(1)
})

/** Each way of spoiling an answer meets each of the three services once. `by`: how the pods come to the new writer. */
const spoilt = [
  { rds: 'cut', kubernetes: 'garbage', pooler: 'empty', command: 'PAUSE', by: 'env' },
  { rds: 'garbage', kubernetes: 'empty', pooler: 'cut', command: 'RESUME', by: 'pgbouncer' },
  { rds: 'empty', kubernetes: 'cut', pooler: 'garbage', command: 'PAUSE', by: 'env' },
] as const
test.each(spoilt)(
  'answers spoilt after the effect (RDS $rds, Kubernetes $kubernetes, PgBouncer $pooler): each done once, and proved',
  patience,
  async ({ rds, kubernetes, pooler, command, by }) => {
    const { lab } = scene.lab
    const id = await scene.startFailover({ target: reader(), inputs: { connectionMode: by } })
    const since = lab.context.log.list().length
    await lab.startFault(`pooler-reply-${pooler}`, null, { operation: command })
    await lab.startFault(`api-reply-${kubernetes}`, 'kubernetes', { operation: 'PatchDeployment' })
    await lab.startFault(`api-reply-${rds}`, 'rds', { operation: 'FailoverDBCluster' })
    await scene.reaches(id, ['waiting'])
    await scene.approveOpen(id, await scene.as('approver'))
    const run = await scene.reaches(id, ['done', 'needs-person'], 90_000)
    const said = (await readOutput(scene.store, scene.environment.name, id, 0)).map((l) => l.text).join('\n')
    expect(run.state, `${run.sentence}\n${said}`).toBe('done')
    const step = command === 'PAUSE' ? 'hold-traffic' : 'switch-pooler'
    for (const stepId of [step, 'fail-over', 'switch-castmatch-api'])
      expect(run.effects.filter((e) => e.stepId === stepId)).toMatchObject([{ attempt: 1, outcome: 'unknown' }])
    const counted = lab.context.log.list().slice(since)
    const once = { effective: true, answered: 'none' }
    for (const operation of ['FailoverDBCluster', 'PatchDeployment'])
      expect(counted.filter((e) => e.operation === operation)).toMatchObject([once])
    // At each of the two poolers.
    expect(counted.filter((e) => e.operation === command)).toMatchObject([once, once])
  },
)

test('RDS fails over by itself while the approver reads: the request falls and the run follows', patience, async () => {
  const target = reader()
  const id = await scene.startFailover({ target })
  const waiting = await scene.reaches(id, ['waiting'])
  const asked = waiting.approvals.at(-1)
  const before = sent()
  scene.lab.lab.context.cluster.failover(target)
  const run = await scene.reaches(id, ['done', 'needs-person'], 90_000)
  const said = (await readOutput(scene.store, scene.environment.name, id, 0)).map((l) => l.text).join('\n')
  expect(run.state, `${run.sentence}\n${said}`).toBe('done')
  expect(sent()).toBe(before)
  expect(run.steps.find((s) => s.stepId === 'fail-over')).toMatchObject({ state: 'already-so', attempts: 0 })
  // While RDS moves the writer the figures change, so that it may be asked anew; whatever was asked has fallen.
  expect(new Set((await readRun(scene.store, id)).approvals.map((a) => a.state))).toEqual(new Set(['void']))
  const late = approve(await scene.as('approver'), {
    runId: id,
    approvalId: asked?.id ?? '',
    digest: asked?.digest ?? '',
    typed: target,
  })
  await expect(late).rejects.toMatchObject({ code: 'conflict' })
})

test('a dry run shows the whole way and sends nothing', patience, async () => {
  const before = scene.lab.lab.context.log.list().length
  const id = await scene.startFailover({ mode: 'dry-run', target: reader() })
  const run = await scene.reaches(id, ['done', 'needs-person', 'aborted'], 60_000)
  expect(run.state, run.sentence).toBe('done')
  expect(run.steps.find((s) => s.stepId === 'fail-over')?.cli).toContain('aws rds failover-db-cluster')
  expect(scene.lab.lab.context.log.list().length).toBe(before)
})
