import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { expect } from 'vitest'
import { createPostgresControl } from '../../adapters/postgres/control'
import { createPostgres } from '../../adapters/postgres/index'
import { SessionBudget } from '../../adapters/postgres/sessions'
import { type Use, usualSessionsPerNode } from '../../domain/cluster/sessions'
import type { Snapshot } from '../../domain/cluster/types'
import { childrenOf, continueTree, stopTree } from '../../embedded-postgres/processes'
import { systemClock } from '../../ports/clock'
import { PortError } from '../../ports/port-error'
import { type ScratchServer, startScratchServer } from '../../store/testing/scratch-server'
import { Collector } from '../collector'
import { StoreHealth } from '../store-health'
import { productionTempo } from '../tempo'
import { MemoryCluster } from './memory-ports'

/** One runner has half of the budget; the other half is for one that takes over from it. */
const budgetOfOneRunner = usualSessionsPerNode / 2
const password = randomBytes(12).toString('hex')
const role = { user: 'warroom', password, database: 'postgres', tls: 'disable' as const }

let server: ScratchServer
let watcher: pg.Client
let postmaster: number
let collector: Collector
let snapshots: Snapshot[] = []
const sessions = new SessionBudget()
const databaseFor = (use: Use) => createPostgres({ ...role, sessions: sessions.for(use) })

async function start(): Promise<void> {
  server = await startScratchServer()
  watcher = new pg.Client({ connectionString: server.url })
  await watcher.connect()
  await watcher.query(`CREATE ROLE warroom LOGIN PASSWORD '${password}';
    GRANT pg_monitor TO warroom;
    CREATE TABLE dr_heartbeat (id int PRIMARY KEY, beat timestamptz NOT NULL, seq bigint NOT NULL);
    INSERT INTO dr_heartbeat VALUES (1, clock_timestamp(), 0);
    GRANT SELECT, UPDATE, DELETE ON dr_heartbeat TO warroom`)
  const { rows } = await watcher.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  postmaster = Number(readFileSync(`/proc/${rows[0]?.pid}/status`, 'utf8').match(/^PPid:\s+(\d+)/m)?.[1])

  // By its own address and by the name that follows the writer: sessions of both are on the same server.
  const port = Number(new URL(server.url).port)
  const memory = new MemoryCluster()
  const cluster = {
    ...(await memory.fleet.cluster('c')),
    writerEndpoint: { host: 'localhost', port },
    members: [{ id: 'w', isWriter: true, promotionTier: 1 }],
  }
  const instance = { ...(await memory.fleet.instance('w', '')), address: { host: '127.0.0.1', port } }
  collector = new Collector(
    systemClock,
    {
      fleet: { ...memory.fleet, guarded: async () => ({ cluster, instances: [instance] }) },
      database: databaseFor('collector'),
      workloads: null,
      poolers: [],
      metrics: null,
      history: null,
      damage: null,
    },
    {
      name: 'c',
      environment: {
        name: 'test',
        kind: 'staging',
        region: 'us-west-2',
        drRegion: 'us-east-1',
        cluster: 'c',
        crossRegionReplicaId: null,
      },
      data: { name: 'castmatch', user: 'warroom', criticalTables: [], invariants: [] },
      objectives: { rpo: { targetSeconds: 900, maximumSeconds: 3600 }, monthlyAvailability: 0.999 },
      tempo: productionTempo,
    },
    new StoreHealth(systemClock),
    { snapshot: (s) => snapshots.push(s), lag: () => {}, mark: () => {} },
    { warn: () => {}, info: () => {} },
  )
}

async function end(): Promise<void> {
  await collector?.stop()
  await watcher?.end()
  await server?.stop()
}

/** Runs questions one after the other for as long as told, whatever comes of each. Resolves with how many were asked. */
async function askAlways(ask: () => Promise<unknown>, going: () => boolean): Promise<number> {
  let asked = 0
  while (going()) {
    asked += 1
    await ask().catch((error: unknown) => {
      if (!(error instanceof PortError)) throw error
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return asked
}

/** Processes of the server that serve, or let in, somebody other than this test's own witness. */
function served(witness: number): number {
  return childrenOf(postmaster).filter((pid) => {
    if (pid === witness) return false
    try {
      return /^postgres: (warroom|\[unknown\]|startup|\S+ \[)/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    } catch {
      return false
    }
  }).length
}

/** Connections that the server's machine keeps for it, those included that it has not looked at yet or that we have left. */
function kept(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const established = new Set(['01', '08'])
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, to, , state]) => to === local && established.has(state ?? '')).length
}

/** Freezes a server of its own for so long, ms, while everything is asked of it, and lets it go on. */
export async function freezeFor(frozenMs: number): Promise<void> {
  try {
    await start()
    await freeze(frozenMs)
  } finally {
    await end()
  }
}

async function freeze(frozenMs: number): Promise<void> {
  const port = Number(new URL(server.url).port)
  const address = { host: '127.0.0.1', port }
  const limits = { connectMs: 3_000, queryMs: 2_000 }
  const beat = async () => {
    const { rows } = await watcher.query<{ seq: string }>('SELECT seq FROM dr_heartbeat')
    return Number(rows[0]?.seq)
  }
  const { rows } = await watcher.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const witness = rows[0]?.pid ?? 0
  collector.start(1)
  await expect.poll(() => snapshots.at(-1)?.writesSince ?? null).not.toBeNull()
  await expect.poll(beat).toBeGreaterThan(2)

  let going = true
  const always = (ask: () => Promise<unknown>) => askAlways(ask, () => going)
  const asked = (['runs', 'looks', 'checklist'] as const).flatMap((use) => {
    const database = databaseFor(use)
    const control = createPostgresControl({ ...role, sessions: sessions.for(use) })
    const probe = database.probe(use, address, limits)
    return [
      always(() => probe.position()),
      always(() => database.survey(address, { tables: [], catalogueOnly: true }, limits)),
      always(() => control.look(address, ['warroom'])),
      always(() => database.survey({ host: 'localhost', port }, { tables: [], catalogueOnly: true }, limits)),
    ]
  })
  await expect.poll(async () => served(witness)).toBeGreaterThan(4)

  stopTree(postmaster)
  const frozenAt = Date.now()
  await expect
    .poll(() => snapshots.at(-1)?.diagnosis.kind, { timeout: 10_000 })
    .toMatch(/primary-suspected|primary-down/)
  let mostKept = 0
  while (Date.now() - frozenAt < frozenMs) {
    // One of them is this test's own.
    mostKept = Math.max(mostKept, kept(port) - 1)
    expect(sessions.taken).toBeLessThanOrEqual(budgetOfOneRunner)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  snapshots = []
  const writesBefore = Date.now()
  continueTree(postmaster)
  let most = 0
  let mostKnown = 0
  for (const until = Date.now() + 4_000; Date.now() < until; ) {
    most = Math.max(most, served(witness))
    const known = await watcher.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    )
    mostKnown = Math.max(mostKnown, known.rows[0]?.n ?? 0)
  }
  going = false
  expect(mostKept, 'connections that a frozen server keeps').toBeLessThanOrEqual(budgetOfOneRunner)
  expect(most, 'processes of the server that served us').toBeLessThanOrEqual(budgetOfOneRunner)
  expect(mostKnown, 'sessions by the server’s own count').toBeLessThanOrEqual(budgetOfOneRunner)
  expect(most).toBeGreaterThan(4)
  const back = snapshots.find((s) => (s.lastHeartbeatAt ?? 0) >= writesBefore)
  expect(back, 'writes were seen again').toBeDefined()
  for (const n of await Promise.all(asked)) expect(n).toBeGreaterThan(1)
  // What was given up is gone, not only counted.
  await expect.poll(() => served(witness)).toBe(sessions.taken)
}
