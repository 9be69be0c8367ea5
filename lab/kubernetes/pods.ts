import { randomBytes, randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { recordEvent } from './events'
import { pendingStatus, unplacedStatus, withContainerStatus } from './pod-status'
import type { PodRuntime, RunningPod } from './runtime'
import type { ObjectStore } from './store'
import { type Container, type ContainerStatus, type Pod, type ReplicaSet, timestamp } from './types'

const keptLines = 2000
/** Restart delays, ms: the kubelet's doubling back-off, made short. */
const backOff = [500, 1000, 2000, 4000, 8000]

export interface LogLine {
  at: number
  text: string
}

/** One container of a pod. */
interface Process {
  readonly container: Container
  readonly init: boolean
  /** Under which name it commits. */
  readonly writer: string
  running: RunningPod | null
  lines: LogLine[]
  restarts: number
  startedAt: number
  restart: NodeJS.Timeout | null
  /** An init container that has done its work. */
  done: boolean
}

/** As the scheduler words it. */
const noRoom =
  '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.'

/** The one node of the lab's cluster in a region. */
export const nodeOf = (region: string): string => `ip-10-0-1-10.${region}.compute.internal`

const suffix = () =>
  randomBytes(4)
    .toString('base64url')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, 'x')
    .slice(0, 5)

/**
 * The kubelet of the lab: gives each container its process, its log, its readiness and its restarts. Init containers run to
 * their end, one after the other, before the others begin.
 */
export class Pods extends EventEmitter<{ line: [pod: string, container: string, LogLine]; ended: [string] }> {
  /** The containers of each pod, init containers first. */
  private readonly lives = new Map<string, Process[]>()
  private stopping = false
  private imagesHeld = false
  private full = false

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
    const init = template.spec.initContainers ?? []
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
      spec: template.spec,
      status: { ...unplacedStatus(noRoom, now), qosClass: 'Burstable' },
    })
    recordEvent(this.store, owner, 'replicaset-controller', 'Normal', 'SuccessfulCreate', `Created pod: ${name}`)
    const first = template.spec.containers[0]
    const process = (container: Container, isInit: boolean): Process => ({
      container,
      init: isInit,
      writer: container === first ? name : `${name}/${container.name}`,
      running: null,
      lines: [],
      restarts: 0,
      startedAt: 0,
      restart: null,
      done: false,
    })
    this.lives.set(name, [
      ...init.map((container) => process(container, true)),
      ...template.spec.containers.map((container) => process(container, false)),
    ])
    if (this.full) {
      recordEvent(this.store, pod, 'default-scheduler', 'Warning', 'FailedScheduling', noRoom)
      return pod
    }
    return this.place(pod)
  }

  /** The scheduler has found a node: the pod begins. */
  private place(pod: Pod): Pod {
    const { name, namespace = 'default' } = pod.metadata
    const now = timestamp(Date.now())
    const nodeName = nodeOf(this.region)
    const placed = this.store.put('pods', {
      ...pod,
      spec: { ...pod.spec, nodeName },
      status: { ...pendingStatus(pod.spec, now), startTime: now, qosClass: 'Burstable' },
    })
    const words = `Successfully assigned ${namespace}/${name} to ${nodeName}`
    recordEvent(this.store, placed, 'default-scheduler', 'Normal', 'Scheduled', words)
    this.advance(namespace, name)
    return this.store.get('pods', namespace, name) ?? placed
  }

  /** Starts what may run now and does not: the first init container that is not done, or else all the others. */
  private advance(namespace: string, name: string): void {
    const processes = this.lives.get(name) ?? []
    const next = processes.find((process) => process.init && !process.done)
    for (const process of next ? [next] : processes.filter(({ init }) => !init))
      if (!process.running && !process.restart) this.run(namespace, name, process)
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
    this.store.put('pods', {
      ...current,
      metadata: { ...current.metadata, deletionTimestamp: timestamp(Date.now()), deletionGracePeriodSeconds: 5 },
    })
    const processes = this.lives.get(name) ?? []
    for (const process of processes) {
      if (process.restart) clearTimeout(process.restart)
      process.restart = null
      if (!process.running) continue
      const words = `Stopping container ${process.container.name}`
      recordEvent(this.store, current, 'kubelet', 'Normal', 'Killing', words)
      process.running.stop()
    }
    if (!processes.some(({ running }) => running)) this.gone(namespace, name)
  }

  lines(name: string, container: string): LogLine[] {
    return this.lives.get(name)?.find((process) => process.container.name === container)?.lines ?? []
  }

  /** The process of a pod's first container that runs. */
  pid(name: string): number | undefined {
    const running = (this.lives.get(name) ?? []).filter((process) => process.running)
    return (running.find(({ init }) => !init) ?? running[0])?.running?.pid
  }

  /** Ends every process; resolves when the last is gone. */
  async stopAll(): Promise<void> {
    this.stopping = true
    const left = new Set<string>()
    for (const [name, processes] of this.lives)
      for (const process of processes) {
        if (process.restart) clearTimeout(process.restart)
        if (process.running) left.add(name)
      }
    if (left.size === 0) return
    await new Promise<void>((done) => {
      this.on('ended', (name) => {
        left.delete(name)
        if (left.size === 0) done()
      })
      for (const name of left) for (const process of this.lives.get(name) ?? []) process.running?.stop()
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
    for (const pod of this.store.list('pods', null))
      if (!pod.metadata.deletionTimestamp) this.advance(pod.metadata.namespace ?? '', pod.metadata.name)
  }

  /** No node has room: pods that are made now stay pending. */
  fillNodes(): void {
    this.full = true
  }

  /** There is room again: what waits for a node gets one. */
  freeNodes(): void {
    if (!this.full) return
    this.full = false
    for (const pod of this.store.list('pods', null))
      if (!pod.spec.nodeName && !pod.metadata.deletionTimestamp) this.place(pod)
  }

  private gone(namespace: string, name: string): void {
    this.lives.delete(name)
    this.emit('ended', name)
    this.store.remove('pods', namespace, name)
  }

  private run(namespace: string, name: string, process: Process): void {
    const pod = this.store.get('pods', namespace, name)
    const { container } = process
    if (!pod || this.stopping) return
    process.restart = null
    const env: Record<string, string> = { POD_NAME: name, POD_NAMESPACE: namespace }
    for (const variable of container.env ?? []) {
      const reference = variable.valueFrom?.secretKeyRef
      const value = reference
        ? this.secret(reference.name, reference.key)
        : variable.valueFrom
          ? undefined
          : (variable.value ?? '')
      if (value === undefined) {
        const source = reference ? `secret "${reference.name}"` : `source of ${variable.name}`
        this.waiting(namespace, name, process, 'CreateContainerConfigError', `${source} not found`)
        return
      }
      env[variable.name] = value
    }
    // Once it has run here, the image is on the node.
    if (this.imagesHeld && process.startedAt === 0) {
      this.waiting(namespace, name, process, 'ImagePullBackOff', `Back-off pulling image "${container.image}"`)
      return
    }
    try {
      process.running = this.runtime(
        {
          region: this.region,
          namespace,
          name,
          container: container.name,
          writer: process.writer,
          once: process.init,
          image: container.image,
          env,
        },
        {
          ready: (ready, reason) => this.ready(namespace, name, process, ready, reason),
          log: (text) => this.log(name, process, text),
          exited: (code) => this.exited(namespace, name, process, code),
        },
      )
    } catch (error) {
      this.waiting(namespace, name, process, 'ImagePullBackOff', (error as Error).message)
      return
    }
    process.startedAt = Date.now()
    recordEvent(this.store, pod, 'kubelet', 'Normal', 'Started', `Started container ${container.name}`)
    this.update(namespace, name, process, (status) => ({
      ...status,
      started: true,
      ready: false,
      containerID: `containerd://${pod.metadata.uid.replaceAll('-', '')}${this.lives.get(name)?.indexOf(process)}${process.restarts}`,
      state: { running: { startedAt: timestamp(process.startedAt) } },
    }))
  }

  private waiting(namespace: string, name: string, process: Process, reason: string, message: string): void {
    const pod = this.store.get('pods', namespace, name)
    if (pod) recordEvent(this.store, pod, 'kubelet', 'Warning', 'Failed', message)
    const state = { waiting: { reason, message } }
    this.update(namespace, name, process, (status) => ({ ...status, ready: false, state }))
  }

  private ready(namespace: string, name: string, process: Process, ready: boolean, reason: string): void {
    const pod = this.store.get('pods', namespace, name)
    // An init container has no readiness; it ends.
    if (
      !pod ||
      process.init ||
      pod.status.containerStatuses.some((one) => one.name === process.container.name && one.ready === ready)
    )
      return
    if (!ready) recordEvent(this.store, pod, 'kubelet', 'Warning', 'Unhealthy', `Readiness probe failed: ${reason}`)
    this.update(namespace, name, process, (status) => ({ ...status, ready }))
  }

  private log(name: string, process: Process, text: string): void {
    if (!this.lives.has(name)) return
    const line = { at: Date.now(), text }
    process.lines.push(line)
    if (process.lines.length > keptLines) process.lines.splice(0, process.lines.length - keptLines)
    this.emit('line', name, process.container.name, line)
  }

  private exited(namespace: string, name: string, process: Process, code: number): void {
    const processes = this.lives.get(name)
    const pod = this.store.get('pods', namespace, name)
    if (!processes || !pod) return
    process.running = null
    if (pod.metadata.deletionTimestamp || this.stopping) {
      if (!processes.some(({ running }) => running)) this.gone(namespace, name)
      return
    }
    const terminated = {
      exitCode: code,
      reason: code === 0 ? 'Completed' : 'Error',
      startedAt: timestamp(process.startedAt),
      finishedAt: timestamp(Date.now()),
    }
    if (process.init && code === 0) {
      process.done = true
      this.update(namespace, name, process, (status) => ({
        ...status,
        ready: true,
        started: false,
        state: { terminated },
      }))
      this.advance(namespace, name)
      return
    }
    const delay = backOff[Math.min(process.restarts, backOff.length - 1)] ?? 8000
    process.restarts += 1
    const words = `Back-off restarting failed container ${process.container.name}`
    recordEvent(this.store, pod, 'kubelet', 'Warning', 'BackOff', words)
    this.update(namespace, name, process, (status) => ({
      ...status,
      ready: false,
      started: false,
      restartCount: process.restarts,
      state: { waiting: { reason: 'CrashLoopBackOff', message: `back-off ${delay} ms restarting failed container` } },
      lastState: { terminated },
    }))
    process.restart = setTimeout(() => this.run(namespace, name, process), delay)
  }

  private update(
    namespace: string,
    name: string,
    process: Process,
    change: (status: ContainerStatus) => ContainerStatus,
  ): void {
    const pod = this.store.get('pods', namespace, name)
    if (!pod) return
    const initialized = (this.lives.get(name) ?? []).every(({ init, done }) => !init || done)
    const of = { name: process.container.name, init: process.init }
    this.store.put('pods', withContainerStatus(pod, of, change, initialized, timestamp(Date.now())))
  }
}
