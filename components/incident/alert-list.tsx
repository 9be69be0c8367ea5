'use client'

import { useQueryClient } from '@tanstack/react-query'
import dynamic from 'next/dynamic'
import { type ReactNode, useState } from 'react'
import type { Gravity } from '../../lib/domain/alert'
import type { AlertGroup, AlertView, OpenAlerts } from '../../lib/domain/incident/view'
import { counted, utcWords } from '../../lib/domain/units'
import { openIncidentsKey } from '../../lib/queries/keys'
import type { Declare, DismissAlert, DismissAlerts } from '../../lib/web/present/actions'
import { formatTimeOfDay } from '../../lib/web/present/format'
import type { State } from '../../lib/web/present/state'
import { Button } from '../ui/button'
import { Labelled } from '../ui/labelled'
import { Panel } from '../ui/panel'
import { Refusal } from '../ui/refusal'
import { Modal } from '../ui/sheet'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'

const DeclareDialog = dynamic(() => import('./declare-dialog'), { ssr: false })

const senders: Record<AlertView['source'], string> = { alertmanager: 'Alertmanager', pagerduty: 'PagerDuty' }
const looks: Record<Gravity, State> = { critical: 'problem', unknown: 'problem', warning: 'lagging', info: 'lagging' }

/** What is dismissed: one alert, or all of a group that a person has on the screen. */
type Dismissed = { one: AlertView } | { all: AlertGroup }

interface Acts {
  onDeclare: (alert: AlertView) => void
  onDismiss: (what: Dismissed) => void
}

/** What other systems report, the gravest first: declare an incident from it, or put it aside with a reason. */
export default function AlertList({
  alerts,
  declare,
  dismiss,
  dismissAll,
}: {
  alerts: OpenAlerts
  declare: Declare
  dismiss: DismissAlert
  dismissAll: DismissAlerts
}) {
  const [declaring, setDeclaring] = useState<AlertView | null>(null)
  const [dismissing, setDismissing] = useState<Dismissed | null>(null)
  const acts = { onDeclare: setDeclaring, onDismiss: setDismissing }
  const shown = alerts.groups.reduce((sum, { count }) => sum + count, 0)
  return (
    <Panel
      anchor="alerts"
      title="Alerts without an incident"
      className="alerts-waiting"
      aside={<span className="num text-12 text-text-3">{alerts.total}</span>}
    >
      <ul className="max-h-96 overflow-y-auto px-4 pb-2" aria-live="polite">
        {alerts.groups.map((group) => {
          const [only] = group.alerts
          return (
            <li key={JSON.stringify([group.source, group.name, group.severity])}>
              {group.count === 1 && only ? (
                <AlertRow alert={only} gravity={group.gravity} {...acts} />
              ) : (
                <GroupRow group={group} {...acts} />
              )}
            </li>
          )
        })}
        {alerts.total > shown && (
          <li className="py-1.5 text-12 text-text-3">
            {counted(alerts.total - shown, 'more alert')} in smaller groups. Dismiss some of these to see them.
          </li>
        )}
      </ul>
      <Modal open={declaring !== null} onOpenChange={(open) => !open && setDeclaring(null)} title="Declare incident">
        {declaring && <DeclareDialog declare={declare} alert={declaring} onClose={() => setDeclaring(null)} />}
      </Modal>
      <Modal
        open={dismissing !== null}
        onOpenChange={(open) => !open && setDismissing(null)}
        title={dismissing && 'all' in dismissing ? 'Dismiss the group' : 'Dismiss the alert'}
      >
        {dismissing && (
          <Dismiss what={dismissing} dismiss={dismiss} dismissAll={dismissAll} onDone={() => setDismissing(null)} />
        )}
      </Modal>
    </Panel>
  )
}

/** Many alerts of one name; those behind it open below. */
function GroupRow({ group, ...acts }: { group: AlertGroup } & Acts) {
  const { name, count, alerts, gravity } = group
  const [open, setOpen] = useState(false)
  const [newest] = alerts
  return (
    <>
      <Row
        state={looks[gravity]}
        title={name}
        below={
          <>
            <span className="num">{count}</span> alerts, {senders[group.source]}
            {group.severity ? `, ${group.severity}` : ''}, since <Time at={group.firstAt} />
          </>
        }
      >
        <Button
          size="s"
          look="ghost"
          aria-expanded={open}
          aria-label={`${open ? 'Hide' : 'Show'} the alerts of ${name}`}
          onClick={() => setOpen(!open)}
        >
          {open ? 'Hide' : 'Show'}
        </Button>
        <Button
          size="s"
          look="ghost"
          onClick={() => acts.onDismiss({ all: group })}
          aria-label={`Dismiss all of ${name}`}
        >
          Dismiss all
        </Button>
        {newest && (
          <Button size="s" onClick={() => acts.onDeclare(newest)} aria-label={`Declare from ${name}`}>
            Declare from this group
          </Button>
        )}
      </Row>
      {open && (
        <ul className="border-line border-l-2 pl-3">
          {alerts.map((alert) => (
            <li key={alert.id}>
              <AlertRow alert={alert} gravity={gravity} {...acts} />
            </li>
          ))}
          {count > alerts.length && (
            <li className="py-1.5 text-12 text-text-3">
              {counted(count - alerts.length, 'older alert')} of this group.
            </li>
          )}
        </ul>
      )}
    </>
  )
}

function AlertRow({ alert, gravity, onDeclare, onDismiss }: { alert: AlertView; gravity: Gravity } & Acts) {
  return (
    <Row
      state={looks[gravity]}
      title={alert.title}
      below={
        <>
          {senders[alert.source]}
          {alert.severity ? `, ${alert.severity}` : ''}, since <Time at={alert.firstAt} />
          {alert.times > 1 && (
            <>
              , <span className="num">{alert.times}</span> times
            </>
          )}
        </>
      }
    >
      <Button size="s" look="ghost" onClick={() => onDismiss({ one: alert })} aria-label={`Dismiss ${alert.title}`}>
        Dismiss
      </Button>
      <Button size="s" onClick={() => onDeclare(alert)} aria-label={`Declare from ${alert.title}`}>
        Declare from this alert
      </Button>
    </Row>
  )
}

function Row({
  state,
  title,
  below,
  children,
}: {
  state: State
  title: string
  below: ReactNode
  children: ReactNode
}) {
  return (
    <div className="alert-row">
      <StateWord state={state} word="FIRING" />
      <span className="min-w-0">
        <span className="block truncate font-medium" title={title}>
          {title}
        </span>
        <span className="block truncate text-12 text-text-3">{below}</span>
      </span>
      <span className="flex gap-2">{children}</span>
    </div>
  )
}

function Time({ at }: { at: number }) {
  return (
    <span className="num" title={utcWords(at)}>
      {formatTimeOfDay(at)}
    </span>
  )
}

function Dismiss({
  what,
  dismiss,
  dismissAll,
  onDone,
}: {
  what: Dismissed
  dismiss: DismissAlert
  dismissAll: DismissAlerts
  onDone: () => void
}) {
  const client = useQueryClient()
  const [reason, setReason] = useState('')
  const { run, busy, error } = useAction((given: string) => {
    if ('one' in what) return dismiss({ id: what.one.id, reason: given })
    const { source, name, severity, lastAt } = what.all
    return dismissAll({ source, name, severity, until: lastAt, reason: given })
  })
  const all = 'all' in what
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={async (event) => {
        event.preventDefault()
        if (!(await run(reason))) return
        void client.invalidateQueries({ queryKey: openIncidentsKey })
        onDone()
      }}
    >
      <p className="text-text-2">
        {all
          ? `${counted(what.all.count, 'alert')} named “${what.all.name}” are removed from this screen. Each returns if it fires again.`
          : `“${what.one.title}” is removed from this screen. It returns if it fires again.`}{' '}
        Your name and the reason are recorded.
      </p>
      <Labelled label="Reason">
        <input
          className="incident-input"
          value={reason}
          maxLength={500}
          placeholder="Why is no incident needed?"
          onChange={(event) => setReason(event.target.value)}
        />
      </Labelled>
      <Refusal why={error} />
      <Button type="submit" look="go" className="self-end" disabled={busy || reason.trim().length < 5}>
        {all ? 'Dismiss the group' : 'Dismiss the alert'}
      </Button>
    </form>
  )
}
