'use client'

import { useState } from 'react'
import { markedWords } from '../../lib/domain/checklist/count'
import type { ChecklistItemView, IncidentView } from '../../lib/domain/incident/view'
import { utcWords } from '../../lib/domain/units'
import type { IncidentActions } from '../../lib/web/present/actions'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { presentItem } from '../../lib/web/present/incident'
import { Button } from '../ui/button'
import { Panel } from '../ui/panel'
import { Refusal } from '../ui/refusal'
import { Sheet } from '../ui/sheet'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'

/** What must hold after a recovery. Each item opens with how it is judged and what proved it. */
export function Checklist({
  incident,
  actions,
  onDone,
}: {
  incident: IncidentView
  actions: Pick<IncidentActions, 'probe' | 'tick'>
  onDone: () => void
}) {
  const { checklist, number } = incident
  const [open, setOpen] = useState<string | null>(null)
  const item = checklist.items.find((candidate) => candidate.key === open) ?? null
  const probe = useAction(actions.probe)
  return (
    <Panel
      title="Checklist"
      aside={
        <span className="whitespace-nowrap text-12 text-text-3">
          <span className="num text-text-1">{checklist.passed}</span> of{' '}
          <span className="num text-text-1">{checklist.of}</span> passed
          {checklist.marked > 0 && `, ${markedWords(checklist)}`}
        </span>
      }
    >
      <ul id="checklist" className="checks">
        {checklist.items.map((candidate) => {
          const look = presentItem(candidate)
          return (
            <li key={candidate.key}>
              <button type="button" onClick={() => setOpen(candidate.key)} title={candidate.says}>
                <span className="truncate">{candidate.title.replace('Application', 'App')}</span>
                <StateWord state={look.state} word={look.word} />
              </button>
            </li>
          )
        })}
      </ul>
      <div className="flex items-center gap-2 px-4 pb-3">
        <Button
          size="s"
          disabled={probe.busy || !checklist.items.some((candidate) => candidate.mayRun.allowed)}
          onClick={async () => {
            if (await probe.run({ number, key: null })) onDone()
          }}
        >
          Check all again
        </Button>
        {checklist.lastProbeAt !== null && (
          <span className="text-11 text-text-3">
            last looked <span className="num">{formatTimeOfDay(checklist.lastProbeAt)}</span>
          </span>
        )}
        <Refusal why={probe.error} />
      </div>
      <Sheet
        open={item !== null}
        onOpenChange={(next) => !next && setOpen(null)}
        title={item ? `${item.number}. ${item.title}` : ''}
      >
        {item && <Item item={item} number={number} actions={actions} onDone={onDone} />}
      </Sheet>
    </Panel>
  )
}

function Item({
  item,
  number,
  actions,
  onDone,
}: {
  item: ChecklistItemView
  number: number
  actions: Pick<IncidentActions, 'probe' | 'tick'>
  onDone: () => void
}) {
  const look = presentItem(item)
  const probe = useAction(actions.probe)
  const tick = useAction(actions.tick)
  const [reason, setReason] = useState('')
  return (
    <div className="flex flex-col gap-4">
      <div>
        <StateWord state={look.state} word={look.word} look="chip" />
        <p className="mt-2">{item.says}</p>
        {item.reopened && (
          <p className="mt-1 text-12 text-state-problem">This check passed before and has failed since.</p>
        )}
      </div>
      <div>
        <h3 className="label">Passes when</h3>
        <p className="text-text-2">{item.criterion}</p>
      </div>
      {item.handTick && (
        <div>
          <h3 className="label">Marked manually</h3>
          <p>
            {item.handTick.by.name} at <span className="num">{formatTimeOfDay(item.handTick.at)}</span>:{' '}
            {item.handTick.reason}
          </p>
        </div>
      )}
      <div className="flex gap-2">
        <Button
          size="s"
          look="go"
          disabled={probe.busy || !item.mayRun.allowed}
          title={item.mayRun.why ?? undefined}
          onClick={async () => {
            if (await probe.run({ number, key: item.key })) onDone()
          }}
        >
          Check again
        </Button>
        {!item.mayRun.allowed && <span className="text-12 text-text-3">{item.mayRun.why}</span>}
      </div>
      <form
        className="flex flex-col gap-2"
        onSubmit={async (event) => {
          event.preventDefault()
          if (await tick.run({ number, key: item.key, reason })) {
            setReason('')
            onDone()
          }
        }}
      >
        <label className="label" htmlFor="tick-reason">
          Mark as checked, with a reason
        </label>
        <input
          id="tick-reason"
          className="incident-input"
          value={reason}
          disabled={!item.mayTick.allowed}
          placeholder={item.mayTick.why ?? 'What did you check?'}
          onChange={(event) => setReason(event.target.value)}
        />
        <Button type="submit" size="s" disabled={tick.busy || !item.mayTick.allowed || reason.trim().length < 5}>
          Mark as checked
        </Button>
        <Refusal why={probe.error ?? tick.error} />
      </form>
      <Evidence item={item} />
    </div>
  )
}

/** What proved or refuted an item: request, raw result, time and hash, newest first. */
function Evidence({ item }: { item: Pick<ChecklistItemView, 'evidence'> }) {
  if (item.evidence.length === 0) return <p className="text-12 text-text-3">No evidence is kept yet.</p>
  return (
    <ol className="flex flex-col gap-3">
      {item.evidence.map((proof) => (
        <li key={proof.id} className="rounded-[7px] border border-line-1 p-3">
          <div className="flex items-center gap-2 text-12">
            <StateWord
              state={proof.passed === null ? 'unknown' : proof.passed ? 'ok' : 'problem'}
              word={proof.passed === null ? 'UNKNOWN' : proof.passed ? 'HELD' : 'DID NOT PASS'}
            />
            <span className="num text-text-3" title={utcWords(proof.at)}>
              {formatTimeOfDay(proof.at)}
            </span>
          </div>
          <h4 className="label mt-2">Asked</h4>
          <pre className="evidence-raw">{proof.request}</pre>
          <h4 className="label mt-2">Answered</h4>
          <pre className="evidence-raw">{proof.result}</pre>
          <p className="num mt-2 break-all text-11 text-text-3">sha256 {proof.sha256}</p>
        </li>
      ))}
    </ol>
  )
}
