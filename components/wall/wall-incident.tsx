import { CircleQuestionMark, Hand, Play, Siren } from 'lucide-react'
import type { LagHistory } from '../../lib/domain/cluster/feed'
import type { WallView } from '../../lib/domain/incident/view'
import type { WallAnswer } from '../../lib/queries/wall'
import { formatClock, formatTimeOfDay } from '../../lib/web/present/format'
import {
  elapsedAt,
  incidentName,
  objectiveBar,
  plainWords,
  presentLoss,
  presentObjective,
  severityState,
} from '../../lib/web/present/incident'
import { formatEstimate } from '../../lib/web/present/run'
import { formatSpan } from '../incident/span'
import { StateWord, stateIcons } from '../ui/state'
import { Qr } from './qr'
import { WallCorner, WallDead, type WallSight } from './wall'
import { WallChart } from './wall-chart'
import { WallTopology } from './wall-topology'

type Incident = NonNullable<WallView['incident']>

/** In the order in which people entering the room ask: how bad, how long; what now; who, and what just happened. */
export function WallIncident({
  answer,
  incident,
  history,
  now,
  sight,
  rpo,
}: {
  answer: WallAnswer
  incident: Incident
  history: LagHistory | null
  now: number
  sight: WallSight
  rpo: { targetSeconds: number; maximumSeconds: number }
}) {
  return (
    <>
      <HowBad answer={answer} incident={incident} now={now} sight={sight} />
      <section className="grid grid-cols-[1040px_minmax(0,1fr)] gap-11" aria-label="What now">
        {answer.snapshot ? (
          <WallTopology snapshot={answer.snapshot} now={now} />
        ) : (
          <div className="wall-block hatch justify-center text-center text-[34px]">The cluster is not seen</div>
        )}
        <div className="grid min-h-0 grid-rows-[minmax(0,1fr)_172px] gap-4">
          <WhatNow incident={incident} now={now} />
          <WallChart
            history={history}
            nodes={answer.snapshot?.nodes ?? []}
            writerId={answer.snapshot?.writerId ?? null}
            rpo={rpo}
          />
        </div>
      </section>
      <Who incident={incident} now={now} />
    </>
  )
}

function HowBad({
  answer,
  incident,
  now,
  sight,
}: {
  answer: WallAnswer
  incident: Incident
  now: number
  sight: WallSight
}) {
  const { clocks } = incident
  const elapsed = elapsedAt(clocks, now)
  const left = clocks.rto.targetMs - elapsed
  const stopped = clocks.restoredAt !== null || clocks.resolvedAt !== null
  const bar = objectiveBar(clocks, elapsed)
  const loss = presentLoss(clocks.rpo)
  const rpo = presentObjective(clocks.rpo.verdict)
  const state = severityState[incident.severity]
  const Icon = stateIcons[state]
  const tone = left < 0 ? 'text-state-problem' : bar.tone === 'lagging' ? 'text-state-lagging' : ''
  const share = (value: number) => `${value * 100}%`
  const long = (text: string) => text.length > 5 || undefined
  const elapsedText = formatClock(elapsed)
  const leftText = formatClock(Math.abs(left))
  const lossText = loss.seconds ?? 'unknown'
  return (
    <section aria-label="How bad, how long">
      {sight.dead ? (
        <WallDead sight={sight} />
      ) : (
        <div className="flex h-[52px] items-center gap-5">
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
              BREAK-GLASS: {incident.run.alone.by.name} acts alone
            </span>
          )}
          <span className="wall-line">{incident.title}</span>
          <span className="grow" />
          <WallCorner answer={answer} sight={sight} />
        </div>
      )}
      <div className={`mt-[18px] grid grid-cols-[580px_580px_minmax(0,1fr)] ${sight.dead ? 'hatch' : ''}`}>
        <div>
          <div className="k">{stopped ? 'Impact lasted' : 'Elapsed since impact'}</div>
          <div className="wall-big" data-long={long(elapsedText)}>
            {elapsedText}
          </div>
        </div>
        <div>
          <div className="k">
            {left >= 0 ? 'RTO left' : 'Past RTO'}, target {formatSpan(clocks.rto.targetMs)}
          </div>
          <div className={`wall-big ${tone}`} data-long={long(leftText)}>
            {leftText}
          </div>
        </div>
        <div className="border-line-1 border-l-2 pl-12">
          <div className="k">{clocks.rpo.state === 'fixed' ? 'Lost' : 'Loss if we fail over now'}</div>
          <div className="wall-mid mt-1.5" data-long={lossText.length > 9 || undefined}>
            {lossText}
          </div>
          <div className="k overflow-hidden text-ellipsis" style={{ color: 'var(--text-1)' }}>
            {loss.bytes ? <span className="num">{loss.bytes}</span> : clocks.rpo.says}
          </div>
          <div className="k mt-1 flex items-center gap-2.5">
            <StateWord
              state={rpo.state}
              word={
                clocks.rpo.verdict === 'met'
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
              writes came back at <span className="num">{formatTimeOfDay(clocks.restoredAt)}</span>
            </>
          ) : clocks.rto.projected ? (
            <>
              done after{' '}
              <span className="num">{formatClock(clocks.rto.projected.highAt - clocks.impactStartedAt)}</span>
            </>
          ) : (
            'no run yet'
          )}
        </span>
        <span style={{ left: share(Math.max(bar.target, 0.22)), color: 'var(--state-lagging)' }}>
          {formatSpan(clocks.rto.targetMs)} target
        </span>
        <span style={{ right: 0, color: 'var(--state-problem)' }}>{formatSpan(clocks.rto.maximumMs)} maximum</span>
      </div>
    </section>
  )
}

/** The current step alone; whoever is waited for is the loudest thing on the wall. */
function WhatNow({ incident, now }: { incident: Incident; now: number }) {
  const { run, next } = incident
  if (run?.waitingFor)
    return (
      <div className="wall-block" data-waits>
        <div className="head">
          <Hand aria-hidden />
          WAITING FOR
          <span className="grow" />
          {run.waitingSince !== null && now > 0 && (
            <span className="num text-[40px]">{formatClock(now - run.waitingSince)}</span>
          )}
        </div>
        <div className="who" data-long={run.waitingFor.length > 16 || undefined}>
          {run.waitingFor}
        </div>
        <div className="what">{run.step ? run.step.title : run.sentence}</div>
      </div>
    )
  if (run?.step)
    return (
      <div className="wall-block">
        <div className="head">
          <Play aria-hidden />
          <span>
            Step <span className="num">{run.step.number}</span> of <span className="num">{run.step.of}</span>
          </span>
          <span className="grow" />
          {run.step.startedAt !== null && now > 0 && (
            <span className="num text-[40px]">{formatClock(now - run.step.startedAt)}</span>
          )}
        </div>
        <div className="who" data-long={run.step.title.length > 16 || undefined}>
          {run.step.title}
        </div>
        <div className="what">
          {run.title}
          {run.step.estimate ? `, estimate ${formatEstimate(run.step.estimate)}` : ''}
        </div>
      </div>
    )
  return (
    <div className="wall-block">
      <div className="head text-text-2">Next</div>
      <div className="who" data-long={next.title.length > 16 || undefined}>
        {next.title}
      </div>
      <div className="what text-text-2">{next.why}</div>
    </div>
  )
}

function Who({ incident, now }: { incident: Incident; now: number }) {
  const due = incident.nextUpdateDueAt
  const left = due === null || now === 0 ? null : due - now
  const step = incident.run?.step ?? null
  const origin = typeof window === 'undefined' ? '' : window.location.origin
  return (
    <section className="wall-third" aria-label="Who, and what just happened">
      <dl className="wall-roles">
        {incident.roles.map((role) => (
          <Role key={role.role} label={role.label} holder={role.holder} />
        ))}
      </dl>
      <div className="wall-story">
        {incident.story
          .toSorted((a, b) => b.at - a.at)
          .slice(0, 5)
          .map((entry, i) => (
            <Told
              key={entry.id}
              at={entry.at}
              text={`${entry.kind === 'decision' ? 'Decision: ' : ''}${plainWords(entry.text)}`}
              now={now}
              old={i > 2}
            />
          ))}
      </div>
      <div>
        <div className="k">{left !== null && left < 0 ? 'Update overdue by' : 'Next update due in'}</div>
        <div
          className={`num ${left !== null && left < 0 ? 'text-state-waiting' : ''}`}
          style={{ font: '620 64px/72px var(--font-mono)', letterSpacing: '-.055em' }}
        >
          {formatClock(left === null ? null : Math.abs(left))}
        </div>
        {step && (
          <>
            <div className="k mt-3">
              Step <b className="num text-text-1">{step.number}</b> of <span className="num">{step.of}</span>
            </div>
            <div className="wall-steps" aria-hidden>
              {Array.from({ length: step.of }, (_, i) => (
                <i
                  // biome-ignore lint/suspicious/noArrayIndexKey: steps are their place
                  key={i}
                  data-past={i + 1 < step.number || undefined}
                  data-now={(i + 1 === step.number && !incident.run?.waitingFor) || undefined}
                  data-waits={(i + 1 === step.number && !!incident.run?.waitingFor) || undefined}
                />
              ))}
            </div>
          </>
        )}
        <div className="k mt-1.5" style={{ fontSize: 24 }}>
          Checklist <b className="num text-text-1">{incident.checklist.passed}</b> of{' '}
          <span className="num">{incident.checklist.of}</span>
        </div>
      </div>
      <div className="flex flex-col items-end">
        <div className="size-[156px]">
          {origin && <Qr text={`${origin}${incident.path}`} label={`QR code to ${incidentName(incident.number)}`} />}
        </div>
        <div className="num font-semibold text-[28px] leading-10">{incidentName(incident.number)}</div>
      </div>
    </section>
  )
}

function Role({ label, holder }: { label: string; holder: string | null }) {
  const short = label === 'Commander' ? 'Command' : label === 'Communications' ? 'Comms' : label
  return (
    <>
      <dt>{short}</dt>
      <dd>
        {holder ?? (
          <span className="wall-empty">
            <CircleQuestionMark aria-hidden />
            Nobody
          </span>
        )}
      </dd>
    </>
  )
}

function Told({ at, text, now, old }: { at: number; text: string; now: number; old: boolean }) {
  return (
    <>
      <span className="num when">{now === 0 ? '' : formatClock(now - at).replace(/^0(?=\d:)/, '')}</span>
      <span className={old ? 'what old' : 'what'}>{text}</span>
    </>
  )
}
