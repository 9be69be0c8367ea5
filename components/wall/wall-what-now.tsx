import { Hand, OctagonX, Play } from 'lucide-react'
import { listWords } from '../../lib/domain/units'
import type { WallNode } from '../../lib/domain/wall/picture'
import { waitingWords } from '../../lib/domain/wall/says'
import type { WallIncidentView } from '../../lib/domain/wall/view'
import { formatClock } from '../../lib/web/present/format'
import { formatEstimate } from '../../lib/web/present/run'
import { withShortNames } from './readers'

/** The current step alone; whoever is waited for is the loudest thing on the wall. */
export function WhatNow({ incident, nodes, now }: { incident: WallIncidentView; nodes: WallNode[]; now: number }) {
  const { run, next } = incident
  const waits = run ? waitingWords(run) : null
  if (run && waits) {
    const what = withShortNames(waits.what, nodes)
    return (
      <div className="wall-block" data-waits>
        <div className="head">
          {run.step?.state === 'failed' ? <OctagonX aria-hidden /> : <Hand aria-hidden />}
          WAITING FOR
          <span className="grow" />
          {run.asked && now > 0 && (
            <span className="ends">
              {run.asked.expiresAt > now ? (
                <>
                  ends in <span className="num">{formatClock(run.asked.expiresAt - now)}</span>
                </>
              ) : (
                'expired'
              )}
            </span>
          )}
          <Since at={run.waitingSince} now={now} />
        </div>
        <div className="who">{waits.who}</div>
        <div className="what" data-long={what.length > 46 || undefined}>
          <span>{what}</span>
        </div>
      </div>
    )
  }
  if (run?.step)
    return (
      <div className="wall-block">
        <div className="head">
          <Play aria-hidden />
          <span>
            Step <span className="num">{run.step.number}</span> of <span className="num">{run.step.of}</span>
          </span>
          <span className="grow" />
          <Since at={run.step.startedAt} now={now} />
        </div>
        <Named title={withShortNames(run.step.title, nodes)} />
        <div className="what">
          <span>
            {run.step.besides.length > 0
              ? `at the same time: ${withShortNames(listWords(run.step.besides), nodes)}`
              : run.title}
          </span>
          {run.step.estimate && <span className="ends">estimate {formatEstimate(run.step.estimate)}</span>}
        </div>
      </div>
    )
  return (
    <div className="wall-block">
      <div className="head text-text-2">{run ? 'Running' : 'Next'}</div>
      <Named title={run ? run.title : next.title} />
      <div className="what text-text-2">
        <span>{run ? run.sentence : next.why}</span>
      </div>
    </div>
  )
}

/** Short names are read from the door; long ones take two lines. */
const Named = ({ title }: { title: string }) => (
  <div className="who" data-long={title.length > 28 ? 'very' : title.length > 15 || undefined}>
    {title}
  </div>
)

const Since = ({ at, now }: { at: number | null; now: number }) =>
  at === null || now === 0 ? null : <span className="num text-[40px]">{formatClock(now - at)}</span>
