import { EventEmitter } from 'node:events'
import { type Kinds, type KubeObject, type Resource, StatusError } from './types'

export interface Change {
  resource: Resource
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  version: number
  object: KubeObject
  /** What it was before, so that a selector can tell that an object left its view. */
  previous: KubeObject | null
}

/**
 * Objects of one Kubernetes cluster with one counter of versions and a bounded history. A watch from a version that the
 * history no longer holds is refused with 410 Expired, exactly as after a compaction of etcd.
 */
export class ObjectStore extends EventEmitter<{ change: [Change]; expire: []; silence: []; drop: [] }> {
  private readonly objects = new Map<string, KubeObject>()
  private history: Change[] = []
  private compactedTo: number
  private counter: number

  constructor(
    firstVersion: number,
    private readonly historyLimit = 2000,
  ) {
    super()
    this.setMaxListeners(0)
    this.counter = firstVersion
    this.compactedTo = firstVersion
  }

  get version(): number {
    return this.counter
  }

  get<R extends Resource>(resource: R, namespace: string, name: string): Kinds[R] | undefined {
    return this.objects.get(`${resource}/${namespace}/${name}`) as Kinds[R] | undefined
  }

  /** All objects of a resource, by name; `namespace` null means every namespace. */
  list<R extends Resource>(resource: R, namespace: string | null): Kinds[R][] {
    const prefix = namespace === null ? `${resource}/` : `${resource}/${namespace}/`
    const found: Kinds[R][] = []
    for (const [key, object] of this.objects) if (key.startsWith(prefix)) found.push(object as Kinds[R])
    return found.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  }

  /** Writes an object under the next version; what readers hold is never changed under them. */
  put<R extends Resource>(resource: R, object: Kinds[R]): Kinds[R] {
    const key = `${resource}/${object.metadata.namespace ?? ''}/${object.metadata.name}`
    const previous = this.objects.get(key) ?? null
    const version = ++this.counter
    const stored = structuredClone({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(version) },
    }) as Kinds[R]
    this.objects.set(key, stored)
    this.record({ resource, type: previous ? 'MODIFIED' : 'ADDED', version, object: stored, previous })
    return stored
  }

  remove(resource: Resource, namespace: string, name: string): void {
    const key = `${resource}/${namespace}/${name}`
    const previous = this.objects.get(key)
    if (!previous) return
    const version = ++this.counter
    this.objects.delete(key)
    const object = { ...previous, metadata: { ...previous.metadata, resourceVersion: String(version) } }
    this.record({ resource, type: 'DELETED', version, object, previous })
  }

  /** Changes after a version. Throws StatusError 410 when the history does not reach back so far. */
  since(resource: Resource, version: number): Change[] {
    if (version < this.compactedTo)
      throw new StatusError(410, 'Expired', `too old resource version: ${version} (${this.compactedTo})`)
    return this.history.filter((change) => change.version > version && change.resource === resource)
  }

  /** Forgets the whole history and ends open watches with 410, as a compaction does to a slow client. */
  expire(): void {
    this.counter += 1
    this.compactedTo = this.counter
    this.history = []
    this.emit('expire')
  }

  /** Open watches hear nothing any more although their connections stand, as after a lost NAT entry. */
  silence(): void {
    this.emit('silence')
  }

  /** The network notices: the silenced connections are reset. */
  dropSilenced(): void {
    this.emit('drop')
  }

  private record(change: Change): void {
    this.history.push(change)
    const dropped = this.history.length > this.historyLimit ? this.history.shift() : undefined
    if (dropped) this.compactedTo = dropped.version
    this.emit('change', change)
  }
}
