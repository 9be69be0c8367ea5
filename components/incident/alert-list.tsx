'use client'

import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { AlertView } from '../../lib/domain/incident/view'
import { utcWords } from '../../lib/domain/units'
import type { Declare, DismissAlert } from '../../lib/web/present/actions'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { Labelled } from '../ui/labelled'
import { Panel } from '../ui/panel'
import { Refusal } from '../ui/refusal'
import { Modal } from '../ui/sheet'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'
import DeclareDialog from './declare-dialog'

const senders: Record<AlertView['source'], string> = { alertmanager: 'Alertmanager', pagerduty: 'PagerDuty' }

const mild = new Set(['warning', 'info', 'low'])

/** What other systems report: declare an incident from it, or put it aside with a reason. */
export default function AlertList({
  alerts,
  declare,
  dismiss,
}: {
  alerts: AlertView[]
  declare: Declare
  dismiss: DismissAlert
}) {
  const [declaring, setDeclaring] = useState<AlertView | null>(null)
  const [dismissing, setDismissing] = useState<AlertView | null>(null)
  return (
    <Panel
      title="Alerts without an incident"
      className="alerts-waiting"
      aside={<span className="num text-12 text-text-3">{alerts.length}</span>}
    >
      <ul className="px-4 pb-2" aria-live="polite">
        {alerts.map((alert) => (
          <li key={alert.id} className="alert-row">
            <StateWord state={mild.has(alert.severity ?? '') ? 'lagging' : 'problem'} word="FIRING" />
            <span className="min-w-0">
              <span className="block truncate font-medium" title={alert.title}>
                {alert.title}
              </span>
              <span className="block truncate text-12 text-text-3">
                {senders[alert.source]}
                {alert.severity ? `, ${alert.severity}` : ''}, since{' '}
                <span className="num" title={utcWords(alert.firstAt)}>
                  {formatTimeOfDay(alert.firstAt)}
                </span>
                {alert.times > 1 && (
                  <>
                    , <span className="num">{alert.times}</span> times
                  </>
                )}
              </span>
            </span>
            <span className="flex gap-2">
              <Button size="s" look="ghost" onClick={() => setDismissing(alert)} aria-label={`Dismiss ${alert.title}`}>
                Dismiss
              </Button>
              <Button size="s" onClick={() => setDeclaring(alert)} aria-label={`Declare from ${alert.title}`}>
                Declare from this alert
              </Button>
            </span>
          </li>
        ))}
      </ul>
      <Modal open={declaring !== null} onOpenChange={(open) => !open && setDeclaring(null)} title="Declare incident">
        {declaring && <DeclareDialog declare={declare} alert={declaring} onClose={() => setDeclaring(null)} />}
      </Modal>
      <Modal open={dismissing !== null} onOpenChange={(open) => !open && setDismissing(null)} title="Dismiss the alert">
        {dismissing && <Dismiss alert={dismissing} dismiss={dismiss} onDone={() => setDismissing(null)} />}
      </Modal>
    </Panel>
  )
}

function Dismiss({ alert, dismiss, onDone }: { alert: AlertView; dismiss: DismissAlert; onDone: () => void }) {
  const client = useQueryClient()
  const [reason, setReason] = useState('')
  const { run, busy, error } = useAction(dismiss)
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={async (event) => {
        event.preventDefault()
        if (!(await run({ id: alert.id, reason }))) return
        void client.invalidateQueries({ queryKey: ['incident', 'open'] })
        onDone()
      }}
    >
      <p className="text-text-2">
        “{alert.title}” is removed from this screen. It returns if it fires again. Your name and the reason are
        recorded.
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
        Dismiss the alert
      </Button>
    </form>
  )
}
