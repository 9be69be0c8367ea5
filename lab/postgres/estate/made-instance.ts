import { createServer, type PostgresServer, type Settings } from '../../../lib/embedded-postgres/server'
import type { Address, LabMadeInstance, LabNodeStatus, LabPorts, LabRole, RestoreWindow } from '../../contract'
import { LinkProxy, type LinkState } from '../../network/proxy'
import { walSegmentMegabytes } from '../node-settings'
import { pathThroughGroups } from '../security-groups'
import { platformUser } from '../seed'

/** What is kept of an instance that was made by a call. */
export interface InstancePlan {
  id: string
  region: string
  zone: string
  /** Decides its loopback addresses. */
  number: number
  clusterId: string | null
  masterUsername: string
  databaseName: string | null
  isWriter: boolean
  /** The instance whose WAL it receives as a read replica. */
  sourceId: string | null
  status: LabNodeStatus
  attributes: Record<string, unknown>
  /** Kept by the platform on the caller's behalf. */
  managedPassword: string | null
}

interface InstanceSetup {
  dataDir: string
  ports: LabPorts
  platformPassword: string
  /** Natural state of the way on which it receives WAL. */
  way: LinkState
  settings(behind: Address): Settings
  restorable(): RestoreWindow
}

/** A real server that a call has made, and the address that clients dial. */
export class MadeInstance implements LabMadeInstance {
  readonly front: LinkProxy
  /** The way on which it receives WAL as a read replica. */
  readonly link: LinkProxy
  readonly behind: Address
  readonly server: PostgresServer

  constructor(
    readonly plan: InstancePlan,
    private readonly setup: InstanceSetup,
  ) {
    const { ports, platformPassword } = setup
    this.behind = { host: `127.0.12.${plan.number}`, port: ports.postgresBehind }
    this.front = new LinkProxy({ host: `127.0.10.${plan.number}`, port: ports.postgres })
    this.front.point([this.behind])
    this.link = new LinkProxy({ host: `127.0.13.${plan.number}`, port: ports.postgresBehind }, setup.way)
    this.server = nodeServer(plan.id, setup.dataDir, this.behind, platformPassword, setup.settings(this.behind))
    this.server.on('exit', () => void this.front.close())
    this.applySecurityGroups()
  }

  applySecurityGroups(): void {
    this.front.setState(pathThroughGroups(this.plan.attributes))
  }

  async start(): Promise<void> {
    await this.server.start()
    await this.front.open()
  }
  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await Promise.all([this.front.close(), this.link.close()])
    await this.server.stop(mode, 1500)
  }

  get id(): string {
    return this.plan.id
  }
  get region(): string {
    return this.plan.region
  }
  get zone(): string {
    return this.plan.zone
  }
  get status(): LabNodeStatus {
    return this.plan.status
  }
  get clusterId(): string | null {
    return this.plan.clusterId
  }
  get attributes(): Record<string, unknown> {
    return this.plan.attributes
  }
  get masterUsername(): string {
    return this.plan.masterUsername
  }
  get databaseName(): string | null {
    return this.plan.databaseName
  }
  get role(): LabRole {
    return this.plan.isWriter ? 'writer' : 'reader'
  }
  get address(): Address {
    return this.front.listen
  }
  get running(): boolean {
    return this.server.state !== 'stopped'
  }
  get frozen(): boolean {
    return this.server.state === 'frozen'
  }
  get promotionTier(): number {
    return typeof this.plan.attributes.PromotionTier === 'number' ? this.plan.attributes.PromotionTier : 1
  }
  get replicaSourceId(): string | null {
    return this.plan.sourceId
  }
  get restorable(): RestoreWindow {
    return this.setup.restorable()
  }
  get logFile(): string {
    return `${this.server.dataDir}.log`
  }
}

export function nodeServer(
  id: string,
  dataDir: string,
  { host, port }: Address,
  password: string,
  settings: Settings,
): PostgresServer {
  return createServer({
    name: `The lab's node ${id}`,
    dataDir,
    host,
    port,
    superuser: platformUser,
    password,
    walSegmentMegabytes,
    settings,
    hba: ['host all all 127.0.0.0/8 scram-sha-256', 'host replication all 127.0.0.0/8 scram-sha-256'],
  })
}
