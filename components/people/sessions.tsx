'use client'

import type { SessionView } from '../../lib/domain/people/account'
import { cutText } from '../../lib/domain/text'
import type { EndSessions } from '../../lib/web/present/actions'
import { Button } from '../ui/button'
import { Panel } from '../ui/panel'
import { useAction } from '../ui/use-action'
import './people.css'

const methods = { password: 'password', oidc: 'single sign-on', lab: 'one click' } as const

/** The places where one is signed in. */
export function Sessions({
  sessions,
  current,
  accountId,
  now,
  endSessions,
}: {
  sessions: SessionView[]
  current: string
  accountId: string
  now: number
  endSessions: EndSessions
}) {
  const { run, busy, error } = useAction(endSessions)
  return (
    <Panel
      anchor="sessions"
      title="Where you are signed in"
      aside={
        sessions.length > 1 && (
          <Button size="s" disabled={busy} onClick={() => run({ accountId })}>
            Sign out everywhere else
          </Button>
        )
      }
    >
      {error && (
        <p role="alert" className="people-problem px-4 pb-2">
          {error}
        </p>
      )}
      <div className="overflow-x-auto">
        <table className="people-table">
          <thead>
            <tr>
              <th scope="col">Browser</th>
              <th scope="col">Address</th>
              <th scope="col">Signed in by</th>
              <th scope="col">Last active</th>
              <th scope="col">
                <span className="sr-only">Acts</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {sessions.map((session) => (
              <tr key={session.id}>
                <td>
                  {browserOf(session.userAgent)}
                  {session.id === current && <span className="text-text-3"> (this one)</span>}
                </td>
                <td className="mono" data-label="Address">
                  {session.address ?? 'unknown'}
                </td>
                <td data-label="Signed in by">{methods[session.method]}</td>
                <td className="num" data-label="Last active" title={new Date(session.lastSeenAt).toISOString()}>
                  {ago(now - session.lastSeenAt)}
                </td>
                <td>
                  <div className="people-acts">
                    {session.id !== current && (
                      <Button size="s" disabled={busy} onClick={() => run({ accountId, sessionId: session.id })}>
                        Sign out
                      </Button>
                    )}
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

function ago(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000)
  if (minutes < 2) return 'now'
  return minutes < 120 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`
}

/** Enough to tell one's own browsers apart. */
function browserOf(userAgent: string | null): string {
  if (!userAgent) return 'unknown'
  const browser = ['Edg', 'Firefox', 'Chrome', 'Safari'].find((name) => userAgent.includes(`${name}/`))
  const system = ['Windows', 'Mac OS X', 'Android', 'iPhone', 'Linux'].find((name) => userAgent.includes(name))
  const words = [browser === 'Edg' ? 'Edge' : browser, system === 'Mac OS X' ? 'macOS' : system].filter(Boolean)
  return words.join(' on ') || cutText(userAgent, 40)
}
