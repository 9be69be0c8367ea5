import { expect, test } from 'vitest'
import { moveBy, percentOf, rangeFor, ticksOf, timeAt } from './axis-scale'

const at = (text: string) => Date.parse(`2026-09-08T${text}Z`)
const whole = { from: at('00:00:00'), to: at('23:00:00') }

test('the shown part stays while the point is in it, and follows the point out of it', () => {
  const first = rangeFor('1h', whole, at('12:00:00'), null)
  expect(first).toEqual({ from: at('11:30:00'), to: at('12:30:00') })
  expect(rangeFor('1h', whole, at('12:29:59'), first)).toBe(first)
  expect(rangeFor('1h', whole, at('12:30:01'), first)).toEqual({ from: at('12:00:01'), to: at('13:00:01') })
  expect(rangeFor('1h', whole, at('22:59:00'), first)).toEqual({ from: at('22:00:00'), to: at('23:00:00') })
  expect(rangeFor('5m', whole, at('12:00:00'), first)).toEqual({ from: at('11:57:30'), to: at('12:02:30') })
  expect([rangeFor('24h', whole, at('12:00:00'), first), rangeFor('all', whole, at('12:00:00'), first)]).toEqual([
    whole,
    whole,
  ])
})

test('a place on the axis is a whole second, and back', () => {
  expect(timeAt(0.5, whole)).toBe(at('11:30:00'))
  expect([timeAt(-1, whole), timeAt(2, whole)]).toEqual([whole.from, whole.to])
  expect([percentOf(at('11:30:00'), whole), percentOf(0, whole)]).toEqual(['50.000%', '0.000%'])
})

test('labels are at whole steps of the local clock', () => {
  const offset = 5.5 * 3_600_000
  expect(ticksOf(whole, 4, 0).map((t) => new Date(t).toISOString().slice(11, 16))).toEqual([
    '00:00',
    '06:00',
    '12:00',
    '18:00',
  ])
  expect(ticksOf(whole, 4, offset).map((t) => new Date(t + offset).toISOString().slice(11, 16))).toEqual([
    '06:00',
    '12:00',
    '18:00',
    '00:00',
  ])
})

test('arrows move by a second, a minute or an hour, and never out of the window', () => {
  const ends = { first: at('01:00:00'), last: at('22:00:00') }
  const from = (more: Parameters<typeof moveBy>[0], point = at('12:00:00')) => moveBy(more, point, ends)
  expect(from({ key: 'ArrowLeft' })).toBe(at('11:59:59'))
  expect(from({ key: 'ArrowRight', shiftKey: true })).toBe(at('12:01:00'))
  expect(from({ key: 'ArrowLeft', ctrlKey: true })).toBe(at('11:00:00'))
  expect([from({ key: 'PageDown' }), from({ key: 'Home' }), from({ key: 'End' })]).toEqual([
    at('11:00:00'),
    ends.first,
    ends.last,
  ])
  expect(from({ key: 'PageUp' }, at('21:30:00'))).toBe(ends.last)
  expect([from({ key: 'a' }), from({ key: 'ArrowLeft', altKey: true })]).toEqual([null, null])
})
