// Pods that run while their source is frozen would write to it the moment it opens, or retry for ever. They are scaled to 0 with
// their number stored first, and get it back; others that scale them, such as an HPA or a GitOps tool, are named.
import { beforeEach, describe, expect, test } from 'vitest'
import type { PodView } from '../../domain/cluster/types'
import { PortError } from '../../ports/port-error'
import type { DeploymentOwners } from '../../ports/workloads'
import type { StepContext, World } from '../contract'
import { everything } from '../testing/surroundings'
import type { ConnectInputs } from './connect'
import { newAddress } from './copy-cutover'
import type { CopyFacts } from './copy-facts'
import { freeze } from './cut-over'
import { scaleDownWriters, scaleUpWriters } from './scale-writers'
import { runAnnotation } from './switch-workloads'

const environment = {
  ...everything,
  kubernetes: { context: 'k', namespace: 'n', hostVariable: 'HOST', deployments: ['api', 'worker'] },
}
const host = (value: string) => [{ name: 'app', init: false, env: { HOST: value }, references: {}, sources: [] }]
const pods = (count: number, phase = 'Running'): PodView[] =>
  Array.from({ length: count }, (_, i) => ({ name: `api-${i}`, ready: false, phase, restarts: 0, reason: null }))

const fresh = () => ({
  replicas: 5,
  ready: 5,
  pods: pods(5),
  running: pods(5).map(({ name }) => ({ name, containers: host('copy') })),
  containers: host('copy'),
  annotations: { [runAnnotation]: 'run-1' },
  rollout: 'complete',
  rolloutDetail: '',
  generation: 4,
  observedGeneration: 4,
})
let api = fresh()
let owners: DeploymentOwners = { keeper: null, autoscaler: { known: true, is: null } }
let numbers: Record<string, number> | null = null
const world = {
  environment,
  pace: 1,
  now: () => 9_000,
  workloads: { read: async () => api, owners: async () => owners },
  async acknowledgedNumbers() {
    if (numbers) return numbers
    throw new PortError('unreachable', 'No metrics.', { outcome: 'rejected', probe: 'refused' })
  },
} as unknown as World

const inputs: ConnectInputs = { connectionMode: 'auto' }
let ctx: StepContext<ConnectInputs, CopyFacts>
beforeEach(() => {
  api = fresh()
  owners = { keeper: null, autoscaler: { known: true, is: null } }
  numbers = null
  ctx = { runId: 'run-1', mode: 'real', startedAt: 0, inputs, facts: { endpoint: { host: 'copy', port: 5432 } } }
})
const learn = (facts: CopyFacts | undefined) => Object.assign(ctx.facts, facts)

const [down] = scaleDownWriters(environment)
const [first, , all] = scaleUpWriters(environment, { newAddress })
if (!down?.undo || !first || !all) throw new Error('The steps are there')
const { undo } = down

test('every configured deployment is scaled down, also where no role may freeze the database', () => {
  const ids = (place: typeof environment) => freeze(place).map(({ id }) => id)
  expect(ids(environment)).toEqual(['scale-down-api', 'scale-down-worker', 'freeze-source'])
  expect(ids({ ...environment, database: { ...environment.database, recovery: null } })).toEqual([
    'scale-down-api',
    'scale-down-worker',
  ])
  expect(scaleUpWriters(environment, { newAddress }).map(({ id }) => id)).toEqual([
    'first-pod-api',
    'first-pod-worker',
    'all-pods-api',
    'all-pods-worker',
  ])
})

describe('scaled down', () => {
  test('it is with its number stored first, which a later look does not overwrite', async () => {
    const seen = await down.observe?.(world, ctx)
    expect(seen).toMatchObject({ state: 'not-started', facts: { replicasBefore: { api: 5 } } })
    learn(seen?.facts)
    learn({ replicasBefore: { ...ctx.facts.replicasBefore, worker: 2 } })
    expect(down.call?.(ctx, environment)).toMatchObject({ kind: 'scale', deployment: 'api', replicas: 0 })
    Object.assign(api, { replicas: 0, pods: pods(2, 'Terminating') })
    const after = await down.observe?.(world, ctx)
    expect(after).toMatchObject({ state: 'in-flight', facts: { replicasBefore: { api: 5, worker: 2 } } })
    expect(await down.verify(world, ctx, 0)).toMatchObject({ state: 'not-yet', says: '2 pods left: api-0 and api-1.' })
  })

  test('it is proved when no pod is left, one that was evicted aside, and giving the pods back is owed', async () => {
    learn((await down.observe?.(world, ctx))?.facts)
    Object.assign(api, { replicas: 0, pods: pods(1, 'Failed') })
    expect(await down.verify(world, ctx, 0)).toMatchObject({
      state: 'proved',
      says: 'No pod of api is left; 5 before this run.',
      facts: { obligations: [{ id: 'scaled-down-api', title: 'Scale api back to 5 pods', state: 'open' }] },
    })
    api.generation = 5
    expect(await down.verify(world, ctx, 0)).toMatchObject({ state: 'not-yet' })
  })

  test('the last numbers of pods that end are kept, and never fall', async () => {
    learn({ acknowledged: { 'api-0': 7, 'api-1': 3 } })
    numbers = { 'api-0': 6, 'api-2': 1 }
    learn((await down.verify(world, ctx, 0)).facts)
    expect(ctx.facts.acknowledged).toEqual({ 'api-0': 7, 'api-1': 3, 'api-2': 1 })
    numbers = null
    expect((await down.verify(world, ctx, 0)).facts).toMatchObject({ acknowledged: { 'api-0': 7 } })
  })

  test('an HPA and a GitOps owner are named before, and whoever scales it back is named after', async () => {
    owners = { keeper: 'Argo CD', autoscaler: { known: true, is: { name: 'api-hpa', least: 4, most: 9 } } }
    const seen = await down.observe?.(world, ctx)
    expect(seen?.says).toContain('Argo CD keeps api')
    expect(seen?.says).toContain('HPA api-hpa (4 to 9)')
    learn(seen?.facts)
    expect(await down.verify(world, ctx, 0)).toMatchObject({
      state: 'failed',
      says: expect.stringContaining('5 replicas again: Argo CD scaled it'),
    })
  })

  test('rolled back, it gets its stored number, and nothing is owed any more', async () => {
    learn((await down.observe?.(world, ctx))?.facts)
    Object.assign(api, { replicas: 0, pods: [], running: [], ready: 0 })
    learn((await down.verify(world, ctx, 0)).facts)
    expect(undo.call(ctx, environment)).toMatchObject({ kind: 'scale', replicas: 5 })
    expect(await undo.guard?.(world, ctx)).toBeNull()
    expect(await undo.verify(world, ctx)).toMatchObject({ state: 'not-yet' })
    Object.assign(api, { replicas: 5, running: fresh().running })
    expect(await undo.verify(world, ctx)).toMatchObject({
      state: 'proved',
      facts: { replicasBefore: {}, obligations: [] },
    })
  })

  test('it is not rolled back without a stored number, nor once the application writes to the copy', async () => {
    expect(await undo.guard?.(world, ctx)).toContain('no number of pods')
    learn({ replicasBefore: { api: 5 }, openedAt: 1 })
    expect(await undo.guard?.(world, ctx)).toContain('The application writes to the copy')
  })
})

describe('scaled back', () => {
  const at = (replicas: number, ready = replicas, value = 'copy') =>
    Object.assign(api, {
      replicas,
      ready,
      running: pods(replicas).map(({ name }) => ({ name, containers: host(value) })),
    })
  beforeEach(() => {
    learn({ replicasBefore: { api: 5 }, obligations: [{ id: 'scaled-down-api', title: '', why: '', state: 'open' }] })
  })

  test('it is to one pod first, whose readiness is the probe, and then to the stored number', async () => {
    at(0)
    expect(await first.observe?.(world, ctx)).toMatchObject({ state: 'not-started' })
    expect(first.call?.(ctx, environment)).toMatchObject({ replicas: 1 })
    at(1, 0)
    expect(await first.verify(world, ctx, 0)).toMatchObject({ state: 'not-yet', says: '0 of 1 pod of api ready.' })
    at(1)
    expect(await first.verify(world, ctx, 0)).toMatchObject({ state: 'proved' })
    expect(await all.observe?.(world, ctx)).toMatchObject({ state: 'not-started' })
    expect(all.call?.(ctx, environment)).toMatchObject({ replicas: 5 })
    at(5, 4)
    expect(await all.verify(world, ctx, 0)).toMatchObject({ state: 'not-yet' })
    at(5)
    expect(await all.verify(world, ctx, 0)).toMatchObject({
      state: 'proved',
      facts: { podsMissed: true, podsSince: 9_000, obligations: [] },
    })
  })

  test('a first pod on the old writer proves nothing', async () => {
    at(1, 1, 'old')
    expect(await first.verify(world, ctx, 0)).toMatchObject({ state: 'not-yet', says: expect.stringContaining('old') })
  })

  test('pods that somebody started meanwhile are never taken away', async () => {
    at(7)
    expect(await first.observe?.(world, ctx)).toMatchObject({ state: 'done' })
    expect(await all.observe?.(world, ctx)).toMatchObject({ state: 'done' })
  })

  test('fewer are right where an HPA decides, and somebody’s doing where none does', async () => {
    at(4)
    expect(await all.verify(world, ctx, 0)).toMatchObject({
      state: 'failed',
      says: expect.stringContaining('somebody'),
    })
    owners = { keeper: null, autoscaler: { known: true, is: { name: 'api-hpa', least: 4, most: 9 } } }
    expect(await all.verify(world, ctx, 0)).toMatchObject({
      state: 'proved',
      says: expect.stringContaining('HPA api-hpa sets their number now.'),
    })
  })

  test.each([{}, { replicasBefore: { api: 0 } }])('nothing is sent for a run that stored %j', async (facts) => {
    ctx.facts = facts
    for (const step of [first, all]) {
      expect(step.call?.(ctx, environment)).toBeNull()
      expect(await step.observe?.(world, ctx)).toMatchObject({ state: 'done' })
      expect(await step.verify(world, ctx, 0)).toMatchObject({ state: 'proved' })
    }
  })
})
