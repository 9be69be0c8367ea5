'use client'

import Link from 'next/link'
import type { ClocksView, DecisionOption, IncidentView } from '../../lib/domain/incident/view'
import { dash, formatClock, formatSecondsRange } from '../../lib/web/present/format'
import { presentFit, presentPrerequisites, procedureHref } from '../../lib/web/present/incident'
import { Age } from '../ui/age'
import { Panel } from '../ui/panel'
import { StateWord } from '../ui/state'
import { DecidedLine } from './decided'
import { TimeBar } from './decision-bars'
import { formatSpan } from './span'

/** Every procedure side by side, and doing nothing: when each would be done and what each would lose. */
export function DecisionSheet({ incident }: { incident: IncidentView }) {
  const { sheet, clocks, number } = incident
  const target = (100 * clocks.rto.targetMs) / clocks.rto.maximumMs
  return (
    <Panel title="Decision sheet" aside={<Age at={sheet.observedAt} everyMs={1000} />}>
      <DecidedLine incident={incident} />
      <div className="sheet-row sheet-head label" aria-hidden>
        <span>Procedure</span>
        <span className="relative h-4">
          <span className="-translate-x-1/2 absolute text-state-lagging" style={{ left: `${target}%` }}>
            {formatSpan(clocks.rto.targetMs)}
          </span>
          <span className="-translate-x-1/2 absolute text-state-problem" style={{ left: '100%' }}>
            {formatSpan(clocks.rto.maximumMs)}
          </span>
        </span>
        <span className="text-right">Done in</span>
        <span className="text-right">Loss</span>
      </div>
      <ul>
        {sheet.options.map((option) => (
          <Option key={option.id} option={option} clocks={clocks} number={number} />
        ))}
      </ul>
      <p className="border-line-1 border-t px-4 py-2 text-12">
        <Link href={`/incidents/${number}/decision`} className="text-accent">
          Full decision sheet, with prerequisites and approvals
        </Link>
      </p>
    </Panel>
  )
}

function Option({ option, clocks, number }: { option: DecisionOption; clocks: ClocksView; number: number }) {
  const look = presentFit(option)
  const done = option.doneAfterMs
  const loss = option.loss
  const name = option.key === 'nothing' ? option.shortTitle : `${option.key} ${option.shortTitle}`
  const checked = presentPrerequisites(option.prerequisites)
  const why = `${option.fitsWhy} ${option.approvals.says} Prerequisites: ${checked.words} ${option.estimateBasis}`
  const href = procedureHref(option, number)
  return (
    <li className="sheet-row" data-recommended={option.fits === 'recommended' || undefined} title={why}>
      <div className="min-w-0">
        <div className="break-words font-[550] text-12 leading-4" title={option.title}>
          {href ? (
            <Link className="text-text-1 hover:underline" href={href}>
              {name}
            </Link>
          ) : (
            name
          )}
        </div>
        <StateWord state={look.state} word={look.word} />
        <span className="sr-only">{why}</span>
      </div>
      <TimeBar done={done} clocks={clocks} />
      <span className={`num text-right text-12 ${option.rtoVerdict === 'breached' ? 'text-state-problem' : ''}`}>
        {done ? formatClock(done.high) : dash}
      </span>
      <span
        className={`num text-right text-12 ${option.rpoVerdict === 'breached' ? 'text-state-problem' : ''}`}
        title={loss.says}
      >
        {loss.highMs !== null
          ? formatSecondsRange(loss.highMs / 1000, loss.highMs / 1000)
          : loss.lowMs !== null
            ? `≥ ${formatSecondsRange(loss.lowMs / 1000, loss.lowMs / 1000)}`
            : dash}
      </span>
    </li>
  )
}
