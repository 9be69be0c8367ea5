import { incidentLabel } from '../../lib/domain/incident/labels'
import { calmHeadline, type WallSight } from '../../lib/domain/wall/says'
import type { WallLag, WallReadiness } from '../../lib/domain/wall/view'
import { useHydrated } from '../../lib/queries/cluster'
import type { WallAnswer } from '../../lib/queries/wall'
import { presentVerdict } from '../../lib/web/present/cluster'
import {
  dash,
  formatAge,
  formatClock,
  formatDate,
  formatPercent,
  formatSeconds,
  formatTimeOfDay,
} from '../../lib/web/present/format'
import type { State } from '../../lib/web/present/state'
import { stateIcons } from '../ui/state'
import { Cell, type CellWords, LagCell } from './wall-cells'
import { WallCorner, WallDead, type WallLimits } from './wall-parts'
import { WallRegions } from './wall-regions'

const dayMs = 86_400_000
/** A restore is proved each month; the same again as grace. */
const restoreProofDays = 35
const lateRestorableMs = 600_000

const day = (ms: number) => formatDate(ms, { weekday: 'short', day: 'numeric', month: 'short' })
const daysBetween = (from: number, to: number) => Math.max(0, Math.ceil((to - from) / dayMs))
const dayWord = (n: number) => (n === 1 ? 'day' : 'days')

/** No incident: is everything that a recovery would need in place? */
export function WallCalm({
  answer,
  lag,
  now,
  sight,
  rpo,
}: {
  answer: WallAnswer
  lag: WallLag | null
  now: number
  sight: WallSight
  rpo: WallLimits
}) {
  const hydrated = useHydrated()
  const { picture, wall } = answer
  const { readiness } = wall
  const finding = picture?.diagnosis ?? null
  const look = sight.dead || !finding ? { state: 'unknown' as State } : presentVerdict(finding)
  const Icon = stateIcons[look.state]
  const at = now || wall.now
  const headline = calmHeadline(picture, readiness, sight, at)
  return (
    <>
      {sight.says ? (
        <WallDead says={sight.says}>
          <h1 className="inline">CastMatch War Room</h1>, {wall.environment.name}
        </WallDead>
      ) : (
        <div className="wall-head">
          <h1 className="wall-product">CastMatch War Room</h1>
          <span className="grow" />
          <WallCorner answer={answer} sight={sight} />
        </div>
      )}
      <section
        className="wall-calm-head"
        aria-label="State of the cluster"
        data-bounds={(!sight.dead && finding?.bounds) || undefined}
      >
        <div className="min-w-0 flex-1">
          <div className="headline">
            <Icon
              aria-hidden
              style={{ color: `var(--state-${look.state === 'dead' ? 'problem' : look.state})` }}
              strokeWidth={2}
            />
            <span data-long={headline.length > 22 || undefined}>{headline}</span>
          </div>
          <div className="finding">
            {sight.dead
              ? 'The last finding is hidden because it is out of date.'
              : finding?.headline.replace(/^Healthy\. /, '')}
          </div>
          {!sight.dead && finding?.bounds && <div className="finding">{finding.bounds}</div>}
          <WallRegions regions={picture?.regions ?? null} sight={sight} />
        </div>
        <div className="wall-time">
          <div className="time">{formatTimeOfDay(at).slice(0, 5)}</div>
          <div className="date">{formatDate(at, { weekday: 'long', day: 'numeric', month: 'long' })}</div>
        </div>
      </section>
      <section className="wall-cells" aria-label="Readiness">
        <LagCell answer={answer} lag={lag} sight={sight} rpo={rpo} />
        <Cell title="Restorable to" {...restorable(answer, sight, at)} />
        <Cell title="Availability left" {...availability(answer, sight)} />
        <Cell title="Last restore test" {...provedRestore(readiness, at)} />
        <Cell title="Next drill" {...drill(readiness, at)} />
        <Cell title="Runbook review" {...review(readiness, at)} />
        <Cell
          title="On call now"
          state={readiness.onCall.reachable ? 'ok' : 'lagging'}
          word={readiness.onCall.reachable ? 'REACHABLE' : 'NOT NOW'}
          figure={readiness.onCall.role}
          words
          says={readiness.onCall.name}
          more={readiness.onCall.words}
        />
      </section>
      <div className="wall-foot">
        <span>
          {finding?.kind === 'healthy' && !sight.dead && (
            <>
              Healthy for <span className="num">{formatSeconds((at - finding.since) / 1000)}</span>
            </>
          )}
          {readiness.lastIncident && (
            <>
              {finding?.kind === 'healthy' && !sight.dead ? ', last' : 'Last'}{' '}
              {incidentLabel(readiness.lastIncident.number)}
              {readiness.lastIncident.kind === 'drill' ? ', a drill' : ''}, {day(readiness.lastIncident.endedAt)}
            </>
          )}
        </span>
        <span className="grow" />
        <span className="mono">{hydrated ? window.location.host : ''}</span>
      </div>
    </>
  )
}

/** How long ago the newest moment is to which the database could be put back, as RDS reports. */
function restorable({ picture }: WallAnswer, sight: WallSight, at: number): CellWords {
  const backups = picture?.backups ?? null
  const newest = backups?.value?.latestRestorableAt ?? null
  if (!backups?.value || newest === null)
    return {
      state: 'unknown',
      figure: dash,
      says: backups?.value ? 'RDS reports no restorable time' : 'Backups unknown',
    }
  const ageMs = Math.max(0, at - newest)
  return {
    state: sight.dead || backups.failing ? 'unknown' : ageMs > lateRestorableMs ? 'lagging' : 'ok',
    figure: formatClock(ageMs),
    unit: 'ago',
    says: `Latest ${formatTimeOfDay(newest)}, ${backups.value.retentionDays}-day window`,
    more: backups.observedAt === null ? undefined : `checked ${formatAge(at - backups.observedAt)} ago`,
  }
}

function availability({ picture }: WallAnswer, sight: WallSight): CellWords {
  const month = picture?.availability.value ?? null
  if (!month) return { state: 'unknown', figure: dash, says: 'Unknown' }
  const left = month.budgetSeconds - month.usedSeconds
  return {
    state:
      sight.dead || picture?.availability.failing ? 'unknown' : left <= 0 ? 'problem' : left < 600 ? 'lagging' : 'ok',
    figure: formatClock(Math.abs(left) * 1000),
    unit: `${left < 0 ? 'over' : 'of'} ${formatClock(month.budgetSeconds * 1000)}`,
    says: `${month.monthLabel}, 99.9 %`,
    more:
      month.coverage < 0.001
        ? 'monitored for less than 0.1 %'
        : month.coverage < 0.995
          ? `monitored for ${formatPercent(month.coverage)}`
          : undefined,
  }
}

function provedRestore({ lastProvedRestoreAt: proved }: WallReadiness, at: number): CellWords {
  if (proved === null) return { state: 'unknown', figure: 'Unknown', words: true, says: 'No restore test is recorded' }
  const days = Math.floor((at - proved) / dayMs)
  return {
    state: days > restoreProofDays ? 'lagging' : 'ok',
    figure: String(days),
    unit: `${dayWord(days)} ago`,
    says: day(proved),
  }
}

/** When the next drill is, and how the last one went. */
function drill({ nextDrillAt, lastDrill }: WallReadiness, at: number): CellWords {
  const last = lastDrill
    ? `last ${day(lastDrill.endedAt)}, ${lastDrill.rtoMs === null ? 'time unknown' : `done in ${formatClock(lastDrill.rtoMs)}`}`
    : 'No drill is recorded'
  if (nextDrillAt === null) return { state: 'unknown', figure: 'Not planned', words: true, says: last }
  const late = nextDrillAt < at
  const days = daysBetween(Math.min(at, nextDrillAt), Math.max(at, nextDrillAt))
  return {
    state: late ? 'problem' : 'ok',
    word: late ? 'OVERDUE' : undefined,
    figure: String(days),
    unit: `${dayWord(days)}${late ? ' late' : ''}`,
    says: day(nextDrillAt),
    more: last,
  }
}

function review({ runbook: { reviewDueAt, version, owner } }: WallReadiness, at: number): CellWords {
  const late = reviewDueAt < at
  const days = daysBetween(Math.min(at, reviewDueAt), Math.max(at, reviewDueAt))
  return {
    state: late ? 'problem' : 'ok',
    word: late ? 'OVERDUE' : undefined,
    figure: String(days),
    unit: `${dayWord(days)}${late ? ' late' : ''}`,
    says: `due ${new Date(reviewDueAt).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })}, version ${version}`,
    more: `owner ${owner}`,
  }
}
