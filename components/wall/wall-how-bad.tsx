import { Siren } from 'lucide-react'
import { incidentLabel } from '../../lib/domain/incident/labels'
import { othersWords, type WallSight } from '../../lib/domain/wall/says'
import type { WallIncidentView } from '../../lib/domain/wall/view'
import type { WallAnswer } from '../../lib/queries/wall'
import { elapsedAt } from '../../lib/web/present/elapsed'
import { formatClock, formatTimeOfDay } from '../../lib/web/present/format'
import {
  objectiveBar,
  presentLoss,
  presentObjective,
  presentRemaining,
  severityState,
} from '../../lib/web/present/incident'
import { formatSpan } from '../incident/span'
import { StateWord, stateIcons } from '../ui/state'
import { WallCorner, WallDead } from './wall-parts'

/** How bad, and how long: severity and a sentence, the clocks, the loss, and the bar from impact to the maximum. */
export function HowBad({
  answer,
  incident,
  now,
  sight,
}: {
  answer: WallAnswer
  incident: WallIncidentView
  now: number
  sight: WallSight
}) {
  const { clocks } = incident
  const elapsed = elapsedAt(clocks, now)
  const left = clocks.rto.targetMs - elapsed
  const stopped = clocks.restoredAt !== null || clocks.resolvedAt !== null
  const bar = objectiveBar(clocks, elapsed)
  const loss = presentLoss(clocks.rpo)
  // What was worked out from an old picture is not good now.
  const rpo = sight.dead ? presentObjective('unknown') : presentObjective(clocks.rpo.verdict)
  const state = severityState[incident.severity]
  const Icon = stateIcons[state]
  const tone = left < 0 ? 'text-state-problem' : bar.tone === 'lagging' ? 'text-state-lagging' : ''
  const share = (value: number) => `${value * 100}%`
  // "1:12:04" is wider than "12:04", "12:12:04" wider still, and neither may push its neighbour.
  const long = (text: string) => (text.length > 7 ? 'very' : text.length > 5 || undefined)
  const others = othersWords(answer.wall.others)
  const elapsedText = formatClock(elapsed)
  const leftText = formatClock(Math.abs(left))
  const lossText = loss.seconds ?? 'unknown'
  return (
    <section aria-label="Impact and time">
      {sight.says && (
        <WallDead says={sight.says}>
          {incident.kind === 'drill' ? 'DRILL ' : ''}
          {incident.severity} {incidentLabel(incident.number)}: <h1 className="inline">{incident.title}</h1>
        </WallDead>
      )}
      {!sight.says && (
        <div className="wall-head">
          {incident.kind === 'drill' && (
            <span className="wall-tag st-lagging" data-word="drill">
              DRILL
            </span>
          )}
          <span className={`wall-tag st-${state}`}>
            <Icon aria-hidden />
            {incident.severity}
          </span>
          {incident.run?.alone && (
            <span className="wall-tag st-problem" role="alert">
              <Siren aria-hidden />
              <span className="name">BREAK-GLASS: {incident.run.alone} acts alone</span>
            </span>
          )}
          <h1 className="wall-line" data-long={incident.title.length > 44 || undefined}>
            {incident.title}
          </h1>
          {others && <span className="wall-others">{others}</span>}
          <WallCorner answer={answer} sight={sight} />
        </div>
      )}
      <div className={sight.dead ? 'wall-clocks hatch' : 'wall-clocks'}>
        <div>
          <div className="k">{stopped ? 'Impact lasted' : 'Elapsed since impact'}</div>
          <div className="wall-big" data-long={long(elapsedText)}>
            <Digits text={elapsedText} />
          </div>
        </div>
        <div>
          <div className="k">
            {left >= 0 ? 'RTO left' : 'Past RTO'}, target {formatSpan(clocks.rto.targetMs)}
          </div>
          <div className={`wall-big ${tone}`} data-long={long(leftText)}>
            <Digits text={leftText} />
          </div>
        </div>
        <div className="loss">
          <div className="k">{clocks.rpo.state === 'fixed' ? 'Lost' : 'Loss if we fail over now'}</div>
          <div className="wall-mid mt-1.5" data-long={lossText.length > 9 || undefined}>
            {lossText}
          </div>
          <div className="k says">{loss.bytes ? <span className="num">{loss.bytes}</span> : clocks.rpo.says}</div>
          <div className="k mt-1 flex items-center gap-2.5">
            <StateWord
              state={rpo.state}
              word={
                clocks.rpo.verdict === 'met' && !sight.dead
                  ? `inside the ${formatSpan(clocks.rpo.targetMs)} target`
                  : rpo.word.toLowerCase()
              }
            />
          </div>
        </div>
      </div>
      <div className={`wall-bar st-${bar.tone}`}>
        <i style={{ width: share(bar.elapsed) }} />
        {bar.projected !== null && (
          <u style={{ left: share(bar.elapsed), width: share(bar.projected - bar.elapsed) }} />
        )}
        <b style={{ left: share(bar.target), background: 'var(--state-lagging)' }} />
        <b style={{ left: '99.8%', background: 'var(--state-problem)' }} />
      </div>
      <div className="wall-bar-words">
        <span style={{ left: 0, color: 'var(--state-working)' }}>
          {clocks.restoredAt ? (
            <>
              writes restored at <span className="num">{formatTimeOfDay(clocks.restoredAt)}</span>
            </>
          ) : clocks.rto.projected ? (
            <>
              <span className="num">{presentRemaining(clocks)}</span> remain
              {incident.run?.waitingFor === 'approval' && ' if approved now'}
            </>
          ) : (
            'no estimate yet'
          )}
        </span>
        <span className="target" style={{ left: share(Math.max(bar.target, 0.22)), color: 'var(--state-lagging)' }}>
          {formatSpan(clocks.rto.targetMs)} target
        </span>
        <span style={{ right: 0, color: 'var(--state-problem)' }}>{formatSpan(clocks.rto.maximumMs)} maximum</span>
      </div>
    </section>
  )
}

/** Digits keep their width; colons give some of theirs, so that hours fit beside minutes. */
const Digits = ({ text }: { text: string }) =>
  text.split(':').map((part, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: hours, minutes and seconds are their place
    <span key={i} className="contents">
      {i > 0 && <i>:</i>}
      {part}
    </span>
  ))
