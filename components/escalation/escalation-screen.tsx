'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { incidentLabel } from '../../lib/domain/incident/labels'
import type { EscalationView, ExternalContactView, LevelView, PageView } from '../../lib/domain/incident/view'
import { useNowSelect } from '../../lib/queries/clock'
import { escalationQuery } from '../../lib/queries/incident'
import type { EscalationActions } from '../../lib/web/present/actions'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { pageSays, presentPage } from '../../lib/web/present/incident'
import { Button } from '../ui/button'
import { Panel, Skeleton } from '../ui/panel'
import { Refusal } from '../ui/refusal'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'
import { LevelState, PageButton } from './levels'

/** Whom to wake, who can be reached at this moment, and who has answered. */
export function EscalationScreen({ actions }: { actions: EscalationActions }) {
  const { data, error } = useQuery(escalationQuery)
  const client = useQueryClient()
  const refresh = () => void client.invalidateQueries({ queryKey: escalationQuery.queryKey })
  return (
    <div className="list-page">
      <div className="flex flex-wrap items-baseline gap-x-3">
        <h1 className="font-semibold text-20">Escalation</h1>
        <p className="text-text-2">
          {data?.incidentNumber != null
            ? `Pages go out for ${incidentLabel(data.incidentNumber)}.`
            : data
              ? 'No incident is open. Declare one before you page: a page belongs to it.'
              : ''}
        </p>
      </div>
      {error && !data && (
        <p role="alert" className="panel p-4 text-state-problem">
          {error.message}
        </p>
      )}
      {!data && !error && <Skeleton width="100%" height={240} />}
      {data && (
        <>
          <Panel title="Levels">
            <ul className="escalation-levels">
              {data.levels.map((level) => (
                <Level key={level.level} level={level} view={data} actions={actions} onDone={refresh} />
              ))}
            </ul>
          </Panel>
          <div className="escalation-pair">
            <Panel anchor="contacts" title="External contacts">
              <ul>
                {data.external.map((contact) => (
                  <External key={contact.service} contact={contact} show={actions.showAccount} />
                ))}
              </ul>
            </Panel>
            <Panel title="Channels">
              <ul>
                {data.channels.map((channel) => (
                  <li key={channel.key} className="escalation-line">
                    <span className="text-text-2">{channel.label}</span>
                    {channel.href ? (
                      <a href={channel.href} target="_blank" rel="noopener noreferrer" className="break-all">
                        {channel.value}
                      </a>
                    ) : (
                      <span className="mono">{channel.value}</span>
                    )}
                  </li>
                ))}
              </ul>
            </Panel>
          </div>
          {data.pages.length > 0 && (
            <Panel anchor="pages" title="Pages sent">
              <ul>
                {data.pages.map((page) => (
                  <Sent key={page.id} page={page} acknowledge={actions.acknowledge} onDone={refresh} />
                ))}
              </ul>
            </Panel>
          )}
        </>
      )}
    </div>
  )
}

function Level({
  level,
  view,
  actions,
  onDone,
}: {
  level: LevelView
  view: EscalationView
  actions: EscalationActions
  onDone: () => void
}) {
  return (
    <li id={level.level} data-suggested={level.suggested || undefined}>
      <span className="num font-semibold text-20 text-text-2">{level.level}</span>
      <div className="min-w-0">
        <p className="font-[550] text-14">{level.role}</p>
        <p className="text-12 text-text-2">
          {level.name},{' '}
          {level.contactHref ? (
            <a href={level.contactHref} className="num">
              {level.contact}
            </a>
          ) : (
            level.contact
          )}
        </p>
        {level.suggested && level.suggestedWhy && (
          <p className="mt-1 text-12 text-state-waiting">{level.suggestedWhy}</p>
        )}
        {level.page && pageSays(level.page) && <p className="mt-1 text-12 text-text-2">{pageSays(level.page)}</p>}
      </div>
      <div>
        <StateWord
          state={level.reachableNow ? 'ok' : 'skipped'}
          word={level.reachableNow ? 'REACHABLE NOW' : 'NOT NOW'}
        />
        <p className="text-12 text-text-3">{level.availability}</p>
      </div>
      <div>{level.page ? <LevelState level={level} /> : <span className="text-12 text-text-3">not paged</span>}</div>
      <PageButton level={level} number={view.incidentNumber} page={actions.page} onDone={onDone} />
    </li>
  )
}

const shownForMs = 30_000

/** The number is masked; showing it is recorded, and it hides itself again. */
function External({ contact, show }: { contact: ExternalContactView; show: EscalationActions['showAccount'] }) {
  const [number, setNumber] = useState<string | null>(null)
  const { run, busy, error } = useAction(async (input: { service: string }) => {
    const result = await show(input)
    if (result.ok) setNumber(result.value.accountNumber)
    return result
  })
  useEffect(() => {
    if (number === null) return
    const timer = setTimeout(() => setNumber(null), shownForMs)
    return () => clearTimeout(timer)
  }, [number])
  return (
    <li className="escalation-line">
      <span>
        <b className="strong block">{contact.service}</b>
        <span className="text-12 text-text-3">{contact.supportLevel}</span>
      </span>
      <span>
        {contact.contact === null ? (
          <span className="block text-text-2">
            <StateWord state="lagging" word="NO NUMBER" /> Nobody has entered one.
          </span>
        ) : (
          <span className="block break-words">{contact.contact}</span>
        )}
        <span className="num text-12 text-text-2">{number ?? contact.accountMasked}</span>
        <Refusal why={error} />
      </span>
      <Button
        size="s"
        disabled={busy}
        title="Viewing the number is recorded"
        aria-label={`${number ? 'Hide' : 'Show'} the account number of ${contact.service}`}
        onClick={() => (number ? setNumber(null) : void run({ service: contact.service }))}
      >
        {number ? 'Hide' : 'Show number'}
      </Button>
    </li>
  )
}

function Sent({
  page,
  acknowledge,
  onDone,
}: {
  page: PageView
  acknowledge: EscalationActions['acknowledge']
  onDone: () => void
}) {
  const word = useNowSelect((now) => presentPage(page, now).word, presentPage(page, 0).word)
  const { run, busy, error } = useAction(acknowledge)
  return (
    <li className="escalation-line escalation-sent">
      <span>
        <span className="num">{formatTimeOfDay(page.askedAt)}</span>{' '}
        <span className="text-text-2">
          {page.level} by {page.channel === 'pagerduty' ? 'PagerDuty' : 'Slack'}, asked by {page.askedBy.name}
        </span>
      </span>
      <span className="min-w-0">
        <StateWord state={presentPage(page, 0).state} word={word} />
        <span className="block truncate text-12 text-text-3" title={page.message}>
          {error ?? pageSays(page) ?? page.message}
        </span>
      </span>
      {page.endedAt === null && (page.state === 'sent' || page.state === 'failed') && (
        <Button
          size="s"
          disabled={busy}
          onClick={async () => {
            if (await run({ pageId: page.id })) onDone()
          }}
        >
          Acknowledge
        </Button>
      )}
    </li>
  )
}
