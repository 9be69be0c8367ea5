'use client'

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useRouter } from 'next/navigation'
import { useEffect, useId, useState } from 'react'
import type { ActionResult } from '../../lib/domain/errors'
import type { InputField, RunMode } from '../../lib/domain/procedure/types'
import type { ProcedureView } from '../../lib/domain/run/view'
import { preflightQuery } from '../../lib/queries/run'
import { modeWords } from '../../lib/web/present/run'
import { Button } from '../ui/button'
import { Panel } from '../ui/panel'
import { Segmented } from '../ui/segmented'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'

export interface StartInput {
  slug: string
  mode: RunMode
  inputs: Record<string, string | number>
  reason: string
  typedEnvironment: string
  incidentId: string | null
}
export interface StartActions {
  check: (input: {
    slug: string
    mode: RunMode
    inputs: Record<string, string | number>
  }) => Promise<ActionResult<{ id: string }>>
  start: (input: StartInput) => Promise<ActionResult<{ id: string }>>
}

/** Inputs with live defaults, the prerequisites looked at now, and the start itself. Dry run unless chosen otherwise. */
export function StartForm({
  procedure,
  environment,
  incidentId,
  mayStart,
  actions,
}: {
  procedure: ProcedureView
  environment: { name: string; kind: 'production' | 'staging' | 'lab' }
  incidentId: string | null
  mayStart: { allowed: boolean; why: string | null }
  actions: StartActions
}) {
  const router = useRouter()
  const [mode, setMode] = useState<RunMode>('dry-run')
  const [inputs, setInputs] = useState<Record<string, string | number>>(() =>
    Object.fromEntries(procedure.fields.map((field) => [field.name, field.default])),
  )
  const [reason, setReason] = useState('')
  const [typed, setTyped] = useState('')
  const [preflightId, setPreflightId] = useState<string | null>(null)
  const check = useAction(async (input: Parameters<StartActions['check']>[0]) => {
    const result = await actions.check(input)
    if (result.ok) setPreflightId(result.value.id)
    return result
  })
  const begin = useAction(async (input: StartInput) => {
    const result = await actions.start(input)
    if (result.ok) router.push(`/runs/${result.value.id}`)
    return result
  })
  const id = useId()
  const key = JSON.stringify([mode, inputs])
  const { run: runCheck } = check
  // Prerequisites are looked at again whenever what they depend on changes.
  useEffect(() => {
    if (!mayStart.allowed) return
    const [chosenMode, chosenInputs] = JSON.parse(key) as [RunMode, Record<string, string | number>]
    const timer = setTimeout(() => void runCheck({ slug: procedure.slug, mode: chosenMode, inputs: chosenInputs }), 300)
    return () => clearTimeout(timer)
  }, [key, mayStart.allowed, procedure.slug, runCheck])

  const fields = { ...check.fields, ...begin.fields }
  const problem = begin.error ?? check.error
  return (
    <>
      <form
        className="panel"
        aria-labelledby={`${id}-title`}
        onSubmit={(event) => {
          event.preventDefault()
          void begin.run({ slug: procedure.slug, mode, inputs, reason, typedEnvironment: typed, incidentId })
        }}
      >
        <div className="panel-head border-line-1 border-b">
          <h2 id={`${id}-title`}>Start</h2>
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
        <div className="flex flex-col gap-3 p-4">
          <p className="text-12 text-text-2">
            {mode === 'dry-run'
              ? 'Observes and renders every step, and changes nothing.'
              : `Acts on ${environment.name}. Every dangerous step waits for a second person.`}
          </p>
          {procedure.fields.map((field) => (
            <Field
              key={field.name}
              id={`${id}-${field.name}`}
              field={field}
              value={inputs[field.name] ?? ''}
              errors={fields[field.name] ?? fields[`inputs.${field.name}`]}
              onChange={(value) => setInputs({ ...inputs, [field.name]: value })}
            />
          ))}
          <label className="form-field" htmlFor={`${id}-reason`}>
            <span>Why now</span>
            <textarea
              id={`${id}-reason`}
              className="field-area"
              rows={2}
              minLength={10}
              maxLength={500}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
              aria-describedby={fields.reason ? `${id}-reason-error` : undefined}
            />
            <Errors id={`${id}-reason-error`} messages={fields.reason} />
          </label>
          {mode === 'real' && (
            <label className="form-field" htmlFor={`${id}-environment`}>
              <span>
                Type the name of the environment, <span className="mono">{environment.name}</span>
              </span>
              <input
                id={`${id}-environment`}
                className="field-text mono"
                autoComplete="off"
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
              />
              <Errors id={`${id}-environment-error`} messages={fields.typedEnvironment} />
            </label>
          )}
          {problem && (
            <p role="alert" className="text-state-problem">
              {problem}
            </p>
          )}
          {!mayStart.allowed && <p className="text-text-2">{mayStart.why}</p>}
          <Button type="submit" look={mode === 'dry-run' ? 'go' : 'danger'} disabled={begin.busy || !mayStart.allowed}>
            {mode === 'dry-run' ? `Dry run ${procedure.key}` : `Start ${procedure.key} on ${environment.name}`}
            {mode === 'drill' ? ' as a drill' : ''}
          </Button>
        </div>
      </form>
      <Preflight id={preflightId} mode={mode} />
    </>
  )
}

function Field({
  id,
  field,
  value,
  errors,
  onChange,
}: {
  id: string
  field: InputField
  value: string | number
  errors: string[] | undefined
  onChange: (value: string | number) => void
}) {
  return (
    <label className="form-field" htmlFor={id}>
      <span>
        {field.label}
        {field.unit ? ` (${field.unit})` : ''}
      </span>
      {field.type === 'choice' ? (
        <select id={id} className="field-text" value={value} onChange={(event) => onChange(event.target.value)}>
          {field.choices?.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
              {choice.note ? `: ${choice.note}` : ''}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          className="field-text num"
          type={field.type === 'number' ? 'number' : 'text'}
          min={field.min}
          max={field.max}
          value={value}
          onChange={(event) =>
            onChange(
              field.type === 'number' && event.target.value !== '' ? Number(event.target.value) : event.target.value,
            )
          }
        />
      )}
      <span className="text-11 text-text-3">{field.help}</span>
      <Errors id={`${id}-error`} messages={errors} />
    </label>
  )
}

function Errors({ id, messages }: { id: string; messages: string[] | undefined }) {
  if (!messages?.length) return null
  return (
    <span id={id} role="alert" className="text-12 text-state-problem">
      {messages.join(' ')}
    </span>
  )
}

const states = { pass: 'ok', warn: 'lagging', block: 'problem' } as const
const words = { pass: 'OK', warn: 'WARN', block: 'BLOCKED' } as const

/** Prerequisites, looked at by the runner just now: pass, warn or block, each with its reason. */
function Preflight({ id, mode }: { id: string | null; mode: RunMode }) {
  // A new look keeps the answers of the last one in place until its own are there.
  const { data, error } = useQuery({
    ...preflightQuery(id ?? ''),
    enabled: id !== null,
    placeholderData: keepPreviousData,
  })
  const checking = id !== null && (data?.id !== id || (data.state !== 'done' && data.state !== 'failed'))
  return (
    <Panel
      title="Prerequisites"
      aside={
        checking ? (
          <StateWord state="working" word="CHECKING" />
        ) : (
          data?.state === 'done' && (
            <StateWord state={data.mayStart ? 'ok' : 'problem'} word={data.mayStart ? 'MAY START' : 'BLOCKED'} />
          )
        )
      }
    >
      <div className="px-4 pb-4" aria-live="polite">
        {error && <p className="text-state-problem">{error.message}</p>}
        {data?.error && <p className="text-state-problem">{data.error}</p>}
        {!data && !error && (
          <p className="text-12 text-text-2">
            {id ? 'A runner looks at them now.' : `They are looked at for a ${modeWords[mode].toLowerCase()}.`}
          </p>
        )}
        <ul className="preflight">
          {data?.checks.map((check) => (
            <li key={check.id}>
              <StateWord state={states[check.result]} word={words[check.result]} />
              <div>
                <div>{check.title}</div>
                <div className="text-12 text-text-3">{check.message}</div>
              </div>
            </li>
          ))}
        </ul>
      </div>
    </Panel>
  )
}
