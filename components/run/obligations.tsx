'use client'

import Link from 'next/link'
import { useId, useState } from 'react'
import type { Obligation } from '../../lib/domain/run/obligation'
import type { ObligationView } from '../../lib/domain/run/view'
import type { RunActions } from '../../lib/web/present/actions'
import { startHref } from '../../lib/web/present/incident'
import { CopyCost } from '../incident/copies'
import { Button } from '../ui/button'
import { Panel } from '../ui/panel'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'

type Right = { allowed: boolean; why: string | null }

/** What a run still owes: each with why, and for those that are open a way to say that it is done or accepted. */
export function Obligations({
  runId,
  incidentNumber,
  obligations,
  rights,
  settle,
}: {
  runId: string
  incidentNumber: number | null
  obligations: ObligationView[]
  rights: { met: Right; accept: Right }
  settle: RunActions['settle']
}) {
  if (obligations.length === 0) return null
  const open = obligations.filter((duty) => duty.state === 'open').length
  return (
    <Panel anchor="open-items" title={open > 0 ? `Open items: ${open}` : 'No open items'}>
      <ul className="flex flex-col gap-3 px-4 pb-4">
        {obligations.map((duty) => (
          <li key={duty.id}>
            <div className="flex items-baseline gap-2">
              <span className="min-w-0 grow break-words">{duty.title}</span>
              <StateWord
                state={duty.state === 'open' ? 'lagging' : duty.state === 'met' ? 'ok' : 'skipped'}
                word={duty.state.toUpperCase()}
              />
            </div>
            <p className="text-12 text-text-2">{duty.why}</p>
            {duty.copy && duty.state === 'open' && <CopyCost copy={duty.copy} />}
            {duty.doneBy && (
              <Link className="btn mt-1" data-size="s" href={startHref(duty.doneBy, incidentNumber)}>
                {duty.next?.title ?? 'Delete this copy'}
              </Link>
            )}
            {duty.settledBy && (
              <p className="text-12 text-text-3">
                {duty.settledBy.person.name}: {duty.settledBy.reason}
              </p>
            )}
            {duty.state === 'open' && rights.met.allowed && (
              <Settle runId={runId} duty={duty} accept={rights.accept} settle={settle} />
            )}
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Settle({
  runId,
  duty,
  accept,
  settle,
}: {
  runId: string
  duty: Obligation
  accept: Right
  settle: RunActions['settle']
}) {
  const [wanted, setWanted] = useState(false)
  const [reason, setReason] = useState('')
  const act = useAction(settle)
  const id = useId()
  if (!wanted)
    return (
      <Button look="ghost" size="s" onClick={() => setWanted(true)} aria-label={`Settle: ${duty.title}`}>
        Settle
      </Button>
    )
  const send = (state: 'met' | 'accepted') => void act.run({ runId, obligationId: duty.id, state, reason })
  return (
    <div className="mt-1 flex flex-col gap-2">
      <label className="form-field" htmlFor={id}>
        <span>What was done, or the reason for accepting it</span>
        <textarea
          id={id}
          className="field-area"
          rows={2}
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      {(act.fields.reason ?? act.error) && (
        <p role="alert" className="text-12 text-state-problem">
          {act.fields.reason?.join(' ') ?? act.error}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        <Button look="go" disabled={act.busy} onClick={() => send('met')}>
          Mark as done
        </Button>
        <Button disabled={act.busy || !accept.allowed} title={accept.why ?? undefined} onClick={() => send('accepted')}>
          Accept as is
        </Button>
      </div>
    </div>
  )
}
