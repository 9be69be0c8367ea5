// When do we say that the writer is down, how sure are we, and how does it end? Evidence is made manually, the clock moved.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DiagnosisTimes, diagnose, initialState, productionTimes, quorum } from './diagnosis'
import type { DiagnosisState, Evidence } from './evidence'
import type { Diagnosis, FailureDomain, Vantage, Vote } from './types'
import { tally } from './votes'

const places: Record<Vantage, [number, FailureDomain]> = {
  endpoint: [2, 'our-network'],
  pooler: [2, 'kubernetes'],
  'rds-api': [1, 'aws-control'],
  'wal-receivers': [3, 'aws-data'],
  pods: [2, 'kubernetes'],
  metrics: [1, 'monitoring'],
  'dr-region': [2, 'dr-network'],
}
const names = Object.keys(places) as Vantage[]

function votes(casts: Partial<Record<Vantage, Vote['vote'] | 'hard'>>): Vote[] {
  return names.map((vantage) => {
    const cast = casts[vantage] ?? 'ok'
    const [weight, domain] = places[vantage]
    return {
      vantage,
      label: vantage,
      vote: cast === 'hard' ? 'fail' : cast,
      hard: cast === 'hard',
      domain,
      weight,
      detail: cast,
      observedAt: 0,
      everyMs: 1000,
    }
  })
}

const calm: Omit<Evidence, 'now'> = {
  clusterId: 'castmatch-prod-cluster',
  writer: { id: 'castmatch-prod-primary', name: 'primary' },
  votes: votes({}),
  alarm: false,
  writeFailingSince: null,
  writeError: null,
  reads: 'ok',
  heardAt: null,
  reachedElsewhereAt: null,
  writersAnswering: ['castmatch-prod-primary'],
  failingOverSince: null,
  readers: [
    { name: 'replica-1', trouble: null, streaming: true, lagSeconds: 0.3 },
    { name: 'replica-2', trouble: null, streaming: true, lagSeconds: 0.2 },
  ],
  streamsLostSince: null,
  poolerTrouble: null,
  apiTrouble: null,
  podsTrouble: null,
  blind: false,
  observed: true,
}

const killed: Partial<Evidence> = {
  votes: votes({
    endpoint: 'hard',
    pooler: 'fail',
    'wal-receivers': 'hard',
    pods: 'fail',
    metrics: 'fail',
    'dr-region': 'fail',
  }),
  alarm: true,
  writeFailingSince: 10_000,
  writeError: 'refused',
  reads: 'fail',
  heardAt: 9900,
  writersAnswering: [],
  readers: calm.readers.map((r) => ({ ...r, streaming: false, trouble: 'has stopped replicating', lagSeconds: null })),
  streamsLostSince: 10_000,
}
const frozen: Partial<Evidence> = {
  ...killed,
  votes: votes({
    endpoint: 'fail',
    pooler: 'fail',
    'wal-receivers': 'fail',
    pods: 'fail',
    metrics: 'fail',
    'dr-region': 'fail',
  }),
}

/** Drives the machine and keeps what it said. */
function machine(times: DiagnosisTimes = productionTimes) {
  let state: DiagnosisState = initialState(0)
  const said: { at: number; diagnosis: Diagnosis }[] = []
  return {
    said,
    at(now: number, change: Partial<Evidence> = {}): Diagnosis {
      const result = diagnose(state, { ...calm, ...change, now }, times)
      state = result.state
      said.push({ at: now, diagnosis: result.diagnosis })
      return result.diagnosis
    },
    /** Every second from..to. */
    hold(from: number, to: number, change: Partial<Evidence> = {}): Diagnosis {
      let last = this.at(from, change)
      for (let now = from + 1000; now <= to; now += 1000) last = this.at(now, change)
      return last
    },
  }
}

describe('a pooler in which clients wait', () => {
  const poolerTrouble = {
    headline: 'PgBouncer is paused (all databases). 204 clients are waiting.',
    detail: 'Type RESUME.',
  }

  it('and that no run has paused is named once it lasts, and nothing is recommended', () => {
    const m = machine()
    m.hold(0, 9000)
    expect(m.hold(10_000, 12_000, { poolerTrouble })).toMatchObject({ kind: 'healthy' })
    const d = m.at(13_000, { poolerTrouble })
    expect(d).toMatchObject({
      kind: 'degraded',
      certainty: 'confirmed',
      headline: poolerTrouble.headline,
      recommend: false,
    })
    expect(d.detail).toContain('RESUME')
    expect(m.hold(14_000, 18_000)).toMatchObject({ kind: 'healthy' })
  })

  it('does not hide that the writer is down', () => {
    const m = machine()
    m.hold(0, 9000, { poolerTrouble })
    expect(m.hold(10_000, 13_000, { ...killed, poolerTrouble })).toMatchObject({ kind: 'primary-down' })
  })
})

describe('a dead writer', () => {
  it('is suspected at once, on the first alarm, with nothing recommended', () => {
    const m = machine()
    m.hold(0, 9000)
    const d = m.at(10_000, {
      alarm: true,
      writeFailingSince: 9990,
      writeError: 'closed',
      reads: 'unknown',
      votes: votes({ endpoint: 'hard' }),
    })
    expect(d).toMatchObject({ kind: 'primary-suspected', certainty: 'suspected', recommend: false, confirmsAt: null })
    expect(d.headline).toBe('castmatch-prod-primary does not respond from 1 of 7 vantage points')
  })

  it('is confirmed after 3 s of hard evidence from two places, and only then recommends P1', () => {
    const m = machine()
    m.hold(0, 9000)
    expect(m.hold(10_000, 12_000, killed)).toMatchObject({
      certainty: 'suspected',
      recommend: false,
      confirmsAt: 13_000,
    })
    const d = m.at(13_000, killed)
    expect(d).toMatchObject({
      kind: 'primary-down',
      certainty: 'confirmed',
      recommend: true,
      scenario: 'S1',
      since: 10_000,
    })
    expect(d.detail).toContain('Both readers lost their WAL stream')
    expect(d.detail).toContain('RDS has not started a failover.')
  })

  it('that is only silent needs 30 s, told in three rounds', () => {
    const m = machine()
    m.hold(0, 9000)
    expect(m.hold(10_000, 20_000, frozen)).toMatchObject({ certainty: 'suspected', held: { rounds: 1, of: 3 } })
    expect(m.hold(21_000, 39_000, frozen).certainty).toBe('suspected')
    expect(m.at(40_000, frozen)).toMatchObject({ kind: 'primary-down', certainty: 'confirmed' })
  })

  it('starts its hold anew when the quorum breaks off', () => {
    const m = machine()
    m.hold(0, 9000)
    m.hold(10_000, 30_000, frozen)
    m.at(31_000, { ...frozen, votes: votes({ endpoint: 'fail' }) })
    expect(m.hold(32_000, 61_000, frozen).certainty).toBe('suspected')
    expect(m.at(62_000, frozen).certainty).toBe('confirmed')
  })

  it('is not cleared before 120 s of good evidence, and recommends nothing while it answers', () => {
    const m = machine()
    m.hold(0, 9000)
    m.hold(10_000, 14_000, killed)
    const back = m.at(15_000)
    expect(back).toMatchObject({ kind: 'primary-down', recommend: false })
    expect(back.headline).toBe('castmatch-prod-primary responds again')
    expect(m.hold(16_000, 134_000).kind).toBe('primary-down')
    expect(m.at(135_000).kind).toBe('healthy')
  })

  it('ends sooner when another node has become the writer and holds', () => {
    const m = machine()
    m.hold(0, 9000)
    m.hold(10_000, 14_000, killed)
    const moved = { writer: { id: 'castmatch-prod-replica-1', name: 'replica-1' } }
    m.hold(15_000, 19_000, moved)
    expect(m.at(20_000, moved).kind).toBe('healthy')
  })

  it('flapping every 20 s changes the verdict once, not twenty times', () => {
    const m = machine()
    m.hold(0, 9000)
    m.hold(10_000, 14_000, killed)
    for (let t = 15_000; t < 400_000; t += 20_000) {
      m.hold(t, t + 9000)
      m.hold(t + 10_000, t + 19_000, killed)
    }
    const kinds = m.said.filter((s) => s.at >= 14_000).map((s) => s.diagnosis.kind)
    expect(new Set(kinds)).toEqual(new Set(['primary-down']))
  })
})

describe('what is not a dead writer', () => {
  it('a stream that a reader still receives vetoes, however long and however many places fail', () => {
    fc.assert(
      fc.property(
        fc.subarray(names.filter((n) => n !== 'wal-receivers')),
        fc.integer({ min: 1, max: 120 }),
        (failing, seconds) => {
          const m = machine()
          m.hold(0, 9000)
          const casts = Object.fromEntries(failing.map((f) => [f, 'hard' as const]))
          m.hold(10_000, 10_000 + seconds * 1000, { alarm: true, writeFailingSince: 10_000, votes: votes(casts) })
          expect(m.said.some((s) => s.diagnosis.kind === 'primary-down' || s.diagnosis.recommend)).toBe(false)
        },
      ),
    )
  })

  it('a quorum needs three quarters, three places, two domains and no stream', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('ok', 'fail', 'unknown', 'hard'), { minLength: 7, maxLength: 7 }),
        (casts) => {
          const list = votes(Object.fromEntries(names.map((n, i) => [n, casts[i]])) as Record<Vantage, Vote['vote']>)
          const fails = list.filter((v) => v.vote === 'fail')
          const fresh = list.filter((v) => v.vote !== 'unknown')
          const weight = (l: Vote[]) => l.reduce((s, v) => s + v.weight, 0)
          const expected =
            fresh.length > 0 &&
            weight(fails) / weight(fresh) >= 0.75 &&
            fails.length >= 3 &&
            new Set(fails.map((v) => v.domain)).size >= 2 &&
            list.find((v) => v.vantage === 'wal-receivers')?.vote !== 'ok'
          expect(quorum(tally(list))).toBe(expected)
        },
      ),
    )
  })

  it('our own partition: we cannot reach it, yet a reader heard from it after we lost it', () => {
    const m = machine()
    m.hold(0, 9000)
    const cut = {
      alarm: true,
      writeFailingSince: 10_000,
      writeError: 'timeout',
      reads: 'fail' as const,
      votes: votes({ endpoint: 'fail' }),
    }
    expect(m.at(10_500, { ...cut, heardAt: 9900 }).kind).toBe('primary-suspected')
    expect(m.at(12_000, { ...cut, heardAt: 11_900 })).toMatchObject({ kind: 'own-partition', certainty: 'suspected' })
    const d = m.hold(13_000, 16_000, { ...cut, heardAt: 15_000 })
    expect(d).toMatchObject({ kind: 'own-partition', certainty: 'confirmed', recommend: false, scenario: null })
  })

  it('nothing at all answering is our network, not their database', () => {
    const m = machine()
    m.hold(0, 9000)
    const d = m.hold(10_000, 60_000, {
      ...killed,
      blind: true,
      votes: votes({
        endpoint: 'hard',
        pooler: 'hard',
        'rds-api': 'unknown',
        'wal-receivers': 'unknown',
        pods: 'unknown',
        metrics: 'unknown',
        'dr-region': 'unknown',
      }),
    })
    expect(d).toMatchObject({ kind: 'own-partition', recommend: false })
    expect(d.headline).toContain('Nothing answers this collector')
  })

  it.each([
    ['by silence', 'fail'],
    ['by a lock that all its sessions wait for', 'unknown'],
  ] as const)('a writer that answers reads and commits nothing is wedged, not dead: %s', (_, endpoint) => {
    const m = machine()
    m.hold(0, 9000)
    const d = m.hold(10_000, 16_000, {
      alarm: true,
      writeFailingSince: 10_000,
      writeError: 'busy',
      reads: 'ok',
      heardAt: 9000,
      votes: votes({ endpoint }),
    })
    expect(d).toMatchObject({ kind: 'wedged-writer', certainty: 'confirmed', recommend: false })
  })

  it('a failover that RDS already does is adopted, and nothing else is recommended', () => {
    const m = machine()
    m.hold(0, 9000)
    m.hold(10_000, 14_000, killed)
    expect(m.at(15_000, { ...killed, failingOverSince: 14_500 })).toMatchObject({
      kind: 'failing-over',
      recommend: false,
    })
  })

  it('two nodes that accept writes are a split brain, whatever else is well', () => {
    const m = machine()
    m.hold(0, 9000)
    const d = m.hold(10_000, 13_000, { writersAnswering: ['castmatch-prod-primary', 'castmatch-prod-replica-1'] })
    expect(d).toMatchObject({ kind: 'split-brain', certainty: 'confirmed', recommend: false })
    expect(d.headline).toBe('Two nodes accept writes: castmatch-prod-primary and castmatch-prod-replica-1')
  })

  it('a reader in trouble degrades after 3 s, not for a blink', () => {
    const m = machine()
    const bad = {
      readers: [{ name: 'replica-1', trouble: 'has stopped replicating', streaming: false, lagSeconds: null }],
    }
    m.hold(0, 9000)
    expect(m.hold(10_000, 11_000, bad).kind).toBe('healthy')
    expect(m.at(12_000).kind).toBe('healthy')
    expect(m.hold(13_000, 17_000, bad)).toMatchObject({
      kind: 'degraded',
      recommend: false,
      headline: 'Reader replica-1 has stopped replicating.',
    })
  })

  it('a blink of one probe is suspected and gone again within seconds', () => {
    const m = machine()
    m.hold(0, 9000)
    m.at(10_000, { alarm: true, writeFailingSince: 9900, reads: 'unknown', votes: votes({ endpoint: 'fail' }) })
    expect(m.hold(11_000, 15_000).kind).toBe('primary-suspected')
    expect(m.at(16_000).kind).toBe('healthy')
  })

  it('nothing observed is unknown, never healthy', () => {
    const m = machine()
    const unknown = votes(Object.fromEntries(names.map((n) => [n, 'unknown'])) as Record<Vantage, Vote['vote']>)
    expect(m.hold(0, 60_000, { observed: false, votes: unknown }).kind).toBe('unknown')
    expect(m.hold(61_000, 90_000, { votes: unknown }).kind).toBe('unknown')
  })
})

describe('any course of evidence', () => {
  it('recommends P1 only in a confirmed and lasting S1, and never while a reader streams', () => {
    const round = fc.record({
      casts: fc.array(fc.constantFrom('ok', 'fail', 'unknown', 'hard'), { minLength: 7, maxLength: 7 }),
      alarm: fc.boolean(),
      seconds: fc.integer({ min: 1, max: 40 }),
    })
    fc.assert(
      fc.property(fc.array(round, { maxLength: 20 }), (rounds) => {
        const m = machine()
        let now = 0
        for (const r of rounds) {
          const list = votes(Object.fromEntries(names.map((n, i) => [n, r.casts[i]])) as Record<Vantage, Vote['vote']>)
          const failing = r.alarm || list[0]?.vote === 'fail'
          for (let s = 0; s < r.seconds; s += 1) {
            now += 1000
            const d = m.at(now, {
              votes: list,
              alarm: r.alarm,
              writeFailingSince: failing ? now - s * 1000 : null,
              reads: failing ? 'fail' : 'ok',
            })
            if (!d.recommend) continue
            expect(d).toMatchObject({ kind: 'primary-down', certainty: 'confirmed', scenario: 'S1', recommend: true })
            expect(list.find((v) => v.vantage === 'wal-receivers')?.vote).not.toBe('ok')
          }
        }
      }),
      { numRuns: 200 },
    )
  })
})
