import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { createServer, type PostgresServer } from '../../lib/embedded-postgres/server'
import {
  type ApiFault,
  type EffectLogEntry,
  type Lab,
  type LabCluster,
  type LabEvent,
  type LabFault,
  type LabNode,
  type LabPart,
  type LabRoute,
  LabStateError,
} from '../contract'
import { noEstate } from '../postgres/estate/no-estate'
import { createRoles, createTables, databaseName, masterUser } from '../postgres/seed'
import { freeBase } from '../testing'

/**
 * The smallest lab for tests of the application's rooms: one real PostgreSQL server that is the writer and its own
 * endpoint, a real HTTP port, no replicas and no AWS.
 */
export interface OneNodeLab extends Lab {
  readonly server: PostgresServer
  readonly environment: Map<string, string>
  readonly described: Record<string, unknown>
  readonly entries: EffectLogEntry[]
  /** Puts a fault at the Kubernetes front door. */
  inject(fault: ApiFault): void
  url(path: string): string
}

/** Makes the lab on the first free ports from `basePort` on; `start` starts server, parts and HTTP, `stop` ends them and removes the data. */
export async function createOneNodeLab(basePort: number): Promise<OneNodeLab> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wr-one-node-'))
  const word = () => randomBytes(12).toString('hex')
  const secrets = {
    adminPassword: word(),
    warroomPassword: word(),
    applicationPassword: word(),
    awsAccessKeyId: word(),
    awsSecretAccessKey: word(),
    token: word(),
  }
  const base = await freeBase(basePort)
  const ports = {
    http: base,
    postgres: base + 1,
    postgresBehind: base + 2,
    pgbouncer: base + 3,
    kubernetes: base + 4,
  }
  const superPassword = word()
  const server = createServer({
    name: 'The writer of the one-node lab',
    dataDir: join(dataDir, 'writer'),
    host: '127.0.0.1',
    port: ports.postgres,
    superuser: 'rdsadmin',
    password: superPassword,
  })
  const routes: LabRoute[] = []
  const parts: LabPart[] = []
  const faults: LabFault[] = []
  const environment = new Map<string, string>()
  const described: Record<string, unknown> = {}
  const entries: EffectLogEntry[] = []
  const injected: ApiFault[] = []
  const http = createHttpServer(async (request, response) => {
    try {
      for (const route of routes) if (await route(request, response)) return
      response.writeHead(404).end()
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  const asSuperuser = async (database: string, work: (client: pg.Client) => Promise<void>) => {
    const login = { host: '127.0.0.1', port: ports.postgres, user: 'rdsadmin', password: superPassword, database }
    const client = new pg.Client(login)
    await client.connect()
    await work(client).finally(() => client.end())
  }
  return {
    server,
    faults: () =>
      faults.map(({ start: _, heal: __, ...fault }) => ({ ...fault, targets: fault.targets(), active: null })),
    async startFault(id, target, parameters) {
      const fault = faults.find((one) => one.id === id)
      if (!fault) throw new LabStateError('NoSuchFault', `There is no fault called ${id}.`)
      await fault.start(target, parameters as Record<string, number | string>)
      const { start: _, heal: __, ...view } = fault
      return { ...view, targets: fault.targets(), active: { since: Date.now(), target, parameters: {} } }
    },
    async heal(id) {
      for (const fault of faults) if (id === null || fault.id === id) await fault.heal()
    },
    environment,
    described,
    entries,
    secrets,
    context: {
      dataDir,
      ports,
      speedup: 30,
      cluster: new OneNodeCluster(server),
      estate: noEstate,
      log: {
        append: (entry) => {
          const stored = { ...entry, n: entries.length + 1, at: Date.now() }
          entries.push(stored)
          return stored
        },
        list: (since = 0) => entries.filter((entry) => entry.n > since),
      },
      apiFaults: {
        take: (_, operation) => {
          const index = injected.findIndex((fault) => 'operation' in fault && fault.operation === operation)
          return index < 0 ? null : (injected.splice(index, 1)[0] ?? null)
        },
        staleSince: () => null,
        denied: () => null,
      },
    },
    inject: (fault) => injected.push(fault),
    url: (path) => `http://127.0.0.1:${ports.http}${path}`,
    addRoute: (route) => routes.push(route),
    addPart: (part) => parts.push(part),
    addFault: (fault) => faults.push(fault),
    addControl: () => {},
    describe: (values) => Object.assign(described, values),
    addEnvironment: (name, value) => environment.set(name, value),
    async start() {
      await server.initialise()
      await server.start()
      await asSuperuser('postgres', (client) => createRoles(client, secrets))
      await asSuperuser(databaseName, createTables)
      await new Promise<void>((done) => http.listen(ports.http, '127.0.0.1', done))
      for (const part of parts) await part.start?.()
    },
    async stop() {
      for (const part of [...parts].reverse()) await part.stop?.()
      http.closeAllConnections()
      http.close()
      await server.stop('immediate')
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

class OneNodeCluster extends EventEmitter<{ event: [LabEvent]; change: [] }> implements LabCluster {
  readonly id = 'castmatch-prod-cluster'
  readonly region = 'us-west-2'
  readonly status = 'available'
  readonly databaseName = databaseName
  readonly masterUsername = masterUser
  readonly writerEndpoint
  readonly readerEndpoint

  constructor(private readonly server: PostgresServer) {
    super()
    this.writerEndpoint = { host: server.host, port: server.port }
    this.readerEndpoint = this.writerEndpoint
  }

  nodes(): LabNode[] {
    return [
      {
        id: 'writer',
        region: this.region,
        zone: 'us-west-2a',
        role: 'writer',
        status: 'available',
        clusterId: this.id,
        address: this.writerEndpoint,
        running: this.server.state !== 'stopped',
        frozen: this.server.state === 'frozen',
        promotionTier: 0,
        replicaSourceId: null,
        attributes: {},
      },
    ]
  }
  node(id: string): LabNode | undefined {
    return this.nodes().find((node) => node.id === id)
  }
  writerId(): string {
    return 'writer'
  }
  events(): LabEvent[] {
    return []
  }
  restorable(): { earliest: null; latest: null } {
    return { earliest: null, latest: null }
  }
  failover(): void {
    refuse()
  }
  promoteReadReplica(): void {
    refuse()
  }
  reboot(): void {
    refuse()
  }
  failoverToStandby(): void {
    refuse()
  }
  modify(): void {
    refuse()
  }
  recordEvent(): void {
    refuse()
  }
  setAttributes(): void {
    refuse()
  }
}

function refuse(): never {
  throw new LabStateError('InvalidDBClusterStateFault', 'A lab of one node has nothing to change.')
}
