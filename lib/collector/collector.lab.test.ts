// Real PostgreSQL servers, a real API, one fault after another. What does the War Room say, and what may it never say?
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Lab } from '../../lab/contract'
import { withClient } from '../../lab/postgres/sql'
import { registerRooms } from '../../lab/rooms'
import { startTestLab, type TestLab } from '../../lab/testing'
import { createPostgres } from '../adapters/postgres/index'
import { createPrometheus } from '../adapters/prometheus/index'
import { createRds } from '../adapters/rds/index'
import { metricsSchema } from '../config/environment'
import type { LagPoint, Mark, Snapshot } from '../domain/cluster/types'
import { systemClock } from '../ports/clock'
import { Collector } from './collector'
import { StoreHealth } from './store-health'
import { labTempo } from './tempo'

let started: TestLab
let lab: Lab
let fleet: ReturnType<typeof createRds>
let collector: Collector
let snapshots: (Snapshot & { toldAt: number })[] = []
let points: LagPoint[] = []
let marks: Mark[] = []
/** Evidence must hold for its hold and clear for its clearing time; both are waited for by what is said. */
const patienceMs = 45_000

beforeAll(async () => {
  started = await startTestLab({ basePort: 21_320, register: registerRooms })
  lab = started.lab
  const { cluster } = lab.context
  fleet = createRds({
    region: cluster.region,
    drRegion: 'us-east-1',
    endpointUrl: started.url,
    credentials: { accessKeyId: lab.secrets.awsAccessKeyId, secretAccessKey: lab.secrets.awsSecretAccessKey },
  })
  collector = new Collector(
    systemClock,
    {
      fleet,
      database: createPostgres({
        user: 'warroom',
        password: lab.secrets.warroomPassword,
        database: cluster.databaseName,
        tls: 'disable',
      }),
      workloads: null,
      poolers: [],
      metrics: createPrometheus(metricsSchema.parse({ url: `${started.url}/prometheus` })),
      history: null,
      damage: null,
    },
    {
      name: 'lab-test',
      environment: {
        name: 'lab',
        kind: 'lab',
        region: cluster.region,
        drRegion: 'us-east-1',
        cluster: cluster.id,
        crossRegionReplicaId: 'castmatch-xregion-replica',
      },
      data: { name: 'castmatch', user: 'warroom', criticalTables: [], invariants: [] },
      objectives: { rpo: { targetSeconds: 900, maximumSeconds: 3600 }, monthlyAvailability: 0.999 },
      tempo: labTempo,
    },
    new StoreHealth(systemClock),
    {
      snapshot: (s) => {
        snapshots.push({ ...s, toldAt: Date.now() })
        if (snapshots.length > 2000) snapshots = snapshots.slice(-1000)
      },
      lag: (p) => points.push(p),
      mark: (m) => marks.push(m),
    },
    { warn: () => {}, info: () => {} },
  )
  collector.start(1)
})
afterAll(async () => {
  await collector?.stop()
  fleet?.close()
  await started?.end()
})
beforeEach(async () => {
  fromNow()
  await until((s) => s.diagnosis.kind === 'healthy' && s.nodes.length === 4 && s.nodes.every((n) => n.state === 'ok'))
  fromNow()
  points = []
  marks = []
}, 90_000)
afterEach(() => lab.heal(null), 60_000)

/** What was said before this moment proves nothing any more. */
let since = 0
function fromNow(): void {
  since = Date.now()
  snapshots = []
}

/** Waits for a picture of which something holds; fails with the last one said. */
async function until(holds: (s: Snapshot) => boolean): Promise<Snapshot & { toldAt: number }> {
  const end = Date.now() + patienceMs
  let from = 0
  while (Date.now() < end) {
    for (; from < snapshots.length; from += 1) {
      const s = snapshots[from]
      if (s && s.takenAt >= since && holds(s)) return s
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
    if (from > snapshots.length) from = 0
  }
  const last = snapshots.at(-1)
  throw new Error(
    `it was not said: ${JSON.stringify({ diagnosis: last?.diagnosis, nodes: last?.nodes.map((n) => [n.id, n.role, n.state, n.stateDetail]) })}`,
  )
}
const writer = () => lab.context.cluster.writerId()
const recommended = () => snapshots.filter((s) => s.diagnosis.recommend)

describe('the collector in the lab', () => {
  it('finds four nodes, and lag on a cluster that commits little but heartbeats stays near zero', async () => {
    await until((s) => points.length >= 5 && s.candidates.length === 3)
    for (const point of points) {
      expect(Object.keys(point.byNode)).toHaveLength(3)
      for (const value of Object.values(point.byNode)) expect(value?.seconds).toBeLessThan(3)
    }
    const latest = collector.latest()
    expect(latest).toMatchObject({
      topology: 'hybrid',
      writerId: 'castmatch-prod-primary',
      diagnosis: { kind: 'healthy' },
    })
    expect(latest?.candidates.map((c) => c.allowed)).toEqual(['allowed', 'allowed', 'other-region'])
  })

  it('a killed writer is suspected first, then confirmed, and only then P1 is recommended', async () => {
    const name = writer()
    await lab.startFault('kill-writer', null, {})
    const suspected = await until((s) => s.diagnosis.kind === 'primary-suspected')
    expect(suspected.diagnosis).toMatchObject({ certainty: 'suspected', recommend: false })
    const confirmed = await until((s) => s.diagnosis.kind === 'primary-down')
    expect(confirmed.diagnosis).toMatchObject({ certainty: 'confirmed', recommend: true, scenario: 'S1' })
    expect(confirmed.diagnosis.headline).toContain(`${name} does not respond from`)
    expect(recommended().every((s) => s.diagnosis.certainty === 'confirmed')).toBe(true)
    for (const node of confirmed.nodes.filter((n) => n.role === 'reader')) expect(node.lag.value?.known).toBe(false)
    const best = confirmed.candidates.find((c) => c.best)
    expect(best?.loss.known && best.loss.atMost.seconds).toBeGreaterThan(0)
    await lab.heal(null)
    fromNow()
    const back = await until((s) => s.diagnosis.headline.endsWith('responds again'))
    expect(back.diagnosis.recommend).toBe(false)
    await until((s) => s.diagnosis.kind === 'healthy')
  })

  it('a frozen writer is suspected on silence alone and not confirmed in a hurry', async () => {
    await lab.startFault('freeze-writer', null, {})
    const suspected = await until((s) => s.diagnosis.kind === 'primary-suspected')
    await until((s) => s.takenAt > suspected.takenAt + 5000)
    expect(snapshots.some((s) => s.diagnosis.certainty === 'confirmed')).toBe(false)
    expect(recommended()).toEqual([])
  })

  it('a partition between us and the writer is named as ours: the readers still receive', async () => {
    await lab.startFault('partition', writer(), {})
    const cut = await until((s) => s.diagnosis.kind === 'own-partition' && s.diagnosis.certainty === 'confirmed')
    expect(cut.votes.find((v) => v.vantage === 'wal-receivers')?.vote).toBe('ok')
    expect(recommended()).toEqual([])
    await lab.heal(null)
    fromNow()
    await until((s) => s.diagnosis.kind === 'healthy')
  })

  it('a reader cut off from the writer has a lag that is unknown, never zero', async () => {
    await lab.startFault('cut-link', 'castmatch-prod-replica-1', {})
    const degraded = await until((s) => s.diagnosis.kind === 'degraded')
    expect(degraded.nodes.find((n) => n.id === 'castmatch-prod-replica-1')).toMatchObject({
      state: 'problem',
      stateDetail: 'no stream',
      lag: { value: { known: false } },
    })
    await until((s) => s.takenAt > degraded.takenAt + 2000)
    expect(points.at(-1)?.byNode).toMatchObject({ 'castmatch-prod-replica-1': null })
    expect(points.at(-1)?.byNode['castmatch-prod-replica-2']).not.toBeNull()
    expect(recommended()).toEqual([])
  })

  it('describes that are out of date change no verdict; an API that fails is said, and costs no picture', async () => {
    await lab.startFault('stale-describes', null, { seconds: 20 })
    const stale = Date.now()
    await until((s) => s.takenAt > stale + 4000)
    expect(snapshots.filter((s) => s.diagnosis.kind !== 'healthy')).toEqual([])
    await lab.startFault('api-500', 'rds', { calls: 0 })
    const failing = await until((s) => s.backups.error !== null)
    expect(failing.nodes).toHaveLength(4)
    const later = await until((s) => s.takenAt > failing.takenAt + 4000)
    expect(later.diagnosis).toMatchObject({ kind: 'degraded', recommend: false })
    expect(later.diagnosis.headline).toMatch(/^The RDS API fails: /)
    expect(later.takenAt - (later.lastHeartbeatAt ?? 0)).toBeLessThan(2000)
  })

  it('an API that hangs is a warning within seconds, on the candidates too', async () => {
    const from = Date.now()
    await lab.startFault('api-hang', 'rds', { calls: 0 })
    const warned = await until((s) => s.diagnosis.kind === 'degraded')
    // Asked every 2 s and silent for 2 s; a busy machine adds to it.
    expect(warned.toldAt - from).toBeLessThan(8_000)
    expect(warned.diagnosis.headline).toBe('The RDS API does not respond.')
    expect(warned.candidates.find(({ best }) => best)?.blocked).toBe('The RDS API does not respond.')
    expect(recommended()).toEqual([])
  })

  it('a heartbeat table that is dropped is no outage: writes are still proved, and losses are said to be estimated', async () => {
    const rename = async (from: string, to: string) => {
      const platform = lab.context.platform?.()
      if (!platform) throw new Error('the writer does not run')
      const login = { ...platform.login, database: lab.context.cluster.databaseName }
      await withClient(platform.address, login, (client) => client.query(`ALTER TABLE ${from} RENAME TO ${to}`))
    }
    await rename('dr_heartbeat', 'dr_heartbeat_away')
    try {
      const said = await until((s) => s.diagnosis.kind !== 'healthy')
      expect(said.diagnosis.headline).toBe('The heartbeat table dr_heartbeat is missing or frozen.')
      expect(said.noHeartbeat).toBe(true)
      // Minutes of it count as no downtime, and an outage from now on would begin now.
      expect(said.writesSince).not.toBeNull()
      expect(said.takenAt - (said.lastHeartbeatAt ?? 0)).toBeLessThan(2_000)
      const best = said.candidates.find((one) => one.best)
      expect(best?.loss).toMatchObject({ known: true })
      expect(said.candidateNote).toContain('losses are estimated from WAL positions')
      expect(recommended()).toEqual([])
    } finally {
      await rename('dr_heartbeat_away', 'dr_heartbeat')
    }
    fromNow()
    expect(await until((s) => s.diagnosis.kind === 'healthy')).not.toHaveProperty('noHeartbeat')
  })

  it('a failover that the platform does itself is adopted; the old writer coming back is a split brain', async () => {
    const old = writer()
    await lab.startFault('auto-failover', null, {})
    await lab.startFault('kill-writer', null, {})
    const moved = await until((s) => s.writerId !== old && s.diagnosis.kind !== 'primary-down')
    expect(moved.writerId).not.toBe(old)
    await until((s) => s.writerId !== old && (s.diagnosis.kind === 'healthy' || s.diagnosis.kind === 'degraded'))
    await lab.startFault('return-old-writer', null, {})
    const two = await until((s) => s.diagnosis.kind === 'split-brain')
    expect(two.diagnosis.headline).toContain('Two nodes accept writes')
    expect(two.diagnosis.recommend).toBe(false)
    expect(marks.some((m) => m.kind === 'event' && /failover/i.test(m.text))).toBe(true)
  })
})
