'use client'

import type { ClocksView } from '../../lib/domain/incident/view'
import { utcWords } from '../../lib/domain/units'
import { dash, formatClock, formatPercent, formatTimeOfDay } from '../../lib/web/present/format'
import { objectiveBar, presentLoss, presentObjective, presentRemaining } from '../../lib/web/present/incident'
import { StateWord } from '../ui/state'
import { useElapsedMs } from './elapsed'
import { formatSpan } from './span'

function ObjectiveBar({ clocks }: { clocks: ClocksView }) {
  const elapsed = useElapsedMs(clocks)
  const bar = objectiveBar(clocks, elapsed)
  const percent = (share: number) => `${share * 100}%`
  return (
    <div
      className={`objective-bar st-${bar.tone}`}
      role="img"
      aria-label={`${formatClock(elapsed)} since impact; target ${formatSpan(clocks.rto.targetMs)}, maximum ${formatSpan(clocks.rto.maximumMs)}`}
    >
      <i style={{ width: percent(bar.elapsed) }} />
      {bar.projected !== null && (
        <u style={{ left: percent(bar.elapsed), width: percent(bar.projected - bar.elapsed) }} />
      )}
      <b style={{ left: percent(bar.target), background: 'var(--state-lagging)' }} />
      <b style={{ left: 'calc(100% - 2px)', background: 'var(--state-problem)' }} />
    </div>
  )
}

/** Elapsed, RTO left, projection and loss: what the commander looks at first. */
export function Clocks({ clocks }: { clocks: ClocksView }) {
  const elapsed = useElapsedMs(clocks)
  const left = clocks.rto.targetMs - elapsed
  const stopped = clocks.restoredAt !== null || clocks.resolvedAt !== null
  const loss = presentLoss(clocks.rpo)
  const rpo = presentObjective(clocks.rpo.verdict)
  const rto = presentObjective(clocks.rto.verdict)
  return (
    <section className="panel clock-panel" aria-label="Clocks">
      <div className="flex justify-between gap-2 text-12 text-text-2">
        <span>{stopped ? 'Impact lasted' : 'Elapsed since impact'}</span>
        <span>{left >= 0 ? 'RTO left' : 'Past RTO target'}</span>
      </div>
      <div className="incident-clocks">
        <span className="incident-clock num">{formatClock(elapsed)}</span>
        <span className={`incident-clock num ${left < 0 ? 'text-state-problem' : ''}`}>
          {formatClock(Math.abs(left))}
        </span>
      </div>
      <div className="mt-3">
        <ObjectiveBar clocks={clocks} />
        <div className="relative mt-1.5 h-4 text-12">
          <span
            className="-translate-x-1/2 absolute whitespace-nowrap text-state-lagging"
            style={{ left: `${(100 * clocks.rto.targetMs) / clocks.rto.maximumMs}%` }}
          >
            {formatSpan(clocks.rto.targetMs)} target
          </span>
          <span className="absolute right-0 whitespace-nowrap text-state-problem">
            {formatSpan(clocks.rto.maximumMs)} max
          </span>
        </div>
      </div>
      <p className="clock-more mt-2 text-12 text-text-2">
        {clocks.restoredAt ? (
          <>
            Writes restored at <Moment at={clocks.restoredAt} />.{' '}
            <StateWord state={rto.state} word={rto.word} className="align-middle" />
          </>
        ) : clocks.rto.projected ? (
          <>
            About <b className="num strong text-text-1">{presentRemaining(clocks)}</b> remain, until{' '}
            <Moment at={clocks.rto.projected.highAt} /> at the latest. {clocks.rto.projected.basis}
          </>
        ) : clocks.resolvedAt !== null ? (
          'It ended without proof that writes work again. The achieved RTO is unknown.'
        ) : (
          clocks.rto.notProjected
        )}
      </p>
      <hr className="my-3 border-line-1" />
      <div className="flex items-center justify-between gap-2 text-12 text-text-2">
        <span>{clocks.rpo.state === 'fixed' ? 'Lost' : 'Loss if we fail over now'}</span>
        <StateWord state={rpo.state} word={clocks.rpo.verdict === 'met' && !stopped ? 'IN TARGET' : rpo.word} />
      </div>
      <div className="num mt-1 font-semibold text-20">{loss.seconds ?? 'unknown'}</div>
      <p className="clock-more text-12 text-text-3">
        {loss.bytes && (
          <>
            <span className="num">{loss.bytes}</span>.{' '}
          </>
        )}
        {clocks.rpo.fixedAt !== null && (
          <>
            Fixed at <span className="num">{formatTimeOfDay(clocks.rpo.fixedAt)}</span>.{' '}
          </>
        )}
        {clocks.rpo.says}
      </p>
      <details className="budget clock-more mt-2 text-12 text-text-3">
        <summary>
          <span className="num text-text-2">
            {clocks.availability.share === null ? dash : formatPercent(clocks.availability.share)}
          </span>{' '}
          of the month
          {clocks.availability.contradiction && <StateWord state="lagging" word="OVER BUDGET" className="ml-1" />}
        </summary>
        <p className="mt-1">
          {clocks.availability.says} The monthly budget is{' '}
          <span className="num">{formatClock(clocks.availability.budgetMs)}</span>
          {clocks.availability.monthSpentMs !== null && (
            <>
              , of which <span className="num">{formatClock(clocks.availability.monthSpentMs)}</span> is spent
            </>
          )}
          .
        </p>
        {clocks.availability.contradiction && <p className="mt-1">{clocks.availability.contradiction}</p>}
      </details>
    </section>
  )
}

function Moment({ at }: { at: number }) {
  return (
    <time className="num strong text-text-1" dateTime={new Date(at).toISOString()} title={utcWords(at)}>
      {formatTimeOfDay(at)}
    </time>
  )
}
