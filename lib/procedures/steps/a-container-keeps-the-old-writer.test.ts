// A deployment has several containers that dial the database, an init container among them. One that keeps the old writer
// would write to the wrong side, or block the next restart of a pod, while all pods look ready.
import { beforeEach, describe, expect, test } from 'vitest'
import { type ContainerEnvironment, hostSettings } from '../../domain/cluster/containers'
import { renderCall } from '../../domain/procedure/render'
import type { StepContext, World } from '../contract'
import type { FailoverInputs } from '../primary-failover/inputs'
import { newAddress } from '../primary-failover/way'
import { everything } from '../testing/surroundings'
import { runAnnotation, switchWorkload } from './switch-workloads'

const step = switchWorkload(everything, 'api', { newAddress })
const container = (name: string, host: string | null, more: Partial<ContainerEnvironment> = {}) => ({
  name,
  init: false,
  env: (host === null ? {} : { DATABASE_HOST: host }) as Record<string, string>,
  references: {},
  sources: [],
  ...more,
})
const reference = { env: {}, references: { DATABASE_HOST: 'key host of Secret db' } }
const template = (api: string, worker: string, migrate: string) => [
  container('api', api),
  container('worker', worker),
  container('proxy', null),
  container('migrate', migrate, { init: true }),
]

const deployment = {
  containers: [] as ContainerEnvironment[],
  running: [] as { name: string; containers: ContainerEnvironment[] }[],
  annotations: {} as Record<string, string>,
  paused: false,
  rollout: 'complete',
  rolloutDetail: '2 of 2 available',
  generation: 2,
  observedGeneration: 2,
  ...{ replicas: 2, ready: 2, updated: 2, progressDeadlineSeconds: 60 },
}
const world = {
  environment: everything,
  pace: 1,
  workloads: { read: async () => deployment, owners: async () => ({ keeper: 'Argo CD' }) },
} as unknown as World

let ctx: StepContext<FailoverInputs>
beforeEach(() => {
  const before = template('old', 'old:5432', 'older')
  ctx = {
    runId: 'run-1',
    mode: 'real',
    startedAt: 0,
    inputs: { connectionMode: 'env' } as FailoverInputs,
    facts: {
      topology: 'hybrid',
      endpoint: { host: 'new', port: 5432 },
      workloads: [{ deployment: 'api', containers: hostSettings(before, 'DATABASE_HOST'), replicas: 2 }],
    },
  }
  Object.assign(deployment, { containers: before, running: [], annotations: {}, paused: false })
})
const patched = (containers: ContainerEnvironment[], pods = containers) =>
  Object.assign(deployment, {
    containers,
    running: [{ name: 'api-1', containers: pods }],
    annotations: { [runAnnotation]: 'run-1' },
  })
const verify = () => step.verify(world, ctx, 0)
const all = template('new', 'new:5432', 'new')

describe('one patch', () => {
  test('names every container that carries the variable, each in its own form, and rolling back each former value', () => {
    const call = step.call?.(ctx, everything)
    expect(call).toMatchObject({
      patch: {
        containers: [
          { name: 'api', init: false, env: { DATABASE_HOST: 'new' } },
          { name: 'worker', init: false, env: { DATABASE_HOST: 'new:5432' } },
          { name: 'migrate', init: true, env: { DATABASE_HOST: 'new' } },
        ],
      },
    })
    expect(step.undo?.call(ctx, everything)).toMatchObject({
      patch: {
        containers: [
          { env: { DATABASE_HOST: 'old' } },
          { env: { DATABASE_HOST: 'old:5432' } },
          { env: { DATABASE_HOST: 'older' } },
        ],
      },
    })
    const shown = call ? renderCall(call) : ''
    for (const name of ['api', 'worker', 'migrate']) expect(shown).toContain(`"name":"${name}"`)
  })

  test('is not sent where it could not do its work', async () => {
    const guard = () => step.guard?.(world, ctx)
    expect(await guard()).toBeNull()
    deployment.paused = true
    expect(await guard()).toMatch(
      /^The rollout of api is paused.*kubectl rollout resume deployment\/api -n n, then retry/,
    )
    deployment.paused = false
    deployment.containers = [...deployment.containers, container('added', 'old')]
    expect(await guard()).toMatch(/set DATABASE_HOST are now .*added.*at the baseline they were api, worker and init/)
    deployment.containers = [container('api', null, reference)]
    expect(await guard()).toBe(
      'DATABASE_HOST of api is no plain value: api takes it from key host of Secret db. Change it there, then continue.',
    )
    deployment.containers = [container('api', null)]
    expect(await guard()).toMatch(/^No container of api sets DATABASE_HOST/)
    Object.assign(deployment, { containers: template('old', 'old', 'old') })
    ctx.facts.workloads = []
    expect(await guard()).toMatch(/^The baseline has no values of api/)
  })
})

describe('it is done', () => {
  test('only when the last container has the new host', async () => {
    const seen = async (...hosts: [string, string, string]) => {
      deployment.containers = template(...hosts)
      return await step.observe?.(world, ctx)
    }
    expect(await seen('new', 'new', 'new')).toMatchObject({ state: 'done' })
    expect(await seen('new', 'old', 'new')).toMatchObject({
      state: 'not-started',
      says: 'DATABASE_HOST of api is new in api and init container migrate; old in worker.',
    })
    expect(await seen('new', 'new', 'old')).toMatchObject({ state: 'not-started' })
  })

  test('and every pod that runs has it in every container', async () => {
    patched(all)
    expect(await verify()).toEqual({
      state: 'proved',
      says: 'api: all 2 pods are ready on the new writer (DATABASE_HOST in api, worker and init container migrate).',
    })
    patched(all, template('new', 'new', 'old'))
    expect(await verify()).toMatchObject({
      state: 'not-yet',
      says: expect.stringContaining('api-1 still has old in init container migrate'),
    })
  })

  test('not when a container was left, put back or added', async () => {
    patched(template('new', 'old', 'new'))
    expect(await verify()).toMatchObject({
      state: 'failed',
      says: expect.stringMatching(/is old in worker, as this run/),
    })
    patched([...all, container('added', 'old')])
    expect(await verify()).toMatchObject({
      state: 'failed',
      says: expect.stringMatching(/is old in added\. This run did not change added/),
    })
    patched(template('new', 'new', 'older'))
    deployment.annotations = {}
    expect(await verify()).toMatchObject({
      state: 'failed',
      says: expect.stringMatching(/reverted\. Argo CD must be told/),
    })
  })

  test('not while a container takes the host from elsewhere, which is named', async () => {
    patched([...all, container('mail', null, reference)])
    expect(await verify()).toMatchObject({
      state: 'failed',
      says: expect.stringMatching(
        /not verified everywhere: mail takes it from key host of Secret db\. Change it there/,
      ),
    })
  })

  test('not while the rollout is paused', async () => {
    Object.assign(patched(all, template('old', 'old', 'old')), { paused: true })
    expect(await verify()).toMatchObject({ state: 'failed', says: expect.stringMatching(/is paused.*rollout resume/) })
  })
})

test('it is rolled back when every container has its own former value again', async () => {
  patched(template('old', 'old:5432', 'new'))
  expect(await step.undo?.verify(world, ctx)).toMatchObject({
    state: 'not-yet',
    says: expect.stringContaining('not yet older in init container migrate'),
  })
  patched(template('old', 'old:5432', 'older'))
  expect(await step.undo?.verify(world, ctx)).toMatchObject({ state: 'proved' })
  deployment.paused = true
  expect(await step.undo?.guard?.(world, ctx)).toMatch(/paused/)
})
