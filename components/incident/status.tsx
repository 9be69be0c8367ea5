'use client'

import Link from 'next/link'
import { useState } from 'react'
import { countWords, openItems } from '../../lib/domain/checklist/count'
import { statusLabels, statusWay } from '../../lib/domain/incident/labels'
import { utcWords } from '../../lib/domain/units'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { Panel } from '../ui/panel'
import { ReasonForm } from '../ui/reason-form'
import { Refusal } from '../ui/refusal'
import { useAction } from '../ui/use-action'
import type { PartProps } from './part'

/** Where the incident stands on its way, and the moves that lead on. */
export function Status({ incident, actions, onDone }: PartProps) {
  const move = useAction(actions.move)
  const [merging, setMerging] = useState(false)
  const [resolving, setResolving] = useState(false)
  const open = openItems(incident.checklist)
  const reached = new Map(incident.statusTimes.map((entry) => [entry.status, entry.at]))
  const now = statusWay.indexOf(incident.status)
  const moves = incident.moves.filter((candidate) => candidate.move !== 'merge')
  const merge = incident.moves.find((candidate) => candidate.move === 'merge')
  const go = async (chosen: (typeof incident.moves)[number]['move'], more: { into?: number; reason?: string } = {}) => {
    if (await move.run({ number: incident.number, version: incident.version, move: chosen, into: null, ...more })) {
      setMerging(false)
      setResolving(false)
      onDone()
    }
  }
  return (
    <Panel anchor="status" title="Status">
      <ol className="status-way">
        {statusWay.map((status, i) => {
          const at = i <= now || incident.status === 'merged' ? reached.get(status) : undefined
          return (
            <li
              key={status}
              data-place={i === now ? 'now' : i < now ? 'past' : 'next'}
              aria-current={i === now ? 'step' : undefined}
            >
              <i aria-hidden />
              <span>{statusLabels[status]}</span>
              <span className="num text-12 text-text-3" title={at ? utcWords(at) : undefined}>
                {at ? formatTimeOfDay(at) : ''}
              </span>
            </li>
          )
        })}
      </ol>
      <div className="flex flex-wrap gap-x-1 gap-y-2 px-4 pb-3">
        {incident.status === 'merged' && (
          <p className="text-12 text-text-2">
            Merged into{' '}
            <Link className="inline-link" href={`/incidents/${incident.mergedInto}`}>
              INC-{incident.mergedInto}
            </Link>
            .
          </p>
        )}
        {moves.map((candidate, i) => (
          <Button
            key={candidate.move}
            size="s"
            className={i === 0 ? 'w-full' : 'flex-1'}
            look={i === 0 ? undefined : 'ghost'}
            disabled={move.busy || !candidate.right.allowed}
            title={candidate.right.why ?? undefined}
            aria-expanded={candidate.move === 'resolve' && open > 0 ? resolving : undefined}
            onClick={() => (candidate.move === 'resolve' && open > 0 ? setResolving(true) : go(candidate.move))}
          >
            {candidate.button}
          </Button>
        ))}
        {merge && incident.mergeTargets.length > 0 && !merging && (
          <Button size="s" look="ghost" disabled={!merge.right.allowed} onClick={() => setMerging(true)}>
            {merge.button}
          </Button>
        )}
        {merging && (
          <>
            {incident.mergeTargets.map((target) => (
              <Button
                key={target.number}
                size="s"
                className="w-full"
                title={target.title}
                disabled={move.busy}
                onClick={() => go('merge', { into: target.number })}
              >
                <span className="truncate">
                  Merge into INC-{target.number}: {target.title}
                </span>
              </Button>
            ))}
            <Button size="s" look="ghost" onClick={() => setMerging(false)}>
              Leave it
            </Button>
          </>
        )}
        {resolving && moves.some((candidate) => candidate.move === 'resolve') && (
          <div className="w-full">
            <ReasonForm
              label={`${countWords(incident.checklist)}. Why resolve anyway?`}
              go="Resolve anyway"
              busy={move.busy}
              onGo={(reason) => go('resolve', { reason })}
              onBack={() => setResolving(false)}
            />
          </div>
        )}
        <Refusal why={move.error} />
      </div>
    </Panel>
  )
}
