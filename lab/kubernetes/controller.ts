import { createHash, randomUUID } from 'node:crypto'
import { deploymentStatus } from './deployment-status'
import { recordEvent } from './events'
import type { Pods } from './pods'
import type { ObjectStore } from './store'
import { type Deployment, type Pod, type PodTemplate, type ReplicaSet, timestamp } from './types'

const hashLabel = 'pod-template-hash'
const revisionAnnotation = 'deployment.kubernetes.io/revision'
/** Between a change and its reconciliation, ms: long enough for a client to see observedGeneration lag. */
const settleMs = 80

/**
 * Deployment and ReplicaSet controllers with the rules of Kubernetes: a changed template makes a new ReplicaSet, pods
 * move over within maxSurge and maxUnavailable, scaling does not roll.
 */
export class Controller {
  private timer: NodeJS.Timeout | null = null
  private tick: NodeJS.Timeout | null = null

  constructor(
    private readonly store: ObjectStore,
    private readonly pods: Pods,
  ) {}

  start(): void {
    this.store.on('change', (change) => {
      if (change.resource !== 'events') this.schedule()
    })
    // Deadlines pass without any change.
    this.tick = setInterval(() => this.schedule(), 1000)
    this.schedule()
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer)
    if (this.tick) clearInterval(this.tick)
    this.store.removeAllListeners('change')
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null
      for (const deployment of this.store.list('deployments', null)) this.reconcile(deployment)
      for (const set of this.store.list('replicasets', null)) this.reconcileSet(set)
      for (const deployment of this.store.list('deployments', null)) this.publish(deployment)
    }, settleMs)
  }

  private setsOf(deployment: Deployment): ReplicaSet[] {
    return this.store
      .list('replicasets', deployment.metadata.namespace ?? '')
      .filter((set) => set.metadata.ownerReferences?.[0]?.uid === deployment.metadata.uid)
  }

  private podsOf(set: ReplicaSet): Pod[] {
    return this.store
      .list('pods', set.metadata.namespace ?? '')
      .filter((pod) => pod.metadata.ownerReferences?.[0]?.uid === set.metadata.uid)
  }

  private live(set: ReplicaSet): Pod[] {
    return this.podsOf(set).filter((pod) => !pod.metadata.deletionTimestamp)
  }

  private reconcile(deployment: Deployment): void {
    const current = deployment.spec.paused ? this.currentSet(deployment) : this.newSet(deployment)
    if (!current) return
    const sets = this.setsOf(deployment)
    const old = sets.filter((set) => set.metadata.uid !== current.metadata.uid && set.spec.replicas > 0)
    const desired = deployment.spec.replicas
    if (deployment.spec.paused || old.length === 0) {
      this.resize(deployment, current, desired)
      this.forgetOldSets(deployment, sets, current)
      return
    }
    if (deployment.spec.strategy?.type === 'Recreate') {
      for (const set of old) this.resize(deployment, set, 0)
      return
    }
    const rolling = deployment.spec.strategy?.rollingUpdate
    const surge = share(rolling?.maxSurge ?? '25%', desired, Math.ceil)
    // Both zero would never move.
    const unavailable = Math.max(share(rolling?.maxUnavailable ?? '25%', desired, Math.floor), surge === 0 ? 1 : 0)
    const total = sets.reduce((sum, set) => sum + set.spec.replicas, 0)
    const grown = Math.min(desired, current.spec.replicas + Math.max(0, desired + surge - total))
    if (grown !== current.spec.replicas) {
      this.resize(deployment, current, grown)
      return
    }
    const ready = (set: ReplicaSet) => this.live(set).filter(isReady).length
    const minimum = desired - unavailable
    let removable = total - minimum - (current.spec.replicas - ready(current))
    // Old pods that serve nobody go first, then as many serving ones as availability allows.
    for (const set of old) {
      const idle = Math.min(removable, set.spec.replicas - ready(set))
      if (idle <= 0) continue
      this.resize(deployment, set, set.spec.replicas - idle)
      removable -= idle
    }
    let spare = Math.min(removable, sets.reduce((sum, set) => sum + ready(set), 0) - minimum)
    for (const set of this.setsOf(deployment)) {
      if (set.metadata.uid === current.metadata.uid || spare <= 0) continue
      const going = Math.min(spare, set.spec.replicas)
      this.resize(deployment, set, set.spec.replicas - going)
      spare -= going
    }
  }

  private currentSet(deployment: Deployment): ReplicaSet | undefined {
    const wanted = fingerprint(deployment.spec.template)
    return this.setsOf(deployment).find((set) => fingerprint(set.spec.template) === wanted)
  }

  /** The ReplicaSet of the present template, made when there is none; going back to an old one renews its revision. */
  private newSet(deployment: Deployment): ReplicaSet {
    const sets = this.setsOf(deployment)
    const revisions = sets.map((set) => Number(set.metadata.annotations?.[revisionAnnotation] ?? 0))
    const last = Math.max(0, ...revisions)
    let current = this.currentSet(deployment)
    const own = Number(current?.metadata.annotations?.[revisionAnnotation] ?? 0)
    const revision = String(current && own === last ? own : last + 1)
    if (current && own !== last) {
      current = this.store.put('replicasets', withRevision(current, revision))
    } else if (!current) {
      const template = deployment.spec.template
      const hash = createHash('sha256').update(fingerprint(template)).digest('hex').slice(0, 10)
      const labels = { ...template.metadata?.labels, [hashLabel]: hash }
      current = this.store.put('replicasets', {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: {
          name: `${deployment.metadata.name}-${hash}`,
          namespace: deployment.metadata.namespace ?? 'default',
          uid: randomUUID(),
          resourceVersion: '',
          generation: 1,
          creationTimestamp: timestamp(Date.now()),
          labels,
          annotations: { [revisionAnnotation]: revision },
          ownerReferences: [
            {
              apiVersion: 'apps/v1',
              kind: 'Deployment',
              name: deployment.metadata.name,
              uid: deployment.metadata.uid,
              controller: true,
              blockOwnerDeletion: true,
            },
          ],
        },
        spec: {
          replicas: 0,
          selector: { matchLabels: { ...deployment.spec.selector.matchLabels, [hashLabel]: hash } },
          template: { ...template, metadata: { ...template.metadata, labels } },
        },
        status: { replicas: 0, observedGeneration: 1 },
      })
    }
    if (deployment.metadata.annotations?.[revisionAnnotation] !== revision)
      this.store.put('deployments', withRevision(deployment, revision))
    return current
  }

  private forgetOldSets(deployment: Deployment, sets: ReplicaSet[], current: ReplicaSet): void {
    const limit = deployment.spec.revisionHistoryLimit ?? 10
    const old = sets
      .filter((set) => set.metadata.uid !== current.metadata.uid && this.podsOf(set).length === 0)
      .sort(
        (a, b) =>
          Number(a.metadata.annotations?.[revisionAnnotation]) - Number(b.metadata.annotations?.[revisionAnnotation]),
      )
    for (const set of old.slice(0, Math.max(0, old.length - limit)))
      this.store.remove('replicasets', set.metadata.namespace ?? '', set.metadata.name)
  }

  private resize(deployment: Deployment, set: ReplicaSet, replicas: number): void {
    if (set.spec.replicas === replicas) return
    const direction = replicas > set.spec.replicas ? 'up' : 'down'
    this.store.put('replicasets', {
      ...set,
      metadata: { ...set.metadata, generation: (set.metadata.generation ?? 1) + 1 },
      spec: { ...set.spec, replicas },
    })
    recordEvent(
      this.store,
      deployment,
      'deployment-controller',
      'Normal',
      'ScalingReplicaSet',
      `Scaled ${direction} replica set ${set.metadata.name} from ${set.spec.replicas} to ${replicas}`,
    )
  }

  private reconcileSet(set: ReplicaSet): void {
    const live = this.live(set)
    for (let count = live.length; count < set.spec.replicas; count++) this.pods.create(set)
    const leaving = [...live]
      .sort(
        (a, b) =>
          Number(isReady(a)) - Number(isReady(b)) ||
          Number(b.metadata.resourceVersion) - Number(a.metadata.resourceVersion),
      )
      .slice(0, Math.max(0, live.length - set.spec.replicas))
    for (const pod of leaving) this.pods.delete(pod, set)
    const now = this.live(set)
    const readyReplicas = now.filter(isReady).length
    const status = {
      replicas: now.length,
      fullyLabeledReplicas: now.length,
      ...(readyReplicas > 0 && { readyReplicas, availableReplicas: readyReplicas }),
      observedGeneration: set.metadata.generation ?? 1,
    }
    const stored = this.store.get('replicasets', set.metadata.namespace ?? '', set.metadata.name)
    if (stored && JSON.stringify(stored.status) !== JSON.stringify(status))
      this.store.put('replicasets', { ...stored, status })
  }

  private publish(deployment: Deployment): void {
    const current = this.currentSet(deployment)
    const status = deploymentStatus(deployment, current ?? null, this.setsOf(deployment), Date.now())
    if (JSON.stringify(status) !== JSON.stringify(deployment.status))
      this.store.put('deployments', { ...deployment, status })
  }
}

function withRevision<T extends Deployment | ReplicaSet>(object: T, revision: string): T {
  const annotations = { ...object.metadata.annotations, [revisionAnnotation]: revision }
  return { ...object, metadata: { ...object.metadata, annotations } }
}

export function isReady(pod: Pod): boolean {
  return pod.status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True')
}

function share(value: number | string, of: number, round: (n: number) => number): number {
  return typeof value === 'number' ? value : round((Number.parseFloat(value) / 100) * of)
}

/** Templates compare without the label that their own hash adds, and whatever the order of their fields. */
function fingerprint(template: PodTemplate): string {
  const { [hashLabel]: _, ...labels } = template.metadata?.labels ?? {}
  const annotations = template.metadata?.annotations ?? {}
  return JSON.stringify(sorted({ labels, annotations, spec: template.spec }))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
