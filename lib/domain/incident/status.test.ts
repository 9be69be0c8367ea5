import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type IncidentMove, type IncidentStatus, isOpen, moveOf, movesFrom, statusRows } from './status'

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
