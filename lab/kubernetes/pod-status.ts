import type { Condition, Container, ContainerStatus, Pod, PodSpec } from './types'

/** What a pod reports before its first container has started. */
export function pendingStatus(
  { containers, initContainers = [] }: PodSpec,
  now: string,
): Pick<Pod['status'], 'phase' | 'conditions' | 'containerStatuses' | 'initContainerStatuses'> {
  const waits = initContainers.length > 0
  const names = containers.map(({ name }) => name)
  return {
    phase: 'Pending',
    conditions: conditions(names, !waits, now),
    containerStatuses: containers.map((one) => notStarted(one, waits ? 'PodInitializing' : 'ContainerCreating')),
    ...(waits && { initContainerStatuses: initContainers.map((one) => notStarted(one, 'PodInitializing')) }),
  }
}

/** What a pod reports that no node has room for: it has no containers yet. */
export const unplacedStatus = (message: string, now: string): Pod['status'] => ({
  phase: 'Pending',
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime: now }],
  containerStatuses: [],
})

/** The pod with the status of one container changed, and what follows from it for the pod. */
export function withContainerStatus(
  pod: Pod,
  of: { name: string; init: boolean },
  change: (status: ContainerStatus) => ContainerStatus,
  initialized: boolean,
  now: string,
): Pod {
  const changed = (statuses: ContainerStatus[]) =>
    statuses.map((status) => (status.name === of.name ? change(status) : status))
  const { initContainerStatuses: init } = pod.status
  const containerStatuses = of.init ? pod.status.containerStatuses : changed(pod.status.containerStatuses)
  const unready = containerStatuses.filter(({ ready }) => !ready).map(({ name }) => name)
  const before = pod.status.conditions.find(({ type }) => type === 'Ready')
  const same = (before?.status === 'True') === (unready.length === 0)
  const runs = containerStatuses.some(({ started, restartCount }) => started || restartCount > 0)
  return {
    ...pod,
    status: {
      ...pod.status,
      phase: runs ? 'Running' : 'Pending',
      ...(runs && { podIP: '127.0.0.1', hostIP: '10.0.1.10' }),
      conditions: conditions(unready, initialized, same ? (before?.lastTransitionTime ?? now) : now),
      containerStatuses,
      ...(init && { initContainerStatuses: of.init ? changed(init) : init }),
    },
  }
}

const notStarted = (container: Container, reason: string): ContainerStatus => ({
  name: container.name,
  image: container.image,
  imageID: '',
  ready: false,
  started: false,
  restartCount: 0,
  state: { waiting: { reason } },
  lastState: {},
})

function conditions(unready: string[], initialized: boolean, since: string): Condition[] {
  const ready = unready.length === 0
  const status = ready ? 'True' : 'False'
  const why = ready
    ? {}
    : { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` }
  return [
    { type: 'Initialized', status: initialized ? 'True' : 'False', lastTransitionTime: since },
    { type: 'Ready', status, lastTransitionTime: since, ...why },
    { type: 'ContainersReady', status, lastTransitionTime: since, ...why },
    { type: 'PodScheduled', status: 'True', lastTransitionTime: since },
  ]
}
