/**
 * A lab without servers, for this room's own tests: the cluster keeps the contract's promises about roles, states and
 * events, at once. The tests named `.lab.test.ts` run the same calls against real servers.
 */
import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ApiFault,
  type Denial,
  type EffectLogEntry,
  type Lab,
  type LabCluster,
  type LabEvent,
  type LabNode,
  type LabPart,
  type LabRoute,
  type LabShape,
  LabStateError,
} from '../contract'
import { portsFrom } from '../ports'
import { noEstate } from '../postgres/estate/no-estate'
import { registerAws } from './index'

type Changeable<T> = { -readonly [K in keyof T]: T[K] }

const clusterId = 'castmatch-prod-cluster'

function node(id: string, zone: string, role: LabNode['role'], host: string, tier: number): Changeable<LabNode> {
  const outside = role === 'cross-region'
  return {
    id,
    region: zone.slice(0, -1),
    zone,
    role,
    status: 'available',
    clusterId: outside ? null : clusterId,
    address: { host, port: 5432 },
    running: true,
    frozen: false,
    promotionTier: tier,
    replicaSourceId: role === 'writer' ? null : 'castmatch-prod-primary',
    attributes: {},
  }
}

export class ClusterDouble extends EventEmitter<{ event: [LabEvent]; change: [] }> implements LabCluster {
  readonly id = clusterId
  readonly region = 'us-west-2'
  status = 'available'
  readonly databaseName = 'castmatch_production'
  readonly masterUsername = 'castmatch_admin'
  readonly writerEndpoint = { host: '127.0.11.1', port: 5432 }
  readonly readerEndpoint = { host: '127.0.11.2', port: 5432 }
  readonly members = [
    node('castmatch-prod-primary', 'us-west-2a', 'writer', '127.0.10.1', 0),
    node('castmatch-prod-replica-1', 'us-west-2b', 'reader', '127.0.10.2', 1),
    node('castmatch-prod-replica-2', 'us-west-2c', 'reader', '127.0.10.3', 2),
    node('castmatch-xregion-replica', 'us-east-1a', 'cross-region', '127.0.10.4', 15),
  ]
  readonly recorded: LabEvent[] = []
  readonly calls: unknown[][] = []
  window: { earliest: number | null; latest: number | null } = { earliest: null, latest: null }

  nodes = () => this.members
  node = (id: string) => this.members.find((member) => member.id === id)
  writerId = () => this.members.find((member) => member.role === 'writer')?.id ?? ''
  events = () => this.recorded
  restorable = () => this.window

  failover(targetId: string | null): void {
    if (this.status !== 'available') {
      throw new LabStateError('InvalidDBClusterStateFault', `DB cluster ${this.id} is failing over.`)
    }
    this.calls.push(['failover', targetId])
    this.status = 'failing-over'
    this.emit('change')
  }

  /** What happens in the background of a failover. */
  completeFailover(targetId: string): void {
    for (const member of this.members) {
      if (member.clusterId !== null) member.role = member.id === targetId ? 'writer' : 'reader'
    }
    this.status = 'available'
    this.emit('change')
  }

  promoteReadReplica(id: string): void {
    this.calls.push(['promoteReadReplica', id])
    this.change(id, (member) => {
      member.status = 'modifying'
    })
  }

  reboot(id: string, forceFailover: boolean): void {
    this.calls.push(['reboot', id, forceFailover])
    this.change(id, (member) => {
      member.status = 'rebooting'
    })
  }

  failoverToStandby(id: string): void {
    this.calls.push(['failoverToStandby', id])
    this.change(id, (member) => {
      member.status = 'rebooting'
    })
  }

  modify(id: string, changes: Record<string, unknown>): void {
    this.calls.push(['modify', id, changes])
    this.setAttributes(id, changes)
  }

  setAttributes(id: string, changes: Record<string, unknown>): void {
    this.change(id, (member) => {
      member.attributes = { ...member.attributes, ...changes }
    })
  }

  recordEvent(event: Omit<LabEvent, 'at'>): void {
    this.recorded.push({ ...event, at: Date.now() })
  }

  change(id: string, how: (member: Changeable<LabNode>) => void): void {
    const member = this.node(id)
    if (!member) throw new Error(`no node ${id}`)
    how(member)
    this.emit('change')
  }
}

export interface LabDouble {
  cluster: ClusterDouble
  log: EffectLogEntry[]
  /** Faults waiting for their call. */
  faults: ApiFault[]
  stale: { since: number | null }
  /** Actions that the caller may not do, and how it is denied. */
  denied: Map<string, Denial>
  dataDir: string
  endpoint: string
  credentials: { accessKeyId: string; secretAccessKey: string }
  server: Server
  stop(): Promise<void>
}

/** An HTTP server with the AWS room's route over the double, on a free port. */
export async function startLabDouble(shape?: LabShape): Promise<LabDouble> {
  const cluster = new ClusterDouble()
  const log: EffectLogEntry[] = []
  const faults: ApiFault[] = []
  const stale: LabDouble['stale'] = { since: null }
  const denied: LabDouble['denied'] = new Map()
  const dataDir = mkdtempSync(join(tmpdir(), 'wr-aws-'))
  const routes: LabRoute[] = []
  const parts: LabPart[] = []
  const credentials = { accessKeyId: 'AKIATESTCASTMATCH001', secretAccessKey: 'a test key that signs nothing else' }
  const lab: Pick<Lab, 'context' | 'secrets' | 'addRoute' | 'addPart'> = {
    context: {
      dataDir,
      ...(shape ? { shape } : {}),
      ports: portsFrom(0).lab,
      speedup: 30,
      cluster,
      estate: noEstate,
      log: {
        append(entry) {
          const line = { ...entry, n: log.length + 1, at: Date.now() }
          log.push(line)
          return line
        },
        list: () => log,
      },
      apiFaults: {
        take(_service, operation) {
          const at = faults.findIndex((fault) => !('operation' in fault) || [null, operation].includes(fault.operation))
          return at < 0 ? null : (faults.splice(at, 1)[0] ?? null)
        },
        staleSince: () => stale.since,
        denied: (action) => denied.get(action) ?? null,
      },
    },
    secrets: {
      adminPassword: '',
      warroomPassword: '',
      applicationPassword: '',
      awsAccessKeyId: credentials.accessKeyId,
      awsSecretAccessKey: credentials.secretAccessKey,
      token: '',
    },
    addRoute: (route) => void routes.push(route),
    addPart: (part) => void parts.push(part),
  }
  registerAws(lab)
  for (const part of parts) await part.start?.()
  const server = createServer((request, response) => {
    void (async () => {
      for (const route of routes) if (await route(request, response)) return
      response.writeHead(404).end('nobody answered')
    })()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    cluster,
    log,
    faults,
    stale,
    denied,
    dataDir,
    endpoint: `http://127.0.0.1:${port}`,
    credentials,
    server,
    async stop() {
      for (const part of parts) await part.stop?.()
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
