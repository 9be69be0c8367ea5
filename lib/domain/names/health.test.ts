import { expect, test } from 'vitest'
import { countedHealth } from './health'

const seen = (...passed: boolean[]) => passed.map((one) => ({ passed: one }))
const plain = { disabled: false, inverted: false }

test('a check is healthy while more than 18 % of the checkers find the endpoint well', () => {
  expect(countedHealth(plain, seen(true, true, true))).toBe('healthy')
  expect(countedHealth(plain, seen(true, false, false, false, false))).toBe('healthy')
  expect(countedHealth(plain, seen(true, false, false, false, false, false))).toBe('unhealthy')
})

test('an inverted check is read the other way round', () => {
  expect(countedHealth({ ...plain, inverted: true }, seen(true))).toBe('unhealthy')
  expect(countedHealth({ ...plain, inverted: true }, seen(false))).toBe('healthy')
})

test('a disabled check counts as healthy whatever is seen, and inverted as unhealthy', () => {
  expect(countedHealth({ disabled: true, inverted: false }, seen(false))).toBe('healthy')
  expect(countedHealth({ disabled: true, inverted: false }, [])).toBe('healthy')
  expect(countedHealth({ disabled: true, inverted: true }, seen(true))).toBe('unhealthy')
  expect(countedHealth({ disabled: true, inverted: true }, [])).toBe('unhealthy')
})

test('without an observation the health is unknown', () => {
  expect(countedHealth(plain, [])).toBe('unknown')
  expect(countedHealth({ ...plain, inverted: true }, [])).toBe('unknown')
})
