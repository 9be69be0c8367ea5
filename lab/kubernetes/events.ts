import { randomBytes, randomUUID } from 'node:crypto'
import type { ObjectStore } from './store'
import { type KubeEvent, type KubeObject, timestamp } from './types'

const keptEvents = 400

/** Records an event about an object; the same event again raises its count, as the real recorder does. */
export function recordEvent(
  store: ObjectStore,
  about: KubeObject,
  component: string,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): void {
  const namespace = about.metadata.namespace ?? 'default'
  const now = timestamp(Date.now())
  const events = store.list('events', namespace)
  const same = events.find(
    (event) => event.involvedObject.uid === about.metadata.uid && event.reason === reason && event.message === message,
  )
  if (same) {
    store.put('events', { ...same, count: same.count + 1, lastTimestamp: now })
    return
  }
  const event: KubeEvent = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: `${about.metadata.name}.${randomBytes(8).toString('hex')}`,
      namespace,
      uid: randomUUID(),
      resourceVersion: '',
      creationTimestamp: now,
    },
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      namespace,
      name: about.metadata.name,
      uid: about.metadata.uid,
    },
    reason,
    message,
    type,
    count: 1,
    firstTimestamp: now,
    lastTimestamp: now,
    source: { component },
    reportingComponent: component,
    reportingInstance: '',
  }
  store.put('events', event)
  if (events.length < keptEvents) return
  const oldest = events.reduce((a, b) =>
    Number(a.metadata.resourceVersion) < Number(b.metadata.resourceVersion) ? a : b,
  )
  store.remove('events', namespace, oldest.metadata.name)
}
