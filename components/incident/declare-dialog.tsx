'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import type { Scenario } from '../../lib/domain/cluster/types'
import { incidentLabel, severityLabels } from '../../lib/domain/incident/labels'
import type { IncidentKind, Severity } from '../../lib/domain/incident/types'
import type { AlertView, DeclareView } from '../../lib/domain/incident/view'
import { localWords, type PickedTime, pickLocal } from '../../lib/domain/local-time'
import { cutText } from '../../lib/domain/text'
import { serverNow } from '../../lib/queries/clock'
import { declareQuery } from '../../lib/queries/incident'
import type { Declare } from '../../lib/web/present/actions'
import { Button } from '../ui/button'
import { Labelled, LabelledGroup } from '../ui/labelled'
import { Skeleton } from '../ui/panel'
import { Segmented } from '../ui/segmented'
import { TimeChoices } from '../ui/time-choices'
import { useAction } from '../ui/use-action'

/** What stands in the dialog: the diagnosis in the words of an incident, for a person to check and send. */
export default function DeclareDialog({
  declare,
  alert = null,
  onClose,
}: {
  declare: Declare
  /** Declared from this alert: it lends its title and, when the collector saw nothing, its beginning. */
  alert?: AlertView | null
  onClose: () => void
}) {
  const { data, error } = useQuery({ ...declareQuery, staleTime: 0, refetchOnMount: 'always' })
  if (error && !data)
    return (
      <p role="alert" className="text-state-problem">
        {error.message}
      </p>
    )
  if (!data)
    return (
      <div className="flex flex-col gap-4" aria-busy="true">
        {[180, 260, 120, 320].map((width) => (
          <Skeleton key={width} width={width} height={28} />
        ))}
      </div>
    )
  return <Form view={alert ? fromAlert(data, alert) : data} alert={alert} declare={declare} onClose={onClose} />
}

/** What an alert adds to the diagnosis; what the collector saw itself stands. */
function fromAlert(view: DeclareView, alert: AlertView): DeclareView {
  const detected = view.impactStartedAt !== null
  return {
    ...view,
    scenarios: view.scenarios.map((scenario) => ({ ...scenario, suggestedTitle: cutText(alert.title, 200) })),
    ...(detected ? {} : { impactStartedAt: alert.firstAt, impactReason: 'When the alert started firing.' }),
    ...(!detected && alert.severity === 'critical'
      ? { suggestedSeverity: { severity: 'SEV1' as const, reason: 'The alert is critical.' } }
      : {}),
  }
}

/** Local wall-clock text for <input type="datetime-local">, with seconds. */
const toLocal = (at: number, zone: string) => localWords(at, zone).replace(' ', 'T')

function Form({
  view,
  alert,
  declare,
  onClose,
}: {
  view: DeclareView
  alert: AlertView | null
  declare: Declare
  onClose: () => void
}) {
  const router = useRouter()
  const client = useQueryClient()
  const [scenario, setScenario] = useState<Scenario>(view.scenario ?? view.scenarios[0]?.key ?? 'S1')
  const chosen = view.scenarios.find((candidate) => candidate.key === scenario)
  const [ticked, setTicked] = useState<ReadonlySet<string>>(
    () =>
      new Set(
        view.scenarios.flatMap((candidate) => candidate.symptoms.filter((s) => s.ticked).map((symptom) => symptom.id)),
      ),
  )
  const [severity, setSeverity] = useState<Severity>(view.suggestedSeverity.severity)
  const [title, setTitle] = useState(chosen?.suggestedTitle ?? '')
  const [titleOwn, setTitleOwn] = useState(false)
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const [suggestedAt] = useState(() => view.impactStartedAt ?? serverNow())
  const [impact, setImpact] = useState<{ text: string } & PickedTime>(() => ({
    text: toLocal(suggestedAt, zone),
    at: suggestedAt,
    question: null,
  }))
  const [commander, setCommander] = useState<string>(view.me.id)
  const [kind, setKind] = useState<IncidentKind>('real')
  const send = useAction(async (input: Parameters<Declare>[0]) => {
    const result = await declare(input)
    if (result.ok) {
      void client.invalidateQueries({ queryKey: ['incident'] })
      router.push(`/incidents/${result.value.number}`)
      onClose()
    }
    return result
  })
  return (
    <form
      className="flex flex-col gap-3.5"
      onSubmit={(event) => {
        event.preventDefault()
        if (impact.at === null) return
        void send.run({
          title: title.trim(),
          severity,
          scenario,
          symptoms: (chosen?.symptoms ?? []).filter((symptom) => ticked.has(symptom.id)).map((symptom) => symptom.id),
          impactStartedAt: impact.at,
          kind,
          commanderId: commander || null,
          ...(alert ? { alertId: alert.id } : {}),
        })
      }}
    >
      {view.alreadyOpen && (
        <p className="rounded-[7px] border border-line-2 px-3 py-2 text-12 text-state-lagging">
          {incidentLabel(view.alreadyOpen.number)} is already open: {view.alreadyOpen.title}.{' '}
          <a className="inline-link" href={`/incidents/${view.alreadyOpen.number}`}>
            Open it instead
          </a>
        </p>
      )}
      <LabelledGroup
        label="Severity"
        hint={`${severityLabels[severity]}.${severity === view.suggestedSeverity.severity ? ` Suggested: ${view.suggestedSeverity.reason}` : ''}`}
      >
        <Segmented
          label="Severity"
          value={severity}
          options={(['SEV1', 'SEV2', 'SEV3'] as const).map((value) => ({ value, label: value }))}
          onChange={setSeverity}
        />
      </LabelledGroup>
      <LabelledGroup label="Scenario">
        <Segmented
          label="Scenario"
          value={scenario}
          options={view.scenarios.map((candidate) => ({ value: candidate.key, label: candidate.key }))}
          onChange={(next) => {
            setScenario(next)
            const other = view.scenarios.find((candidate) => candidate.key === next)
            if (!titleOwn && other) setTitle(other.suggestedTitle)
          }}
        />
        <fieldset className="mt-1 flex flex-col gap-0.5">
          <legend className="mb-1 font-[550] text-13">{chosen?.title}</legend>
          {chosen?.symptoms.map((symptom) => (
            <label key={symptom.id} className="choice">
              <input
                type="checkbox"
                checked={ticked.has(symptom.id)}
                onChange={(event) => {
                  const next = new Set(ticked)
                  if (event.target.checked) next.add(symptom.id)
                  else next.delete(symptom.id)
                  setTicked(next)
                }}
              />
              <span className="text-text-2">{symptom.text}</span>
            </label>
          ))}
        </fieldset>
      </LabelledGroup>
      <Labelled label="Title">
        <input
          className="incident-input"
          value={title}
          maxLength={200}
          onChange={(event) => {
            setTitle(event.target.value)
            setTitleOwn(true)
          }}
        />
      </Labelled>
      <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
        <Labelled label="Impact started" hint={view.impactReason}>
          <input
            type="datetime-local"
            step={1}
            className="incident-input num"
            value={impact.text}
            onChange={({ target: { value: text } }) =>
              // What the field shows to the second is kept to the millisecond unless somebody changes it.
              setImpact(
                text === toLocal(suggestedAt, zone)
                  ? { text, at: suggestedAt, question: null }
                  : { text, ...pickLocal(text, zone) },
              )
            }
          />
        </Labelled>
        <Labelled label="Commander">
          <select className="incident-input" value={commander} onChange={(event) => setCommander(event.target.value)}>
            {view.people.map((person) => (
              <option key={person.id} value={person.id}>
                {person.name}
                {person.id === view.me.id ? ' (me)' : ''}
              </option>
            ))}
            <option value="">Unassigned</option>
          </select>
        </Labelled>
      </div>
      {impact.question && (
        <TimeChoices
          question={impact.question}
          zone={zone}
          onChoose={(at) => setImpact({ text: toLocal(at, zone), at, question: null })}
        />
      )}
      {send.error && (
        <p role="alert" className="text-12 text-state-problem">
          {send.error} {Object.values(send.fields).flat().join(' ')}
        </p>
      )}
      {!view.right.allowed && <p className="text-12 text-state-lagging">{view.right.why}</p>}
      <div className="flex items-center gap-3 pt-1">
        <label className="choice text-12 text-text-2">
          <input
            type="checkbox"
            checked={kind === 'drill'}
            onChange={(event) => setKind(event.target.checked ? 'drill' : 'real')}
          />
          This is a drill
        </label>
        <span className="grow" />
        <Button
          type="submit"
          look={kind === 'drill' ? 'go' : 'danger'}
          disabled={send.busy || impact.at === null || !view.right.allowed || title.trim() === ''}
          autoFocus
        >
          Declare {kind === 'drill' ? 'drill' : severity}
        </Button>
      </div>
    </form>
  )
}
