'use client'

import { useState } from 'react'
import type { Severity } from '../../lib/domain/incident/types'
import type { IncidentView } from '../../lib/domain/incident/view'
import { useIncident, useRefresh } from '../../lib/queries/incident'
import { incidentName, presentStatus, severityWords } from '../../lib/web/present/incident'
import { Button } from '../ui/button'
import { Modal } from '../ui/sheet'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'
import type { IncidentActions } from './actions'
import { Checklist } from './checklist'
import { Clocks } from './clocks'
import { DecisionSheet } from './decision-sheet'
import { EscalationPanel } from './escalation-panel'
import { NextStep } from './next-step'
import { Roles } from './roles'
import { activeRun, RunMini } from './run-mini'
import { Status } from './status'
import { Tasks } from './tasks'
import { Timeline } from './timeline'
import { Updates } from './updates'
import { WallLinks } from './wall-links'

const tabs = [
  { value: 'timeline', label: 'Timeline' },
  { value: 'lead', label: 'Lead' },
  { value: 'act', label: 'Act' },
] as const

/** One incident: clocks and people on the left, what happened in the middle, what to do on the right. */
export function IncidentScreen({ number, actions }: { number: number; actions: IncidentActions }) {
  const { data: incident, error, isPending } = useIncident(number)
  const refresh = useRefresh(number)
  const [tab, setTab] = useState<(typeof tabs)[number]['value']>('timeline')
  if (isPending) return <div className="incident-grid" aria-busy="true" />
  if (!incident)
    return (
      <div className="panel m-4 p-6">
        <h1 className="font-semibold text-20">This incident cannot be shown</h1>
        <p className="mt-1 text-text-2">{error?.message ?? 'It was not found.'}</p>
      </div>
    )
  const run = activeRun(incident.runs)
  return (
    <div className="incident-grid" data-tab={tab} data-kind={incident.kind}>
      <Head incident={incident} actions={actions} onDone={refresh} stale={error !== null} />
      <div className="incident-clocks-place">
        <Clocks clocks={incident.clocks} />
      </div>
      {run?.state === 'waiting' && (
        <div className="incident-waits">
          <RunMini run={run} />
        </div>
      )}
      <div className="incident-tabs" role="tablist" aria-label="Parts of the incident">
        {tabs.map(({ value, label }) => (
          <button key={value} type="button" role="tab" aria-selected={tab === value} onClick={() => setTab(value)}>
            {label}
          </button>
        ))}
      </div>
      <div className="incident-lead">
        <Status incident={incident} actions={actions} onDone={refresh} />
        <Roles incident={incident} actions={actions} onDone={refresh} />
        <Updates incident={incident} actions={actions} onDone={refresh} />
        <Tasks incident={incident} actions={actions} onDone={refresh} />
        <WallLinks incident={incident} actions={actions} onDone={refresh} />
      </div>
      <div className="incident-centre">
        <Timeline incident={incident} actions={actions} onChanged={refresh} />
      </div>
      <div className="incident-act">
        <NextStep incident={incident} />
        {run && <RunMini run={run} />}
        <DecisionSheet incident={incident} />
        <Checklist incident={incident} actions={actions} onDone={refresh} />
        <EscalationPanel incident={incident} actions={actions} onDone={refresh} />
      </div>
    </div>
  )
}

function Head({
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
  const [open, setOpen] = useState(false)
  const look = presentStatus(incident.status)
  return (
    <header className="incident-head">
      <button
        type="button"
        className="severity"
        data-severity={incident.severity}
        disabled={!incident.rights.changeSeverity.allowed}
        title={incident.severityReason ?? severityWords[incident.severity]}
        aria-label={`${incident.severity}, change the severity`}
        onClick={() => setOpen(true)}
      >
        {incident.severity}
      </button>
      <span className="num text-text-2">{incidentName(incident.number)}</span>
      {incident.kind === 'drill' && <StateWord state="lagging" word="DRILL" look="solid" />}
      <h1 className="incident-title">{incident.title}</h1>
      <StateWord state={look.state} word={look.word} look="chip" />
      {stale && <StateWord state="unknown" word="NOT REFRESHED" />}
      <span className="grow" />
      <span className="wide-only truncate text-12 text-text-3">
        {incident.scenario} {incident.scenarioTitle}
      </span>
      <a className="btn" data-size="s" data-look="ghost" href={`/incidents/${incident.number}/report`}>
        Report
      </a>
      <Modal open={open} onOpenChange={setOpen} title="Change the severity">
        <SeverityForm
          incident={incident}
          change={actions.severity}
          onDone={() => {
            setOpen(false)
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
        {(Object.keys(severityWords) as Severity[]).map((value) => (
          <label key={value} className="choice">
            <input type="radio" name="severity" checked={severity === value} onChange={() => setSeverity(value)} />
            <b className="strong">{value}</b>
            <span className="text-text-2">{severityWords[value]}</span>
          </label>
        ))}
      </fieldset>
      <input
        className="incident-input"
        aria-label="Reason"
        placeholder="Reason"
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      {error && (
        <p role="alert" className="text-12 text-state-problem">
          {error}
        </p>
      )}
      <Button type="submit" look="go" disabled={busy || severity === incident.severity || reason.trim() === ''}>
        Change to {severity}
      </Button>
    </form>
  )
}
