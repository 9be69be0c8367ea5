// The database has moved and the pods must follow, but Kubernetes is in trouble too: new pods cannot pull their image, the
// answer to the one patch is lost, or a tool puts the old value back. There is one patch for each intent, whatever the
// caller was told; a rollout that fails is said so with its choices, and rolled back to the value that was stored.
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { spoils } from '../../lab/faults/spoilt-reply'
import { registerKubernetes } from '../../lab/kubernetes/index'
import { registerWorkload } from '../../lab/workload/index'
import { createOneNodeLab, type OneNodeLab } from '../../lab/workload/one-node-lab'
import { createKubernetes } from '../adapters/kubernetes/index'
import { undoStep } from '../commands/run/steer'
import { hostSettings } from '../domain/cluster/containers'
import type { Workloads } from '../ports/workloads'
import type { AnyProcedure, Surroundings } from '../procedures/contract'
import { primaryFailover } from '../procedures/primary-failover'
import { newAddress } from '../procedures/primary-failover/way'
import { placed } from '../procedures/procedure'
import { switchWorkload } from '../procedures/steps/switch-workloads'
import { startTestStore } from '../store/testing/database'
import { sendBy } from './effects'
import { type Bench, bench, Switch, surroundings, switchProcedure } from './testing/one-effect'

let lab: OneNodeLab
let store: Awaited<ReturnType<typeof startTestStore>>
let workloads: Workloads
let runs: Bench
let environment: Surroundings
let usual: AnyProcedure

const [namespace, name] = ['production', 'castmatch-api']
const read = () => workloads.read(namespace, name)
/** Another name of the same server: pods that dial it write to the same database. */
const newHost = 'localhost'

beforeAll(async () => {
  ;[lab, store] = await Promise.all([createOneNodeLab(21_360), startTestStore()])
  registerWorkload(lab)
  registerKubernetes(lab)
  await lab.start()
  const context = 'castmatch-prod-us-west-2'
  workloads = createKubernetes({ kubeconfig: join(lab.context.dataDir, 'kubeconfig'), context, requestMs: 2_000 })
  const kubernetes = { context, namespace, deployments: [name], hostVariable: 'DATABASE_HOST' }
  environment = { ...surroundings, kubernetes }
  usual = {
    ...switchProcedure(new Switch(), 'SAFE'),
    // The command that puts a step back looks it up in the catalogue.
    slug: primaryFailover.slug,
    version: primaryFailover.version,
    inputs: z.looseObject({}) as unknown as AnyProcedure['inputs'],
    steps: () => [placed(primaryFailover, switchWorkload(environment, name, { newAddress }), 0)],
  }
  const fleet = { execute: () => Promise.reject(new Error('not asked')) }
  runs = bench(store, new Switch(), usual)
  await workloads.scale(namespace, name, 2)
  runs.runner({
    procedure: usual,
    send: (call, signal) =>
      sendBy({ fleet, workloads, poolers: [], control: null }, { holds: () => true })(call, signal),
    world: { environment, workloads, pace: 1 / 20 },
  })
})
afterAll(async () => {
  await runs?.end()
  await lab?.stop()
  await store?.stop()
})

let host = ''
beforeEach(async () => {
  await expect.poll(async () => (await read()).rollout, { timeout: 20_000 }).toBe('complete')
  await expect.poll(async () => (await read()).ready, { timeout: 20_000 }).toBe(2)
  host = (await read()).databaseHost ?? ''
})

async function start(to: string) {
  const { containers, replicas } = await read()
  const id = await runs.start({
    inputs: { target: 'r1', connectionMode: 'env' },
    resources: [`us-west-2/${Math.random()}`],
    facts: {
      topology: 'hybrid',
      endpoint: { host: to, port: lab.context.ports.postgres },
      workloads: [{ deployment: name, containers: hostSettings(containers, 'DATABASE_HOST'), replicas }],
    },
  })
  return id
}
const patches = (since: number) =>
  lab.entries.slice(since).filter((e) => e.operation === 'PatchDeployment' && e.effective).length
const stepOf = async (id: string) => (await runs.reaches(id, ['done', 'needs-person'])).steps[0]
const other = () => (host === newHost ? '127.0.0.1' : newHost)

test.each([
  ['hangs after its effect', { kind: 'hang', when: 'after' }],
  ['answers 500 after its effect', { kind: 'error-500', when: 'after' }],
  ...spoils.map(({ how, title }) => [`has its answer ${title}`, { kind: 'spoilt-reply', how, when: 'after' }] as const),
] as const)(
  'a patch whose call %s is seen to have happened, and is not sent again',
  async (_, fault) => {
    const since = lab.entries.length
    lab.inject({ ...fault, calls: 1, operation: 'PatchDeployment' })
    const to = other()
    const id = await start(to)
    const { steps, effects } = await runs.reaches(id, ['done', 'needs-person'])
    expect(steps[0], steps[0]?.sentence).toMatchObject({ state: 'confirmed' })
    expect(effects).toMatchObject([{ attempt: 1, outcome: 'unknown' }])
    expect(patches(since)).toBe(1)
    expect((await read()).databaseHost).toBe(to)
  },
  30_000,
)

test('a patch that never arrived is not sent again by itself: a person is asked', async () => {
  const since = lab.entries.length
  lab.inject({ kind: 'reset', when: 'before', calls: 1, operation: 'PatchDeployment' })
  const step = await stepOf(await start(other()))
  expect(step?.state, step?.sentence).toBe('failed')
  expect(patches(since)).toBe(0)
  expect((await read()).databaseHost).toBe(host)
}, 30_000)

test('pods that cannot pull their image fail the rollout, and the stored value comes back; the database stays', async () => {
  await lab.startFault('image-pull', null, {})
  const id = await start(other())
  const step = await stepOf(id)
  expect(step?.state).toBe('failed')
  expect(step?.sentence).toMatch(/of 2 pods are ready\. Retry, restore the former value, or continue/)
  await undoStep(await runs.person('Starter'), environment, { runId: id, stepId: `switch-${name}` })
  const run = await runs.reaches(id, ['done', 'needs-person', 'stopped', 'aborted'])
  expect(run.steps[0]?.state, run.steps[0]?.sentence).toBe('undone')
  expect((await read()).databaseHost).toBe(host)
  await lab.heal('image-pull')
  await expect.poll(async () => (await read()).ready, { timeout: 15_000 }).toBe(2)
}, 60_000)

test('a value that a tool puts back during the rollout is told as that', async () => {
  await lab.startFault('image-pull', null, {})
  const id = await start(other())
  await expect.poll(async () => (await read()).databaseHost, { timeout: 10_000 }).not.toBe(host)
  await workloads.patchEnv(namespace, name, {
    containers: [{ name: 'api', init: false, env: { DATABASE_HOST: host } }],
    annotations: { 'dr.castmatch/run': 'reconciled' },
  })
  const step = await stepOf(id)
  expect(step?.state).toBe('failed')
  expect(step?.sentence).toMatch(/the mark of this run is gone: the change was reverted/)
  await lab.heal('image-pull')
}, 30_000)
