import type { V1Container, V1Deployment, V1EnvVarSource, V1Pod, V1PodSpec } from '@kubernetes/client-node'
import { type ContainerEnvironment, hostSettings, isPlain } from '../../domain/cluster/containers'
import type { PodView, WorkloadView } from '../../domain/cluster/types'
import type { KubernetesCall } from '../../domain/procedure/call'
import type { DeploymentState, RunningPod } from '../../ports/workloads'

/** Where a variable comes from, in words; never its value. */
function sourceWords(source: V1EnvVarSource): string {
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = source
  if (configMapKeyRef) return `key ${configMapKeyRef.key} of ConfigMap ${configMapKeyRef.name}`
  if (secretKeyRef) return `key ${secretKeyRef.key} of Secret ${secretKeyRef.name}`
  if (fieldRef) return `field ${fieldRef.fieldPath} of the pod`
  if (resourceFieldRef) return `resource ${resourceFieldRef.resource} of the container`
  return `an unknown source (${Object.keys(source).join(', ')})`
}

function environmentOf(container: V1Container, init: boolean): ContainerEnvironment {
  const env: Record<string, string> = {}
  const references: Record<string, string> = {}
  for (const { name, value, valueFrom } of container.env ?? [])
    if (valueFrom) references[name] = sourceWords(valueFrom)
    // A variable without a value is an empty one.
    else env[name] = value ?? ''
  const sources = (container.envFrom ?? []).flatMap(({ prefix = '', configMapRef, secretRef }) => [
    ...(configMapRef ? [{ from: `ConfigMap ${configMapRef.name}`, prefix }] : []),
    ...(secretRef ? [{ from: `Secret ${secretRef.name}`, prefix }] : []),
  ])
  return { name: container.name, init, env, references, sources }
}

/** All containers of a template or a pod, init containers last. */
export const environmentsOf = (spec: V1PodSpec | undefined): ContainerEnvironment[] => [
  ...(spec?.containers ?? []).map((container) => environmentOf(container, false)),
  ...(spec?.initContainers ?? []).map((container) => environmentOf(container, true)),
]

/** Pods that neither ended (an evicted one stays in the list) nor were told to. */
export const runningPods = (pods: V1Pod[]): RunningPod[] =>
  pods
    .filter(({ metadata, status }) => !metadata?.deletionTimestamp && !/^(Failed|Succeeded)$/.test(status?.phase ?? ''))
    .map(({ metadata, spec }) => ({ name: metadata?.name ?? '', containers: environmentsOf(spec) }))

/** Has somebody made this change already? */
export function isAsWanted(state: DeploymentState, { containers, annotations }: KubernetesCall['patch']): boolean {
  const same = (have: Record<string, string> | undefined, want: Record<string, string>) =>
    Object.entries(want).every(([name, value]) => have?.[name] === value)
  return (
    same(state.annotations, annotations) &&
    containers.every(({ name, init, env }) =>
      same(state.containers.find((c) => c.name === name && c.init === init)?.env, env),
    )
  )
}

export function toState(d: V1Deployment): DeploymentState {
  return {
    generation: d.metadata?.generation ?? 0,
    observedGeneration: d.status?.observedGeneration ?? 0,
    replicas: d.spec?.replicas ?? 0,
    containers: environmentsOf(d.spec?.template.spec),
    annotations: d.metadata?.annotations ?? {},
    resourceVersion: d.metadata?.resourceVersion ?? '',
    progressDeadlineSeconds: d.spec?.progressDeadlineSeconds ?? 600,
    paused: d.spec?.paused ?? false,
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

function toPod(pod: V1Pod): PodView {
  const containers = pod.status?.containerStatuses ?? []
  const waiting = containers.map((c) => c.state?.waiting?.reason ?? c.state?.terminated?.reason).find((r) => r)
  const ready = pod.status?.conditions?.find((c) => c.type === 'Ready')
  return {
    name: pod.metadata?.name ?? '',
    ready: ready?.status === 'True',
    ...(ready?.status === 'True' &&
      ready.lastTransitionTime && { readyAt: new Date(ready.lastTransitionTime).getTime() }),
    phase: pod.metadata?.deletionTimestamp ? 'Terminating' : (pod.status?.phase ?? 'Unknown'),
    restarts: containers.reduce((total, c) => total + (c.restartCount ?? 0), 0),
    reason: waiting ?? pod.status?.reason ?? (ready?.status === 'False' ? (ready.reason ?? null) : null),
  }
}

/** Which template a deployment runs; Kubernetes numbers each change of it, whoever made it. */
function releaseOf(d: V1Deployment): string | undefined {
  const revision = d.metadata?.annotations?.['deployment.kubernetes.io/revision']
  if (!revision) return undefined
  const images = d.spec?.template.spec?.containers.flatMap(({ image }) => (image ? [image] : [])) ?? []
  return [`revision ${revision}`, ...images].join(', ')
}

export function toView(d: V1Deployment, pods: V1Pod[], hostVariable: string): WorkloadView {
  const { rollout, detail } = rolloutOf(d)
  const release = releaseOf(d)
  const settings = hostSettings(environmentsOf(d.spec?.template.spec), hostVariable)
  return {
    ...(release && { release }),
    namespace: d.metadata?.namespace ?? '',
    deployment: d.metadata?.name ?? '',
    replicas: d.spec?.replicas ?? 1,
    ready: d.status?.readyReplicas ?? 0,
    updated: d.status?.updatedReplicas ?? 0,
    databaseHost: settings.find(isPlain)?.host ?? null,
    hostSettings: settings,
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
