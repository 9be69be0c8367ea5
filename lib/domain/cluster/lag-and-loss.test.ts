// A model of a writer that commits in bursts and of readers that receive late, in pieces or not at all. The collector sees
// it only through heartbeats and position samples. Whatever it then says must never be rosier than the model's truth.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type LossContext, lossOf } from './candidates'
import { lagOf } from './lag'
import { formatLsn, parseLsn } from './lsn'
import { bestKnownPosition, observationsOf, type SeenPosition } from './position'
import type { NodePosition } from './types'
import { WalClock } from './wal-clock'

const standby = (change: Partial<NodePosition> = {}): NodePosition => ({
  standby: true,
  at: 0,
  systemId: null,
  timeline: 1,
  flushLsn: null,
  haveLsn: 0n,
  replayLsn: 0n,
  replayPaused: false,
  receiver: { status: 'streaming', originLsn: null, heardAt: 0, timeline: 1 },
  beat: null,
  connections: null,
  version: '15',
  readOnly: true,
  ...change,
})

const seenAt = (at: number, change: Partial<NodePosition> = {}): SeenPosition => ({
  nodeId: 'r1',
  startedAt: at,
  endedAt: at,
  value: standby({
    at,
    receiver: { status: 'streaming', originLsn: null, heardAt: at, timeline: 1 },
    ...change,
  }),
})

const context = (now: number, clock: WalClock, writer: LossContext['writer']): LossContext => ({
  now,
  topology: 'hybrid',
  writer,
  closedAt: null,
  clock,
  objectives: { targetSeconds: 900, maximumSeconds: 3600 },
  lateAfterSeconds: 10,
})

/** Commits at rising times (ms), each of some bytes; positions are sums. */
const history = fc
  .array(fc.record({ gap: fc.integer({ min: 1, max: 900 }), bytes: fc.integer({ min: 1, max: 100_000 }) }), {
    minLength: 5,
    maxLength: 60,
  })
  .map((steps) => {
    let at = 10_000
    let lsn = 1000n
    return steps.map((s) => {
      at += s.gap
      lsn += BigInt(s.bytes)
      return { at, lsn }
    })
  })

type Commit = { at: number; lsn: bigint }
const endOfLogAt = (commits: readonly Commit[], at: number) =>
  commits.reduce((lsn, c) => (c.at <= at ? c.lsn : lsn), 1000n)

/** The collector's view: one heartbeat a second up to a time. */
function watched(commits: readonly Commit[], until: number) {
  const clock = new WalClock(1000)
  let last: { at: number; lsn: bigint } | null = null
  for (let at = 10_000; at <= until; at += 1000) {
    last = { at, lsn: endOfLogAt(commits, at) }
    clock.push(last.lsn, at, 1)
  }
  return { clock, last }
}

describe('WAL positions', () => {
  it('come back as they were written', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (lsn) => parseLsn(formatLsn(lsn)) === lsn))
    expect(parseLsn('3A/7F4C21D8')).toBe(0x3a7f4c21d8n)
  })

  it.each(['', '0', '0/', '/0', '0/G', '123456789/0', '0/0 '])('refuse %j', (text) => {
    expect(() => parseLsn(text)).toThrow(RangeError)
  })
})

describe('lag', () => {
  it('is zero on an idle cluster whose reader holds all, however long nothing is written', () => {
    const clock = new WalClock(100)
    for (let at = 0; at < 60_000; at += 1000) clock.push(500n, at + 1, 1)
    const writer = { at: 60_000, lsn: 500n, timeline: 1, from: 'its own answer' }
    const lag = lagOf(seenAt(60_000, { haveLsn: 500n, replayLsn: 500n }), writer, clock)
    expect(lag).toEqual({ known: true, seconds: 0, bytes: 0, replayBytes: 0, replaySeconds: 0 })
  })

  it('never calls a reader with missing bytes level, and falls as the reader receives more', () => {
    fc.assert(
      fc.property(history, fc.nat(), fc.nat(), (commits, a, b) => {
        const end = (commits.at(-1)?.at ?? 0) + 1000
        const { clock, last } = watched(commits, end)
        if (!last) return
        const span = Number(last.lsn - 1000n)
        const [less, more] = [a % (span + 1), b % (span + 1)].sort((x, y) => x - y) as [number, number]
        const writer = { ...last, timeline: 1, from: 'its own answer' }
        const at = (have: number) => {
          const lsn = 1000n + BigInt(have)
          return lagOf(seenAt(last.at, { haveLsn: lsn, replayLsn: lsn }), writer, clock)
        }
        const [far, near] = [at(less), at(more)]
        expect(far.known && near.known).toBe(true)
        if (!far.known || !near.known) return
        expect(far.bytes).toBe(span - less)
        expect(far.seconds).toBeGreaterThanOrEqual(near.seconds)
        if (near.bytes > 0 && more < span) expect(near.seconds).toBeGreaterThanOrEqual(0)
        expect(far.bytes === 0).toBe(less === span)
      }),
    )
  })

  it.each([
    ['the receiver is gone', { receiver: null }],
    [
      'the receiver is not streaming',
      { receiver: { status: 'waiting', originLsn: null, heardAt: 60_000, timeline: 1 } },
    ],
    [
      'it was last heard 11 s ago',
      { receiver: { status: 'streaming', originLsn: null, heardAt: 49_000, timeline: 1 } },
    ],
    ['nothing was ever received', { haveLsn: null }],
    ['it is a copy of another database', { systemId: 'B' }],
    [
      'it follows another timeline',
      { receiver: { status: 'streaming', originLsn: null, heardAt: 60_000, timeline: 2 } },
    ],
  ] satisfies [string, Partial<NodePosition>][])('is unknown, not zero, when %s', (_, change) => {
    const clock = new WalClock(10)
    clock.push(500n, 59_000, 1)
    const writer = { at: 60_000, lsn: 500n, timeline: 1, systemId: 'A', from: 'its own answer' }
    const held = { systemId: 'A', haveLsn: 500n, replayLsn: 500n }
    expect(lagOf(seenAt(60_000, held), writer, clock).known).toBe(true)
    expect(lagOf(seenAt(60_000, { ...held, ...change }), writer, clock).known).toBe(false)
  })

  it('is unknown while the writer was never seen, and while the reader is behind every known heartbeat', () => {
    const clock = new WalClock(10)
    const reader = seenAt(60_000, { haveLsn: 400n, replayLsn: 400n })
    expect(lagOf(reader, null, clock).known).toBe(false)
    clock.push(500n, 59_000, 1)
    expect(lagOf(reader, { at: 60_000, lsn: 500n, timeline: 1, from: '' }, clock).known).toBe(false)
  })
})

describe('loss', () => {
  it('shown as the most that may be lost is never less than what is lost', () => {
    fc.assert(
      fc.property(history, fc.nat(), fc.nat(), fc.nat(), (commits, seenPart, havePart, laterPart) => {
        const first = commits[0]?.at ?? 0
        const end = commits.at(-1)?.at ?? 0
        // We lose sight of the writer at some time; it goes on committing until it dies, or until now.
        const lostSight = Math.max(10_000, first + (seenPart % (end - first + 1)))
        const { clock, last } = watched(commits, lostSight)
        if (!last) return
        const died = lostSight + (laterPart % (end - first + 2000))
        // A reader holds some prefix of what was written by then, perhaps more than we saw of the writer.
        const written = endOfLogAt(commits, died)
        const have = 1000n + BigInt(havePart % (Number(written - 1000n) + 1))
        const now = died
        const reader = seenAt(now, { haveLsn: have, replayLsn: have, receiver: null })
        const writer = bestKnownPosition([
          { ...last, timeline: 1, from: 'its own answer' },
          ...observationsOf('w', [reader]),
        ])
        const loss = lossOf(reader, context(now, clock, writer))
        expect(loss.known).toBe(true)
        if (!loss.known) return
        const lost = commits.filter((c) => c.at <= died && c.lsn > have)
        const actualSeconds = lost[0] ? (died - lost[0].at) / 1000 : 0
        expect(loss.atMost.seconds).toBeGreaterThanOrEqual(actualSeconds)
        expect(loss.atMost.seconds).toBeGreaterThanOrEqual(loss.atLeast.seconds)
        expect(loss.atLeast.bytes).toBeLessThanOrEqual(Number(written - have))
        if (loss.atMost.bytes !== null) expect(loss.atMost.bytes).toBeGreaterThanOrEqual(loss.atLeast.bytes)
      }),
      { numRuns: 500 },
    )
  })

  it('grows with every second of blindness and stops growing at the fence', () => {
    const clock = new WalClock(10)
    for (let i = 0; i < 10; i += 1) clock.push(BigInt(1000 * i), i * 1000, 1)
    const writer = { at: 9000, lsn: 9000n, timeline: 1, from: '' }
    const reader = seenAt(9000, { haveLsn: 8500n, replayLsn: 8500n })
    const at = (now: number, closedAt: number | null) => {
      const loss = lossOf(reader, { ...context(now, clock, writer), closedAt })
      return loss.known ? loss : null
    }
    const [soon, later, fenced] = [at(10_000, null), at(40_000, null), at(90_000, 40_000)]
    expect(later?.atLeast).toEqual(soon?.atLeast)
    expect(later?.atMost.seconds).toBeGreaterThan(soon?.atMost.seconds ?? 0)
    expect(fenced?.atMost.seconds).toBe(later?.atMost.seconds)
    expect([soon?.confidence, later?.confidence, at(90_000, null)?.confidence]).toEqual(['high', 'medium', 'low'])
  })

  it('of a node behind the oldest heartbeat known here reaches back at least to that heartbeat', () => {
    const clock = new WalClock(10)
    for (let i = 100; i < 110; i += 1) clock.push(BigInt(1000 * i), i * 1000, 1)
    const writer = { at: 109_000, lsn: 109_000n, timeline: 1, from: '' }
    const reader = seenAt(109_000, { at: 109_000, haveLsn: 50_000n, replayLsn: 50_000n, beat: { seq: 1, at: 49_000 } })
    const loss = lossOf(reader, context(110_000, clock, writer))
    expect(loss).toMatchObject({ known: true, atLeast: { seconds: 9, bytes: 59_000 } })
    if (loss.known) expect(loss.atMost.seconds).toBeGreaterThanOrEqual(loss.atLeast.seconds)
  })

  it('is unknown for a node that was never seen, and without any sight of the writer', () => {
    const clock = new WalClock(10)
    expect(lossOf(null, context(0, clock, null)).known).toBe(false)
    expect(lossOf(seenAt(0, { haveLsn: 1n }), context(0, clock, null)).known).toBe(false)
  })
})

describe('the best-known writer position', () => {
  it('is the greatest on the newest timeline, dated no later than any sight allows', () => {
    expect(
      bestKnownPosition([
        { at: 100, lsn: 900n, timeline: 1, from: 'old branch' },
        { at: 200, lsn: 500n, timeline: 2, from: 'its own answer' },
        { at: null, lsn: 700n, timeline: 2, from: 'held by r1' },
      ]),
    ).toEqual({ at: 200, lsn: 700n, timeline: 2, from: 'held by r1' })
    expect(bestKnownPosition([])).toBeNull()
  })
})

describe('the WAL clock', () => {
  it('keeps a bounded ring in order and forgets the abandoned branch on a new timeline', () => {
    const clock = new WalClock(5)
    for (let i = 1; i <= 8; i += 1) clock.push(BigInt(i * 100), i * 1000, 1)
    expect(clock.size).toBe(5)
    expect(clock.timeOf(350n)).toBeNull()
    expect(clock.timeOf(450n)).toBe(4500)
    expect(clock.floor(450n)).toBe(4000)
    clock.push(650n, 9000, 2)
    expect(clock.newest()).toEqual({ lsn: 650n, at: 9000 })
    expect(clock.timeOf(800n)).toBe(9000)
    clock.push(9000n, 10_000, 1)
    expect(clock.newest()?.lsn).toBe(650n)
  })
})
