'use client'

import Link from 'next/link'
import { useEffect, useId, useRef, useState } from 'react'
import { willTellWords } from '../../lib/domain/break-glass'
import type { ApprovalSigning, ApprovalView, Approver, RunRights, RunView } from '../../lib/domain/run/view'
import { approvalAnchor } from '../../lib/domain/run/waiting-for'
import { useNowSelect } from '../../lib/queries/clock'
import type { RunActions } from '../../lib/web/present/actions'
import { formatClock, formatTimeOfDay } from '../../lib/web/present/format'
import { ConfirmIt } from '../people/confirm'
import { Button } from '../ui/button'
import { ReasonForm } from '../ui/reason-form'
import { Refusal } from '../ui/refusal'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'
import { Approvers } from './approvers'
import { CommandBlock } from './command-block'
import { Effect } from './effect'
import { Elapsed } from './step-rail'
import { useSigning } from './use-signing'

interface Props {
  run: RunView
  approval: ApprovalView
  rights: RunRights
  approvers: Approver[]
  /** What the viewer's passkey must sign; null where approvals take a fresh sign-in. */
  signing: ApprovalSigning | null
  actions: RunActions
  viewerId: string
}

/** Exactly what a second person is asked to say yes to: the loudest thing on the desk. */
export function ApprovalCard(props: Props) {
  const { run, approval, rights } = props
  const title = useId()
  const card = useRef<HTMLElement>(null)
  // The card is drawn after the page, so a browser has not found the place of the address.
  useEffect(() => {
    if (window.location.hash === `#${approvalAnchor}`) card.current?.scrollIntoView({ block: 'start' })
  }, [])
  const expired = useNowSelect((now) => now > approval.expiresAt, false)
  const waitsFor = rights.approve.allowed ? 'WAITING for you' : 'WAITING for a second person'
  const { shown } = approval
  return (
    <section id={approvalAnchor} ref={card} className="panel approval st-waiting scroll-mt-14" aria-labelledby={title}>
      <p className="sr-only-live" role="status" aria-live="assertive">
        {waitsFor}: {approval.title}
      </p>
      <div className="approval-head">
        <StateWord state="waiting" word={waitsFor} />
        <span className="text-12 text-text-2">{run.startedBy.name} asks</span>
        <span className="grow" />
        <span className="text-12 text-text-2">
          asked{' '}
          <b className="num text-text-1">
            <Elapsed from={approval.requestedAt} to={null} />
          </b>{' '}
          ago,{' '}
          {expired ? (
            <b className="text-state-lagging">expired</b>
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
          <div className="flex items-start gap-2">
            <h2 id={title} className="approval-title">
              {approval.title}
            </h2>
            <span className="mt-1">
              <Effect effect="DANGEROUS" />
            </span>
          </div>
        </div>
        {shown.loss ? (
          <>
            <div className="cost">
              <Cost label="Likely loss" value={shown.loss.atLeast} />
              <Cost label="Worst case" value={shown.loss.atMost} />
              <Cost label="Confidence" value={shown.loss.confidence} />
            </div>
            {(shown.loss.why ?? shown.loss.compared) && (
              <p className="text-12 text-text-2">
                {shown.loss.why} {shown.loss.compared}
              </p>
            )}
          </>
        ) : (
          <p className="text-state-lagging">Loss unknown: the last position of the writer was never observed.</p>
        )}
        {shown.commands.map((command, index) => (
          <div key={`${command.stepId}-${command.digest}`}>
            <p className="mb-1 text-12 text-text-2">{command.title}</p>
            <CommandBlock cli={command.cli} digest={command.digest} hotkey={index === 0} />
          </div>
        ))}
        <dl className="facts facts-pairs">
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
          <dt>Reason</dt>
          <dd>{run.reason}</dd>
        </dl>
        <p className="text-12 text-text-2">
          What the target never received is lost. Approval covers exactly these commands and is void if they change.
        </p>
        <Earlier run={run} approval={approval} />
      </div>
      <div className="approval-foot">
        <Answer {...props} expired={expired} />
      </div>
    </section>
  )
}

function Cost({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <div className="label">{label}</div>
      <div className="cost-value num">{value}</div>
    </div>
  )
}

const fell: Record<ApprovalView['state'], string> = {
  open: 'open',
  approved: 'approved',
  refused: 'refused',
  void: 'invalidated: the situation changed',
  expired: 'expired without an answer',
}

/** What was asked before in this run, and what became of it. */
function Earlier({ run, approval }: { run: RunView; approval: ApprovalView }) {
  const earlier = run.approvals.filter((a) => a.id !== approval.id)
  if (earlier.length === 0) return null
  return (
    <div className="text-12 text-text-2">
      <p className="label">Earlier requests</p>
      <ul>
        {earlier.map((a) => (
          <li key={a.id}>
            <span className="num text-text-3">{formatTimeOfDay(a.requestedAt)}</span> {a.title}: {fell[a.state]}
            {a.decidedBy ? ` by ${a.decidedBy.name}` : ''}
            {a.reason ? `, “${a.reason}”` : ''}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** The answer: a yes with the target's name typed, a no with its reason, or one person alone, with a reason, loudly. */
function Answer({
  run,
  approval,
  rights,
  approvers,
  signing,
  actions,
  viewerId,
  expired,
}: Props & {
  expired: boolean
}) {
  const [typed, setTyped] = useState('')
  const [asking, setAsking] = useState<'refuse' | 'break-glass' | null>(null)
  const passkey = useSigning(signing)
  const approve = useAction(actions.approve)
  const refuse = useAction(actions.refuse)
  const glass = useAction(actions.breakGlass)
  const own = run.startedBy.id === viewerId
  const fieldId = useId()
  // The command menu leads whoever may approve straight to it.
  const field = rights.approve.allowed ? 'approval-answer' : fieldId
  const matches = typed === approval.typeToConfirm
  const key = { runId: run.id, approvalId: approval.id }
  const forViewer = rights.approve.allowed
  const confirming = [approve, glass].find((action) => action.confirming)
  const problem = confirming ? null : (passkey.error ?? approve.error ?? refuse.error ?? glass.error)
  const back = () => setAsking(null)
  const verb = lowerFirst(approval.title)
  return (
    <>
      {!forViewer && asking === null && (
        <div id={forViewer ? undefined : 'approval-answer'} className="text-text-2">
          <p>{rights.approve.why}</p>
          <Approvers approvers={approvers} />
        </div>
      )}
      {((forViewer && asking !== 'refuse') || asking === 'break-glass') && (
        <div>
          <label htmlFor={field} className="mb-1 block text-12 text-text-2">
            Type the name of the target, <span className="mono select-all text-text-1">{approval.typeToConfirm}</span>
          </label>
          <div className="typed">
            <input
              id={field}
              value={typed}
              onChange={(event) => setTyped(event.target.value.trim())}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              aria-invalid={approve.fields.typed ? true : undefined}
            />
            {matches && <StateWord state="ok" word="MATCHES" />}
          </div>
        </div>
      )}
      <Refusal why={problem} />
      {passkey.missing && (forViewer || asking === 'break-glass') && (
        <p className="text-12 text-text-2">
          Approvals need a passkey here.{' '}
          <Link href="/settings" className="underline">
            Register one in Settings
          </Link>
          .
        </p>
      )}
      {confirming && <ConfirmIt action={confirming} />}
      {asking === 'refuse' && (
        <ReasonForm
          label={
            own ? 'Reason for withdrawing the request' : 'Reason for refusing (shown to the person who started the run)'
          }
          go={own ? 'Withdraw request' : 'Refuse'}
          busy={refuse.busy}
          onBack={back}
          onGo={(reason) => void refuse.run({ ...key, reason })}
        />
      )}
      {asking === 'break-glass' && <p className="text-12 text-text-2">{willTellWords(run.outside)}</p>}
      {asking === 'break-glass' && (
        <ReasonForm
          label="Reason for acting alone (shown to everyone and in the report)"
          go={`Break glass: ${verb}, alone`}
          danger
          busy={glass.busy || passkey.busy}
          ready={matches && !passkey.missing}
          onBack={back}
          onGo={(reason) =>
            void passkey
              .sign('break-glass')
              .then((signed) => signed && glass.run({ ...key, digest: approval.digest, typed, reason, ...signed }))
          }
        />
      )}
      {asking === null && (
        <div className="flex flex-wrap items-center gap-2">
          {forViewer && (
            <Button
              look="danger"
              disabled={!matches || approve.busy || passkey.busy || passkey.missing || expired}
              onClick={() =>
                void passkey
                  .sign('second-person')
                  .then((signed) => signed && approve.run({ ...key, digest: approval.digest, typed, ...signed }))
              }
            >
              Approve: {verb}
            </Button>
          )}
          {rights.refuse.allowed && (
            <Button onClick={() => setAsking('refuse')}>{own ? 'Withdraw request' : 'Refuse with a reason'}</Button>
          )}
          <span className="grow" />
          {rights['break-glass'].allowed && (
            <Button look="ghost" onClick={() => setAsking('break-glass')}>
              No approver available: use break-glass
            </Button>
          )}
        </div>
      )}
      {expired && (
        <p className="text-12 text-text-2" role="status">
          This request has expired. A new one with current data follows.
        </p>
      )}
    </>
  )
}

function Countdown({ to }: { to: number }) {
  return <>{useNowSelect((now) => formatClock(Math.max(0, to - (now || to))), '00:00')}</>
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)
