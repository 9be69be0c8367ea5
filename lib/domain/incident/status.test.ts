import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type RunState, runStates } from '../run/states'
import {
  type IncidentMove,
  type IncidentStatus,
  isDeciding,
  isOpen,
  moveOf,
  movesByFacts,
  movesFrom,
  type RecoveryFacts,
  resolvedSentence,
  statusRows,
} from './status'

const moves = [...new Set(statusRows.map((row) => row.move))]

describe('moves of an incident', () => {
  test('a merged incident never moves again', () => {
    expect(movesFrom('merged')).toEqual([])
  })

  test('only a reopening leads out of resolved', () => {
    expect(movesFrom('resolved').map((row) => row.move)).toEqual(['reopen'])
  })

  test('an incident under recovery is watched before it is resolved', () => {
    expect(moveOf('mitigating', 'resolve')).toBeNull()
    expect(moveOf('mitigating', 'monitor')?.to).toBe('monitoring')
  })

  test('whatever is tried in whatever order, an illegal move changes nothing and from every open status a way out stays', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<IncidentMove>(...moves)), (tried) => {
        let status: IncidentStatus = 'triage'
        for (const move of tried) status = moveOf(status, move)?.to ?? status
        if (isOpen(status)) expect(movesFrom(status).length).toBeGreaterThan(0)
      }),
    )
  })
})

describe('how an incident ended', () => {
  const said = (from: IncidentStatus, ...runs: [title: string, state: RunState][]) => {
    const row = moveOf(from, 'resolve')
    if (!row) throw new Error(`${from} cannot be resolved`)
    return resolvedSentence(
      row,
      runs.map(([title, state]) => ({ title, state })),
    )
  }

  test('is made from what its runs did, wherever it is resolved', () => {
    for (const from of ['triage', 'investigating', 'monitoring'] as const) {
      expect(said(from, ['Primary failover', 'done'])).toBe('Resolved after Primary failover finished.')
      expect(said(from, ['Primary failover', 'aborted'], ['Cross-region recovery', 'done'])).toBe(
        'Resolved after Cross-region recovery finished.',
      )
    }
    expect(said('triage', ['Primary failover', 'stopped'])).toBe(
      'Resolved. Primary failover did not finish: it was stopped.',
    )
    expect(said('triage')).toBe('Resolved without a recovery.')
    expect(said('monitoring')).toBe('Resolved.')
  })

  test('never says that there was no recovery while there was a run', () => {
    for (const state of runStates) expect(said('triage', ['Primary failover', state])).not.toContain('without')
  })
})

describe('the status follows what recoveries did', () => {
  const run = (more: Partial<RecoveryFacts> = {}): RecoveryFacts => ({
    title: 'Primary failover',
    state: 'running',
    actedAt: 10,
    finishedAt: null,
    ...more,
  })
  const moved = (status: IncidentStatus, since: number, ...runs: RecoveryFacts[]) =>
    movesByFacts({ status, statusTimes: [{ at: since }] }, runs).map(({ row, at }) => [row.to, at])

  test('one that acts makes it mitigating, one that finished makes it monitoring', () => {
    for (const from of ['triage', 'investigating'] as const) {
      expect(moved(from, 1, run())).toEqual([['mitigating', 10]])
      expect(moved(from, 1, run({ state: 'done', finishedAt: 20 }))).toEqual([
        ['mitigating', 10],
        ['monitoring', 20],
      ])
    }
    expect(moved('mitigating', 10, run({ state: 'done', finishedAt: 20 }))).toEqual([['monitoring', 20]])
    expect(moved('monitoring', 20, run({ state: 'done', finishedAt: 20 }), run({ actedAt: 30 }))).toEqual([
      ['mitigating', 30],
    ])
  })

  test('one that changed nothing moves nothing, and one that was stopped is not over the trouble', () => {
    expect(moved('triage', 1, run({ actedAt: null }))).toEqual([])
    expect(moved('triage', 1, run({ actedAt: null, state: 'done', finishedAt: 20 }))).toEqual([])
    expect(moved('mitigating', 10, run({ state: 'stopped', finishedAt: 20 }))).toEqual([])
  })

  test('one that finished while another acts leaves it mitigating until that one is over', () => {
    const first = run({ state: 'done', finishedAt: 20 })
    expect(moved('mitigating', 10, first, run({ actedAt: 15 }))).toEqual([])
    expect(moved('mitigating', 10, first, run({ actedAt: 15, state: 'done', finishedAt: 30 }))).toEqual([
      ['monitoring', 30],
    ])
  })

  test('what a person chose after a fact remains, and nothing is moved twice', () => {
    expect(moved('investigating', 15, run())).toEqual([])
    expect(moved('mitigating', 25, run({ state: 'done', finishedAt: 20 }))).toEqual([])
    expect(moved('monitoring', 20, run({ state: 'done', finishedAt: 20 }))).toEqual([])
    for (const over of ['resolved', 'merged'] as const) expect(moved(over, 5, run())).toEqual([])
  })
})

test('nothing is left to choose between after the recovery, until a person says that the problem is back', () => {
  const deciding = (status: IncidentStatus, since: number, recoveredAt: number | null) =>
    isDeciding({ status, statusTimes: [{ at: since }] }, recoveredAt)
  expect([deciding('triage', 1, null), deciding('mitigating', 10, null)]).toEqual([true, true])
  expect([deciding('mitigating', 10, 20), deciding('triage', 1, 20), deciding('monitoring', 30, 20)]).toEqual([
    false,
    false,
    false,
  ])
  expect([deciding('mitigating', 40, 20), deciding('investigating', 40, 20)]).toEqual([true, true])
  expect(deciding('resolved', 40, null)).toBe(false)
})
