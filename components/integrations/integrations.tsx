'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { IntegrationTest, IntegrationView } from '../../lib/domain/integrations'
import { utcWords } from '../../lib/domain/units'
import { integrationsQuery } from '../../lib/queries/integrations'
import type { SendTest } from '../../lib/web/present/actions'
import { formatDate, formatTimeOfDay } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { Panel, Skeleton } from '../ui/panel'
import { Refusal } from '../ui/refusal'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'
import './integrations.css'

/** The ways to and from other services, whether they are set up, and how their last test went. */
export function Integrations({ sendTest }: { sendTest: SendTest }) {
  const { data, error } = useQuery(integrationsQuery)
  return (
    <Panel anchor="integrations" title="Integrations">
      {error && !data && (
        <p role="alert" className="px-4 pb-3 text-state-problem">
          {error.message}
        </p>
      )}
      <ul className="integrations" aria-live="polite">
        {data
          ? data.map((one) => <Integration key={one.key} one={one} sendTest={sendTest} />)
          : !error && <Skeleton width="100%" height={256} />}
      </ul>
    </Panel>
  )
}

function Integration({ one, sendTest }: { one: IntegrationView; sendTest: SendTest }) {
  const client = useQueryClient()
  const { run, busy, error } = useAction(sendTest)
  return (
    <li aria-label={one.title}>
      <div className="min-w-0">
        <p className="font-[550] text-14">{one.title}</p>
        <p className="text-12 text-text-2">{one.does}</p>
      </div>
      <div className="min-w-0">
        {one.where === null ? (
          <p className="text-12 text-text-3">{one.missing}</p>
        ) : (
          <>
            <p className="mono break-words text-12 text-text-2">{one.where}</p>
            <LastTest test={one.last} />
          </>
        )}
        <Refusal why={error} />
      </div>
      <Button
        size="s"
        disabled={busy || !one.right.allowed}
        title={one.right.why ?? undefined}
        aria-label={`Send a test to ${one.title}`}
        onClick={async () => {
          const asked = run({ integration: one.key })
          // The question is seen as soon as it stands in the store, its answer when that comes.
          void client.invalidateQueries({ queryKey: integrationsQuery.queryKey })
          await asked
          void client.invalidateQueries({ queryKey: integrationsQuery.queryKey })
        }}
      >
        Send a test
      </Button>
    </li>
  )
}

const looks = {
  asked: { state: 'working', word: 'SENDING' },
  passed: { state: 'ok', word: 'TAKEN' },
  failed: { state: 'problem', word: 'FAILED' },
} as const

function LastTest({ test }: { test: IntegrationTest | null }) {
  if (!test) return <p className="text-12 text-text-3">Never tested.</p>
  return (
    <div className="text-12 text-text-2">
      <StateWord {...looks[test.state]} className="mr-1.5 align-bottom" />
      <span className="num" title={utcWords(test.askedAt)}>
        {formatDate(test.askedAt)} {formatTimeOfDay(test.askedAt)}
      </span>{' '}
      by {test.askedBy.name}
      {test.says && <p className={test.state === 'failed' ? 'text-state-problem' : undefined}>{test.says}</p>}
      {test.reference && (
        <p className="text-text-3">
          Reference <span className="mono break-all">{test.reference}</span>
        </p>
      )}
    </div>
  )
}
