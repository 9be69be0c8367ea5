import { join } from 'node:path'
import { createServer, type PostgresServer, type Settings } from '../../lib/embedded-postgres/server'
import type { Address, LabNode, LabNodeStatus, LabPorts, LabRole, LabSecrets } from '../contract'
import { LinkProxy, type LinkState } from '../network/proxy'
import { labAddresses } from '../ports'
import { nodeSettings, slotName, walSegmentMegabytes } from './node-settings'
import { platformUser } from './seed'

type MemberId = keyof typeof labAddresses

export interface MemberPlan {
  id: MemberId
  region: string
  zone: string
  promotionTier: number
  crossRegion: boolean
}

/** The guarded cluster as it is laid out when nothing has happened yet: the first is the writer. */
export const plans: readonly [MemberPlan, ...MemberPlan[]] = [
  { id: 'castmatch-prod-primary', region: 'us-west-2', zone: 'us-west-2a', promotionTier: 0, crossRegion: false },
  { id: 'castmatch-prod-replica-1', region: 'us-west-2', zone: 'us-west-2b', promotionTier: 1, crossRegion: false },
  { id: 'castmatch-prod-replica-2', region: 'us-west-2', zone: 'us-west-2c', promotionTier: 2, crossRegion: false },
  { id: 'castmatch-xregion-replica', region: 'us-east-1', zone: 'us-east-1a', promotionTier: 15, crossRegion: true },
]

export const clusterId = 'castmatch-prod-cluster'
/** Between the regions: 8 MiB/s and a 35 ms way. */
export const betweenRegions: LinkState = { kind: 'shaped', bytesPerSecond: 8 * 1024 * 1024, latencyMs: 35 }

interface MemberSetup {
  dataDir: string
  /** The cluster's archive, from which every follower restores. */
  archiveDir: string
  ports: LabPorts
  secrets: LabSecrets
  platformPassword: string
}

/** One node of the cluster: its server, the address clients dial, and the link over which it receives WAL. */
export class Member implements LabNode {
  readonly server: PostgresServer
  readonly front: LinkProxy
  readonly link: LinkProxy
  readonly behind: Address
  status: LabNodeStatus = 'creating'
  /** Set by the cluster: what the platform believes. */
  isWriter = false
  attributes: Record<string, unknown>
  /** False for a node that stands on its own: a promoted replica, or the source that it left behind. */
  replicates: boolean

  constructor(
    readonly plan: MemberPlan,
    setup: MemberSetup,
  ) {
    const addresses = labAddresses[plan.id]
    this.behind = { host: addresses.behind, port: setup.ports.postgresBehind }
    this.front = new LinkProxy({ host: addresses.front, port: setup.ports.postgres })
    this.front.point([this.behind])
    const linkAddress = { host: addresses.behind.replace('127.0.12.', '127.0.13.'), port: setup.ports.postgresBehind }
    this.link = new LinkProxy(linkAddress, plan.crossRegion ? betweenRegions : { kind: 'up' })
    this.replicates = true
    this.attributes = { class: 'db.r6g.xlarge', allocatedStorage: 200, backupRetentionPeriod: 7 }
    this.server = createServer({
      name: `The lab's node ${plan.id}`,
      dataDir: join(setup.dataDir, plan.id),
      host: this.behind.host,
      port: this.behind.port,
      superuser: platformUser,
      password: setup.platformPassword,
      walSegmentMegabytes,
      settings: settings(plan, setup, linkAddress),
      hba: ['host all all 127.0.0.0/8 scram-sha-256', 'host replication all 127.0.0.0/8 scram-sha-256'],
    })
  }

  get id(): string {
    return this.plan.id
  }
  get region(): string {
    return this.plan.region
  }
  get zone(): string {
    const moved = this.attributes.AvailabilityZone
    return typeof moved === 'string' ? moved : this.plan.zone
  }
  get promotionTier(): number {
    return this.plan.promotionTier
  }
  get role(): LabRole {
    return this.plan.crossRegion ? 'cross-region' : this.isWriter ? 'writer' : 'reader'
  }
  get clusterId(): string | null {
    return this.plan.crossRegion ? null : clusterId
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
  /** The node from which this one receives; the cluster fills it in. Null for a node of its own. */
  source: Member | null = null

  get replicaSourceId(): string | null {
    return this.source?.id ?? null
  }

  get slot(): string {
    return slotName(this.plan.id)
  }
}

/** Once promoted, another region's server begins a history of its own, which must not mix with the cluster's. */
export function ownArchive(plan: MemberPlan, archiveDir: string): string {
  return plan.crossRegion ? `${archiveDir}-${plan.region}` : archiveDir
}

function settings(plan: MemberPlan, setup: MemberSetup, link: Address): Settings {
  return nodeSettings({
    id: plan.id,
    directory: join(setup.dataDir, plan.id),
    ownArchive: ownArchive(plan, setup.archiveDir),
    restoreFrom: setup.archiveDir,
    primary: { ...link, password: setup.platformPassword },
  })
}
