'use client'

import { useState } from 'react'
import type { ReportActionView, ReportView } from '../../lib/domain/incident/view'
import { actionLooks } from '../../lib/web/present/incident'
import { Button } from '../ui/button'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'
import type { ReportActions } from './actions'

const day = (on: string) =>
  new Date(`${on}T12:00:00Z`).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })

/** What is to be done so that it goes better next time: owner, due day, state. */
export function FollowUps({
  report,
  act,
  onDone,
}: {
  report: ReportView
  act: ReportActions['action']
  onDone: () => void
}) {
  const [title, setTitle] = useState('')
  const [ownerId, setOwner] = useState('')
  const [dueOn, setDue] = useState('')
  const { run, busy, error } = useAction(act)
  const { number } = report.incident
  const mayWrite = report.rights.write.allowed
  const change = async (item: ReportActionView, state: ReportActionView['state']) => {
    const done = await run({
      number,
      id: item.id,
      title: item.title,
      ownerId: item.owner?.id ?? null,
      dueOn: item.dueOn,
      state,
      version: item.version,
    })
    if (done) onDone()
  }
  return (
    <>
      <h2>Open after recovery</h2>
      <ul>
        {report.actions.map((item) => (
          <li key={item.id} className="flex items-center gap-3 border-line-1 border-b py-2 text-13">
            <div className="min-w-0 flex-1">
              {item.title}
              <span className="block text-12 text-text-3">
                {item.owner?.name ?? 'Nobody'}
                {item.dueOn ? `, due ${day(item.dueOn)}` : ''}
              </span>
            </div>
            <StateWord {...actionLooks[item.state]} />
            {mayWrite && (
              <select
                className="incident-input s no-print"
                aria-label={`State of ${item.title}`}
                value={item.state}
                disabled={busy}
                onChange={(event) => void change(item, event.target.value as ReportActionView['state'])}
              >
                {(Object.keys(actionLooks) as ReportActionView['state'][]).map((state) => (
                  <option key={state} value={state}>
                    {actionLooks[state].word.toLowerCase()}
                  </option>
                ))}
              </select>
            )}
          </li>
        ))}
      </ul>
      {report.actions.length === 0 && <p className="text-text-3">No action is written down yet.</p>}
      {mayWrite && (
        <form
          className="no-print mt-3 flex flex-wrap gap-2"
          onSubmit={async (event) => {
            event.preventDefault()
            const done = await run({
              number,
              id: null,
              title,
              ownerId: ownerId || null,
              dueOn: dueOn || null,
              state: 'open',
              version: 0,
            })
            if (done) {
              setTitle('')
              onDone()
            }
          }}
        >
          <input
            className="incident-input basis-full"
            aria-label="New action"
            placeholder="What is to be done"
            value={title}
            onChange={(event) => setTitle(event.target.value)}
          />
          <select
            className="incident-input s"
            style={{ height: 32 }}
            aria-label="Owner"
            value={ownerId}
            onChange={(event) => setOwner(event.target.value)}
          >
            <option value="">Nobody yet</option>
            {report.people.map((person) => (
              <option key={person.id} value={person.id}>
                {person.name}
              </option>
            ))}
          </select>
          <input
            type="date"
            className="incident-input s"
            style={{ height: 32 }}
            aria-label="Due on"
            value={dueOn}
            onChange={(event) => setDue(event.target.value)}
          />
          <Button type="submit" disabled={busy || title.trim() === ''}>
            Add action
          </Button>
          {error && (
            <p role="alert" className="basis-full text-12 text-state-problem">
              {error}
            </p>
          )}
        </form>
      )}
    </>
  )
}
