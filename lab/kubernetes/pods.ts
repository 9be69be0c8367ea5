import { randomBytes, randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { recordEvent } from './events'
import type { PodRuntime, RunningPod } from './runtime'
import type { ObjectStore } from './store'
import { type Condition, type ContainerStatus, type Pod, type ReplicaSet, timestamp } from './types'

const keptLines = 2000
/** Restart delays, ms: the kubelet's doubling back-off, made short. */
const backOff = [500, 1000, 2000, 4000, 8000]

export interface LogLine {
  at: number
  text: string
}

interface Life {
  running: RunningPod | null
  lines: LogLine[]
  restarts: number
  startedAt: number
  restart: NodeJS.Timeout | null
}

const suffix = () =>
  randomBytes(4)
    .toString('base64url')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, 'x')
    .slice(0, 5)

/** The kubelet of the lab: gives each pod its process, its log, its readiness and its restarts. */
export class Pods extends EventEmitter<{ line: [string, LogLine]; ended: [string] }> {
  private readonly lives = new Map<string, Life>()
  private stopping = false
  private imagesHeld = false

  constructor(
    private readonly store: ObjectStore,
    private readonly region: string,
    private readonly runtime: PodRuntime,
    private readonly secret: (name: string, key: string) => string | undefined,
  ) {
    super()
    this.setMaxListeners(0)
  }

  /** Creates a pod of a ReplicaSet and starts it. */
  create(owner: ReplicaSet): Pod {
    const namespace = owner.metadata.namespace ?? 'default'
    const name = `${owner.metadata.name}-${suffix()}`
    const now = timestamp(Date.now())
    const template = owner.spec.template
    const pod = this.store.put('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace,
        generateName: `${owner.metadata.name}-`,
        uid: randomUUID(),
        resourceVersion: '',
        creationTimestamp: now,
        ...(template.metadata?.labels && { labels: template.metadata.labels }),
        ...(template.metadata?.annotations && { annotations: template.metadata.annotations }),
        ownerReferences: [
          {
            apiVersion: 'apps/v1',
            kind: 'ReplicaSet',
            name: owner.metadata.name,
            uid: owner.metadata.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: { ...template.spec, nodeName: `ip-10-0-1-10.${this.region}.compute.internal` },
      status: {
        phase: 'Pending',
        conditions: conditions(false, now, 'ContainersNotReady'),
        containerStatuses: template.spec.containers.map((container) => ({
          name: container.name,
          image: container.image,
          imageID: '',
          ready: false,
          started: false,
          restartCount: 0,
          state: { waiting: { reason: 'ContainerCreating' } },
          lastState: {},
        })),
        startTime: now,
        qosClass: 'Burstable',
      },
    })
    recordEvent(this.store, owner, 'replicaset-controller', 'Normal', 'SuccessfulCreate', `Created pod: ${name}`)
    recordEvent(
      this.store,
      pod,
      'default-scheduler',
      'Normal',
      'Scheduled',
      `Successfully assigned ${namespace}/${name} to ${pod.spec.nodeName}`,
    )
    this.lives.set(name, { running: null, lines: [], restarts: 0, startedAt: 0, restart: null })
    this.run(namespace, name)
    return pod
  }

  /** Asks a pod to end; it leaves the store when its process is gone. */
  delete(pod: Pod, owner: ReplicaSet | null): void {
    if (pod.metadata.deletionTimestamp) return
    const namespace = pod.metadata.namespace ?? ''
    const name = pod.metadata.name
    const current = this.store.get('pods', namespace, name)
    if (!current) return
    if (owner)
      recordEvent(this.store, owner, 'replicaset-controller', 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
    recordEvent(this.store, current, 'kubelet', 'Normal', 'Killing', 'Stopping container api')
    this.store.put('pods', {
      ...current,
      metadata: { ...current.metadata, deletionTimestamp: timestamp(Date.now()), deletionGracePeriodSeconds: 5 },
    })
    const life = this.lives.get(name)
    if (life?.restart) clearTimeout(life.restart)
    if (life?.running) life.running.stop()
    else this.gone(namespace, name)
  }

  lines(name: string): LogLine[] {
    return this.lives.get(name)?.lines ?? []
  }

  pid(name: string): number | undefined {
    return this.lives.get(name)?.running?.pid
  }

  /** Ends every process; resolves when the last is gone. */
  async stopAll(): Promise<void> {
    this.stopping = true
    const left = new Set<string>()
    for (const [name, life] of this.lives) {
      if (life.restart) clearTimeout(life.restart)
      if (life.running) left.add(name)
    }
    if (left.size === 0) return
    await new Promise<void>((done) => {
      this.on('ended', (name) => {
        left.delete(name)
        if (left.size === 0) done()
      })
      for (const name of left) this.lives.get(name)?.running?.stop()
    })
  }

  /** The registry is away: pods that begin now wait for their image. */
  holdImages(): void {
    this.imagesHeld = true
  }

  /** It is back: what waits for its image begins. */
  releaseImages(): void {
    if (!this.imagesHeld) return
    this.imagesHeld = false
    for (const pod of this.store.list('pods', null)) {
      const life = this.lives.get(pod.metadata.name)
      if (life && !life.running && life.startedAt === 0 && !pod.metadata.deletionTimestamp)
        this.run(pod.metadata.namespace ?? '', pod.metadata.name)
    }
  }

  private gone(namespace: string, name: string): void {
    this.lives.delete(name)
    this.emit('ended', name)
    this.store.remove('pods', namespace, name)
  }

  private run(namespace: string, name: string): void {
    const pod = this.store.get('pods', namespace, name)
    const life = this.lives.get(name)
    const container = pod?.spec.containers[0]
    if (!pod || !life || !container || this.stopping) return
    life.restart = null
    const env: Record<string, string> = { POD_NAME: name, POD_NAMESPACE: namespace }
    for (const variable of container.env ?? []) {
      const reference = variable.valueFrom?.secretKeyRef
      const value = reference ? this.secret(reference.name, reference.key) : (variable.value ?? '')
      if (value === undefined) {
        this.waiting(namespace, name, 'CreateContainerConfigError', `secret "${reference?.name}" not found`)
        return
      }
      env[variable.name] = value
    }
    // Once it has run here, the image is on the node.
    if (this.imagesHeld && life.startedAt === 0) {
      this.waiting(namespace, name, 'ImagePullBackOff', `Back-off pulling image "${container.image}"`)
      return
    }
    try {
      life.running = this.runtime(
        { region: this.region, namespace, name, image: container.image, env },
        {
          ready: (ready, reason) => this.ready(namespace, name, ready, reason),
          log: (text) => this.log(name, text),
          exited: (code) => this.exited(namespace, name, code),
        },
      )
    } catch (error) {
      this.waiting(namespace, name, 'ImagePullBackOff', (error as Error).message)
      return
    }
    life.startedAt = Date.now()
    recordEvent(this.store, pod, 'kubelet', 'Normal', 'Started', `Started container ${container.name}`)
    this.update(namespace, name, (status) => ({
      ...status,
      started: true,
      ready: false,
      containerID: `containerd://${pod.metadata.uid.replaceAll('-', '')}${life.restarts}`,
      state: { running: { startedAt: timestamp(life.startedAt) } },
    }))
  }

  private waiting(namespace: string, name: string, reason: string, message: string): void {
    const pod = this.store.get('pods', namespace, name)
    if (pod) recordEvent(this.store, pod, 'kubelet', 'Warning', 'Failed', message)
    this.update(namespace, name, (status) => ({ ...status, ready: false, state: { waiting: { reason, message } } }))
  }

  private ready(namespace: string, name: string, ready: boolean, reason: string): void {
    const pod = this.store.get('pods', namespace, name)
    if (!pod || pod.status.containerStatuses[0]?.ready === ready) return
    if (!ready) recordEvent(this.store, pod, 'kubelet', 'Warning', 'Unhealthy', `Readiness probe failed: ${reason}`)
    this.update(namespace, name, (status) => ({ ...status, ready }))
  }

  private log(name: string, text: string): void {
    const life = this.lives.get(name)
    if (!life) return
    const line = { at: Date.now(), text }
    life.lines.push(line)
    if (life.lines.length > keptLines) life.lines.splice(0, life.lines.length - keptLines)
    this.emit('line', name, line)
  }

  private exited(namespace: string, name: string, code: number): void {
    const life = this.lives.get(name)
    const pod = this.store.get('pods', namespace, name)
    if (!life || !pod) return
    life.running = null
    if (pod.metadata.deletionTimestamp) {
      this.gone(namespace, name)
      return
    }
    if (this.stopping) {
      this.gone(namespace, name)
      return
    }
    const delay = backOff[Math.min(life.restarts, backOff.length - 1)] ?? 8000
    life.restarts += 1
    recordEvent(this.store, pod, 'kubelet', 'Warning', 'BackOff', 'Back-off restarting failed container api')
    this.update(namespace, name, (status) => ({
      ...status,
      ready: false,
      started: false,
      restartCount: life.restarts,
      state: { waiting: { reason: 'CrashLoopBackOff', message: `back-off ${delay} ms restarting failed container` } },
      lastState: {
        terminated: {
          exitCode: code,
          reason: code === 0 ? 'Completed' : 'Error',
          startedAt: timestamp(life.startedAt),
          finishedAt: timestamp(Date.now()),
        },
      },
    }))
    life.restart = setTimeout(() => this.run(namespace, name), delay)
  }

  private update(namespace: string, name: string, change: (status: ContainerStatus) => ContainerStatus): void {
    const pod = this.store.get('pods', namespace, name)
    const first = pod?.status.containerStatuses[0]
    if (!pod || !first) return
    const status = change(first)
    const before = pod.status.conditions.find((condition) => condition.type === 'Ready')
    const now = timestamp(Date.now())
    const since = (before?.status === 'True') === status.ready ? (before?.lastTransitionTime ?? now) : now
    this.store.put('pods', {
      ...pod,
      status: {
        ...pod.status,
        phase: status.started || status.restartCount > 0 ? 'Running' : 'Pending',
        ...(status.started && { podIP: '127.0.0.1', hostIP: '10.0.1.10' }),
        conditions: conditions(status.ready, since, 'ContainersNotReady'),
        containerStatuses: [status],
      },
    })
  }
}

function conditions(ready: boolean, since: string, reason: string): Condition[] {
  const status = ready ? 'True' : 'False'
  const why = ready ? {} : { reason, message: 'containers with unready status: [api]' }
  return [
    { type: 'Initialized', status: 'True', lastTransitionTime: since },
    { type: 'Ready', status, lastTransitionTime: since, ...why },
    { type: 'ContainersReady', status, lastTransitionTime: since, ...why },
    { type: 'PodScheduled', status: 'True', lastTransitionTime: since },
  ]
}
