import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type RunState, runStates } from '../run/states'
import {
  type IncidentMove,
  type IncidentStatus,
  isOpen,
  moveOf,
  movesFrom,
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
