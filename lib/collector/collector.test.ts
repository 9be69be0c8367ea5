// A cluster in memory, one source after another taken away, the clock moved. Whatever fails, the rest must go on.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LagPoint, Mark, MetricsView, Snapshot } from '../domain/cluster/types'
import { systemClock } from '../ports/clock'
import type { Metrics } from '../ports/metrics'
import { Collector } from './collector'
import type { Inventory } from './inventory'
import { StoreHealth } from './store-health'
import { productionTempo } from './tempo'
import { MemoryCluster, MemoryHistory } from './testing/memory-ports'

let cluster: MemoryCluster
let history: MemoryHistory
let collector: Collector
let metricsHang: boolean
let kept: { at: number; inventory: Inventory } | null
let snapshots: (Snapshot & { toldAt: number })[]
let points: LagPoint[]
let marks: Mark[]

const metrics: Metrics = {
  application: async () => ({ errorRatio: 0, p95Ms: 5 }),
  byLabel: () => Promise.resolve({}),
  overview: (): Promise<MetricsView & { pgUp: boolean | null }> =>
    metricsHang
      ? new Promise(() => {})
      : Promise.resolve({
          targetsUp: 3,
          targets: 3,
          alertsFiring: [],
          errorRatio: 0,
          p95Ms: 5,
          pgUp: cluster.mood('w') === 'well',
        }),
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 })
  cluster = new MemoryCluster()
  history = new MemoryHistory()
  metricsHang = false
  kept = null
  snapshots = []
  points = []
  marks = []
  collector = watching('x')
})

/** A collector whose configuration names this replica in the other region. */
const watching = (crossRegionReplicaId: string) =>
  new Collector(
    systemClock,
    {
      fleet: cluster.fleet,
      database: cluster.database,
      workloads: null,
      poolers: [],
      metrics,
      history,
      damage: null,
      remembered: {
        load: () => kept,
        save: (at, inventory) => {
          kept = { at, inventory }
        },
      },
    },
    {
      name: 'c-1',
      environment: {
        name: 'test',
        kind: 'staging',
        region: 'us-west-2',
        drRegion: 'us-east-1',
        cluster: 'castmatch-prod-cluster',
        crossRegionReplicaId,
      },
      data: { name: 'castmatch', user: 'warroom', criticalTables: [], invariants: [] },
      objectives: { rpo: { targetSeconds: 900, maximumSeconds: 3600 }, monthlyAvailability: 0.999 },
      tempo: productionTempo,
    },
    new StoreHealth(systemClock),
    {
      snapshot: (s) => snapshots.push({ ...s, toldAt: Date.now() }),
      lag: (p) => points.push(p),
      mark: (m) => marks.push(m),
    },
    { warn: () => {}, info: () => {} },
  )
afterEach(async () => {
  await collector.stop()
  vi.useRealTimers()
})

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000)
const now = () => {
  const latest = collector.latest()
  if (!latest) throw new Error('there is no snapshot')
  return latest
}
const node = (id: string) => now().nodes.find((n) => n.id === id)

describe('a healthy cluster', () => {
  it('is discovered from the API and told once a second, with lag that is zero when nothing is written', async () => {
    collector.start(4)
    await pass(20)
    expect(now()).toMatchObject({ epoch: 4, writerId: 'w', diagnosis: { kind: 'healthy', recommend: false } })
    expect(now().nodes.map((n) => [n.id, n.role])).toEqual([
      ['w', 'writer'],
      ['r1', 'reader'],
      ['r2', 'reader'],
      ['us-east-1/x', 'cross-region'],
    ])
    expect(node('r1')?.lag.value).toMatchObject({ known: true, seconds: 0, bytes: 0 })
    expect(now().candidates.map((c) => c.allowed)).toEqual(['allowed', 'allowed', 'other-region'])
    const last = snapshots.filter((s) => s.takenAt > Date.now() - 10_000)
    expect(last.length).toBeGreaterThanOrEqual(10)
    expect(snapshots.every((s, i) => i === 0 || s.seq > (snapshots[i - 1]?.seq ?? 0))).toBe(true)
    expect(points.at(-1)?.byNode).toEqual({
      r1: { seconds: 0, bytes: 0 },
      r2: { seconds: 0, bytes: 0 },
      'us-east-1/x': { seconds: 0, bytes: 0 },
    })
  })

  it('tells the slots of the writer, asked now and then, with the WAL that an idle one keeps', async () => {
    cluster.slots = [{ name: 'cdc', active: false, walStatus: 'reserved', retainedBytes: 4096 }]
    collector.start(1)
    await pass(20)
    expect(now().slots).toMatchObject({ value: cluster.slots, error: null, everyMs: 30_000 })
    cluster.slots = []
    await pass(60)
    expect(now().slots.value).toEqual([])
  })

  it('raises no alarm in ten thousand probes', async () => {
    collector.start(1)
    await pass(10)
    const before = cluster.heartbeats
    await pass(10_000)
    expect(cluster.heartbeats - before).toBeGreaterThanOrEqual(10_000)
    expect(marks.filter((m) => m.kind === 'detection').map((m) => m.text)).toEqual(['Healthy'])
  }, 60_000)

  it('is unknown before the first answer, and found when the API comes up', async () => {
    cluster.api = 'failing'
    collector.start(1)
    await pass(40)
    expect(now()).toMatchObject({ topology: 'unknown', nodes: [], writerId: null })
    expect(now().diagnosis.kind).not.toBe('healthy')
    expect(now().backups.error).toBe('The API fails.')
    cluster.api = 'well'
    await pass(20)
    expect(now().diagnosis.kind).toBe('healthy')
  })
})

describe('a start while the API is down', () => {
  it('watches the nodes that the API named last, and says how old that is', async () => {
    collector.start(1)
    await pass(20)
    await collector.stop()
    expect(kept?.inventory.instances).toHaveLength(4)
    cluster.api = 'failing'
    await pass(3600)
    collector.start(2)
    await pass(20)
    expect(now()).toMatchObject({
      writerId: 'w',
      diagnosis: { kind: 'degraded', headline: 'The RDS API fails: The API fails.' },
    })
    expect(now().nodes).toHaveLength(4)
    expect(Date.now() - (now().rdsObservedAt ?? 0)).toBeGreaterThan(3_600_000)
    expect(now().votes.find((v) => v.vantage === 'rds-api')?.vote).toBe('unknown')
  })
})

describe('a writer that dies', () => {
  it('is suspected before the next tick and confirmed by what the others see', async () => {
    collector.start(1)
    await pass(20)
    await vi.advanceTimersByTimeAsync(300)
    const killedAt = Date.now()
    cluster.set('w', 'dead')
    await vi.advanceTimersByTimeAsync(100)
    const first = snapshots.find((s) => s.takenAt >= killedAt && s.diagnosis.kind === 'primary-suspected')
    expect(first?.diagnosis).toMatchObject({ certainty: 'suspected', recommend: false })
    expect((first?.toldAt ?? Number.POSITIVE_INFINITY) - killedAt).toBeLessThanOrEqual(100)
    await pass(10)
    expect(now().diagnosis).toMatchObject({ kind: 'primary-down', certainty: 'confirmed', recommend: true })
    expect(node('r1')?.lag.value).toMatchObject({ known: false })
    expect(points.at(-1)?.byNode.r1).toBeNull()
    expect(now().candidates[0]).toMatchObject({ best: true, reachable: true, loss: { known: true } })
  })

  it('that freezes is suspected after two missed probes, within a second', async () => {
    collector.start(1)
    await pass(20)
    for (const offset of [0, 130, 370, 480, 710, 930]) {
      await vi.advanceTimersByTimeAsync(offset)
      const at = Date.now()
      cluster.set('w', 'frozen')
      await pass(1)
      const seen = snapshots.find((s) => s.takenAt >= at && s.diagnosis.kind === 'primary-suspected')
      expect(seen, `frozen ${at % 1000} ms into a second`).toBeDefined()
      cluster.set('w', 'well')
      await pass(30)
      expect(now().diagnosis.kind).toBe('healthy')
    }
  })

  it('and whose place another takes is followed, without the API being asked', async () => {
    collector.start(1)
    await pass(20)
    cluster.set('w', 'dead')
    await pass(5)
    cluster.api = 'failing'
    cluster.writer = 'r2'
    await pass(30)
    expect(now()).toMatchObject({ writerId: 'r2' })
    expect(node('r2')?.role).toBe('writer')
    expect(now().diagnosis.kind).toBe('degraded')
  })
})

describe('a replica in the other region', () => {
  const roles = () => now().nodes.map((n) => [n.id, n.role, n.region, n.address?.host])
  const all = (away: string) => [
    ['w', 'writer', 'us-west-2', 'w'],
    ['r1', 'reader', 'us-west-2', 'r1'],
    ['r2', 'reader', 'us-west-2', 'r2'],
    [away, 'cross-region', 'us-east-1', 'x'],
  ]

  it('that has the name of the writer hides it neither while it is well nor when it dies', async () => {
    cluster.elsewhere = 'w'
    collector = watching('w')
    collector.start(1)
    await pass(40)
    expect(roles()).toEqual(all('us-east-1/w'))
    expect(now()).toMatchObject({ writerId: 'w', diagnosis: { kind: 'healthy' } })
    expect(now().candidates.map((c) => [c.nodeId, c.allowed])).toEqual([
      ['r1', 'allowed'],
      ['r2', 'allowed'],
      ['us-east-1/w', 'other-region'],
    ])
    expect(points.at(-1)?.byNode).toEqual({
      r1: { seconds: 0, bytes: 0 },
      r2: { seconds: 0, bytes: 0 },
      'us-east-1/w': { seconds: 0, bytes: 0 },
    })
    cluster.set('w', 'dead')
    await pass(10)
    expect(now()).toMatchObject({ writerId: 'w', diagnosis: { kind: 'primary-down', recommend: true } })
    expect(node('w')).toMatchObject({ state: 'down' })
    expect(node('us-east-1/w')).toMatchObject({ role: 'cross-region' })
  })

  it('that has the name of a reader hides it neither while it is well nor when it dies', async () => {
    cluster.elsewhere = 'r1'
    collector = watching('r1')
    collector.start(1)
    await pass(40)
    expect(roles()).toEqual(all('us-east-1/r1'))
    cluster.set('r1', 'dead')
    await pass(10)
    expect(node('r1')).toMatchObject({ state: 'problem', stateDetail: 'no answer' })
    expect(node('us-east-1/r1')).toMatchObject({ state: 'ok' })
    expect(now().candidates.find((c) => c.nodeId === 'r1')?.allowed).toBe('no')
    expect(now().candidates.find((c) => c.best)?.nodeId).toBe('r2')
  })

  it('that has the name of the writer and takes writes makes two writers, each told by its region', async () => {
    cluster.elsewhere = 'w'
    collector = watching('w')
    collector.start(1)
    await pass(40)
    cluster.promoted = 'x'
    await pass(10)
    expect(now()).toMatchObject({ writerId: 'w', diagnosis: { kind: 'split-brain' } })
    expect(now().diagnosis.headline).toContain('w and w (us-east-1)')
    expect(node('us-east-1/w')).toMatchObject({ role: 'unknown', stateDetail: 'accepts writes' })
  })

  it('is named with its region in the verdict', async () => {
    cluster.elsewhere = 'r1'
    collector = watching('r1')
    collector.start(1)
    await pass(20)
    cluster.set('x', 'dead')
    await pass(10)
    expect(now().diagnosis.kind).toBe('degraded')
    expect(`${now().diagnosis.headline} ${now().diagnosis.detail}`).toContain('r1 (us-east-1)')
  })

  it('that is deleted is not available any more, and no candidate', async () => {
    collector.start(1)
    await pass(20)
    expect(node('us-east-1/x')?.rdsStatus.value).toBe('available')
    cluster.elsewhere = null
    cluster.set('x', 'dead')
    await pass(40)
    expect(node('us-east-1/x')).toMatchObject({ address: null, state: 'unknown', rdsStatus: { value: 'not found' } })
    expect(now().candidates.find((c) => c.nodeId === 'us-east-1/x')?.allowed).toBe('no')
    expect(now().diagnosis).toMatchObject({ kind: 'degraded' })
    cluster.elsewhere = 'x'
    cluster.set('x', 'well')
    await pass(40)
    expect(node('us-east-1/x')).toMatchObject({ state: 'ok', rdsStatus: { value: 'available' } })
  })

  it('that never existed is shown as not found', async () => {
    collector = watching('elsewhere-1')
    collector.start(1)
    await pass(20)
    expect(node('us-east-1/elsewhere-1')).toMatchObject({
      role: 'cross-region',
      region: 'us-east-1',
      rdsStatus: { value: 'not found' },
    })
  })

  it('stays as it was last seen while the API of its region fails', async () => {
    collector.start(1)
    await pass(20)
    cluster.apiElsewhere = 'failing'
    await pass(60)
    expect(node('us-east-1/x')).toMatchObject({
      state: 'ok',
      address: { host: 'x' },
      rdsStatus: { value: 'available', error: 'The API fails.' },
    })
    expect(Date.now() - (node('us-east-1/x')?.rdsStatus.observedAt ?? 0)).toBeGreaterThan(50_000)
    expect(node('w')?.rdsStatus.error).toBeNull()
  })

  it('whose API hangs costs the API at home nothing', async () => {
    collector.start(1)
    await pass(20)
    cluster.apiElsewhere = 'frozen'
    await pass(120)
    expect(node('w')?.rdsStatus.error).toBeNull()
    expect(Date.now() - (now().rdsObservedAt ?? 0)).toBeLessThanOrEqual(30_000)
    expect(now().votes.find((v) => v.vantage === 'rds-api')?.vote).toBe('ok')
    expect(node('us-east-1/x')).toMatchObject({ state: 'ok' })
  })

  it('that is deleted while the API at home fails is not available any more', async () => {
    collector.start(1)
    await pass(20)
    cluster.api = 'failing'
    cluster.elsewhere = null
    cluster.set('x', 'dead')
    await pass(40)
    expect(now().nodes).toHaveLength(4)
    expect(node('us-east-1/x')).toMatchObject({ address: null, rdsStatus: { value: 'not found', error: null } })
    expect(node('w')?.rdsStatus).toMatchObject({ value: 'available', error: 'The API fails.' })
  })

  it('that was remembered under its name alone is found again by its region', async () => {
    collector.start(1)
    await pass(20)
    await collector.stop()
    if (!kept) throw new Error('nothing is remembered')
    const instances = kept.inventory.instances.map((i) => (i.region === 'us-east-1' ? { ...i, id: 'x' } : i))
    kept = { ...kept, inventory: { ...kept.inventory, instances } }
    cluster.apiElsewhere = 'failing'
    collector.start(2)
    await pass(20)
    expect(roles()).toEqual(all('us-east-1/x'))
  })
})

describe('one source that fails', () => {
  it.each([
    [
      'the RDS API hangs',
      () => {
        cluster.api = 'frozen'
      },
    ],
    [
      'the RDS API fails',
      () => {
        cluster.api = 'failing'
      },
    ],
    [
      'Prometheus hangs',
      () => {
        metricsHang = true
      },
    ],
    [
      'the blocking tree hangs',
      () => {
        cluster.slow = 'frozen'
      },
    ],
    [
      'a reader swallows everything',
      () => {
        cluster.set('r2', 'frozen')
      },
    ],
    [
      'a reader refuses',
      () => {
        cluster.set('r2', 'dead')
      },
    ],
    [
      'the store is away',
      () => {
        history.down = true
      },
    ],
  ] as const)('delays nobody: %s', async (_, breakIt) => {
    collector.start(1)
    await pass(20)
    breakIt()
    const from = Date.now()
    await pass(60)
    const told = snapshots.filter((s) => s.takenAt > from)
    expect(told.length).toBeGreaterThanOrEqual(58)
    const late = told.map((s) => s.takenAt - (s.lastHeartbeatAt ?? 0)).filter((age) => age > 1100)
    expect(late).toEqual([])
    expect(node('r1')?.lag.value).toMatchObject({ known: true, seconds: 0 })
    expect(Date.now() - (node('r1')?.lag.observedAt ?? 0)).toBeLessThanOrEqual(1100)
  })

  it('keeps the nodes that the API named before, with the age of what it said', async () => {
    collector.start(1)
    await pass(20)
    cluster.api = 'failing'
    const observed = now().rdsObservedAt
    await pass(120)
    expect(now().nodes).toHaveLength(4)
    expect(Date.now() - (now().rdsObservedAt ?? 0)).toBeGreaterThan(100_000)
    expect(now().rdsObservedAt).toBeLessThanOrEqual((observed ?? 0) + 16_000)
    expect(node('r1')?.rdsStatus).toMatchObject({ value: 'available', error: 'The API fails.' })
    expect(now().diagnosis).toMatchObject({ kind: 'degraded', recommend: false })
    expect(now().candidates.find(({ best }) => best)).toMatchObject({
      allowed: 'allowed',
      blocked: 'The RDS API fails: The API fails.',
    })
    expect(now().candidateNote).toContain('A failover is not possible')
  })

  it('an API that hangs is a warning within 5 s of the question that hangs, on the candidates too, and ends with an answer', async () => {
    collector.start(1)
    await pass(20)
    cluster.api = 'frozen'
    let warnedAfter = 0
    while (now().diagnosis.kind === 'healthy' && warnedAfter < 60) {
      await pass(1)
      warnedAfter += 1
    }
    // The next question is asked within 15 s, and has 3 s.
    expect(warnedAfter).toBeLessThanOrEqual(19)
    expect(now().diagnosis).toMatchObject({ kind: 'degraded', headline: 'The RDS API does not respond.' })
    expect(now().candidates[0]?.blocked).toBe('The RDS API does not respond.')
    cluster.api = 'well'
    await pass(30)
    expect(now().diagnosis.kind).toBe('healthy')
    expect(now().candidates[0]?.blocked).toBeNull()
  })

  it('a reader that is down shows no lag and nothing left to replay', async () => {
    collector.start(1)
    await pass(20)
    cluster.set('r1', 'dead')
    await pass(10)
    expect(node('r1')?.lag.value).toEqual({ known: false, why: 'it does not respond' })
    expect(now().candidates.find(({ nodeId }) => nodeId === 'r1')?.wait).toEqual({
      known: false,
      why: 'it is not reachable',
    })
    expect(now().diagnosis.headline).toMatch(/^Reader r1 is down\.$/)
  })

  it('a reader that lost its stream is degraded, its lag a gap, and no loss of the others', async () => {
    collector.start(1)
    await pass(20)
    cluster.cut.set('r1', cluster.lsn)
    await pass(10)
    expect(now().diagnosis).toMatchObject({ kind: 'degraded', recommend: false })
    expect(node('r1')).toMatchObject({ state: 'problem', stateDetail: 'no stream', stream: { alive: false } })
    expect(points.at(-1)?.byNode).toMatchObject({ r1: null, r2: { seconds: 0 } })
    expect(now().candidates.find((c) => c.best)?.nodeId).toBe('r2')
  })

  it('the store away for a minute loses no point of the history', async () => {
    collector.start(1)
    await pass(20)
    history.down = true
    await pass(60)
    expect(now().store.ok).toBe(false)
    history.down = false
    await pass(10)
    expect(now().store.ok).toBe(true)
    const told = points.map((p) => p.at).filter((at) => at <= Date.now() - 6000)
    expect(told.filter((at) => !history.points.has(at))).toEqual([])
  })
})

describe('a term', () => {
  it('asks nobody after its end, and a new one starts afresh with the chart kept', async () => {
    collector.start(1)
    await pass(20)
    await collector.stop()
    const [asked, beats, told] = [cluster.asked, cluster.heartbeats, snapshots.length]
    await pass(60)
    expect([cluster.asked, cluster.heartbeats, snapshots.length]).toEqual([asked, beats, told])
    collector.start(2)
    await pass(10)
    expect(now()).toMatchObject({ epoch: 2, diagnosis: { kind: 'healthy' } })
    expect(collector.ring.size).toBeGreaterThan(25)
  })
})

describe('another database under the guarded name', () => {
  const held = () => BigInt(cluster.lsn)
  /** The highest timeline of an old cluster, then everything away, and back as told. */
  async function comesBack(as: Partial<Pick<MemoryCluster, 'systemId' | 'resourceId'>>) {
    Object.assign(cluster, { timeline: 5, lsn: 0x9_0000_0000n })
    collector.start(1)
    await pass(30)
    expect(now().writerPosition.lsn).toMatch(/^9\//)
    for (const id of cluster.ids) cluster.set(id, 'dead')
    await pass(60)
    Object.assign(cluster, { timeline: 1, lsn: 0x1_0000_0000n, ...as })
    for (const id of cluster.ids) cluster.set(id, 'well')
    await pass(60)
  }

  it.each([
    ['a major upgrade has another system identifier', { systemId: '7300000000000000002' }],
    ['a restore has another identifier of RDS', { resourceId: 'cluster-B' }],
  ])('%s: its smaller timeline and position are a history of their own', async (_what, as) => {
    await comesBack(as)
    expect(now().writerPosition).toMatchObject({ lsn: expect.stringMatching(/^1\//) })
    expect(node('r1')?.lag.value).toMatchObject({ known: true, seconds: 0, bytes: 0 })
    expect(now().candidates.map((c) => c.allowed)).toEqual(['allowed', 'allowed', 'other-region'])
    expect(now().diagnosis.kind).toBe('healthy')
    // Time goes on in the new history: a reader that is cut off falls behind by it.
    cluster.cut.set('r1', held())
    await pass(30)
    expect(now().candidates.find((c) => c.nodeId === 'r1')?.loss).toMatchObject({ known: true })
  })

  it('an old writer of the same database on a smaller timeline is the past: what was written since is not forgotten', async () => {
    await comesBack({})
    expect(now().writerPosition.lsn).toMatch(/^9\//)
    expect(node('r1')?.lag.value).toMatchObject({ known: false, why: expect.stringContaining('timeline 1') })
    expect(now().candidates.map((c) => c.allowed)).toEqual(['no', 'no', 'no'])
  })
})
