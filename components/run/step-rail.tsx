'use client'

import clsx from 'clsx'
import { Fragment, useEffect, useRef } from 'react'
import { stepIsSettled } from '../../lib/domain/run/states'
import type { StepView } from '../../lib/domain/run/view'
import { useNowSelect } from '../../lib/queries/clock'
import { formatClock } from '../../lib/web/present/format'
import { formatEstimate, presentStep, stageTimes, stageWords } from '../../lib/web/present/run'
import { stateIcons } from '../ui/state'
import { Effect } from './effect'

/** The steps of a run, with what each was to take and took, on one scale. */
export function StepRail({
  steps,
  currentId,
  shownId,
  onShow,
}: {
  steps: StepView[]
  currentId: string | null
  shownId: string | null
  onShow: (id: string) => void
}) {
  const scaleSeconds = Math.max(60, ...steps.map((step) => step.estimate.highSeconds))
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.key !== 'j' && event.key !== 'k') || event.metaKey || event.ctrlKey || event.altKey) return
      if (event.target instanceof HTMLElement && event.target.closest('input, textarea, select, [role="dialog"]'))
        return
      const at = steps.findIndex((step) => step.id === shownId)
      const next = steps[at + (event.key === 'j' ? 1 : -1)]
      if (next) onShow(next.id)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [steps, shownId, onShow])
  // Whatever the run comes to is in sight, also in a rail that is longer than its place.
  const rail = useRef<HTMLOListElement>(null)
  useEffect(() => {
    const [box, row] = [rail.current, rail.current?.querySelector<HTMLElement>(`[data-step="${currentId}"]`)]
    if (!box || !row) return
    const [inside, place] = [box.getBoundingClientRect(), row.getBoundingClientRect()]
    // The rail alone moves, never the page around it.
    if (place.top < inside.top) box.scrollTop -= inside.top - place.top
    else if (place.bottom > inside.bottom) box.scrollTop += place.bottom - inside.bottom
  }, [currentId])
  const current = steps.find((step) => step.id === currentId)
  const settled = steps.filter((s) => s.state === 'confirmed' || s.state === 'already-so').length
  return (
    <section className="panel step-rail" aria-labelledby="steps-title">
      <div className="panel-head border-line-1 border-b">
        <h2 id="steps-title">Steps</h2>
        <span className="grow" />
        <span className="text-12 text-text-3">
          <span className="num text-text-1">{settled}</span> of <span className="num text-text-1">{steps.length}</span>{' '}
          confirmed
        </span>
      </div>
      <ol ref={rail}>
        {steps.map((step, i) => {
          const look = presentStep(step.state)
          const Icon = look && stateIcons[look.state]
          const atWork =
            step.stage !== null && step.stage.id === current?.stage?.id && look !== null && !stepIsSettled(step.state)
          const here = step.id === currentId || atWork
          const begins = step.stage !== null && step.stage.id !== steps[i - 1]?.stage?.id ? step.stage : null
          return (
            <Fragment key={step.id}>
              {begins && (
                <li className="step-stage">
                  <b>{begins.title}</b> <StageTime steps={steps.filter(({ stage }) => stage?.id === begins.id)} />{' '}
                  {stageWords(begins)}
                </li>
              )}
              <li data-stage={step.stage?.id}>
                <button
                  type="button"
                  className={clsx('step-row', here && look && `st-${look.state}`)}
                  data-current={here || undefined}
                  data-step={step.id}
                  data-state={step.state}
                  aria-current={here ? 'step' : undefined}
                  aria-pressed={step.id === shownId}
                  onClick={() => onShow(step.id)}
                >
                  {Icon ? (
                    <span className={`st-${look.state} step-glyph`}>
                      <Icon aria-hidden className={look.state === 'working' ? 'spin' : undefined} />
                      <span className="sr-only-live">{look.word}</span>
                    </span>
                  ) : (
                    <span className="step-pending" title="Not started" />
                  )}
                  <span className="step-name" title={step.title}>
                    <span className="num text-text-3">{step.index + 1}</span>
                    {step.title}
                  </span>
                  <span className="step-second">
                    <Effect effect={step.effect} asks={step.asks} />
                    <span className="step-time num">
                      {step.startedAt !== null && (
                        <>
                          <b>
                            <Elapsed from={step.startedAt} to={step.finishedAt} />
                          </b>
                          {' / '}
                        </>
                      )}
                      {formatEstimate(step.estimate)}
                    </span>
                  </span>
                  <span className="step-bar">
                    <u style={{ width: `${(100 * step.estimate.highSeconds) / scaleSeconds}%` }} />
                    <StepActual step={step} scaleSeconds={scaleSeconds} />
                  </span>
                </button>
              </li>
            </Fragment>
          )
        })}
      </ol>
      <div className="step-legend">
        <span className="step-bar">
          <u style={{ width: '100%' }} />
        </span>
        runbook
        <span className="step-bar ml-2">
          <i className="st-ok" style={{ width: '100%' }} />
        </span>
        actual
        <span className="grow" />
        scale <span className="num">{formatEstimate({ lowSeconds: scaleSeconds, highSeconds: scaleSeconds })}</span>
      </div>
    </section>
  )
}

/** What running at the same time saves. */
function StageTime({ steps }: { steps: StepView[] }) {
  const text = useNowSelect((now) => {
    const times = stageTimes(steps, now)
    return times && now > 0 ? `${formatClock(times.togetherMs)}, one by one ${formatClock(times.oneByOneMs)}` : ''
  }, '')
  return text && <span className="num">{text}</span>
}

/** Ticks while the end is open. */
export function Elapsed({ from, to }: { from: number; to: number | null }) {
  return <>{useNowSelect((now) => formatClock((to ?? (now || from)) - from), '00:00')}</>
}

function StepActual({ step, scaleSeconds }: { step: StepView; scaleSeconds: number }) {
  const share = useNowSelect((now) => {
    if (step.startedAt === null) return 0
    const seconds = ((step.finishedAt ?? (now || step.startedAt)) - step.startedAt) / 1000
    return Math.min(100, Math.round((1000 * seconds) / scaleSeconds) / 10)
  }, 0)
  const look = presentStep(step.state)
  if (!look || share === 0) return null
  return <i className={`st-${look.state}`} style={{ width: `max(2px, ${share}%)` }} />
}
