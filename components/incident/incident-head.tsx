'use client'

import { PencilLine } from 'lucide-react'
import { useState } from 'react'
import { incidentLabel, severityLabels } from '../../lib/domain/incident/labels'
import type { Severity } from '../../lib/domain/incident/types'
import type { IncidentView } from '../../lib/domain/incident/view'
import type { IncidentActions } from '../../lib/web/present/actions'
import { presentStatus } from '../../lib/web/present/incident'
import { Button } from '../ui/button'
import { Labelled } from '../ui/labelled'
import { Refusal } from '../ui/refusal'
import { Modal } from '../ui/sheet'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'

/** What it is called, how grave it is, and where it stands. */
export function IncidentHead({
  incident,
  actions,
  onDone,
  stale,
}: {
  incident: IncidentView
  actions: IncidentActions
  onDone: () => void
  stale: boolean
}) {
  const [open, setOpen] = useState<'severity' | 'title' | null>(null)
  const close = () => setOpen(null)
  const look = presentStatus(incident.status)
  return (
    <header className="incident-head">
      <button
        type="button"
        className="severity"
        data-severity={incident.severity}
        disabled={!incident.rights.changeSeverity.allowed}
        title={incident.severityReason ?? severityLabels[incident.severity]}
        id="severity"
        aria-label={`${incident.severity}, change the severity`}
        onClick={() => setOpen('severity')}
      >
        {incident.severity}
      </button>
      <span className="num text-text-2">{incidentLabel(incident.number)}</span>
      {incident.kind === 'drill' && <StateWord state="lagging" word="DRILL" look="solid" />}
      <h1 className="incident-title">{incident.title}</h1>
      {incident.rights.rename.allowed && (
        <Button
          size="s"
          look="ghost"
          iconOnly
          id="rename"
          aria-label="Rename this incident"
          onClick={() => setOpen('title')}
        >
          <PencilLine aria-hidden />
        </Button>
      )}
      <StateWord state={look.state} word={look.word} look="chip" />
      {stale && <StateWord state="unknown" word="NOT REFRESHED" />}
      <span className="grow" />
      <span className="wide-only truncate text-12 text-text-3">
        {incident.scenario} {incident.scenarioTitle}
      </span>
      <a className="btn" data-size="s" data-look="ghost" href={`/incidents/${incident.number}/report`}>
        Report
      </a>
      <Modal open={open === 'severity'} onOpenChange={close} title="Change severity">
        <SeverityForm
          incident={incident}
          change={actions.severity}
          onDone={() => {
            close()
            onDone()
          }}
        />
      </Modal>
      <Modal open={open === 'title'} onOpenChange={close} title="Rename incident">
        <TitleForm
          incident={incident}
          rename={actions.rename}
          onDone={() => {
            close()
            onDone()
          }}
        />
      </Modal>
    </header>
  )
}

function SeverityForm({
  incident,
  change,
  onDone,
}: {
  incident: IncidentView
  change: IncidentActions['severity']
  onDone: () => void
}) {
  const [severity, setSeverity] = useState<Severity>(incident.severity)
  const [reason, setReason] = useState('')
  const { run, busy, error } = useAction(change)
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={async (event) => {
        event.preventDefault()
        if (await run({ number: incident.number, version: incident.version, severity, reason })) onDone()
      }}
    >
      <fieldset className="flex flex-col gap-2">
        <legend className="label mb-1">Severity</legend>
        {(Object.keys(severityLabels) as Severity[]).map((value) => (
          <label key={value} className="choice">
            <input type="radio" name="severity" checked={severity === value} onChange={() => setSeverity(value)} />
            <b className="strong">{value}</b>
            <span className="text-text-2">{severityLabels[value]}</span>
          </label>
        ))}
      </fieldset>
      <input
        className="incident-input"
        aria-label="Reason"
        placeholder="Reason, for the record"
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      <Refusal why={error} />
      <Button type="submit" look="go" disabled={busy || severity === incident.severity || reason.trim().length < 5}>
        Change to {severity}
      </Button>
    </form>
  )
}

function TitleForm({
  incident,
  rename,
  onDone,
}: {
  incident: IncidentView
  rename: IncidentActions['rename']
  onDone: () => void
}) {
  const [title, setTitle] = useState(incident.title)
  const { run, busy, error } = useAction(rename)
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={async (event) => {
        event.preventDefault()
        if (await run({ number: incident.number, version: incident.version, title: title.trim() })) onDone()
      }}
    >
      <Labelled label="Title">
        <input
          className="incident-input"
          value={title}
          maxLength={200}
          onChange={(event) => setTitle(event.target.value)}
        />
      </Labelled>
      <p className="text-12 text-text-2">The timeline keeps the old title.</p>
      <Refusal why={error} />
      <Button
        type="submit"
        look="go"
        className="self-end"
        disabled={busy || title.trim() === '' || title.trim() === incident.title}
      >
        Rename
      </Button>
    </form>
  )
}
