'use client'

import Link from 'next/link'
import type { IncidentView } from '../../lib/domain/incident/view'
import type { MadeCopy } from '../../lib/domain/restore/copy'
import { costWords } from '../../lib/domain/restore/made-copy'
import { startHref } from '../../lib/web/present/incident'
import { Since } from '../ui/age'
import { Panel } from '../ui/panel'

/** Restored copies that the runs of this incident have left, each with what it has cost and what deletes it. */
export function Copies({ incident: { copies, number } }: { incident: Pick<IncidentView, 'copies' | 'number'> }) {
  if (copies.length === 0) return null
  return (
    <Panel title={copies.length === 1 ? 'Restored copy' : `Restored copies: ${copies.length}`}>
      <ul className="flex flex-col gap-3 px-4 pb-4">
        {copies.map(({ copy, runId, doneBy }) => (
          <li key={copy.id} className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <div className="min-w-0 grow basis-52">
              <Link className="mono block break-words text-12 text-text-1 hover:underline" href={`/runs/${runId}`}>
                {copy.id}
              </Link>
              <CopyCost copy={copy} />
            </div>
            {doneBy ? (
              <Link className="btn" data-size="s" href={startHref(doneBy, number)} aria-label={`Delete ${copy.id}`}>
                Delete
              </Link>
            ) : (
              <span className="text-12 text-text-3">Its run is under way</span>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  )
}

/** What a copy has cost so far, ticking. */
export const CopyCost = ({ copy }: { copy: MadeCopy }) => (
  <p className="num text-12 text-text-2">
    <Since at={copy.madeAt} format={(ms) => costWords(copy, ms)} />
  </p>
)
