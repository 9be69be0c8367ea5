// The product's own client against the lab: lists, watches that break in every way a network offers, patches, and the
// log of effects by which crash tests count.

import { join } from 'node:path'
import {
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  Watch,
} from '@kubernetes/client-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { registerPooler } from '../pooler/index'
import { registerWorkload } from '../workload/index'
import { createOneNodeLab, type OneNodeLab } from '../workload/one-node-lab'
import { until } from '../workload/read-workload'
import { registerKubernetes } from './index'

let lab: OneNodeLab
let config: KubeConfig
const name = 'castmatch-api'
const namespace = 'production'
const strategic = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch)
const apps = () => config.makeApiClient(AppsV1Api)
const read = () => apps().readNamespacedDeployment({ name, namespace })
const setEnv = (value: string) => ({
  name,
  namespace,
  body: { spec: { template: { spec: { containers: [{ name: 'api', env: [{ name: 'CHANGE', value }] }] } } } },
})

beforeAll(async () => {
  lab = await createOneNodeLab(21_280)
  registerPooler(lab)
  registerWorkload(lab)
  registerKubernetes(lab)
  await lab.start()
  config = new KubeConfig()
  config.loadFromFile(join(lab.context.dataDir, 'kubeconfig'))
  await until(read, (deployment) => deployment.status?.readyReplicas === 6)
})
// The set-up itself may have failed.
afterAll(() => lab?.stop())

interface Seen {
  type: string
  object: { kind?: string; code?: number; metadata?: { name?: string; resourceVersion?: string } }
}

/** Opens a watch and collects what it says until it ends. */
async function watch(path: string, query: Record<string, string | boolean | number>) {
  const seen: Seen[] = []
  let ended = false
  const request = await new Watch(config).watch(
    path,
    query,
    (type, object) => seen.push({ type, object: object as Seen['object'] }),
    () => {
      ended = true
    },
  )
  return { seen, ended: () => ended, abort: () => request.abort() }
}
const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`

test('lists page by limit and continue without missing or repeating an object', async () => {
  const core = config.makeApiClient(CoreV1Api)
  const names: string[] = []
  let next: string | undefined
  do {
    const page = await core.listNamespacedPod({ namespace, limit: 4, _continue: next })
    names.push(...page.items.map((pod) => pod.metadata?.name ?? ''))
    next = page.metadata?._continue
  } while (next)
  expect(new Set(names).size).toBe(6)
  expect(names).toHaveLength(6)
})

test('a watch from the version of a list sees each change after it, once', async () => {
  const list = await apps().listNamespacedDeployment({ namespace })
  const open = await watch(deployments, { resourceVersion: list.metadata?.resourceVersion ?? '' })
  await apps().patchNamespacedDeployment(setEnv('watched'), strategic)
  await until(
    async () => open.seen,
    (seen) => seen.length > 0,
  )
  const versions = open.seen.map(({ object }) => Number(object.metadata?.resourceVersion))
  expect(open.seen[0]?.type).toBe('MODIFIED')
  expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b))
  expect(versions[0]).toBeGreaterThan(Number(list.metadata?.resourceVersion))
  open.abort()
})

test('an old version is answered with 410 Expired, as an event of the stream', async () => {
  const open = await watch(deployments, { resourceVersion: '1' })
  await until(
    async () => open.ended(),
    (ended) => ended,
  )
  expect(open.seen).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410 } }])
})

test('a compaction ends open watches with 410', async () => {
  const { metadata } = await apps().listNamespacedDeployment({ namespace })
  const open = await watch(deployments, { resourceVersion: metadata?.resourceVersion ?? '' })
  await lab.startFault('kubernetes-compaction', null, {})
  await until(
    async () => open.ended(),
    (ended) => ended,
  )
  expect(open.seen.at(-1)).toMatchObject({ type: 'ERROR', object: { code: 410 } })
})

test('a silenced watch hears nothing and stays open until the connection is reset', async () => {
  const { metadata } = await apps().listNamespacedDeployment({ namespace })
  const open = await watch(deployments, { resourceVersion: metadata?.resourceVersion ?? '' })
  await lab.startFault('kubernetes-silent-watch', null, {})
  const fresh = await watch(deployments, { resourceVersion: metadata?.resourceVersion ?? '' })
  // A rollout of the test before may still have spoken until it was silenced.
  const heard = open.seen.length
  await apps().patchNamespacedDeployment(setEnv('unheard'), strategic)
  await until(
    async () => JSON.stringify(fresh.seen),
    (seen) => seen.includes('unheard'),
  )
  expect(open.seen.slice(heard)).toEqual([])
  expect(open.ended()).toBe(false)
  await lab.heal('kubernetes-silent-watch')
  await until(
    async () => open.ended(),
    (ended) => ended,
  )
  fresh.abort()
})

test('a watch ends by itself after its time limit, with a bookmark for the next', async () => {
  const { metadata } = await apps().listNamespacedDeployment({ namespace })
  const query = { resourceVersion: metadata?.resourceVersion ?? '', timeoutSeconds: 1, allowWatchBookmarks: true }
  const open = await watch(`/api/v1/namespaces/${namespace}/events`, query)
  await until(
    async () => open.ended(),
    (ended) => ended,
  )
  expect(open.seen.at(-1)?.type).toBe('BOOKMARK')
})

test('a changed environment is one strategic patch; a stale write is refused with 409', async () => {
  const before = await read()
  const after = await apps().patchNamespacedDeployment(setEnv('once'), strategic)
  expect(after.metadata?.generation).toBe((before.metadata?.generation ?? 0) + 1)
  const env = after.spec?.template.spec?.containers[0]?.env ?? []
  expect(env.find((variable) => variable.name === 'CHANGE')?.value).toBe('once')
  expect(env.some((variable) => variable.name === 'DATABASE_HOST')).toBe(true)
  const stale = apps().replaceNamespacedDeployment({ name, namespace, body: before })
  await expect(stale).rejects.toMatchObject({ code: 409 })
})

test('the log of effects tells an effect whose reply was lost from a call that never had one', async () => {
  const from = lab.entries.length
  lab.inject({ kind: 'reset', when: 'after', calls: 1, operation: 'PatchDeployment' })
  const lost = apps().patchNamespacedDeployment(setEnv('reply lost'), strategic)
  await expect(lost).rejects.toMatchObject({ code: 'ECONNRESET' })
  lab.inject({ kind: 'error-500', when: 'before', calls: 1, operation: 'PatchDeployment' })
  await expect(apps().patchNamespacedDeployment(setEnv('never'), strategic)).rejects.toMatchObject({ code: 500 })
  expect(lab.entries.slice(from)).toMatchObject([
    { service: 'kubernetes', operation: 'PatchDeployment', effective: true, answered: 'none' },
    { service: 'kubernetes', operation: 'PatchDeployment', effective: false, answered: 'error' },
  ])
  const env = (await read()).spec?.template.spec?.containers[0]?.env ?? []
  expect(env.find((variable) => variable.name === 'CHANGE')?.value).toBe('reply lost')
})

test('access reviews allow what the lab serves', async () => {
  const ask = async (verb: string, subresource?: string) => {
    const resourceAttributes = { namespace, verb, group: 'apps', resource: 'deployments', subresource }
    const body = { spec: { resourceAttributes } }
    const review = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({ body })
    return review.status?.allowed
  }
  expect(await ask('patch')).toBe(true)
  expect(await ask('patch', 'scale')).toBe(true)
  expect(await ask('delete')).toBe(false)
})

test('a killed pod is restarted by its kubelet and counted', async () => {
  const core = config.makeApiClient(CoreV1Api)
  await until(read, ({ metadata, status }) => {
    const counts = [status?.updatedReplicas, status?.replicas, status?.readyReplicas]
    return status?.observedGeneration === metadata?.generation && counts.every((count) => count === 6)
  })
  const pod = (await core.listNamespacedPod({ namespace })).items.find((one) => !one.metadata?.deletionTimestamp)
  const podName = pod?.metadata?.name ?? ''
  await lab.startFault('pod-kill', podName, {})
  const back = await until(
    () => core.readNamespacedPod({ name: podName, namespace }),
    ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1 && status.containerStatuses[0].ready,
  )
  expect(back.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode).toBe(137)
})
