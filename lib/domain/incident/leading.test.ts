import { describe, expect, it } from 'vitest'
import { catalogue } from '../../procedures/index'
import { afterProbe } from '../checklist/items'
import type { CandidateView } from '../cluster/types'
import { suggestedLevel } from '../escalation-next'
import { type ClockFacts, clocksOf, contradictionOf } from '../objectives'
import type { Seen } from '../procedure/catalogue'
import { calendarFile } from '../report/calendar'
import { rcaAt, splitOf, trendsOf } from '../report/figures'
import { forecastOf, remainingOf, wholeOf } from '../run/remaining'
import { decisionSheet } from './decision'
import { nextOf, type PathFacts, pathOf } from './path'
import type { IncidentListItem } from './view'

const objectives = {
  rto: { targetSeconds: 3600, maximumSeconds: 14_400 },
  rpo: { targetSeconds: 900, maximumSeconds: 3600 },
  monthlyAvailability: 0.999,
}
const t0 = Date.UTC(2026, 5, 10, 3)
const min = 60_000
const facts = (more: Partial<ClockFacts> = {}): ClockFacts => ({
  impactStartedAt: t0,
  detectedAt: null,
  declaredAt: t0 + 2 * min,
  resolvedAt: null,
  damaged: false,
  runs: [],
  provedAt: null,
  downtime: null,
  candidate: null,
  ...more,
})
const run = {
  startedAt: t0 + 8 * min,
  impactAt: t0,
  detectedAt: t0 + min,
  restoredAt: null,
  lossSeconds: null,
  lostCommits: null,
  forecast: { known: true, lowSeconds: 300, highSeconds: 600, basis: 'By runbook estimates.' } as const,
}
const loss = (seconds: number, atMost: number): CandidateView => ({
  nodeId: 'replica-2',
  reachable: true,
  allowed: 'allowed',
  reason: '',
  best: true,
  loss: { known: true, atLeast: { seconds, bytes: 10 }, atMost: { seconds: atMost, bytes: 20 }, confidence: 'high' },
  wait: { known: true, seconds: 0, bytes: 0 },
  observedAt: t0,
})

describe('clocks', () => {
  it('run from the impact, never stop for people, and project from the steps that remain', () => {
    const clocks = clocksOf(facts({ runs: [run] }), objectives, t0 + 20 * min)
    expect(clocks.rto).toMatchObject({ elapsedMs: 20 * min, verdict: 'open' })
    expect(clocks.rto.projected).toMatchObject({ highAt: t0 + 30 * min, verdict: 'met' })
    expect(clocks.detectedAt).toBe(t0 + min)
  })

  it('stop at the restored write path and give met, within maximum, breached', () => {
    const verdict = (minutes: number) =>
      clocksOf(facts({ runs: [{ ...run, restoredAt: t0 + minutes * min }] }), objectives, t0 + 900 * min).rto.verdict
    expect([60, 61, 240, 241].map(verdict)).toEqual(['met', 'within-maximum', 'within-maximum', 'breached'])
  })

  it('say why nothing is projected: nothing runs, a step needs a decision; and nothing after the recovery', () => {
    const why = (more: Partial<ClockFacts>) => {
      const { projected, notProjected } = clocksOf(facts(more), objectives, t0 + 20 * min).rto
      return [projected, notProjected]
    }
    expect(why({})).toEqual([null, 'No recovery is running; no estimate yet.'])
    const stuck = { ...run, forecast: { known: false, why: 'A step needs a decision.' } as const }
    expect(why({ runs: [stuck] })).toEqual([null, 'A step needs a decision.'])
    expect(why({ runs: [{ ...run, restoredAt: t0 + 9 * min }] })).toEqual([null, null])
  })

  it('pass the target while still open', () => {
    expect(clocksOf(facts(), objectives, t0 + 61 * min).rto.verdict).toBe('within-maximum')
    expect(clocksOf(facts(), objectives, t0 + 241 * min).rto.verdict).toBe('breached')
  })

  it('show the live loss of the best candidate, then what was measured, and unknown rather than nothing', () => {
    const live = clocksOf(facts({ candidate: loss(0.4, 22) }), objectives, t0 + min).rpo
    expect(live).toMatchObject({ state: 'live', atLeastMs: 400, atMostMs: 22_000, verdict: 'met' })
    const fixed = clocksOf(
      facts({ candidate: loss(0, 9), runs: [{ ...run, lossSeconds: 1000 }] }),
      objectives,
      t0 + min,
    ).rpo
    expect(fixed).toMatchObject({
      state: 'fixed',
      atMostMs: 1_000_000,
      verdict: 'within-maximum',
      committedLoss: 'some',
    })
    // A tail of commits can be missing although no heartbeat is: only their own numbers prove that none is lost.
    const lost = (lossSeconds: number, lostCommits: number | null) =>
      clocksOf(facts({ runs: [{ ...run, lossSeconds, lostCommits }] }), objectives, t0).rpo.committedLoss
    expect([lost(0, null), lost(0, 0), lost(0, 2), lost(1, null), lost(1, 0)]).toEqual([
      'unknown',
      'none',
      'some',
      'some',
      'none',
    ])
    expect(clocksOf(facts(), objectives, t0).rpo).toMatchObject({
      state: 'unknown',
      verdict: 'unknown',
      atMostMs: null,
    })
    expect(clocksOf(facts({ damaged: true, candidate: loss(0, 0) }), objectives, t0).rpo.state).toBe('unknown')
  })

  it('give no verdict to an incident that ended without a proved write path, and one to the proof of the checklist', () => {
    const ended = { resolvedAt: t0 + 20 * min }
    expect(clocksOf(facts(ended), objectives, t0 + 30 * min)).toMatchObject({
      restoredAt: null,
      rto: { verdict: 'unknown' },
    })
    const proved = clocksOf(facts({ ...ended, provedAt: t0 + 15 * min }), objectives, t0 + 30 * min)
    expect(proved.rto).toMatchObject({ verdict: 'met', elapsedMs: 15 * min })
    // While it is open, a good look at the checklist stops no clock.
    expect(clocksOf(facts({ provedAt: t0 + 15 * min }), objectives, t0 + 30 * min).rto.elapsedMs).toBe(30 * min)
  })

  it('spend the month’s budget by minutes without writes, not by time gone, and say what they counted', () => {
    const { availability } = clocksOf(
      facts({ resolvedAt: t0 + 180 * min, downtime: { down: 60, watched: 180, monthDown: 70 } }),
      objectives,
      t0 + 190 * min,
    )
    expect(availability).toMatchObject({ budgetMs: 2592 * 1000, spentMs: 60 * min, monthSpentMs: 70 * min })
    expect(Math.round((availability.share ?? 0) * 100)).toBe(139)
    expect(availability.says).toContain('60 of 180')
    const unwatched = clocksOf(facts({ downtime: { down: 0, watched: 0, monthDown: 3 } }), objectives, t0).availability
    expect(unwatched).toMatchObject({ spentMs: null, share: null, monthSpentMs: 3 * min })
  })

  it('say where the targets contradict each other', () => {
    expect(contradictionOf(objectives, t0)).toContain('139 %')
    expect(contradictionOf({ ...objectives, rto: { targetSeconds: 600, maximumSeconds: 900 } }, t0)).toBeNull()
    expect(contradictionOf({ ...objectives, committedLossTolerance: 0 }, t0)).toContain('zero lost commits')
  })
})

describe('time that remains', () => {
  const estimate = { lowSeconds: 100, highSeconds: 200 }
  const own = { runs: 4, p50Seconds: 10, p90Seconds: 20 }
  it('comes from past runs where there are enough, else from the runbook, and says which', () => {
    const step = (more: object) => ({ estimate, own: null, runningMs: 0, stage: null, ...more })
    expect(remainingOf([step({}), step({ own: { ...own, runs: 2 } })])).toMatchObject({
      lowSeconds: 200,
      highSeconds: 400,
      basis: expect.stringContaining('no past runs'),
    })
    expect(remainingOf([step({ own }), step({ own: { ...own, runs: 9 } })])).toMatchObject({
      lowSeconds: 20,
      highSeconds: 40,
      basis: expect.stringContaining('at least 4 past runs'),
    })
    expect(remainingOf([step({ own }), step({})]).basis).toContain('1 of 2 steps')
  })
  it('is the figure of the whole at the start, and less by the share of the steps that are done', () => {
    const step = (settled: boolean, runningMs = 0) => ({ estimate, own: null, runningMs, stage: null, settled })
    const whole = wholeOf({ lowSeconds: 900, highSeconds: 1800 }, { ...own, runs: 2 })
    const going = { state: 'running', restoredAt: null, undecided: false } as const
    expect(forecastOf(going, [step(false), step(false)], whole)).toEqual({ known: true, ...whole })
    expect(forecastOf(going, [step(true), step(false)], whole)).toMatchObject({ lowSeconds: 450, highSeconds: 900 })
    expect(forecastOf(going, [step(true), step(true)], whole)).toMatchObject({ lowSeconds: 0, highSeconds: 0 })
    expect(wholeOf({ lowSeconds: 900, highSeconds: 1800 }, own)).toMatchObject({ lowSeconds: 10, highSeconds: 20 })
  })
  it('promises nothing while people decide, and nothing after the recovery', () => {
    const of = (more: Partial<Parameters<typeof forecastOf>[0]>) =>
      forecastOf({ state: 'running', restoredAt: null, undecided: false, ...more }, [], wholeOf(estimate, null)).known
    expect(of({})).toBe(true)
    expect([of({ state: 'needs-person' }), of({ undecided: true }), of({ state: 'paused' })]).toEqual([
      false,
      false,
      false,
    ])
    expect([of({ restoredAt: t0 }), of({ state: 'done' }), of({ state: 'stopped' })]).toEqual([false, false, false])
  })
  it('shrinks while a step runs and never below nothing', () => {
    expect(remainingOf([{ estimate, own, runningMs: 15_000, stage: null }])).toMatchObject({
      lowSeconds: 0,
      highSeconds: 5,
    })
  })
})

describe('the path', () => {
  const at: PathFacts = {
    status: 'triage',
    commander: null,
    procedure: { key: 'P1', title: 'Failover' },
    run: { state: 'none', title: '' },
    deciding: true,
    checklist: { passed: 0, marked: 0, of: 10 },
    report: 'draft',
  }
  const next = (more: Partial<PathFacts>) => nextOf(pathOf({ ...at, ...more })).key
  it('leads from roles to the report', () => {
    const ann = { commander: 'Ann' }
    expect(next({})).toBe('roles')
    expect(next(ann)).toBe('procedure')
    expect(next({ ...ann, run: { state: 'asks', title: 'P1' } })).toBe('approve')
    expect(next({ ...ann, run: { state: 'stuck', title: 'P1' } })).toBe('procedure')
    const done = { ...ann, run: { state: 'done' as const, title: 'P1' }, deciding: false }
    expect(next(done)).toBe('checklist')
    // The problem is back: there is a procedure to choose again. And nothing is recommended after a recovery without a run.
    expect(next({ ...done, deciding: true })).toBe('procedure')
    expect(next({ ...ann, deciding: false })).toBe('checklist')
    expect(next({ ...done, checklist: { passed: 10, marked: 0, of: 10 } })).toBe('resolve')
    expect(next({ ...done, checklist: { passed: 8, marked: 2, of: 10 } })).toBe('resolve')
    expect(next({ ...done, status: 'resolved' })).toBe('report')
    expect(next({ ...done, status: 'resolved', report: 'final' })).toBe('done')
  })
  it('has exactly one step that is now, or none at the end', () => {
    expect(pathOf(at).filter(({ state }) => state === 'now')).toHaveLength(1)
  })
})

describe('the decision sheet', () => {
  const sheet = (scenario: 'S1' | 'S2', seen: Seen | null = null, damage: 'S2' | 'S4' | null = null) =>
    decisionSheet({
      scenario,
      impactStartedAt: t0,
      now: t0 + 10 * min,
      procedures: catalogue,
      seen,
      candidates: [loss(0.4, 22)],
      damage: damage && {
        scenario: damage,
        tables: ['castings'],
        says: ['castings lost 60 % of its rows.'],
        firstBadAt: t0,
      },
      restorePointAt: damage ? t0 - 1000 : null,
      backupTakenAt: null,
      observedAt: t0,
      twoPersons: true,
      running: null,
      objectives,
      checked: () => null,
    }).options
  it('sets time against RTO and loss against RPO, and has doing nothing in it', () => {
    const options = sheet('S1')
    expect(options.map(({ key }) => key)).toEqual(['P1', 'P2', 'P2', 'P2', 'P3', 'P4', 'nothing'])
    expect(options[0]).toMatchObject({
      fits: 'recommended',
      rtoVerdict: 'met',
      rpoVerdict: 'met',
      doneAfterMs: { high: 40 * min },
    })
    expect(options[4]).toMatchObject({ fits: 'possible', rtoVerdict: 'breached', rpoVerdict: 'unknown' })
    expect(options.at(-1)).toMatchObject({ doneAfterMs: null, rtoVerdict: 'unknown', rpoVerdict: 'unknown' })
  })
  it('offers no failover while damage to the data is found, whatever the incident was declared as', () => {
    expect(sheet('S1', null, 'S4')[0]).toMatchObject({
      key: 'P1',
      fits: 'unfit',
      fitsWhy: expect.stringContaining('damage'),
    })
    expect(sheet('S1', null, 'S4').some(({ fits }) => fits === 'recommended')).toBe(false)
  })
  it('never offers a failover for damaged data', () => {
    expect(sheet('S2')[0]).toMatchObject({
      fits: 'not-for-this',
      fitsWhy: expect.stringContaining('damage'),
    })
  })
  it('recommends nothing that cannot be run on what is seen, and says why', () => {
    expect(sheet('S1', { topology: 'aurora', rdsObservedAt: 1, candidates: [] })[0]).toMatchObject({
      fits: 'unfit',
      fitsWhy: expect.stringContaining('nothing can take over'),
    })
  })
})

describe('a checklist item', () => {
  it('reopens when what held fails, and a hand tick stands until a probe sees a failure', () => {
    expect(afterProbe({ state: 'pass', reopened: false }, 'fail')).toEqual({ state: 'fail', reopened: true })
    expect(afterProbe({ state: 'fail', reopened: true }, 'pass')).toEqual({ state: 'pass', reopened: false })
    expect(afterProbe({ state: 'not-run', reopened: false }, 'fail').reopened).toBe(false)
    expect(afterProbe({ state: 'hand', reopened: false }, 'impossible').state).toBe('hand')
    expect(afterProbe({ state: 'hand', reopened: false }, 'fail')).toEqual({ state: 'fail', reopened: true })
  })
})

describe('whom to page next', () => {
  const matrix = [
    { level: 'L1' as const, suggestNextAfterMinutes: 5 },
    { level: 'L2' as const, suggestNextAfterMinutes: 10 },
    { level: 'L3' as const, suggestNextAfterMinutes: null },
  ]
  const level = (pages: Parameters<typeof suggestedLevel>[1], minutes: number) =>
    suggestedLevel(matrix, pages, t0, t0 + minutes * min)?.level ?? null
  const paged = (l: 'L1' | 'L2', state: 'sent' | 'failed' | 'acknowledged' = 'sent', at = t0) => ({
    level: l,
    state,
    askedAt: at,
    endedAt: null,
  })
  it('is the first, then the next when one does not respond or could not be reached, then nobody', () => {
    expect(level([], 0)).toBe('L1')
    expect(level([paged('L1')], 4)).toBeNull()
    expect(level([paged('L1')], 5)).toBe('L2')
    expect(level([paged('L1', 'failed')], 0)).toBe('L2')
    expect(level([paged('L1'), paged('L2', 'sent', t0 + 5 * min)], 14)).toBeNull()
    expect(level([paged('L1'), paged('L2', 'sent', t0 + 5 * min)], 15)).toBe('L3')
    expect(level([paged('L1', 'acknowledged')], 60)).toBeNull()
    // The incident was over and is open again: whoever was called before is called by nothing now.
    expect(level([{ ...paged('L1', 'acknowledged'), endedAt: t0 + 30 * min }], 60)).toBe('L1')
  })
})

describe('the report', () => {
  it('splits the time into parts that add up to the whole', () => {
    const restoredAt = t0 + 20 * min
    const clocks = clocksOf(
      facts({ resolvedAt: t0 + 30 * min, runs: [{ ...run, restoredAt, forecast: null }] }),
      objectives,
      t0 + 40 * min,
    )
    const parts = splitOf(clocks).map(({ ms }) => ms)
    expect(parts).toEqual([min, 7 * min, 12 * min, 10 * min])
    expect(splitOf(clocksOf(facts(), objectives, t0)).map(({ ms }) => ms)).toEqual([2 * min, null, null, null])
  })

  it('counts real incidents that are over, and never a drill', () => {
    const item = (
      kind: 'real' | 'drill',
      minutes: number,
      verdict: 'met' | 'breached',
    ): IncidentListItem & { detectedAt: number | null } => ({
      number: 1,
      title: '',
      kind,
      severity: 'SEV1',
      scenario: 'S1',
      status: 'resolved',
      impactStartedAt: t0,
      declaredAt: t0,
      resolvedAt: t0,
      commander: null,
      nextUpdateDueAt: null,
      report: 'final' as const,
      mergedInto: null,
      durationMs: minutes * min,
      rto: { verdict, attainedMs: minutes * min },
      rpo: { verdict: 'unknown', attainedMs: null },
      detectedAt: t0 + min,
    })
    const trends = trendsOf([item('real', 10, 'met'), item('real', 30, 'breached'), item('drill', 999, 'breached')])
    expect(trends).toMatchObject({ mttdMs: min, mttrMs: 20 * min, rtoMetShare: 0.5, rpoMetShare: null })
    expect(trendsOf([])).toMatchObject({ mttdMs: null, mttrMs: null })
  })

  it('asks people to a meeting two days later at 14:00 of their zone, in a file that no title can break', () => {
    const zone = 'America/Los_Angeles'
    const meeting = (iso: string) =>
      new Date(rcaAt({ resolvedAt: Date.parse(iso), declaredAt: t0 }, zone)).toISOString()
    // Still the ninth in Los Angeles when the tenth has begun in UTC.
    expect(meeting('2026-06-10T03:00:00Z')).toBe('2026-06-11T21:00:00.000Z')
    expect(meeting('2026-01-31T20:00:00Z')).toBe('2026-02-02T22:00:00.000Z')
    const file = calendarFile({
      uid: 'inc-1@x',
      at: Date.parse('2026-06-11T21:00:00Z'),
      zone,
      minutes: 60,
      title: `A;B,C\nEND:VEVENT ${'ä'.repeat(80)}`,
      text: '',
      url: 'https://x/',
      now: t0,
    })
    expect(file).toContain('DTSTART;TZID=America/Los_Angeles:20260611T140000\r\n')
    expect(file).toContain('TZOFFSETTO:-0700\r\n')
    const lines = file.split('\r\n')
    expect(lines.filter((line) => line === 'END:VEVENT')).toHaveLength(1)
    expect(lines.every((line) => Buffer.byteLength(line) <= 75)).toBe(true)
  })
})
