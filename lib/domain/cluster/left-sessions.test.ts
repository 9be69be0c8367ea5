import { describe, expect, test } from 'vitest'
import { endSessionsStatement } from '../procedure/render'
import { countSessions, describeSessions, type LeftSession, listToEnd, type NodeSessions } from './left-sessions'

const session = (pid: number, more: Partial<LeftSession> = {}): LeftSession => ({
  pid,
  startedAt: '2026-11-29 00:10:38.123456+00',
  user: 'app',
  applicationName: 'api',
  clientAddress: '10.0.0.7',
  ...more,
})
const on = (id: string, ...sessions: LeftSession[]): NodeSessions => ({ id, host: id, port: 5432, sessions })

describe('the list of sessions to end', () => {
  const shown = [on('old', session(1), session(2))]

  test('stays as it was shown while sessions of it end by themselves', () => {
    expect(listToEnd(shown, [on('old', session(2))])).toEqual(shown)
    expect(listToEnd(shown, [])).toEqual(shown)
  })

  test.each([
    ['a new session', on('old', session(1), session(3))],
    ['a pid that is used again', on('old', session(1, { startedAt: '2026-11-29 00:11:00+00' }))],
    ['the same pid on another node', on('reader', session(1))],
  ])('is another with %s, which nobody was shown', (_what, open) => {
    expect(listToEnd(shown, [open])).toEqual([open])
  })
})

test('people see whose session it is, from where and since when', () => {
  const nodes = [on('old', session(1), session(2, { applicationName: '', clientAddress: null }))]
  expect(describeSessions(nodes)).toEqual([
    { node: 'old', text: 'app, api, from 10.0.0.7, since 2026-11-29 00:10:38.123456+00, pid 1' },
    { node: 'old', text: 'app, no application name, from its own machine, since 2026-11-29 00:10:38.123456+00, pid 2' },
  ])
  expect(countSessions([...nodes, on('reader', session(3)), on('idle')])).toBe(
    '2 application sessions on old, 1 application session on reader',
  )
})

describe('the statement that ends them', () => {
  test('names each by pid and start', () => {
    expect(endSessionsStatement([session(1), session(2)])).toBe(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE (pid, backend_start) IN ((1, '2026-11-29 00:10:38.123456+00'::timestamptz), (2, '2026-11-29 00:10:38.123456+00'::timestamptz))",
    )
  })

  test.each([
    { pid: 1.5, startedAt: '2026-11-29 00:10:38+00' },
    { pid: 1, startedAt: "2026-11-29'); DROP TABLE users; --" },
    { pid: 1, startedAt: 'yesterday' },
  ])('takes nothing else: %o', (backend) => {
    expect(() => endSessionsStatement([backend])).toThrow('not a session')
  })
})
