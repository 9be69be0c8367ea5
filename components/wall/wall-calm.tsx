import type { ReactNode } from 'react'
import type { LagHistory } from '../../lib/domain/cluster/feed'
import type { WallAnswer } from '../../lib/queries/wall'
import { presentVerdict, seriesOf } from '../../lib/web/present/cluster'
import {
  dash,
  formatAge,
  formatClock,
  formatPercent,
  formatSeconds,
  formatTimeOfDay,
  shortNames,
} from '../../lib/web/present/format'
import type { State } from '../../lib/web/present/state'
import { formatSpan } from '../incident/span'
import { StateWord, stateIcons } from '../ui/state'
import { WallCorner, WallDead, type WallSight } from './wall'
import { lagPath } from './wall-chart'

const dayMs = 86_400_000

/** No incident: is everything that a recovery would need in place? */
export function WallCalm({
  answer,
  history,
  now,
  sight,
  rpo,
}: {
  answer: WallAnswer
  history: LagHistory | null
  now: number
  sight: WallSight
  rpo: { targetSeconds: number; maximumSeconds: number }
}) {
  const { snapshot, wall } = answer
  const { readiness } = wall
  const finding = snapshot?.diagnosis ?? null
  const [onCallRole = '', onCallName = ''] = readiness.onCall.split(': ')
  const look = sight.dead || !finding ? { state: 'unknown' as State, word: 'UNKNOWN' } : presentVerdict(finding)
  const Icon = stateIcons[look.state]
  const at = now || wall.now
  const headline = sight.dead
    ? 'The state is not known'
    : look.state === 'ok'
      ? readiness.runbookOverdue || readiness.lastProvedRestoreAt === null
        ? 'Healthy, not all ready'
        : 'Healthy and ready'
      : (finding?.kind ?? '') === 'degraded'
        ? 'Running, not at full strength'
        : 'Look at the database'
  const availability = snapshot?.availability.value ?? null
  const left = availability ? availability.budgetSeconds - availability.usedSeconds : null
  const restorable = snapshot?.backups.value?.latestRestorableAt ?? null
  const restorableAge = restorable === null ? null : at - restorable
  const days = (ms: number) => Math.max(0, Math.ceil(ms / dayMs))
  const date = (ms: number) =>
    new Date(ms).toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short' })
  return (
    <>
      {sight.dead ? (
        <WallDead sight={sight} />
      ) : (
        <div className="flex items-center gap-5">
          <span className="font-semibold text-[26px] tracking-tight">CastMatch War Room</span>
          <span className="grow" />
          <WallCorner answer={answer} sight={sight} />
        </div>
      )}
      <div className="flex items-end gap-8 pb-11">
        <div className="min-w-0 flex-1">
          <div className="flex items-center gap-7 whitespace-nowrap font-[620] text-[96px] leading-[104px] tracking-[-0.035em]">
            <Icon
              aria-hidden
              className="size-20 flex-none"
              style={{ color: `var(--state-${look.state === 'dead' ? 'problem' : look.state})` }}
              strokeWidth={2}
            />
            <span style={headline.length > 22 ? { fontSize: 72 } : undefined}>{headline}</span>
          </div>
          <div className="mt-2.5 truncate text-[34px] text-text-2 leading-[44px]">
            {sight.dead
              ? 'The last finding is not shown, because it is old.'
              : finding?.headline.replace(/^Healthy\. /, '')}
          </div>
        </div>
        <div className="text-right" suppressHydrationWarning>
          <div style={{ font: '560 96px/104px var(--font-mono)', letterSpacing: '-.06em' }}>
            {formatTimeOfDay(at).slice(0, 5)}
          </div>
          <div className="mt-2.5 whitespace-nowrap text-[34px] text-text-2 leading-[44px]">
            {new Date(at).toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long' })}
          </div>
        </div>
      </div>
      <div className="grid grid-cols-4 grid-rows-2 gap-x-12 gap-y-7">
        <LagCell answer={answer} history={history} sight={sight} rpo={rpo} />
        <Cell
          title="Restorable to"
          state={restorableAge === null || sight.dead ? 'unknown' : restorableAge > 600_000 ? 'lagging' : 'ok'}
          figure={restorableAge === null ? dash : formatClock(restorableAge)}
          unit={restorableAge === null ? undefined : 'ago'}
          says={[
            snapshot?.backups.value ? `${snapshot.backups.value.retentionDays} days back` : 'Backups are not seen',
            snapshot?.backups.observedAt ? `${formatAge(at - snapshot.backups.observedAt)} ago` : '',
          ]}
        />
        <Cell
          title="Availability left"
          state={left === null || sight.dead ? 'unknown' : left <= 0 ? 'problem' : left < 600 ? 'lagging' : 'ok'}
          figure={left === null ? dash : formatClock(Math.abs(left) * 1000)}
          unit={
            availability
              ? `${left !== null && left < 0 ? 'over' : 'of'} ${formatClock(availability.budgetSeconds * 1000)}`
              : undefined
          }
          says={[
            availability ? `${availability.monthLabel}, 99.9 %` : 'Not known',
            availability && availability.coverage < 0.995
              ? `seen ${formatPercent(availability.coverage)} of the month`
              : '',
          ]}
        />
        <Cell
          title="Last proved restore"
          state={
            readiness.lastProvedRestoreAt === null
              ? 'unknown'
              : at - readiness.lastProvedRestoreAt > 35 * dayMs
                ? 'lagging'
                : 'ok'
          }
          {...(readiness.lastProvedRestoreAt === null
            ? { figure: 'Never', word: 'NOT YET', words: true, says: ['No restore was proved here yet', ''] }
            : {
                figure: String(Math.floor((at - readiness.lastProvedRestoreAt) / dayMs)),
                unit: 'days ago',
                says: [date(readiness.lastProvedRestoreAt), ''],
              })}
        />
        <Cell
          title="Next drill"
          state={readiness.nextDrillAt === null ? 'unknown' : readiness.nextDrillAt < at ? 'problem' : 'ok'}
          word={readiness.nextDrillAt !== null && readiness.nextDrillAt < at ? 'OVERDUE' : undefined}
          {...(readiness.nextDrillAt === null
            ? { figure: 'Not planned', words: true, says: ['', ''] }
            : {
                figure: String(days(Math.abs(readiness.nextDrillAt - at))),
                unit: readiness.nextDrillAt < at ? 'days late' : 'days',
                says: [date(readiness.nextDrillAt), ''],
              })}
        />
        <Cell
          title="Runbook review"
          state={readiness.runbookOverdue ? 'problem' : 'ok'}
          word={readiness.runbookOverdue ? 'OVERDUE' : undefined}
          figure={String(days(Math.abs(readiness.runbookReviewDueAt - at)))}
          unit={readiness.runbookOverdue ? 'days late' : 'days'}
          says={[
            `due ${new Date(readiness.runbookReviewDueAt).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })}`,
            '',
          ]}
        />
        <Cell title="On call now" state="ok" word="REACHABLE" figure={onCallRole} words says={[onCallName, '']} />
      </div>
      <div className="flex items-end text-[26px] text-text-3">
        <span>
          {finding && finding.kind === 'healthy' && !sight.dead ? (
            <>
              Quiet for <span className="num text-text-1">{formatSeconds((at - finding.since) / 1000)}</span>
            </>
          ) : (
            ''
          )}
        </span>
        <span className="grow" />
        <span className="mono">{typeof window === 'undefined' ? '' : window.location.host}</span>
      </div>
    </>
  )
}

function Cell({
  title,
  state,
  word,
  figure,
  unit,
  words,
  says,
}: {
  title: string
  state: State
  word?: string | undefined
  figure: string
  unit?: string | undefined
  words?: boolean
  says: string[]
}) {
  return (
    <div className="wall-cell">
      <div className="flex items-center justify-between">
        <span className="k">{title}</span>
        <StateWord state={state} word={word} />
      </div>
      <div className="mt-6 whitespace-nowrap">
        <span className="figure" data-words={words || undefined}>
          {figure}
        </span>
        {unit && <span className="unit">{unit}</span>}
      </div>
      <Says says={says} />
    </div>
  )
}
function Says({ says }: { says: string[] }): ReactNode {
  return (
    <div className="mt-4">
      <div className="say">{says[0]}</div>
      <div className="say">{says[1]}</div>
    </div>
  )
}

function LagCell({
  answer,
  history,
  sight,
  rpo,
}: {
  answer: WallAnswer
  history: LagHistory | null
  sight: WallSight
  rpo: { targetSeconds: number }
}) {
  const nodes = answer.snapshot?.nodes ?? []
  const names = shortNames(nodes.map((node) => node.id))
  const colours = seriesOf(nodes)
  const readers = nodes
    .filter((node) => node.id !== answer.snapshot?.writerId)
    .sort((a, b) => Number(a.role === 'cross-region') - Number(b.role === 'cross-region') || a.id.localeCompare(b.id))
    .slice(0, 3)
  const lags = readers.map((node) => (node.lag.value?.known ? node.lag.value.seconds : null))
  const worst = lags.includes(null) || lags.length === 0 ? null : Math.max(...(lags as number[]))
  const state: State =
    worst === null || sight.dead ? 'unknown' : worst > rpo.targetSeconds ? 'problem' : worst > 30 ? 'lagging' : 'ok'
  return (
    <div className="wall-cell col-span-2">
      <div className="flex items-center justify-between">
        <span className="k">Replication lag, last 15 min</span>
        <StateWord state={state} />
      </div>
      <div className="mt-5">
        {readers.map((node, i) => {
          const lag = lags[i] ?? null
          const top = Math.max(2, ...(history?.series[node.id]?.seconds ?? []).map((value) => value ?? 0))
          return (
            <div key={node.id} className="grid h-16 grid-cols-[220px_minmax(0,1fr)_170px] items-center gap-x-4">
              <span className="truncate text-[32px]">{names[node.id]}</span>
              <svg viewBox="0 0 240 40" width="100%" height="52" preserveAspectRatio="none" aria-hidden>
                {history && (
                  <path
                    d={lagPath(
                      history,
                      node.id,
                      (at) => (240 * (at - history.fromMs)) / Math.max(1, history.toMs - history.fromMs),
                      (seconds) => 38 - (36 * seconds) / top,
                    )}
                    fill="none"
                    stroke={`var(--series-${colours[node.id] ?? 1})`}
                    strokeWidth="2.5"
                    vectorEffect="non-scaling-stroke"
                  />
                )}
              </svg>
              <span className="num text-right font-[560] text-[48px] tracking-[-0.05em]">
                {lag === null ? dash : formatSeconds(lag)}
              </span>
            </div>
          )
        })}
        {readers.length === 0 && <div className="say">No reader is seen</div>}
      </div>
      <div className="mt-3 text-[24px] text-text-3 leading-8">target {formatSpan(rpo.targetSeconds * 1000)}</div>
    </div>
  )
}
