// The application is two deployments, and one of them has a worker beside its server and a migration that must end before
// either. All of them dial the database by a name of their own: a failover that leaves one behind is not done, and rolling back
// gives each its own former name.
import { join } from 'node:path'
import { AppsV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
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
let apps: AppsV1Api
let runs: Bench
let environment: Surroundings

const namespace = 'production'
const deployments = ['castmatch-api', 'castmatch-mail']
const read = (name: string) => workloads.read(namespace, name)
const hosts = async (name: string) =>
  hostSettings((await read(name)).containers, 'DATABASE_HOST').map((s) => (s.by === 'value' ? s.host : s.from))
const ready = async (name: string) => {
  const { rollout, ready, replicas } = await read(name)
  return rollout === 'complete' && ready === replicas
}
const strategic = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch)
const change = async (name: string, spec: object) =>
  void (await apps.patchNamespacedDeployment({ name, namespace, body: { spec } }, strategic))

beforeAll(async () => {
  ;[lab, store] = await Promise.all([createOneNodeLab(21_380), startTestStore()])
  registerWorkload(lab)
  registerKubernetes(lab, { 'castmatch-mail': 1 })
  await lab.start()
  const context = 'castmatch-prod-us-west-2'
  const kubeconfig = join(lab.context.dataDir, 'kubeconfig')
  workloads = createKubernetes({ kubeconfig, context, requestMs: 2_000 })
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  config.setCurrentContext(context)
  apps = config.makeApiClient(AppsV1Api)
  environment = { ...surroundings, kubernetes: { context, namespace, deployments, hostVariable: 'DATABASE_HOST' } }
  const usual: AnyProcedure = {
    ...switchProcedure(new Switch(), 'SAFE'),
    slug: primaryFailover.slug,
    version: primaryFailover.version,
    inputs: z.looseObject({}) as unknown as AnyProcedure['inputs'],
    steps: () =>
      deployments.map((name, i) => placed(primaryFailover, switchWorkload(environment, name, { newAddress }), i)),
  }
  runs = bench(store, new Switch(), usual)
  await workloads.scale(namespace, 'castmatch-api', 2)
  // What the lab gives a deployment, taken over by the others with another name of the same server.
  const found = await apps.readNamespacedDeployment({ name: 'castmatch-api', namespace })
  const api = found.spec?.template.spec?.containers[0]
  const env = api?.env?.map((one) =>
    one.name === 'DATABASE_HOST' ? { ...one, value: `127.0.0.1:${lab.context.ports.postgres}` } : one,
  )
  const beside = (name: string) => ({ ...api, name, env })
  await change('castmatch-api', {
    template: { spec: { containers: [beside('worker')], initContainers: [beside('migrate')] } },
  })
  runs.runner({
    procedure: usual,
    send: (call, signal) =>
      sendBy({ fleet: null as never, workloads, poolers: [], control: null } as never, { holds: () => true })(
        call,
        signal,
      ),
    world: { environment, workloads, pace: 1 / 20 },
  })
  const up = { timeout: 30_000, interval: 100 }
  for (const name of deployments) await vi.waitFor(async () => expect(await ready(name)).toBe(true), up)
}, 90_000)
afterAll(async () => {
  await runs?.end()
  await lab?.stop()
  await store?.stop()
})

/** A run whose baseline is of now, but for containers that were added since. */
async function start(to: string, added: string[] = []) {
  const kept = await Promise.all(
    deployments.map(async (deployment) => {
      const { containers, replicas } = await read(deployment)
      const settings = hostSettings(containers, 'DATABASE_HOST')
      return { deployment, replicas, containers: settings.filter(({ container }) => !added.includes(container)) }
    }),
  )
  return await runs.start({
    inputs: { target: 'r1', connectionMode: 'env' },
    resources: [`us-west-2/${Math.random()}`],
    facts: { topology: 'hybrid', endpoint: { host: to, port: lab.context.ports.postgres }, workloads: kept },
  })
}
const over = ['done', 'needs-person', 'stopped', 'aborted'] as const
/** The host of every container, by running pod. */
const running = async (name: string) =>
  (await read(name)).running.map((pod) =>
    hostSettings(pod.containers, 'DATABASE_HOST').map((s) => `${s.container} ${s.by === 'value' ? s.host : s.from}`),
  )

test('every container of every deployment follows by one patch each, in the deployment and in its pods', async () => {
  const old = `127.0.0.1:${lab.context.ports.postgres}`
  expect(await hosts('castmatch-api')).toEqual(['127.0.0.1', old, old])
  const since = lab.entries.length
  const run = await runs.reaches(await start('localhost'), [...over], 40_000)
  expect(run.steps.map((step) => `${step.state}: ${step.sentence}`)).toEqual([
    'confirmed: castmatch-api: all 2 pods are ready on the new writer (DATABASE_HOST in api, worker and init container migrate).',
    'confirmed: castmatch-mail: its pod is ready on the new writer (DATABASE_HOST in api).',
  ])
  const to = `localhost:${lab.context.ports.postgres}`
  expect(await hosts('castmatch-api')).toEqual(['localhost', to, to])
  expect(await running('castmatch-api')).toEqual(
    Array.from({ length: 2 }, () => ['api localhost', `worker ${to}`, `migrate ${to}`]),
  )
  const patches = lab.entries.slice(since).filter((e) => e.operation === 'PatchDeployment')
  expect(patches.map((e) => [e.parameters.name, e.effective])).toEqual(deployments.map((name) => [name, true]))
  // What was shown is what was sent.
  expect(run.effects[0]?.cli).toContain(JSON.stringify(patches[0]?.parameters.body))
}, 60_000)

test('a paused rollout of another deployment is told before it is changed, and each container gets its former host back', async () => {
  const before = await hosts('castmatch-api')
  await change('castmatch-mail', { paused: true })
  const id = await start('127.0.0.1')
  const stopped = await runs.reaches(id, [...over], 40_000)
  expect(stopped.steps.map((step) => step.state)).toEqual(['confirmed', 'failed'])
  expect(stopped.steps[1]?.sentence).toMatch(/The rollout of castmatch-mail is paused.*Run kubectl rollout resume/)
  expect(await hosts('castmatch-mail')).toEqual(['localhost'])
  const old = `127.0.0.1:${lab.context.ports.postgres}`
  expect(await hosts('castmatch-api')).toEqual(['127.0.0.1', old, old])
  await undoStep(await runs.person('Starter'), environment, { runId: id, stepId: 'switch-castmatch-api' })
  const state = async () => (await runs.reaches(id, [...over])).steps[0]?.state
  await expect.poll(state, { timeout: 30_000 }).toBe('undone')
  expect(await hosts('castmatch-api')).toEqual(before)
  await change('castmatch-mail', { paused: false })
}, 90_000)

test('a container that was added after the baseline stops the step before anything is changed', async () => {
  const before = await hosts('castmatch-api')
  const { steps } = await runs.reaches(await start('127.0.0.1', ['worker']), [...over])
  expect(steps[0]?.sentence).toMatch(
    /are now api, worker and init container migrate; at the baseline they were api and/,
  )
  expect(await hosts('castmatch-api')).toEqual(before)
}, 40_000)
