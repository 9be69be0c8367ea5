'use client'

import { useState } from 'react'
import type { ReportActionView, ReportView } from '../../lib/domain/incident/view'
import type { ReportActions } from '../../lib/web/present/actions'
import { actionLooks } from '../../lib/web/present/incident'
import { Button } from '../ui/button'
import { Refusal } from '../ui/refusal'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'

const day = (on: string) =>
  new Date(`${on}T12:00:00Z`).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const states = Object.keys(actionLooks) as ReportActionView['state'][]
const standing = (state: ReportActionView['state']) => state === 'open' || state === 'in-progress'

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
  return (
    <>
      <h2>Open after recovery</h2>
      <ul>
        {report.actions.map((item) => (
          <FollowUp key={item.id} report={report} item={item} act={act} onDone={onDone} />
        ))}
      </ul>
      {report.actions.length === 0 && <p className="text-text-3">No action items yet.</p>}
      {report.rights.write.allowed && <NewFollowUp report={report} act={act} onDone={onDone} />}
    </>
  )
}

interface Props {
  report: ReportView
  act: ReportActions['action']
  onDone: () => void
}

function FollowUp({ report, item, act, onDone }: Props & { item: ReportActionView }) {
  const { run, busy, error } = useAction(act)
  const change = async (changes: Partial<Pick<ReportActionView, 'state' | 'dueOn'> & { ownerId: string | null }>) => {
    const { id, title, dueOn, state, version } = item
    const now = { id, title, dueOn, state, version, ownerId: item.owner?.id ?? null, number: report.incident.number }
    await run({ ...now, ...changes })
    // After a refusal too: somebody else was faster, and what they did is shown.
    onDone()
  }
  const late = standing(item.state) && item.dueOn !== null && item.dueOn < new Date().toISOString().slice(0, 10)
  return (
    <li className="border-line-1 border-b py-2 text-13">
      <div className="flex items-start gap-3">
        <div className="min-w-0 flex-1">
          {item.title}
          <span className="block text-12 text-text-3">
            {item.owner?.name ?? 'Unassigned'}
            {item.dueOn && (
              <span className={late ? 'text-state-waiting' : undefined}>
                , {late ? 'was due' : 'due'} {day(item.dueOn)}
              </span>
            )}
          </span>
        </div>
        <StateWord {...actionLooks[item.state]} />
      </div>
      {report.rights.write.allowed && (
        <div className="no-print mt-1.5 flex flex-wrap gap-1.5">
          <OwnerSelect
            report={report}
            label={`Owner of ${item.title}`}
            value={item.owner?.id ?? ''}
            disabled={busy}
            onChange={(ownerId) => void change({ ownerId })}
          />
          <input
            type="date"
            className="incident-input s"
            aria-label={`Due day of ${item.title}`}
            defaultValue={item.dueOn ?? ''}
            key={item.dueOn}
            disabled={busy}
            onBlur={(event) => {
              const dueOn = event.target.value || null
              if (dueOn !== item.dueOn) void change({ dueOn })
            }}
          />
          <select
            className="incident-input s"
            aria-label={`State of ${item.title}`}
            value={item.state}
            disabled={busy}
            onChange={(event) => void change({ state: event.target.value as ReportActionView['state'] })}
          >
            {states.map((state) => (
              <option key={state} value={state}>
                {actionLooks[state].word.toLowerCase()}
              </option>
            ))}
          </select>
        </div>
      )}
      <Refusal why={error} className="mt-1" />
    </li>
  )
}

function NewFollowUp({ report, act, onDone }: Props) {
  const [title, setTitle] = useState('')
  const [ownerId, setOwner] = useState<string | null>(null)
  const [dueOn, setDue] = useState('')
  const { run, busy, error } = useAction(act)
  return (
    <form
      className="no-print mt-3 flex flex-wrap gap-2"
      onSubmit={async (event) => {
        event.preventDefault()
        const { number } = report.incident
        if (!(await run({ number, id: null, title, ownerId, dueOn: dueOn || null, state: 'open', version: 0 }))) return
        setTitle('')
        onDone()
      }}
    >
      <input
        id="action-items"
        className="incident-input basis-full"
        aria-label="New action"
        placeholder="Description"
        value={title}
        onChange={(event) => setTitle(event.target.value)}
      />
      <OwnerSelect report={report} label="Owner" value={ownerId ?? ''} onChange={setOwner} />
      <input
        type="date"
        className="incident-input s"
        aria-label="Due on"
        value={dueOn}
        onChange={(event) => setDue(event.target.value)}
      />
      <Button type="submit" size="s" disabled={busy || title.trim() === ''}>
        Add action
      </Button>
      <Refusal why={error} className="basis-full" />
    </form>
  )
}

function OwnerSelect({
  report,
  label,
  value,
  disabled,
  onChange,
}: {
  report: ReportView
  label: string
  value: string
  disabled?: boolean
  onChange: (id: string | null) => void
}) {
  return (
    <select
      className="incident-input s"
      aria-label={label}
      value={value}
      disabled={disabled}
      onChange={(event) => onChange(event.target.value || null)}
    >
      <option value="">Unassigned</option>
      {report.people.map((person) => (
        <option key={person.id} value={person.id}>
          {person.name}
        </option>
      ))}
    </select>
  )
}
