import type { ReactNode } from 'react'
import type { ProcedureView } from '../../lib/domain/run/view'
import { formatClock } from '../../lib/web/present/format'
import { formatEstimate } from '../../lib/web/present/run'
import { CommandBlock } from '../run/command-block'
import { Effect } from '../run/effect'
import { Panel } from '../ui/panel'

const measured = (m: ProcedureView['measured']) =>
  m
    ? `p50 ${formatClock(m.p50Seconds * 1000)}, p90 ${formatClock(m.p90Seconds * 1000)} of ${m.runs} runs`
    : 'no finished run yet'

/** A procedure as a good runbook page: when, what it costs, every step with its command, proof and way back. */
export function ProcedurePage({ procedure, children }: { procedure: ProcedureView; children: ReactNode }) {
  return (
    <div className="desk-page procedure-grid">
      <div className="flex min-w-0 flex-col gap-3">
        <header>
          <div className="flex flex-wrap items-baseline gap-2">
            <span className="num text-text-3">{procedure.key}</span>
            <h1 className="font-semibold text-20">{procedure.title}</h1>
            <span className="text-12 text-text-3">
              version <span className="num">{procedure.version}</span>
            </span>
          </div>
          <p className="text-text-2">{procedure.purpose}</p>
        </header>
        <Panel title="When">
          <dl className="facts px-4 pb-4">
            <dt>Choose</dt>
            <dd>{procedure.chooseWhen}</dd>
            <dt>Never</dt>
            <dd>{procedure.neverWhen}</dd>
            <dt>Scenarios</dt>
            <dd>{procedure.scenarios.join(', ')}</dd>
            <dt>Topologies</dt>
            <dd>{procedure.topologies.join(', ')}</dd>
            <dt>Estimate</dt>
            <dd>
              runbook <span className="num">{formatEstimate(procedure.estimate)}</span>; {measured(procedure.measured)}
            </dd>
          </dl>
        </Panel>
        <Panel title="Steps">
          <ol className="procedure-steps">
            {procedure.steps.map((step) => (
              <li key={step.id}>
                <div className="flex flex-wrap items-center gap-2">
                  <span className="num text-text-3">{step.number}</span>
                  <h3 className="font-semibold">{step.title}</h3>
                  <Effect effect={step.effect} />
                  <span className="grow" />
                  <span className="num text-12 text-text-2" title={measured(step.measured)}>
                    {formatEstimate(step.estimate)}
                    {step.measured ? `, p50 ${formatClock(step.measured.p50Seconds * 1000)}` : ''}
                  </span>
                </div>
                <p className="text-text-2">{step.why}</p>
                {step.command && <CommandBlock cli={step.command} />}
                <dl className="facts">
                  <dt>Done when</dt>
                  <dd>{step.provedBy}</dd>
                  <dt>Way back</dt>
                  <dd>{step.undoneBy ?? (step.effect === 'READ' ? 'Nothing to undo; it only reads.' : 'None.')}</dd>
                </dl>
              </li>
            ))}
          </ol>
        </Panel>
      </div>
      <div className="flex min-w-0 flex-col gap-3 print:hidden">{children}</div>
    </div>
  )
}
