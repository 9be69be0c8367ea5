'use client'

import { useState } from 'react'
import type { Audience, IncidentView } from '../../lib/domain/incident/view'
import { useNowSelect } from '../../lib/queries/clock'
import type { IncidentActions } from '../../lib/web/present/actions'
import { formatClock, formatTimeOfDay } from '../../lib/web/present/format'
import { channelNames, presentDelivery } from '../../lib/web/present/incident'
import { Button } from '../ui/button'
import { Segmented } from '../ui/segmented'
import { Modal } from '../ui/sheet'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'
import type { PartProps } from './part'
import { useDraft } from './use-draft'

/** When people outside must hear from us again, and the composer of what they hear. */
export function Updates({ incident, actions, onDone }: PartProps) {
  const [open, setOpen] = useState(false)
  const due = incident.nextUpdateDueAt
  const left = useNowSelect((now) => (due === null || now === 0 ? null : Math.floor((due - now) / 1000)), null)
  const late = left !== null && left < 0
  const last = incident.updates[0]
  return (
    <section
      id="update"
      className="panel px-4 pt-2.5 pb-3"
      aria-label="Next update"
      data-late={late || undefined}
      style={late ? { borderColor: 'var(--state-waiting-edge)' } : undefined}
    >
      <div className="flex items-center justify-between gap-2">
        <h2 className="font-[550] text-13">
          {due === null ? 'No update is due' : late ? 'Update overdue by' : 'Next update due in'}
        </h2>
        {due !== null && (
          <span className={`num font-semibold text-[18px] ${late ? 'text-state-waiting' : ''}`}>
            {left === null ? '––:––' : formatClock(Math.abs(left) * 1000)}
          </span>
        )}
      </div>
      <p className="mt-1 text-12 text-text-2">
        {last ? (
          <>
            Last at <span className="num">{formatTimeOfDay(last.at)}</span> by {last.by.name}.
          </>
        ) : (
          'None sent yet.'
        )}
      </p>
      {last && last.delivery.length > 0 && (
        <ul className="mt-1.5 text-12 text-text-2" aria-label="Delivery of the last update">
          {last.delivery.map((delivery) => (
            <li key={delivery.channel} className="mt-0.5">
              <StateWord {...presentDelivery(delivery)} className="mr-1.5 align-bottom" />
              {channelNames[delivery.channel] ?? delivery.channel}
              {delivery.says && <span className="block text-11 text-text-3">{delivery.says}</span>}
            </li>
          ))}
        </ul>
      )}
      <Button
        size="s"
        className="mt-2.5 w-full"
        look={late ? 'go' : undefined}
        disabled={!incident.rights.update.allowed}
        title={incident.rights.update.why ?? undefined}
        onClick={() => setOpen(true)}
      >
        {last ? 'Write an update' : 'Write the first update'}
      </Button>
      <Modal open={open} onOpenChange={setOpen} title="Write an update">
        <Composer
          incident={incident}
          actions={actions}
          onSent={() => {
            setOpen(false)
            onDone()
          }}
        />
      </Modal>
    </section>
  )
}

function Composer({
  incident,
  actions,
  onSent,
}: {
  incident: IncidentView
  actions: IncidentActions
  onSent: () => void
}) {
  const [audience, setAudience] = useState<Audience>('internal')
  const [key, setKey] = useState<string | null>(null)
  const own = incident.templates.filter((template) => template.audience === audience)
  const [first] = own
  const chosen = own.find((template) => template.key === key) ?? first
  const { draft, type, sent } = useDraft(`warroom-update-${incident.number}-${audience}`, first?.text)
  const send = useAction(actions.update)
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={async (event) => {
        event.preventDefault()
        if (!(await send.run({ number: incident.number, audience, ...draft }))) return
        sent()
        onSent()
      }}
    >
      <Segmented
        label="Audience"
        value={audience}
        options={[
          { value: 'internal', label: 'Internal' },
          { value: 'status-page', label: 'Status page, public' },
        ]}
        onChange={setAudience}
      />
      <div className="flex flex-wrap gap-1.5">
        {own.map((template) => (
          <Button
            key={template.key}
            size="s"
            onClick={() => {
              setKey(template.key)
              type(template.text)
            }}
          >
            {template.label}
          </Button>
        ))}
      </div>
      <textarea
        className="incident-input min-h-36 py-2"
        aria-label="Text of the update"
        value={draft.text}
        onChange={(event) => type(event.target.value)}
      />
      {chosen && (
        <details className="text-12 text-text-2">
          <summary>Sources of the draft</summary>
          <ul className="mt-1 flex flex-col gap-1">
            {chosen.sentences.map(({ text, source }) => (
              <li key={text}>
                {text} <span className="text-text-3">{source}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {send.error && (
        <p role="alert" className="text-12 text-state-problem">
          {send.error} Your text is kept here.
        </p>
      )}
      <div className="flex items-center justify-end gap-2">
        {audience === 'status-page' && <StateWord state="lagging" word="PUBLIC" />}
        <span className="grow" />
        <Button type="submit" look="go" disabled={send.busy || draft.text.trim() === ''}>
          {audience === 'status-page' ? 'Publish on the status page' : 'Send to the incident channel'}
        </Button>
      </div>
    </form>
  )
}
