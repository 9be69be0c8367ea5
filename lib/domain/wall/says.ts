import { incidentLabel } from '../incident/labels'
import type { IncidentKind, Severity } from '../incident/types'
import { durationWords } from '../units'
import type { WallPicture } from './picture'
import type { WallReadiness, WallRun, WallView } from './view'

/** Older than this, what the wall shows of the cluster is said to be old. With the poll of a second: within 5 s. */
const deadAfterMs = 4000
/** A record that could not be read for less than this is not spoken of: a slow answer is not an outage. */
const heldAfterMs = 4000

/** Whole seconds: a tenth that changes twice a second draws the eye for nothing. */
const spanWords = (ms: number) => (ms < 10_000 ? `${Math.floor(ms / 1000)} s` : durationWords(ms))

export interface WallSight {
  /** What stands on the wall is old: nothing of it is shown as good. */
  dead: boolean
  /** One sentence across the first band; null while all is live. */
  says: string | null
  /** Age of the picture of the cluster, ms; null when there is none. */
  ageMs: number | null
}

/**
 * What the wall can vouch for. Alive while the War Room answers and its picture of the cluster is fresh; an open connection
 * proves nothing. `silentMs` since the last answer, `now` on the server's clock.
 */
export function sightOf(
  { wall, picture }: { wall: Pick<WallView, 'heldSince'>; picture: Pick<WallPicture, 'takenAt'> | null },
  silentMs: number,
  now: number,
): WallSight {
  const ageMs = picture ? Math.max(0, now - picture.takenAt) : null
  const old = 'This data is out of date.'
  if (silentMs > deadAfterMs)
    return { dead: true, says: `The War Room has not responded for ${spanWords(silentMs)}. ${old}`, ageMs }
  if (ageMs === null) return { dead: true, says: `The cluster is not being observed. ${old}`, ageMs }
  if (ageMs > deadAfterMs)
    return { dead: true, says: `The cluster has not been observed for ${spanWords(ageMs)}. ${old}`, ageMs }
  const heldMs = wall.heldSince === null ? 0 : now - wall.heldSince
  if (heldMs > heldAfterMs)
    return {
      dead: false,
      says: `Timeline data is ${spanWords(heldMs)} old.`,
      ageMs,
    }
  return { dead: false, says: null, ageMs }
}

/** The loudest words of the wall: who is waited for, and what for. Null while the run goes on by itself. */
export function waitingWords(run: Pick<WallRun, 'waitingFor' | 'step' | 'title' | 'asked'>): {
  who: string
  what: string
} | null {
  const step = run.step?.title ?? run.title
  switch (run.waitingFor) {
    case null:
      return null
    case 'approval':
      return { who: 'Second person', what: `to approve: ${run.asked?.title ?? step}` }
    case 'decision':
      return run.step?.state === 'failed'
        ? { who: 'A decision', what: `step ${run.step.number} failed: ${step}` }
        : run.step?.state === 'by-hand'
          ? { who: 'Somebody', what: `to run step ${run.step.number} manually: ${step}` }
          : { who: 'A decision', what: `about: ${step}` }
    case 'resume':
      return { who: 'Somebody', what: `to resume, paused at: ${step}` }
    default:
      return run.waitingFor satisfies never
  }
}

/** What else is open, for the first line: "also open: INC-15 SEV2", "3 more open: INC-15, INC-16, ...". */
export function othersWords(
  others: readonly { number: number; kind: IncidentKind; severity: Severity }[],
): string | null {
  const [first, second, ...more] = others
  if (!first) return null
  const name = ({ number, kind, severity }: { number: number; kind: IncidentKind; severity: Severity }) =>
    `${incidentLabel(number)} ${kind === 'drill' ? 'drill' : severity}`
  if (!second) return `Also open: ${name(first)}`
  const rest = more.length ? `, ${more.length} more` : ''
  return `Also open: ${name(first)}, ${name(second)}${rest}`
}

/** The one line of a quiet day. Ready is said only when everything that a recovery needs is known and in time. */
export function calmHeadline(
  picture: Pick<WallPicture, 'diagnosis'> | null,
  readiness: WallReadiness,
  sight: WallSight,
  now: number,
): string {
  if (sight.dead || !picture) return 'State unknown'
  switch (picture.diagnosis.kind) {
    case 'healthy':
      return readiness.lastProvedRestoreAt === null ||
        readiness.nextDrillAt === null ||
        readiness.nextDrillAt < now ||
        readiness.runbook.reviewDueAt < now ||
        !readiness.onCall.reachable
        ? 'Healthy; DR readiness overdue'
        : 'Healthy and ready'
    case 'degraded':
      return 'Degraded'
    case 'failing-over':
      return 'Failing over'
    case 'unknown':
    case 'own-partition':
      return 'State unknown'
    case 'primary-suspected':
    case 'primary-down':
    case 'wedged-writer':
    case 'split-brain':
      return 'Database down'
    case 'region-outage':
      return 'Region down'
    case 'corruption':
      return 'Data is corrupted'
    case 'deletion':
      return 'Data was deleted'
    default:
      return picture.diagnosis.kind satisfies never
  }
}
