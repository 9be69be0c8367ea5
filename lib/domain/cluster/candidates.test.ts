// Who could become writer, in which order, and with which reason.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CandidateInput, candidateNote, type LossContext, nextWriter, rankCandidates } from './candidates'
import { WalClock } from './wal-clock'

const clock = new WalClock(100)
for (let i = 0; i <= 60; i += 1) clock.push(BigInt(i * 1000), i * 1000, 1)

const context = (change: Partial<LossContext> = {}): LossContext => ({
  now: 60_500,
  topology: 'hybrid',
  writer: { at: 60_000, lsn: 60_000n, timeline: 1, systemId: 'A', from: 'its own answer' },
  closedAt: null,
  clock,
  objectives: { targetSeconds: 900, maximumSeconds: 3600 },
  lateAfterSeconds: 10,
  ...change,
})

interface Change {
  have?: bigint
  replay?: bigint
  streams?: boolean
  paused?: boolean
  timeline?: number
  systemId?: string
  standby?: boolean
}

function reader(nodeId: string, position: Change = {}, change: Partial<CandidateInput> = {}): CandidateInput {
  const have = position.have ?? 60_000n
  return {
    nodeId,
    name: nodeId,
    crossRegion: false,
    reachable: true,
    rdsStatus: 'available',
    tier: 1,
    zone: 'b',
    seen: {
      nodeId,
      startedAt: 60_400,
      endedAt: 60_400,
      value: {
        standby: position.standby ?? true,
        at: 60_400,
        systemId: position.systemId ?? 'A',
        timeline: position.timeline ?? 1,
        flushLsn: null,
        haveLsn: have,
        replayLsn: position.replay ?? have,
        replayPaused: position.paused ?? false,
        receiver: position.streams
          ? { status: 'streaming', originLsn: have, heardAt: 60_300, timeline: position.timeline ?? 1 }
          : null,
        beat: null,
        connections: null,
        version: '15',
        readOnly: true,
      },
    },
    ...change,
  }
}

const ids = (views: { nodeId: string }[]) => views.map((v) => v.nodeId)

describe('ranking candidates', () => {
  it('puts the reader with the most WAL first when the streams are gone', () => {
    const ranked = rankCandidates([reader('r1', { have: 55_000n }), reader('r2', { have: 59_000n })], 'a', context())
    expect(ids(ranked)).toEqual(['r2', 'r1'])
    expect(ranked[0]).toMatchObject({ best: true, allowed: 'allowed' })
    expect(candidateNote(ranked, [reader('r1'), reader('r2')], context())).toContain('R2 holds 4.0 kB more WAL than r1')
  })

  it('keeps one order among readers that stream within a blink of each other', () => {
    const a = rankCandidates(
      [reader('r1', { have: 59_900n, streams: true }), reader('r2', { have: 60_000n, streams: true })],
      'a',
      context(),
    )
    const b = rankCandidates(
      [reader('r1', { have: 60_000n, streams: true }), reader('r2', { have: 59_900n, streams: true })],
      'a',
      context(),
    )
    expect(ids(a)).toEqual(ids(b))
  })

  it('prefers the better promotion tier, then another zone than the lost writer, among equals', () => {
    const byTier = rankCandidates([reader('r1', {}, { tier: 2 }), reader('r2', {}, { tier: 1 })], 'a', context())
    expect(ids(byTier)).toEqual(['r2', 'r1'])
    const byZone = rankCandidates([reader('r1', {}, { zone: 'a' }), reader('r2', {}, { zone: 'c' })], 'a', context())
    expect(ids(byZone)).toEqual(['r2', 'r1'])
  })

  it.each([
    ['does not respond', reader('r1', {}, { reachable: false }), 'no'],
    ['was never seen', reader('r1', {}, { seen: null }), 'no'],
    ['accepts writes itself', reader('r1', { standby: false }), 'no'],
    ['is a copy of another database', reader('r1', { systemId: 'B' }), 'no'],
    ['is on another timeline', reader('r1', { timeline: 2 }), 'no'],
    ['has its replay paused', reader('r1', { paused: true }), 'no'],
    ['is not available by RDS', reader('r1', {}, { rdsStatus: 'deleting' }), 'no'],
    ['stands in another region', reader('r1', {}, { crossRegion: true }), 'other-region'],
    ['has long to replay', reader('r1', { replay: 20_000n }), 'late'],
    ['is fine', reader('r1'), 'allowed'],
  ] as const)('a node that %s is judged so, with a reason', (_, input, allowed) => {
    const [view] = rankCandidates([input], 'a', context())
    expect(view?.allowed).toBe(allowed)
    expect(view?.reason.length).toBeGreaterThan(10)
    expect(view?.best).toBe(allowed === 'allowed' || allowed === 'late')
  })

  it('never prefers a candidate that lacks more to one that is as free and lacks less', () => {
    const arbitrary = fc.record({
      have: fc.bigInt({ min: 0n, max: 60_000n }),
      streams: fc.boolean(),
      reachable: fc.boolean(),
      tier: fc.integer({ min: 0, max: 3 }),
    })
    fc.assert(
      fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 6 }), (list) => {
        const inputs = list.map((l, i) => reader(`r${i}`, l, { reachable: l.reachable, tier: l.tier }))
        const ranked = rankCandidates(inputs, 'a', context())
        expect(ranked.filter((r) => r.best).length).toBe(list.some((l) => l.reachable) ? 1 : 0)
        const best = ranked.find((r) => r.best)
        for (const other of ranked) {
          if (!best?.loss.known || !other.loss.known || other.allowed !== best.allowed) continue
          // Half a second is the noise between two samples.
          expect(best.loss.atLeast.seconds).toBeLessThanOrEqual(other.loss.atLeast.seconds + 0.5)
        }
      }),
    )
  })

  it('says in a note when the upper figure still grows, and when nobody can take over', () => {
    const blind = context({ now: 90_000 })
    const inputs = [reader('r1')]
    expect(candidateNote(rankCandidates(inputs, 'a', blind), inputs, blind)).toContain('grows every second')
    const gone = [reader('r1', {}, { reachable: false })]
    expect(candidateNote(rankCandidates(gone, 'a', blind), gone, blind)).toBe('No reader can take over now.')
    expect(candidateNote([], [], blind)).toBe('No reader is known yet.')
  })
})

describe('what stands against every promotion', () => {
  const ranked = (change: Partial<LossContext>) =>
    rankCandidates([reader('r1'), reader('x', {}, { crossRegion: true })], 'a', context(change))
  it('damage blocks all, an API that is away those of its own region, and the note says why', () => {
    expect(ranked({}).map(({ blocked }) => blocked)).toEqual([null, null])
    const damaged = ranked({ damaged: true, apiTrouble: 'The RDS API does not respond.' })
    expect(damaged.map(({ blocked }) => blocked)).toEqual(Array(2).fill(expect.stringMatching(/same damage/)))
    expect(candidateNote(damaged, [], context({ damaged: true }))).toMatch(/^A failover is blocked/)
    expect(ranked({ apiTrouble: 'The RDS API does not respond.' }).map(({ blocked }) => blocked)).toEqual([
      'The RDS API does not respond.',
      null,
    ])
  })
})

it('what takes over is the best of the region, and without one a replica elsewhere that responds', () => {
  const one = (nodeId: string, allowed: 'allowed' | 'other-region' | 'no', best: boolean, reachable = true) => ({
    ...{ nodeId, allowed, best, reachable },
  })
  const elsewhere = one('us-east-1/replica', 'other-region', false)
  expect(nextWriter([elsewhere, one('replica-1', 'allowed', true)])?.nodeId).toBe('replica-1')
  expect(nextWriter([one('replica-1', 'no', false), elsewhere])?.nodeId).toBe('us-east-1/replica')
  expect(nextWriter([one('replica-1', 'no', false), { ...elsewhere, reachable: false }])).toBeNull()
})
