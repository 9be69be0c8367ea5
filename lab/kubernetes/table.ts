import type { Deployment, KubeEvent, KubeObject, Node, Pod, ReplicaSet, Resource, Secret } from './types'

interface Column {
  name: string
  type: 'string' | 'integer' | 'date'
  format?: string
  /** 0 is always shown, 1 with `-o wide`. */
  priority: number
}

const column = (name: string, priority = 0, type: Column['type'] = 'string'): Column => ({
  name,
  type,
  priority,
  ...(name === 'Name' && { format: 'name' }),
})

const columns: Record<Resource, Column[]> = {
  deployments: [
    column('Name'),
    column('Ready'),
    column('Up-to-date', 0, 'integer'),
    column('Available', 0, 'integer'),
    column('Age'),
    column('Containers', 1),
    column('Images', 1),
    column('Selector', 1),
  ],
  replicasets: [
    column('Name'),
    column('Desired', 0, 'integer'),
    column('Current', 0, 'integer'),
    column('Ready', 0, 'integer'),
    column('Age'),
    column('Containers', 1),
    column('Images', 1),
    column('Selector', 1),
  ],
  pods: [
    column('Name'),
    column('Ready'),
    column('Status'),
    column('Restarts'),
    column('Age'),
    column('IP', 1),
    column('Node', 1),
    column('Nominated Node', 1),
    column('Readiness Gates', 1),
  ],
  events: [
    column('Last Seen'),
    column('Type'),
    column('Reason'),
    column('Object'),
    column('Message'),
    column('Name', 1),
  ],
  namespaces: [column('Name'), column('Status'), column('Age')],
  secrets: [column('Name'), column('Type'), column('Age')],
  nodes: [column('Name'), column('Status'), column('Age')],
}

/** The `Table` that kubectl asks for, so that `get` and `get -o wide` print the columns people know. */
export function toTable(
  resource: Resource,
  objects: KubeObject[],
  resourceVersion: string,
  includeObject: string | null,
  now: number,
  headers = true,
): Record<string, unknown> {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion },
    columnDefinitions: headers
      ? columns[resource].map((definition) => ({ format: '', description: '', ...definition }))
      : null,
    rows: objects.map((object) => ({
      cells: cells(resource, object, now),
      object:
        includeObject === 'Object'
          ? object
          : includeObject === 'None'
            ? undefined
            : { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
    })),
  }
}

function cells(resource: Resource, object: KubeObject, now: number): (string | number)[] {
  const name = object.metadata.name
  const age = ago(object.metadata.creationTimestamp, now)
  switch (resource) {
    case 'deployments': {
      const { spec, status } = object as Deployment
      const ready = `${status.readyReplicas ?? 0}/${spec.replicas}`
      const [containers, images] = named(spec.template.spec.containers)
      const available = status.availableReplicas ?? 0
      return [name, ready, status.updatedReplicas ?? 0, available, age, containers, images, selector(spec.selector)]
    }
    case 'replicasets': {
      const { spec, status } = object as ReplicaSet
      const [containers, images] = named(spec.template.spec.containers)
      const ready = status.readyReplicas ?? 0
      return [name, spec.replicas, status.replicas, ready, age, containers, images, selector(spec.selector)]
    }
    case 'pods': {
      const pod = object as Pod
      const statuses = pod.status.containerStatuses
      const ready = `${statuses.filter((status) => status.ready).length}/${statuses.length}`
      const restarts = statuses.reduce((sum, status) => sum + status.restartCount, 0)
      const ip = pod.status.podIP ?? '<none>'
      return [name, ready, phase(pod), String(restarts), age, ip, pod.spec.nodeName ?? '<none>', '<none>', '<none>']
    }
    case 'events': {
      const event = object as KubeEvent
      const about = `${event.involvedObject.kind.toLowerCase()}/${event.involvedObject.name}`
      return [ago(event.lastTimestamp, now), event.type, event.reason, about, event.message, name]
    }
    case 'namespaces':
      return [name, 'Active', age]
    case 'secrets':
      return [name, (object as Secret).type, age]
    case 'nodes':
      return [name, (object as Node).spec.unschedulable ? 'Ready,SchedulingDisabled' : 'Ready', age]
  }
}

const named = (containers: { name: string; image: string }[]): [string, string] => [
  containers.map((container) => container.name).join(','),
  containers.map((container) => container.image).join(','),
]

const selector = (value: { matchLabels: Record<string, string> }) =>
  Object.entries(value.matchLabels)
    .map(([key, label]) => `${key}=${label}`)
    .join(',')

function phase(pod: Pod): string {
  if (pod.metadata.deletionTimestamp) return 'Terminating'
  const init = pod.status.initContainerStatuses ?? []
  const done = init.filter(({ state }) => state.terminated?.exitCode === 0).length
  if (done < init.length) {
    const reason = init[done]?.state.waiting?.reason
    return reason && reason !== 'PodInitializing' ? `Init:${reason}` : `Init:${done}/${init.length}`
  }
  const waiting = pod.status.containerStatuses.find(({ state }) => state.waiting)
  return waiting?.state.waiting?.reason ?? pod.status.phase
}

/** Age as kubectl prints it: 45s, 5m12s, 3h, 2d. */
function ago(since: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000))
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return `${minutes}m${seconds % 60 ? `${seconds % 60}s` : ''}`
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`
}
