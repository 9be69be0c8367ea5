import { expect, test } from 'vitest'
import type { InputField } from '../../lib/domain/procedure/types'
import { fieldProblem } from './input-field'

const field = (more: Partial<InputField>): InputField => ({
  name: 'loss',
  label: 'Loss allowed',
  help: '',
  type: 'number',
  default: 60,
  ...more,
})

test('a number is asked for within its bounds, in its unit, before anybody else is asked', () => {
  const loss = field({ min: 0, max: 3600, unit: 's' })
  expect([0, 60, 3600].map((value) => fieldProblem(loss, value))).toEqual([null, null, null])
  expect(fieldProblem(loss, -1)).toBe('At least 0 s.')
  expect(fieldProblem(loss, 3601)).toBe('At most 3600 s.')
  expect(fieldProblem(loss, '12 min')).toBe('Give a number.')
  expect(fieldProblem(loss, '')).toBe('Fill this in.')
})

test('a choice must be made, and a text may stay empty: its procedure says whether it may', () => {
  expect(fieldProblem(field({ type: 'choice' }), '')).toBe('Choose one.')
  const choice = (value: string) => ({ value, label: value, note: null })
  const backup = field({ type: 'choice', choices: [choice(''), choice('daily/1')] })
  // Such as the recommended backup, whichever that will be.
  expect(['', 'daily/1', 'gone'].map((value) => fieldProblem(backup, value))).toEqual([null, null, 'Choose one.'])
  expect(fieldProblem(field({ type: 'text' }), '')).toBeNull()
})

test('an empty choice is made where it is one of the choices, such as what is recommended when the run begins', () => {
  const choices = [
    { value: '', label: 'The recommended one', note: null },
    { value: 'older', label: 'An older one', note: null },
  ]
  expect(['', 'older'].map((value) => fieldProblem(field({ type: 'choice', choices }), value))).toEqual([null, null])
})
