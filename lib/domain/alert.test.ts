import { expect, test } from 'vitest'
import { gravityOf, isHeartbeat, isOwn } from './alert'

test.each([
  ['critical', 'critical'],
  ['Critical ', 'critical'],
  ['page', 'critical'],
  ['high', 'critical'],
  ['warning', 'warning'],
  ['low', 'info'],
  ['info', 'info'],
  [null, 'unknown'],
  ['', 'unknown'],
  ['blau', 'unknown'],
  ['constructor', 'unknown'],
] as const)('severity %s is %s', (severity, gravity) => {
  expect(gravityOf(severity)).toBe(gravity)
})

test.each([
  ['Watchdog', 'none', true],
  ['Watchdog', null, true],
  ['InfoInhibitor', 'info', true],
  ['DeadMansSwitch', 'critical', true],
  ['Other', 'none', true],
  ['WatchdogOfTheDoor', 'critical', false],
  ['PgDown', 'critical', false],
  [null, null, false],
])('%s of severity %s is a heartbeat: %s', (name, severity, heartbeat) => {
  expect(isHeartbeat(name, severity)).toBe(heartbeat)
})

test('an alert is ours when it has every label that is asked for, and all are when none is', () => {
  expect(isOwn({}, {})).toBe(true)
  expect(isOwn({ service: 'castmatch', env: 'production' }, { service: 'castmatch', env: 'production', x: 'y' })).toBe(
    true,
  )
  expect(isOwn({ service: 'castmatch', env: 'production' }, { service: 'castmatch' })).toBe(false)
  expect(isOwn({ toString: '' }, {})).toBe(false)
})
