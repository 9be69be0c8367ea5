import { expect, test } from 'vitest'
import { breakGlassMessages, type ToldOutside, toldWords, willTellWords } from './break-glass'

const told = (
  pagerduty: ToldOutside['state'],
  slack: ToldOutside['state'],
  says: string | null = null,
): ToldOutside[] => [
  { channel: 'pagerduty', state: pagerduty, says: pagerduty === 'failed' ? says : null },
  { channel: 'slack', state: slack, says: slack === 'failed' ? says : null },
]

test('a screen says who outside knows, who is being told, and whom to tell manually', () => {
  expect(toldWords(told('pending', 'queued'))).toBe('Being reported to PagerDuty and Slack.')
  expect(toldWords(told('sent', 'queued'))).toBe('Reported to PagerDuty. Being reported to Slack.')
  expect(toldWords(told('sent', 'sent'))).toBe('Reported to PagerDuty and Slack.')
  expect(toldWords(told('failed', 'sent', 'PagerDuty did not respond. Call.'))).toBe(
    'Reported to Slack. PagerDuty did not respond. Call.',
  )
  expect(toldWords(told('in-doubt', 'failed', 'Not set up.'))).toBe(
    'PagerDuty may have received the report. Not set up.',
  )
  expect(toldWords(told('failed', 'failed', 'Not set up.'))).toBe(
    'No one outside the War Room was notified. Not set up. Not set up.',
  )
})

test('before the glass is broken it is said who will be told, and that nobody will', () => {
  expect(willTellWords(['pagerduty'])).toBe('This is reported to PagerDuty immediately.')
  expect(willTellWords([])).toMatch(/^No one outside the War Room is notified/)
})

test('without the address of the site the message has no link, and is sent all the same', () => {
  const glass = {
    approvalId: 'a',
    run: { id: 'r', title: 'Failover' },
    environment: 'production',
    incident: null,
    title: 'Fail over',
    by: 'Kai',
    reason: 'Alone.',
  }
  expect(breakGlassMessages(glass, null).map(({ payload }) => payload.link)).toEqual([null, null])
  expect(breakGlassMessages(glass, 'https://w.example/').map(({ payload }) => payload.link)).toEqual([
    'https://w.example/runs/r',
    'https://w.example/runs/r',
  ])
})
