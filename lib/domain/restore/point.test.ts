import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pointProblem as ofForm } from '../restore-point/window'
import { oldEnd, pointProblem, readPoint } from './point'

const at = (text: string) => Date.parse(`2026-11-29T${text}Z`)
const now = at('12:00:00')
const window = { earliestAt: at('08:00:00'), latestAt: at('11:57:00') }
const problem = (text: string, firstBadAt: number | null = null) =>
  pointProblem({ at: at(text) }, window, { firstBadAt, now })

describe('a restore point is read', () => {
  test.each(['2026-11-29T11:00:00Z', '2026-11-29T12:00:00+01:00'])('from %s', (text) => {
    expect(readPoint(text)).toEqual({ at: at('11:00:00') })
  })
  test('as the latest', () => {
    expect(readPoint('latest')).toEqual({ latest: true })
  })
  test.each([
    '2026-11-29T11:00:00',
    '2026-11-29T11:00Z',
    '2026-11-29T11:00:00-00:00',
    '2026-11-29 11:00:00Z',
    '2026-13-29T11:00:00Z',
    'yesterday',
    '',
  ])('never from %j', (text) => {
    expect(readPoint(text)).toBeNull()
  })
})

describe('a restore point', () => {
  test('inside the window and before the damage is taken', () => {
    expect(problem('11:00:00')).toBeNull()
    expect(problem('11:00:00', at('11:00:01'))).toBeNull()
    expect(problem('11:57:00')).toBeNull()
  })
  test.each([
    ['in the future', '12:30:00', null, 'is in the future'],
    ['after the window', '11:57:01', null, 'is after the latest restorable time'],
    ['at the start of the window', '08:00:00', null, 'is before the restore window'],
    ['at the damage', '11:00:00', at('11:00:00.500'), 'is not before the damage', '10:59:59'],
    // The second before the damage, cut to whole seconds, as the form says it.
    [
      'less than a whole second before the damage',
      '11:00:00',
      at('11:00:01.900') - 1_000,
      'is not before the damage',
      '10:59:59',
    ],
  ])('%s is refused with both bounds', (_name, text, firstBadAt, why, until = '11:57:00') => {
    expect(problem(text, firstBadAt)).toContain(why)
    expect(problem(text, firstBadAt)).toContain(
      `Choose a time from 2026-11-29 08:00:01 UTC to 2026-11-29 ${until} UTC.`,
    )
  })
  test('is what the form says, word for word', () => {
    const all = { known: true, earliestSaid: true, retentionDays: 7, observedAt: null, ...window } as const
    const moment = fc.integer({ min: at('07:00:00'), max: at('13:00:00') })
    fc.assert(
      fc.property(moment, fc.option(moment), (point, firstBadAt) => {
        const form = ofForm(point, { window: all, damage: { lastGoodAt: null, firstBadAt }, now })
        expect(pointProblem({ at: point }, window, { firstBadAt, now })).toBe(form)
      }),
    )
  })
  test('of a database whose window nobody has seen is measured against now and the damage', () => {
    const unseen = { earliestAt: null, latestAt: null }
    expect(pointProblem({ at: at('11:00:00') }, unseen, { firstBadAt: null, now })).toBeNull()
    expect(pointProblem({ at: at('12:00:01') }, unseen, { firstBadAt: null, now })).toContain('is in the future')
    expect(pointProblem({ at: at('11:00:00') }, unseen, { firstBadAt: at('11:00:00'), now })).toContain(
      'not before the damage',
    )
    expect(pointProblem({ at: at('11:00:00') }, { ...unseen, earliestAt: 0 }, { firstBadAt: null, now })).toContain(
      'no latest restorable time',
    )
  })
  test('the latest is the end of the window, and is measured against the damage too', () => {
    expect(pointProblem({ latest: true }, window, { firstBadAt: null, now })).toBeNull()
    expect(pointProblem({ latest: true }, window, { firstBadAt: at('11:30:00'), now })).toContain(
      'not before the damage',
    )
    expect(pointProblem({ latest: true }, { earliestAt: null, latestAt: null }, { firstBadAt: null, now })).toContain(
      'no latest restorable time',
    )
  })
  test('an old end of the window is explained, a usual one is not', () => {
    expect(oldEnd(window, now)).toBe('')
    expect(oldEnd(window, at('13:00:00'))).toContain('on an idle database no write is missing')
    expect(pointProblem({ at: at('12:30:00') }, window, { firstBadAt: null, now: at('13:00:00') })).toContain(
      'an idle database',
    )
  })
})
