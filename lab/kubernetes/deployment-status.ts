import { type Condition, type Deployment, type ReplicaSet, timestamp } from './types'

/**
 * What the deployment controller reports: counts, `Available` and `Progressing`. A rollout that is complete stays so
 * when pods turn unready later; one that makes no progress for its deadline fails with ProgressDeadlineExceeded.
 */
export function deploymentStatus(
  deployment: Deployment,
  current: ReplicaSet | null,
  sets: ReplicaSet[],
  now: number,
): Deployment['status'] {
  const desired = deployment.spec.replicas
  const sum = (count: (set: ReplicaSet) => number) => sets.reduce((total, set) => total + count(set), 0)
  const replicas = sum((set) => set.status.replicas)
  const ready = sum((set) => set.status.readyReplicas ?? 0)
  const updated = current?.status.replicas ?? 0
  const rolling = deployment.spec.strategy?.rollingUpdate?.maxUnavailable ?? '25%'
  const allowed = typeof rolling === 'number' ? rolling : Math.floor((Number.parseFloat(rolling) / 100) * desired)
  const conditions = [
    availableCondition(deployment, ready >= desired - allowed, now),
    progressingCondition(deployment, current, { replicas, ready, updated }, now),
  ]
  return {
    observedGeneration: deployment.metadata.generation ?? 1,
    ...(replicas > 0 && { replicas }),
    ...(updated > 0 && { updatedReplicas: updated }),
    ...(ready > 0 && { readyReplicas: ready, availableReplicas: ready }),
    ...(desired - ready > 0 && { unavailableReplicas: desired - ready }),
    conditions,
  }
}

function availableCondition(deployment: Deployment, available: boolean, now: number): Condition {
  const next = available
    ? {
        status: 'True' as const,
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        status: 'False' as const,
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
  return dated(deployment, 'Available', next, now, false)
}

function progressingCondition(
  deployment: Deployment,
  current: ReplicaSet | null,
  counts: { replicas: number; ready: number; updated: number },
  now: number,
): Condition {
  const before = deployment.status.conditions?.find((condition) => condition.type === 'Progressing')
  const desired = deployment.spec.replicas
  const name = current?.metadata.name ?? deployment.metadata.name
  const complete =
    current !== null && counts.updated === desired && counts.replicas === desired && counts.ready === desired
  if (complete) {
    const next = {
      status: 'True' as const,
      reason: 'NewReplicaSetAvailable',
      message: `ReplicaSet "${name}" has successfully progressed.`,
    }
    return dated(deployment, 'Progressing', next, now, false)
  }
  const sameSet = before?.message?.includes(`"${name}"`) ?? false
  if (before && sameSet && before.reason === 'NewReplicaSetAvailable') return before
  const moved =
    counts.updated !== (deployment.status.updatedReplicas ?? 0) ||
    counts.ready > (deployment.status.readyReplicas ?? 0) ||
    counts.replicas < (deployment.status.replicas ?? 0)
  if (before && sameSet && !moved) {
    const deadline = deployment.spec.progressDeadlineSeconds ?? 600
    const idleMs = now - Date.parse(before.lastUpdateTime ?? before.lastTransitionTime)
    if (before.reason === 'ProgressDeadlineExceeded' || idleMs <= deadline * 1000) return before
    const next = {
      status: 'False' as const,
      reason: 'ProgressDeadlineExceeded',
      message: `ReplicaSet "${name}" has timed out progressing.`,
    }
    return dated(deployment, 'Progressing', next, now, true)
  }
  const next = {
    status: 'True' as const,
    reason: 'ReplicaSetUpdated',
    message: `ReplicaSet "${name}" is progressing.`,
  }
  return dated(deployment, 'Progressing', next, now, true)
}

/** Keeps the times of a condition that says the same as before. */
function dated(
  deployment: Deployment,
  type: string,
  next: { status: 'True' | 'False'; reason: string; message: string },
  now: number,
  touch: boolean,
): Condition {
  const before = deployment.status.conditions?.find((condition) => condition.type === type)
  if (before && !touch && before.status === next.status && before.message === next.message) return before
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : timestamp(now)
  return { type, ...next, lastUpdateTime: timestamp(now), lastTransitionTime }
}
