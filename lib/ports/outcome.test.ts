/** Whatever comes back of a change that may have left, it is neither done nor refused unless the service itself says so. */
import { describe, expect, test } from 'vitest'
import { failedOutcome, type Meaning, outcomeOf, unreadableAnswer } from './outcome'

const statuses = Array.from({ length: 500 }, (_, i) => i + 100)
const meanings: Meaning[] = ['done', 'refused', 'unreadable']

describe('the outcome of a change', () => {
  test('is certain for two of all answers: its own with a 2xx, and a modelled refusal with a 4xx', () => {
    const certain = new Map<string, Set<string>>()
    for (const status of statuses)
      for (const means of meanings) {
        const outcome = outcomeOf({ kind: 'answered', status, means })
        if (outcome === 'unknown') continue
        const of = `${means} with ${Math.floor(status / 100)}xx`
        certain.set(of, (certain.get(of) ?? new Set()).add(outcome))
      }
    expect(Object.fromEntries(certain)).toEqual({
      'done with 2xx': new Set(['accepted']),
      'refused with 4xx': new Set(['rejected']),
    })
  })

  test('of a protocol without statuses follows what the answer means', () => {
    expect(meanings.map((means) => outcomeOf({ kind: 'answered', status: null, means }))).toEqual([
      'accepted',
      'rejected',
      'unknown',
    ])
  })

  test('that never left is refused, and one that broke off is unknown', () => {
    expect(outcomeOf({ kind: 'never-left' })).toBe('rejected')
    expect(outcomeOf({ kind: 'broke-off' })).toBe('unknown')
  })
})

describe('a failure', () => {
  test('of a read leaves nothing in doubt', () => {
    expect(failedOutcome(false, { kind: 'broke-off' })).toBe('rejected')
    expect(unreadableAnswer('RDS', 200, false).detail.outcome).toBe('rejected')
  })

  test('of a change that was done all the same is not called refused', () => {
    expect(failedOutcome(true, { kind: 'answered', status: 200, means: 'done' })).toBe('unknown')
  })

  test('whose body cannot be read leaves a change in doubt, whatever its status', () => {
    const outcomes = statuses.map((status) => unreadableAnswer('RDS', status, true).detail.outcome)
    expect(new Set(outcomes)).toEqual(new Set(['unknown']))
  })
})
