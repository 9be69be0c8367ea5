import type { V1Deployment, V1Pod } from '@kubernetes/client-node'
import type { PodView, WorkloadView } from '../../domain/cluster/types'
import type { DeploymentState } from '../../ports/workloads'

type Env = { name: string; value?: string }

/** Values of plain variables over all containers, the first container's first; values from secrets are not shown. */
export function envOf(d: V1Deployment): Record<string, string> {
  const env: Record<string, string> = {}
  for (const container of d.spec?.template.spec?.containers ?? [])
    for (const variable of (container.env ?? []) as Env[])
      if (variable.value !== undefined && !(variable.name in env)) env[variable.name] = variable.value
  return env
}

/** The container to patch: the one that has one of these variables already, or the first. */
export function containerFor(d: V1Deployment, variables: string[]): string | null {
  const containers = d.spec?.template.spec?.containers ?? []
  const owner = containers.find((c) => (c.env ?? []).some((v) => variables.includes(v.name)))
  return (owner ?? containers[0])?.name ?? null
}

export function toState(d: V1Deployment, hostVariable = 'DATABASE_HOST'): DeploymentState {
  return {
    generation: d.metadata?.generation ?? 0,
    observedGeneration: d.status?.observedGeneration ?? 0,
    replicas: d.spec?.replicas ?? 0,
    env: envOf(d),
    annotations: d.metadata?.annotations ?? {},
    resourceVersion: d.metadata?.resourceVersion ?? '',
    progressDeadlineSeconds: d.spec?.progressDeadlineSeconds ?? 600,
    container: containerFor(d, [hostVariable]),
  }
}

/**
 * Is the rollout complete? The rule of `kubectl rollout status`: the newest generation is observed, all replicas are
 * updated, no old one is left, and all are available; a passed progress deadline is a failure.
 */
export function rolloutOf(d: V1Deployment): { rollout: WorkloadView['rollout']; detail: string } {
  const wanted = d.spec?.replicas ?? 1
  const status = d.status ?? {}
  const updated = status.updatedReplicas ?? 0
  const all = status.replicas ?? 0
  const available = status.availableReplicas ?? 0
  if ((status.observedGeneration ?? 0) < (d.metadata?.generation ?? 0))
    return { rollout: 'progressing', detail: 'The change is not picked up yet' }
  const progressing = status.conditions?.find((c) => c.type === 'Progressing')
  if (progressing?.reason === 'ProgressDeadlineExceeded')
    return { rollout: 'failed', detail: `${available} of ${wanted} available, the progress deadline passed` }
  if (updated < wanted) return { rollout: 'progressing', detail: `${updated} of ${wanted} updated` }
  if (all > updated) return { rollout: 'progressing', detail: `${all - updated} old still ending` }
  if (available < updated) return { rollout: 'progressing', detail: `${available} of ${updated} available` }
  return { rollout: 'complete', detail: `${available} of ${wanted} available` }
}

export function toPod(pod: V1Pod): PodView {
  const containers = pod.status?.containerStatuses ?? []
  const waiting = containers.map((c) => c.state?.waiting?.reason ?? c.state?.terminated?.reason).find((r) => r)
  const ready = pod.status?.conditions?.find((c) => c.type === 'Ready')
  return {
    name: pod.metadata?.name ?? '',
    ready: ready?.status === 'True',
    phase: pod.metadata?.deletionTimestamp ? 'Terminating' : (pod.status?.phase ?? 'Unknown'),
    restarts: containers.reduce((total, c) => total + (c.restartCount ?? 0), 0),
    reason: waiting ?? pod.status?.reason ?? (ready?.status === 'False' ? (ready.reason ?? null) : null),
  }
}

export function toView(d: V1Deployment, pods: V1Pod[], hostVariable: string): WorkloadView {
  const { rollout, detail } = rolloutOf(d)
  return {
    namespace: d.metadata?.namespace ?? '',
    deployment: d.metadata?.name ?? '',
    replicas: d.spec?.replicas ?? 1,
    ready: d.status?.readyReplicas ?? 0,
    updated: d.status?.updatedReplicas ?? 0,
    databaseHost: envOf(d)[hostVariable] ?? null,
    rollout,
    rolloutDetail: detail,
    pods: pods.map(toPod).sort((a, b) => a.name.localeCompare(b.name)),
  }
}

/** The deployment's pod selector as a query. */
export function selectorOf(d: V1Deployment): string {
  const { matchLabels = {}, matchExpressions = [] } = d.spec?.selector ?? {}
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) => {
      if (operator === 'Exists') return key
      if (operator === 'DoesNotExist') return `!${key}`
      return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`
    }),
  ].join(',')
}
