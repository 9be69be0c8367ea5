import type { ReactNode } from 'react'
import type { InputField } from '../../lib/domain/procedure/types'
import type { ProcedureStepView, ProcedureView } from '../../lib/domain/run/view'
import { formatClock } from '../../lib/web/present/format'
import { formatEstimate, stageWords } from '../../lib/web/present/run'
import { CommandBlock } from '../run/command-block'
import { Effect } from '../run/effect'
import { ProofFacts } from '../run/proof-facts'
import { Panel } from '../ui/panel'

const clock = (seconds: number) => formatClock(seconds * 1000)

/** A procedure as a good runbook page: when, what it costs, every step with its commands, proof and way back. */
export function ProcedurePage({ procedure, children }: { procedure: ProcedureView; children: ReactNode }) {
  const dangerous = procedure.steps.filter((step) => step.effect === 'DANGEROUS')
  return (
    <div className="desk-page procedure-grid">
      <div className="flex min-w-0 flex-col gap-3 max-[700px]:contents">
        <header>
          <div className="flex flex-wrap items-baseline gap-2">
            <span className="num text-text-3">{procedure.key}</span>
            <h1 className="font-semibold text-20">{procedure.title}</h1>
            <span className="text-12 text-text-3">
              version <span className="num">{procedure.version}</span>
            </span>
          </div>
          <p className="text-text-2">{procedure.purpose}</p>
          {procedure.unfit && (
            <p className="mt-1 text-state-problem">
              <b className="strong">Cannot be run here.</b> {procedure.unfit}
            </p>
          )}
        </header>
        <div className="procedure-facts">
          <Panel title="When to use it">
            <dl className="facts px-4 pb-4">
              <dt>Choose</dt>
              <dd>{procedure.chooseWhen}</dd>
              <dt>Never</dt>
              <dd>{procedure.neverWhen}</dd>
              <dt>Scenarios</dt>
              <dd>{procedure.scenarios.join(', ') || 'None: it ends no incident.'}</dd>
              <dt>Topologies</dt>
              <dd>{procedure.topologies.join(', ')}</dd>
            </dl>
          </Panel>
          <Panel title="What it takes">
            <dl className="facts px-4 pb-4">
              <dt>Runbook</dt>
              <dd className="num">{formatEstimate(procedure.estimate)}</dd>
              <dt>Past runs</dt>
              <dd>
                {procedure.measured ? (
                  <>
                    p50 <span className="num">{clock(procedure.measured.p50Seconds)}</span>, p90{' '}
                    <span className="num">{clock(procedure.measured.p90Seconds)}</span>, of{' '}
                    <span className="num">{procedure.measured.runs}</span>, including waits for people
                  </>
                ) : (
                  'No finished run or drill yet.'
                )}
              </dd>
              <dt>Dangerous steps</dt>
              <dd>{dangerous.map((step) => step.title).join('; ') || 'None.'}</dd>
              <dt>People</dt>
              <dd>
                {procedure.steps.some((step) => step.asks)
                  ? 'Two people: a second person approves exactly what is shown.'
                  : 'One.'}
              </dd>
            </dl>
          </Panel>
        </div>
        <Panel title="Inputs" className="print-only">
          <dl className="facts px-4 pb-4">
            {procedure.fields.map((field) => (
              <div key={field.name} className="contents">
                <dt>{field.label}</dt>
                <dd>
                  {field.help} Now: <span className="num">{defaultWords(field)}</span>
                  {field.unit ? ` ${field.unit}` : ''}
                </dd>
              </div>
            ))}
          </dl>
        </Panel>
        <Panel
          title="Steps"
          aside={<span className="text-12 text-text-3">runbook’s estimate, and p50 / p90 of past runs</span>}
        >
          <ol className="procedure-steps">
            {procedure.steps.map((step) => (
              <Step key={step.id} step={step} />
            ))}
          </ol>
        </Panel>
      </div>
      <div className="procedure-side">{children}</div>
    </div>
  )
}

/** The value that the form begins with, as it is called there. */
const defaultWords = ({ default: value, choices }: InputField) =>
  choices?.find((choice) => choice.value === value)?.label ?? (value === '' ? 'none' : value)

function Step({ step }: { step: ProcedureStepView }) {
  return (
    <li id={step.id}>
      <div className="flex flex-wrap items-center gap-2">
        <span className="num text-text-3">{step.number}</span>
        <h3 className="font-semibold">{step.title}</h3>
        <Effect effect={step.effect} asks={step.asks} />
        {step.stage && (
          <span className="text-12 text-text-3">
            {step.stage.title}: {stageWords(step.stage)}
          </span>
        )}
        <span className="grow" />
        <span className="num whitespace-nowrap text-12 text-text-2">{formatEstimate(step.estimate)}</span>
        <span
          className="num min-w-[104px] whitespace-nowrap text-right text-12 text-text-3"
          title={step.measured ? `Of ${step.measured.runs} finished runs` : 'No finished run yet'}
        >
          {step.measured ? `${clock(step.measured.p50Seconds)} / ${clock(step.measured.p90Seconds)}` : '– / –'}
        </span>
      </div>
      <p className="text-text-2">{step.why}</p>
      {step.command && <CommandBlock cli={step.command} />}
      <dl className="facts">
        <ProofFacts step={step} />
      </dl>
      {step.undoCommand && (
        <details className="text-12 text-text-2">
          <summary>The rollback command</summary>
          <div className="mt-2">
            <CommandBlock cli={step.undoCommand} />
          </div>
        </details>
      )}
    </li>
  )
}
