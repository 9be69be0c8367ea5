'use client'

import { useId, useState } from 'react'
import type { ApprovalView, RunRights, RunView } from '../../lib/domain/run/view'
import { useNowSelect } from '../../lib/queries/clock'
import { formatClock } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'
import type { RunActions } from './actions'
import { CommandBlock } from './command-block'
import { Effect } from './effect'
import { Elapsed } from './step-rail'

/** Exactly what a second person is asked to say yes to: the loudest thing on the desk. */
export function ApprovalCard({
  run,
  approval,
  rights,
  actions,
  viewerId,
}: {
  run: RunView
  approval: ApprovalView
  rights: RunRights
  actions: RunActions
  viewerId: string
}) {
  const [typed, setTyped] = useState('')
  const [asking, setAsking] = useState<'refuse' | 'break-glass' | null>(null)
  const [reason, setReason] = useState('')
  const approve = useAction(actions.approve)
  const refuse = useAction(actions.refuse)
  const glass = useAction(actions.breakGlass)
  const field = useId()
  const matches = typed === approval.typeToConfirm
  const expired = useNowSelect((now) => now > approval.expiresAt, false)
  const key = { runId: run.id, approvalId: approval.id }
  const forViewer = rights.approve.allowed
  const problem = approve.error ?? refuse.error ?? glass.error
  const { shown } = approval

  return (
    <section className="panel approval st-waiting" aria-labelledby={`${field}-title`}>
      <div className="approval-head" role="status" aria-live="assertive">
        <StateWord state="waiting" word={forViewer ? 'WAITING for you' : 'WAITING for a second person'} />
        <span className="text-12 text-text-2">{run.startedBy.name} asks</span>
        <span className="grow" />
        <span className="text-12 text-text-2">
          asked{' '}
          <b className="num text-text-1">
            <Elapsed from={approval.requestedAt} to={null} />
          </b>{' '}
          ago,{' '}
          {expired ? (
            'expired'
          ) : (
            <>
              expires in{' '}
              <b className="num text-text-1">
                <Countdown to={approval.expiresAt} />
              </b>
            </>
          )}
        </span>
      </div>
      <div className="approval-body">
        <div>
          <div className="flex items-center gap-2">
            <h2 id={`${field}-title`} className="font-semibold text-20">
              {approval.title}
            </h2>
            <Effect effect="DANGEROUS" />
          </div>
          <p className="text-text-2">
            What the target never received is lost. Your yes covers exactly what stands here.
          </p>
        </div>
        {shown.loss && (
          <div className="cost">
            <div>
              <div className="label">Loss at most</div>
              <div className="cost-value num">{shown.loss.atMost}</div>
            </div>
            <div>
              <div className="label">Loss at least</div>
              <div className="cost-value num">{shown.loss.atLeast}</div>
            </div>
            <div>
              <div className="label">Confidence</div>
              <div className="cost-value">{shown.loss.confidence}</div>
            </div>
          </div>
        )}
        <dl className="facts">
          <dt>Environment</dt>
          <dd className="font-semibold" style={{ color: `var(--env-${run.environmentKind})` }}>
            {shown.environment}
          </dd>
          {shown.facts
            .filter((fact) => fact.label !== 'Environment')
            .map((fact) => (
              <div key={fact.label} className="contents">
                <dt>{fact.label}</dt>
                <dd>{fact.value}</dd>
              </div>
            ))}
        </dl>
        {shown.commands.map((command, index) => (
          <div key={command.stepId}>
            <p className="mb-1 text-12 text-text-2">{command.title}</p>
            <CommandBlock cli={command.cli} digest={command.digest} hotkey={index === 0} />
          </div>
        ))}
        {forViewer || rights['break-glass'].allowed ? (
          <>
            <div>
              <label htmlFor={field} className="mb-1 block text-12 text-text-2">
                Type the name of the target, <span className="mono text-text-1">{approval.typeToConfirm}</span>
              </label>
              <div className="typed">
                <input
                  id={field}
                  value={typed}
                  onChange={(event) => setTyped(event.target.value.trim())}
                  autoComplete="off"
                  spellCheck={false}
                  aria-invalid={approve.fields.typed ? true : undefined}
                />
                {matches && <StateWord state="ok" word="MATCHES" />}
              </div>
            </div>
            {asking && (
              <div>
                <label htmlFor={`${field}-reason`} className="mb-1 block text-12 text-text-2">
                  {asking === 'refuse'
                    ? 'Why you refuse; the record keeps it'
                    : 'Why you act alone; everybody sees it at once, and so will the report (10 characters or more)'}
                </label>
                <textarea
                  id={`${field}-reason`}
                  className="field-area"
                  rows={2}
                  value={reason}
                  onChange={(event) => setReason(event.target.value)}
                />
              </div>
            )}
            {problem && (
              <p role="alert" className="text-state-problem">
                {problem}
              </p>
            )}
            <div className="flex flex-wrap items-center gap-2">
              {forViewer && asking !== 'break-glass' && (
                <Button
                  look="danger"
                  disabled={!matches || approve.busy || expired}
                  onClick={() => approve.run({ ...key, digest: approval.digest, typed })}
                >
                  Approve: {lowerFirst(approval.title)}
                </Button>
              )}
              {asking === 'refuse' ? (
                <Button disabled={!reason.trim() || refuse.busy} onClick={() => refuse.run({ ...key, reason })}>
                  Refuse
                </Button>
              ) : (
                rights.refuse.allowed && <Button onClick={() => setAsking('refuse')}>Refuse with a reason</Button>
              )}
              {asking === 'break-glass' && (
                <Button
                  look="danger"
                  disabled={!matches || reason.trim().length < 10 || glass.busy}
                  onClick={() => glass.run({ ...key, digest: approval.digest, typed, reason })}
                >
                  Break glass: {lowerFirst(approval.title)}, alone
                </Button>
              )}
              <span className="grow" />
              {asking ? (
                <Button look="ghost" onClick={() => setAsking(null)}>
                  Back
                </Button>
              ) : (
                rights['break-glass'].allowed && (
                  <Button look="ghost" onClick={() => setAsking('break-glass')}>
                    Nobody can approve: break glass
                  </Button>
                )
              )}
            </div>
          </>
        ) : (
          <p className="text-text-2">
            {run.startedBy.id === viewerId ? 'You started this run, so somebody else must say yes. ' : ''}
            {rights.approve.why}
          </p>
        )}
      </div>
    </section>
  )
}

function Countdown({ to }: { to: number }) {
  return <>{useNowSelect((now) => formatClock(Math.max(0, to - (now || to))), '00:00')}</>
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)
