import type { Address, LabPorts, LabRestoredCluster, RestoreWindow } from '../../contract'
import { LinkProxy } from '../../network/proxy'
import { pathThroughGroups } from '../security-groups'
import type { MadeInstance } from './made-instance'

/** What is kept of a restored cluster. */
interface ClusterPlan {
  id: string
  region: string
  number: number
  status: string
  databaseName: string
  masterUsername: string
  writerId: string | null
  attributes: Record<string, unknown>
}

/** A cluster of its own beside the guarded one: its endpoints follow the roles of the instances that it is given. */
export class RestoredCluster implements LabRestoredCluster {
  readonly #writer: LinkProxy
  readonly #reader: LinkProxy
  /** Settled once the present writer serves; who is to follow it waits for this. */
  writerServes: Promise<MadeInstance> | null = null
  /** Where its volume is recovered before it has an instance. */
  readonly spare: Address

  constructor(
    readonly plan: ClusterPlan,
    ports: LabPorts,
    private readonly window: () => RestoreWindow,
  ) {
    const endpoint = (host: string) => new LinkProxy({ host, port: ports.postgres })
    this.#writer = endpoint(`127.0.11.${8 + 2 * plan.number}`)
    this.#reader = endpoint(`127.0.11.${9 + 2 * plan.number}`)
    this.spare = { host: `127.0.13.${100 + plan.number}`, port: ports.postgresBehind }
  }

  get id(): string {
    return this.plan.id
  }
  get region(): string {
    return this.plan.region
  }
  get status(): string {
    return this.plan.status
  }
  get databaseName(): string {
    return this.plan.databaseName
  }
  get masterUsername(): string {
    return this.plan.masterUsername
  }
  get writerId(): string | null {
    return this.plan.writerId
  }
  get attributes(): Record<string, unknown> {
    return this.plan.attributes
  }
  get endpoints(): LinkProxy[] {
    return [this.#writer, this.#reader]
  }
  get writerEndpoint(): Address {
    return this.#writer.listen
  }
  get readerEndpoint(): Address {
    return this.#reader.listen
  }
  get restorable(): RestoreWindow {
    return this.window()
  }

  /** Points the endpoints to the instances that serve; without one they refuse. */
  async refresh(instances: readonly MadeInstance[]): Promise<void> {
    const serving = instances.filter((instance) => instance.running && instance.status !== 'creating')
    const writers = serving.filter((instance) => instance.id === this.writerId)
    const readers = serving.filter((instance) => instance.id !== this.writerId)
    const path = pathThroughGroups(this.plan.attributes)
    for (const [endpoint, targets] of [
      [this.#writer, writers],
      [this.#reader, readers.length ? readers : writers],
    ] as const) {
      endpoint.setState(path)
      endpoint.point(targets.map((instance) => instance.behind))
      await (targets.length ? endpoint.open() : endpoint.close())
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer.close(), this.#reader.close()])
  }
}
