'use client'

import { useState } from 'react'
import { useIncident, useRefresh } from '../../lib/queries/incident'
import type { IncidentActions } from '../../lib/web/present/actions'
import { activeRun } from './active-run'
import { Checklist } from './checklist'
import { Clocks } from './clocks'
import { Copies } from './copies'
import { DecisionSheet } from './decision-sheet'
import { EscalationPanel } from './escalation-panel'
import { IncidentHead } from './incident-head'
import { NextStep } from './next-step'
import { Roles } from './roles'
import { RunMini } from './run-mini'
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
      <IncidentHead incident={incident} actions={actions} onDone={refresh} stale={error !== null} />
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
        <NextStep incident={incident} actions={actions} onDone={refresh} />
        {run && <RunMini run={run} />}
        {incident.deciding && <DecisionSheet incident={incident} />}
        <Copies incident={incident} />
        <Checklist incident={incident} actions={actions} onDone={refresh} />
        <EscalationPanel incident={incident} actions={actions} onDone={refresh} />
      </div>
    </div>
  )
}
