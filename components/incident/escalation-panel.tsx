'use client'

import type { IncidentView } from '../../lib/domain/incident/view'
import type { IncidentActions } from '../../lib/web/present/actions'
import { pageSays } from '../../lib/web/present/incident'
import { Channels, LevelState, PageButton } from '../escalation/levels'
import { Panel } from '../ui/panel'

/** Whom to wake: each level with its newest page; any level may be paged at any time. */
export function EscalationPanel({
  incident,
  actions,
  onDone,
}: {
  incident: IncidentView
  actions: Pick<IncidentActions, 'page'>
  onDone: () => void
}) {
  const { escalation, number } = incident
  const suggested = escalation.levels.find((level) => level.suggested)
  return (
    <Panel
      anchor="escalate"
      title="Escalation"
      aside={
        <span className="flex gap-2.5 overflow-hidden whitespace-nowrap">
          <Channels channels={escalation.channels.filter((channel) => channel.key !== 'runbooks')} />
        </span>
      }
    >
      {suggested?.suggestedWhy && <p className="px-4 pb-2.5 text-12 text-text-2">{suggested.suggestedWhy}</p>}
      <ul>
        {escalation.levels.map((level) => (
          <li key={level.level} className="level-row">
            <span className="num text-12 text-text-3">{level.level}</span>
            <div className="min-w-0 truncate text-12">
              <b className="strong">{level.name === 'Rotation' ? level.role : level.name}</b>{' '}
              <span className="text-text-3">{level.availability}</span>
            </div>
            <span className="flex items-center gap-2">
              <LevelState level={level} />
              {level.page?.state !== 'acknowledged' && (
                <PageButton level={level} number={number} page={actions.page} onDone={onDone} />
              )}
            </span>
            {level.page && pageSays(level.page) && (
              <p className="col-span-2 col-start-2 pb-1 text-11 text-text-3">{pageSays(level.page)}</p>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  )
}
