import { describe, expect, it } from 'vitest'
import type { ClocksView, PageView } from '../../domain/incident/view'
import { elapsedAt } from './elapsed'
import { objectiveBar, plainWords, presentDelivery, presentLoss, presentPage } from './incident'

const clocks = (over: Partial<ClocksView> = {}): ClocksView =>
  ({
    impactStartedAt: 0,
    restoredAt: null,
    resolvedAt: null,
    now: 1000,
    rto: { targetMs: 3_600_000, maximumMs: 14_400_000, projected: null, notProjected: null },
    ...over,
  }) as ClocksView

describe('the clock of the RTO', () => {
  it('runs until the write path is back, and then stands', () => {
    expect(elapsedAt(clocks(), 60_000)).toBe(60_000)
    expect(elapsedAt(clocks({ restoredAt: 30_000 }), 60_000)).toBe(30_000)
  })
  it('turns amber at three quarters of the target and red past it', () => {
    expect(objectiveBar(clocks(), 2_600_000).tone).toBe('working')
    expect(objectiveBar(clocks(), 2_800_000).tone).toBe('lagging')
    expect(objectiveBar(clocks(), 3_600_001).tone).toBe('problem')
  })
  it('never draws beyond the maximum', () => expect(objectiveBar(clocks(), 99_000_000).elapsed).toBe(1))
})

describe('a loss', () => {
  const rpo = (over: object) =>
    ({ atLeastMs: 400, atMostMs: 22_400, atLeastBytes: 1, atMostBytes: 2, ...over }) as ClocksView['rpo']
  it('stays a range', () => expect(presentLoss(rpo({})).seconds).toBe('0.4–22.4 s'))
  it('without an upper end says at least', () =>
    expect(presentLoss(rpo({ atMostMs: null })).seconds).toBe('at least 0.4 s'))
  it('that is not known is not zero', () => expect(presentLoss(rpo({ atLeastMs: null })).seconds).toBeNull())
})

describe('a page', () => {
  const page = (over: Partial<PageView>) =>
    ({ state: 'sent', askedAt: 0, sentAt: 1000, acknowledgedAt: null, endedAt: null, told: null, ...over }) as PageView
  it('counts how long nobody answers', () => expect(presentPage(page({}), 61_000).word).toBe('WAITING 01:00'))
  it('that was answered keeps after how long', () =>
    expect(presentPage(page({ state: 'acknowledged', acknowledgedAt: 28_000 }), 99_000)).toEqual({
      state: 'ok',
      word: 'ACK 00:27',
    }))
  it('whose incident is over is ended only when the pager took that, and waits for nobody', () => {
    const end = (state: 'queued' | 'sent' | 'failed') =>
      presentPage(page({ endedAt: 2000, told: { tells: 'resolve', state, says: null } }), 99_000)
    expect([end('queued'), end('sent'), end('failed')]).toEqual([
      { state: 'working', word: 'ENDING' },
      { state: 'skipped', word: 'ENDED' },
      { state: 'problem', word: 'NOT ENDED' },
    ])
    expect(presentPage(page({ channel: 'slack', endedAt: 2000 }), 99_000).word).toBe('ENDED')
  })
  it('that was not sent is a problem, not a wait', () =>
    expect(presentPage(page({ state: 'failed' }), 9)).toEqual({ state: 'problem', word: 'NOT SENT' }))
  it('that may have arrived is not called unsent', () => {
    const unconfirmed = { state: 'problem', word: 'NOT CONFIRMED' }
    expect(presentPage(page({ state: 'failed', inDoubt: true }), 9)).toEqual(unconfirmed)
    expect(presentDelivery({ channel: 'slack', state: 'failed', says: null, inDoubt: true })).toEqual(unconfirmed)
    // Between two tries, and once it was taken, its doubt is nobody's business.
    expect(presentPage(page({ state: 'queued', inDoubt: true }), 9).word).toBe('SENDING')
    expect(presentDelivery({ channel: 'slack', state: 'sent', says: null, inDoubt: false }).word).toBe('TAKEN')
  })
})

describe('markdown on the wall', () => {
  it('loses its marks and keeps its words', () =>
    expect(plainWords('## **replica-1**, see [the log](https://x.y)\n- `lag` 4 s')).toBe(
      'replica-1, see the log lag 4 s',
    ))
})
