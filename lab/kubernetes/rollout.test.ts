// The controller with pods that are told when to be ready: a rollout must stay within its bounds at every moment, and
// say honestly when it does not get anywhere.
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Controller } from './controller'
import { Pods } from './pods'
import type { PodListener } from './runtime'
import { ObjectStore } from './store'
import type { Deployment } from './types'
import { writeDeployment, writeScale } from './writes'

let store: ObjectStore
let controller: Controller
let listeners: Map<string, PodListener>
let becomesReady: boolean

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) })
  store = new ObjectStore(1000)
  listeners = new Map()
  becomesReady = true
  const pods = new Pods(
    store,
    'us-west-2',
    (pod, listener) => {
      if (pod.image === 'unknown') throw new Error('Failed to pull image "unknown": not found')
      listeners.set(pod.name, listener)
      const decided = becomesReady
      setTimeout(() => decided && listener.ready(true, ''), 300)
      return { pid: 1, stop: () => setTimeout(() => listener.exited(0), 50) }
    },
    () => 'secret',
  )
  controller = new Controller(store, pods)
  store.put('deployments', deployment())
  controller.start()
})
afterEach(() => {
  controller.stop()
  vi.useRealTimers()
})

function deployment(): Deployment {
  const labels = { app: 'api' }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'api',
      namespace: 'n',
      uid: randomUUID(),
      resourceVersion: '',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      replicas: 6,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      progressDeadlineSeconds: 20,
      template: { metadata: { labels }, spec: { containers: [{ name: 'api', image: 'v1' }] } },
    },
    status: {},
  }
}

const current = () => {
  const found = store.get('deployments', 'n', 'api')
  if (!found) throw new Error('the deployment is gone')
  return found
}
const progressing = () => current().status.conditions?.find((condition) => condition.type === 'Progressing')
const settle = () => vi.advanceTimersByTime(10_000)

function setImage(image: string): void {
  const old = current()
  const template = { ...old.spec.template, spec: { containers: [{ name: 'api', image }] } }
  writeDeployment(store, old, { ...old, spec: { ...old.spec, template } }, false)
}

test('a new deployment comes up and says so', () => {
  settle()
  expect(current().status).toMatchObject({
    observedGeneration: 1,
    replicas: 6,
    updatedReplicas: 6,
    availableReplicas: 6,
  })
  expect(progressing()).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' })
})

test('the observed generation lags behind a change and catches up', () => {
  settle()
  setImage('v2')
  expect(current().metadata.generation).toBe(2)
  expect(current().status.observedGeneration).toBe(1)
  settle()
  expect(current().status.observedGeneration).toBe(2)
})

test('a rollout never has more pods than the surge nor fewer ready ones than allowed', () => {
  settle()
  setImage('v2')
  let moved = false
  for (let step = 0; step < 300; step++) {
    vi.advanceTimersByTime(40)
    const pods = store.list('pods', 'n').filter((pod) => !pod.metadata.deletionTimestamp)
    const ready = pods.filter((pod) => pod.status.containerStatuses[0]?.ready)
    expect(pods.length).toBeLessThanOrEqual(8)
    expect(ready.length).toBeGreaterThanOrEqual(5)
    moved ||= pods.some((pod) => pod.spec.containers[0]?.image === 'v2')
  }
  expect(moved).toBe(true)
  expect(current().status).toMatchObject({ replicas: 6, updatedReplicas: 6, availableReplicas: 6 })
})

test('a rollout whose pods never get ready fails at its deadline, keeps serving, and going back heals it', () => {
  settle()
  becomesReady = false
  setImage('v2')
  vi.advanceTimersByTime(15_000)
  expect(progressing()).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' })
  vi.advanceTimersByTime(15_000)
  expect(progressing()).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' })
  expect(current().status.availableReplicas).toBeGreaterThanOrEqual(5)
  becomesReady = true
  setImage('v1')
  settle()
  expect(progressing()).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' })
})

test('pods that turn unready after a finished rollout do not make it fail', () => {
  settle()
  for (const listener of listeners.values()) listener.ready(false, 'the writer is gone')
  vi.advanceTimersByTime(60_000)
  expect(progressing()).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' })
  expect(current().status.conditions?.find((one) => one.type === 'Available')?.status).toBe('False')
})

test('scaling keeps the ReplicaSet', () => {
  settle()
  const names = store.list('replicasets', 'n').map((set) => set.metadata.name)
  writeScale(store, current(), { spec: { replicas: 2 } }, false)
  settle()
  expect(store.list('pods', 'n')).toHaveLength(2)
  expect(store.list('replicasets', 'n').map((set) => set.metadata.name)).toEqual(names)
})

test('an image that is not there shows as a pull that backs off', () => {
  settle()
  setImage('unknown')
  settle()
  const waiting = store.list('pods', 'n').map((pod) => pod.status.containerStatuses[0]?.state.waiting?.reason)
  expect(waiting).toContain('ImagePullBackOff')
})

test('a container that ends is started again, later each time', () => {
  settle()
  const name = store.list('pods', 'n')[0]?.metadata.name ?? ''
  listeners.get(name)?.exited(1)
  const status = () => store.get('pods', 'n', name)?.status.containerStatuses[0]
  expect(status()).toMatchObject({ restartCount: 1, ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } })
  settle()
  expect(status()).toMatchObject({ restartCount: 1, ready: true, lastState: { terminated: { exitCode: 1 } } })
})

test('an invalid deployment is refused with what is wrong', () => {
  settle()
  const old = current()
  expect(() => writeDeployment(store, old, { ...old, spec: { ...old.spec, replicas: -1 } }, false)).toThrow(
    'must be greater than or equal to 0',
  )
  expect(() => writeScale(store, old, { spec: { replicas: 1.5 } }, false)).toThrow('spec.replicas')
})
