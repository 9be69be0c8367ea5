// A pod of several containers, as applications have them: a migration that must end first, the server, and a worker beside
// it. The pod is ready when all of them are, and gone when the last has ended.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Pods } from './pods'
import type { PodListener } from './runtime'
import { ObjectStore } from './store'
import type { Container, Deployment, ReplicaSet } from './types'
import { writeDeployment } from './writes'

const container = (name: string, env: Container['env'] = []): Container => ({ name, image: 'v1', env })
const template = {
  metadata: { labels: { app: 'api' } },
  spec: {
    containers: [container('api'), container('worker')],
    initContainers: [container('wait'), container('migrate', [{ name: 'HOST', value: 'db' }])],
  },
}
const metadata = {
  name: 'api',
  namespace: 'n',
  uid: 'u',
  resourceVersion: '',
  creationTimestamp: '2026-01-01T00:00:00Z',
}
const set: ReplicaSet = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata,
  spec: { replicas: 1, selector: { matchLabels: { app: 'api' } }, template },
  status: { replicas: 0 },
}

let store: ObjectStore
let pods: Pods
let started: { container: string; writer: string; once: boolean; env: Record<string, string>; listener: PodListener }[]
let name: string
beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) })
  store = new ObjectStore(1000)
  started = []
  const runtime = (pod: Omit<(typeof started)[number], 'listener'>, listener: PodListener) => {
    started.push({ ...pod, listener })
    return { pid: started.length, stop: () => listener.exited(0) }
  }
  pods = new Pods(store, 'us-west-2', runtime, () => 'secret')
  name = pods.create(set).metadata.name
})
afterEach(() => {
  vi.useRealTimers()
})
const pod = () => store.get('pods', 'n', name)
const names = () => started.map((one) => one.container)
const listener = (index: number) => {
  const found = started[index]
  if (!found) throw new Error(`only ${started.length} containers were started`)
  return found.listener
}
const condition = (type: string) => pod()?.status.conditions.find((one) => one.type === type)

test('init containers run one after the other, the containers after them, and the pod is ready with the last', () => {
  expect(names()).toEqual(['wait'])
  expect(condition('Initialized')?.status).toBe('False')
  listener(0).exited(0)
  expect(names()).toEqual(['wait', 'migrate'])
  expect(started[1]).toMatchObject({ once: true, env: { HOST: 'db' }, writer: `${name}/migrate` })
  // One that fails is started again, and nothing else begins meanwhile.
  listener(1).exited(1)
  vi.advanceTimersByTime(500)
  expect(names()).toEqual(['wait', 'migrate', 'migrate'])
  expect(pod()?.status.initContainerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0, 1])
  listener(2).exited(0)
  expect(names().slice(3)).toEqual(['api', 'worker'])
  expect(condition('Initialized')?.status).toBe('True')
  expect(started.slice(3).map(({ writer, once }) => [writer, once])).toEqual([
    [name, false],
    [`${name}/worker`, false],
  ])
  listener(3).ready(true, '')
  expect(condition('Ready')).toMatchObject({ status: 'False', message: 'containers with unready status: [worker]' })
  listener(4).ready(true, '')
  expect(condition('Ready')?.status).toBe('True')
})

test('a pod that is deleted is gone when its last container has ended', () => {
  listener(0).exited(0)
  listener(1).exited(0)
  listener(2).log('of the server')
  listener(3).log('of the worker')
  expect(pods.lines(name, 'worker').map(({ text }) => text)).toEqual(['of the worker'])
  const found = pod()
  if (found) pods.delete(found, null)
  expect(pod()).toBeUndefined()
})

test('names that are used twice, and a value beside a reference, are refused', () => {
  const deployment: Deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { replicas: 1, selector: { matchLabels: { app: 'api' } }, template },
    status: {},
  }
  store.put('deployments', deployment)
  const write = (initContainers: Container[]) => () => {
    const next = { ...template, spec: { ...template.spec, initContainers } }
    return writeDeployment(store, deployment, { ...deployment, spec: { ...deployment.spec, template: next } }, true)
  }
  expect(write([container('api')])).toThrow('initContainers[0].name: Duplicate value: "api"')
  const both = { name: 'HOST', value: 'db', valueFrom: { configMapKeyRef: { name: 'db', key: 'host' } } }
  expect(write([container('migrate', [both])])).toThrow('may not be specified when `value` is not empty')
})
