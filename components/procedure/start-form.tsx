'use client'

import { useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useId, useState } from 'react'
import { nodeWords } from '../../lib/domain/cluster/node-key'
import type { EnvironmentKind } from '../../lib/domain/environment'
import { incidentLabel } from '../../lib/domain/incident/labels'
import { askedInputs, isAsked, type RunMode } from '../../lib/domain/procedure/types'
import type { ProcedureView } from '../../lib/domain/run/view'
import { useSnapshotPart } from '../../lib/queries/cluster'
import { restorePointQuery } from '../../lib/queries/restore-point'
import { activeRunsQuery } from '../../lib/queries/run'
import type { StartRun } from '../../lib/web/present/actions'
import { Button } from '../ui/button'
import { Segmented } from '../ui/segmented'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'
import { Errors, fieldProblem, InputField } from './input-field'
import { Prerequisites, PrerequisitesLine, usePreflight } from './prerequisites'

const modeSays: Record<RunMode, (environment: string) => string> = {
  'dry-run': () => 'Shows every step and changes nothing.',
  drill: (environment) => `Acts on ${environment} as a rehearsal. Every dangerous step waits for a second person.`,
  real: (environment) => `Acts on ${environment}. Every dangerous step waits for a second person.`,
}
const leastReason = 10

/** Inputs with live defaults, the prerequisites looked at now, and the start itself. Real only where a real incident is open, or somebody chooses it. */
export function StartForm({
  procedure,
  environment,
  incidentNumber,
  opens,
  mayStart,
  actions,
}: {
  procedure: ProcedureView
  environment: { name: string; kind: EnvironmentKind }
  incidentNumber: number | null
  /** What the incident and the diagnosis suggest. */
  opens: { mode: RunMode; reason: string }
  mayStart: { allowed: boolean; why: string | null }
  actions: { start: StartRun }
}) {
  const router = useRouter()
  const [mode, setMode] = useState<RunMode>(opens.mode)
  const [entered, setEntered] = useState<Record<string, string | number>>(() =>
    Object.fromEntries(procedure.fields.map((field) => [field.name, field.default])),
  )
  const [reason, setReason] = useState(opens.reason)
  const [typed, setTyped] = useState('')
  // What is missing is said once somebody has tried to start, what is wrong at once.
  const [tried, setTried] = useState(false)
  const asked = procedure.fields.filter((field) => isAsked(field, entered))
  const inputs = askedInputs(procedure.fields, entered)
  const preflight = usePreflight({ slug: procedure.slug, mode, inputs })
  const begin = useAction(async (input: Parameters<StartRun>[0]) => {
    const result = await actions.start(input)
    if (result.ok) router.push(`/runs/${result.value.id}`)
    return result
  })
  const asksPoint = procedure.fields.some(({ type }) => type === 'restore-point')
  const { data: restore } = useQuery({ ...restorePointQuery(incidentNumber), enabled: asksPoint })
  const id = useId()
  const fields = { ...preflight.refused?.fields, ...begin.fields }
  const problems = {
    reason: reason.trim().length < leastReason ? `Enter a reason (${leastReason} characters or more).` : null,
    typed: mode === 'real' && typed !== environment.name ? `Type ${environment.name} to run this for real.` : null,
    inputs: asked.map((field) => fieldProblem(field, inputs[field.name] ?? '', restore ?? null)),
  }
  const errorsOf = (own: string | null, ...theirs: (string[] | undefined)[]) =>
    own ? [own] : [...new Set(theirs.flatMap((messages) => messages ?? []))]
  const reasonErrors = errorsOf(tried ? problems.reason : null, fields.reason)
  const typedErrors = errorsOf(tried ? problems.typed : null, fields.typedEnvironment)

  const submit = (form: HTMLFormElement) => {
    setTried(true)
    if (problems.reason || problems.typed || problems.inputs.some(Boolean)) {
      // After the messages are there: the eye and the keyboard go to the first of them.
      requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
      return
    }
    void begin.run({
      slug: procedure.slug,
      mode,
      inputs,
      reason: reason.trim(),
      typedEnvironment: typed,
      incidentNumber,
    })
  }

  return (
    <>
      <OtherRun />
      <form
        className="panel start-form"
        noValidate
        aria-labelledby={`${id}-title`}
        onSubmit={(event) => {
          event.preventDefault()
          submit(event.currentTarget)
        }}
      >
        <div className="panel-head border-line-1 border-b">
          <h2 id={`${id}-title`}>Start</h2>
          {incidentNumber !== null && (
            <Link href={`/incidents/${incidentNumber}`} className="text-12 text-accent">
              for {incidentLabel(incidentNumber)}
            </Link>
          )}
          <span className="grow" />
          <Segmented
            label="Mode"
            value={mode}
            onChange={setMode}
            options={[
              { value: 'dry-run', label: 'Dry run' },
              ...(environment.kind === 'production' ? [] : [{ value: 'drill' as const, label: 'Drill' }]),
              { value: 'real', label: 'Real' },
            ]}
          />
        </div>
        <fieldset className="flex min-w-0 flex-col gap-3 p-4" disabled={!mayStart.allowed}>
          <p className="text-12 text-text-2">{modeSays[mode](environment.name)}</p>
          {asked.map((field, index) => (
            <InputField
              incident={incidentNumber}
              key={field.name}
              id={`${id}-${field.name}`}
              field={field}
              value={inputs[field.name] ?? ''}
              errors={errorsOf(problems.inputs[index] ?? null, fields[`inputs.${field.name}`])}
              onChange={(value) => setEntered({ ...entered, [field.name]: value })}
            />
          ))}
          <BetterTarget
            chosen={inputs.target}
            known={procedure.fields.find((f) => f.name === 'target')?.choices?.map((c) => c.value) ?? []}
            onChoose={(target) => setEntered({ ...entered, target })}
          />
          <div className="form-field">
            <label htmlFor={`${id}-reason`}>Reason (required)</label>
            <textarea
              id={`${id}-reason`}
              className="field-area"
              rows={2}
              maxLength={500}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
              aria-invalid={reasonErrors.length > 0 || undefined}
              aria-describedby={reasonErrors.length > 0 ? `${id}-reason-error` : undefined}
            />
            <Errors id={`${id}-reason-error`} messages={reasonErrors} />
          </div>
          {mode === 'real' && (
            <div className="form-field">
              <label htmlFor={`${id}-environment`}>
                Type the name of the environment, <span className="mono">{environment.name}</span>
              </label>
              <input
                id={`${id}-environment`}
                className="field-text mono"
                autoComplete="off"
                autoCapitalize="off"
                spellCheck={false}
                value={typed}
                onChange={(event) => setTyped(event.target.value.trim())}
                aria-invalid={typedErrors.length > 0 || undefined}
                aria-describedby={typedErrors.length > 0 ? `${id}-environment-error` : undefined}
              />
              <Errors id={`${id}-environment-error`} messages={typedErrors} />
            </div>
          )}
          {begin.error && (
            <p role="alert" className="text-state-problem">
              {begin.error} Your input is kept.
            </p>
          )}
          {!mayStart.allowed && <p className="text-text-2">{mayStart.why}</p>}
          <PrerequisitesLine current={preflight.current} />
          <Button type="submit" look={mode === 'dry-run' ? 'go' : 'danger'} disabled={begin.busy || !mayStart.allowed}>
            {mode === 'dry-run' ? `Dry run ${procedure.key}` : `Start ${procedure.key} on ${environment.name}`}
            {mode === 'drill' ? ' as a drill' : ''}
          </Button>
        </fieldset>
      </form>
      <Prerequisites {...preflight} />
    </>
  )
}

/** Another run has the cluster: whose it is, and the way to watch it. */
function OtherRun() {
  const { data } = useQuery(activeRunsQuery)
  const other = data?.runs.find((run) => run.mode !== 'dry-run')
  if (!other) return null
  return (
    <section className="panel st-waiting other-run" aria-label="Another run">
      <StateWord state="waiting" word="ANOTHER RUN IS ACTIVE" />
      <p>
        {other.startedBy.name} runs {other.title}
        {other.step ? `, at step ${other.step.number} of ${other.step.of}: ${other.step.title}` : ''}. Only a dry run
        can start now.
      </p>
      <p>
        <Link href={`/runs/${other.id}`} className="btn" data-size="s">
          Watch this run
        </Link>
      </p>
    </section>
  )
}

/** The best candidate may change while the form is filled in: it is offered, never changed behind one's back. */
function BetterTarget({
  chosen,
  known,
  onChoose,
}: {
  chosen: string | number | undefined
  known: string[]
  onChoose: (target: string) => void
}) {
  const best = useSnapshotPart((snapshot) => snapshot.candidates)?.find((c) => c.best)?.nodeId
  if (!best || best === chosen || !known.includes(best)) return null
  return (
    <p className="text-12 text-state-lagging" role="status">
      {nodeWords(best)} would lose the least data.{' '}
      <button type="button" className="underline" onClick={() => onChoose(best)}>
        Choose it
      </button>
    </p>
  )
}
