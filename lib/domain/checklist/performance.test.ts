import { describe, expect, it } from 'vitest'
import { hourBefore, judgePerformance, type PerformanceSample } from './performance'

const minute = 60_000
const start = Date.UTC(2026, 5, 1, 3)
const now = start + 60 * minute
const steady = 10 * minute
const sample = (at: number, p95Ms: number | null, errorRatio: number | null = 0): PerformanceSample => ({
  at,
  p95Ms,
  errorRatio,
})
const usual = hourBefore(start).map((at) => sample(at, 80))
const recent = (at: (minutesAgo: number) => PerformanceSample) => Array.from({ length: 11 }, (_, i) => at(i))
const judge = (samples: PerformanceSample[], before = usual) => judgePerformance(samples, before, 'hour-before', steady)

describe('performance after a recovery', () => {
  it('holds when ten minutes were like the hour before, and fails at once when they are not', () => {
    expect(judge(recent((i) => sample(now - i * minute, 119)))).toMatchObject({ state: 'pass' })
    expect(judge(recent((i) => sample(now - i * minute, i === 0 ? 121 : 80)))).toMatchObject({
      state: 'fail',
      says: 'The 95th percentile is 121 ms; it was 80 ms in the hour before the impact.',
    })
    expect(judge(recent((i) => sample(now - i * minute, 80, i === 0 ? 0.005 : 0)))).toMatchObject({ state: 'fail' })
  })

  it('is not yet known while the trouble lies less than ten minutes back, and says for how long it has been well', () => {
    const verdict = judge(recent((i) => sample(now - i * minute, 80, i >= 4 ? 0.9 : 0)))
    expect(verdict.state).toBe('unknown')
    expect(verdict.says).toContain('within limits for 4 min of 10 min')
  })

  it('takes no few milliseconds for slowness', () => {
    const fast = usual.map((s) => ({ ...s, p95Ms: 3 }))
    expect(
      judge(
        recent((i) => sample(now - i * minute, 22)),
        fast,
      ).state,
    ).toBe('pass')
    expect(
      judge(
        recent((i) => sample(now - i * minute, 24)),
        fast,
      ).state,
    ).toBe('fail')
  })

  it('is unknown without figures of the application, and without a usual value', () => {
    expect(judge(recent((i) => sample(now - i * minute, null, null))).state).toBe('unknown')
    const verdict = judge(
      recent((i) => sample(now - i * minute, 80)),
      usual.map((s) => ({ ...s, p95Ms: null })),
    )
    expect(verdict).toMatchObject({ state: 'unknown', says: expect.stringContaining('The baseline is unknown') })
  })
})
