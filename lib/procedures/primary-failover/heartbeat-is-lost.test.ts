// The heartbeat table was dropped, or does not change any more, and then the writer dies. Nothing measures what is lost; the WAL
// positions of before bound it, and whoever reads the figure sees that it is an estimate.
import { describe, expect, test } from 'vitest'
import { castmatch } from '../../config/castmatch'
import { clocksOf } from '../../domain/objectives'
import type { BaselineLoss } from '../../domain/run/baseline'
import { timesOf } from '../../domain/run/measure'
import { lossIn } from '../steps/verify-recovery'
import { primaryFailover } from '.'

const t0 = Date.UTC(2026, 10, 29, 3)
const losses: BaselineLoss[] = [
  { nodeId: 'new', atLeastSeconds: 1, atLeastBytes: 100, atMostSeconds: 4, atMostBytes: 9_000, why: null },
  { nodeId: 'other', atLeastSeconds: 0, atLeastBytes: 0, atMostSeconds: 90, atMostBytes: null, why: null },
]
type Known = Parameters<typeof lossIn>[0]
const target = { id: 'new' } as Known['target']
const baseline = { losses } as Known['baseline']
/** Of ten minutes ago: the table is frozen since. */
const frozen = { at: t0 - 600_000, seq: 7 }

describe('what is lost', () => {
  test('is measured by the heartbeats while they are written', () => {
    const facts = { target, baseline, beatBefore: { at: t0, seq: 9 }, targetBeat: { at: t0 - 2_000, seq: 5 } }
    expect(lossIn(facts)).toEqual({ lossSeconds: 2, lossEstimated: false })
  })
  test.each<[string, Partial<Known>]>([
    ['a dropped table', { targetBeat: null }],
    ['a table that is frozen on both nodes', { beatBefore: frozen, targetBeat: frozen, noHeartbeat: true }],
    ['a frozen table while the old writer was silent', { impactAt: t0, targetBeat: frozen, noHeartbeat: true }],
  ])('with %s is the most that the position of the target allows, and marked as estimated', (_how, more) => {
    expect(lossIn({ target, baseline, ...more })).toEqual({ lossSeconds: 4, lossEstimated: true })
  })
  test('is unknown where no position is known either', () => {
    expect(lossIn({ target, targetBeat: null })).toEqual({ lossSeconds: null, lossEstimated: false })
    expect(lossIn({ target: { id: 'else' } as Known['target'], baseline })).toEqual({
      lossSeconds: null,
      lossEstimated: false,
    })
  })
})

describe('the report', () => {
  const measures = primaryFailover.measures.of({
    impactAt: t0,
    restoredAt: t0 + 60_000,
    lossSeconds: 4,
    lossEstimated: true,
    beatBefore: frozen,
    targetBeat: frozen,
    noHeartbeat: true,
  })
  test('says that the loss is estimated, and counts no heartbeats', () => {
    expect(measures).toContainEqual(
      expect.objectContaining({ label: 'Writes lost at most (estimated by WAL position)', value: 4, objective: 'rpo' }),
    )
    expect(measures).toContainEqual(expect.objectContaining({ label: 'Heartbeats lost', value: null }))
  })
  test('compares it with the RPO, and never concludes from it that no commit was lost', () => {
    const rpoOf = (lostCommits: number | null) =>
      clocksOf(
        {
          impactStartedAt: t0,
          detectedAt: t0,
          declaredAt: t0,
          resolvedAt: null,
          damaged: false,
          runs: [{ startedAt: t0, forecast: null, ...timesOf(measures), lostCommits }],
          provedAt: null,
          downtime: null,
          candidate: null,
        },
        castmatch.objectives,
        t0 + 120_000,
      ).rpo
    expect(rpoOf(null)).toMatchObject({
      ...{ state: 'fixed', estimated: true, verdict: 'met', atLeastMs: 0, atMostMs: 4_000, committedLoss: 'unknown' },
      says: 'At most 4.0 s of writes is lost (estimated by WAL position). Whether a commit was lost is unknown.',
    })
    expect(rpoOf(0).committedLoss).toBe('none')
    expect(rpoOf(2)).toMatchObject({
      committedLoss: 'some',
      says: expect.stringContaining('2 acknowledged commits are'),
    })
  })
})
