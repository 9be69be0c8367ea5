import { gravityOf } from '../../lib/domain/alert'
import { backupTroubles } from '../../lib/domain/backups/summary'
import type { BackupSummary } from '../../lib/domain/backups/types'
import { isStarved, longWaitSeconds } from '../../lib/domain/cluster/pooler'
import type {
  AvailabilityView,
  BackupView,
  MetricsView,
  NetworkView,
  PoolView,
  Reading,
  WorkloadView,
} from '../../lib/domain/cluster/types'
import {
  dash,
  formatAge,
  formatClock,
  formatPercent,
  formatSeconds,
  formatTimeOfDay,
} from '../../lib/web/present/format'
import type { State } from '../../lib/web/present/state'

/** What a tile says: its state, one figure with its unit, and one line below. Pure. */
export interface TileFigures {
  state: State
  word?: string
  value: string
  unit: string
  foot: string
}

const unknown = { state: 'unknown', word: 'UNKNOWN' } as const

/** The pool for the drawing: clients that wait with no server to serve them are a problem, a wait alone a warning. */
export function presentPool(pool: PoolView | null): {
  state: State
  word: string
  short: string
  rows: [string, string, boolean][]
} {
  if (!pool)
    return { ...unknown, short: 'unknown', rows: ['servers', 'waiting', 'max wait'].map((name) => [name, dash, false]) }
  const servers = pool.serversActive + pool.serversIdle
  const starving = isStarved(pool)
  const slow = pool.clientsWaiting > 0 && pool.maxWaitSeconds >= longWaitSeconds
  const astray = typeof pool.serversAt === 'string'
  const [state, word]: [State, string] = pool.paused
    ? ['waiting', 'PAUSED']
    : starving || slow || astray
      ? ['problem', 'PROBLEM']
      : pool.clientsWaiting > 0
        ? ['lagging', 'WARN']
        : ['ok', 'OK']
  return {
    state,
    word,
    short: `${pool.clientsWaiting} waiting`,
    rows: [
      ['servers', `${servers}/${pool.serversLimit}`, starving],
      ['waiting', String(pool.clientsWaiting), pool.clientsWaiting > 0],
      ['max wait', formatSeconds(pool.maxWaitSeconds), slow],
    ],
  }
}

export function presentApp(app: WorkloadView | null): { state: State; word: string; short: string } {
  if (!app) return { ...unknown, short: 'unknown' }
  const short = `${app.ready}/${app.replicas} ready`
  if (app.rollout === 'failed') return { state: 'problem', word: 'ROLLOUT FAILED', short }
  if (app.ready < app.replicas) {
    if (app.rollout === 'progressing' && app.ready >= app.replicas - 1)
      return { state: 'working', word: 'ROLLING OUT', short }
    return {
      state: app.ready * 2 > app.replicas ? 'lagging' : 'problem',
      word: app.ready * 2 > app.replicas ? 'WARN' : 'PROBLEM',
      short,
    }
  }
  return app.rollout === 'progressing'
    ? { state: 'working', word: 'ROLLING OUT', short }
    : { state: 'ok', word: 'OK', short }
}

export function poolTile(pool: PoolView): TileFigures {
  if (!pool.present)
    return {
      state: 'skipped',
      word: 'NONE',
      value: dash,
      unit: 'no pooler',
      foot: 'Clients go straight to the database',
    }
  const { state, word } = presentPool(pool)
  const servers = pool.serversActive + pool.serversIdle
  if (typeof pool.serversAt === 'string')
    return { state, word, value: dash, unit: 'at a reader', foot: `Clients are sent to ${pool.serversAt}` }
  const foot = `max wait ${formatSeconds(pool.maxWaitSeconds)}, servers ${servers}/${pool.serversLimit}`
  return pool.clientsWaiting > 0
    ? { state, word, value: String(pool.clientsWaiting), unit: 'clients waiting', foot }
    : {
        state,
        word,
        value: `${pool.serversActive}/${pool.serversLimit}`,
        unit: 'servers busy',
        foot: `${pool.clientsActive} clients active, 0 waiting`,
      }
}

export function appTile(app: WorkloadView): TileFigures {
  const { state, word } = presentApp(app)
  return { state, word, value: `${app.ready}/${app.replicas}`, unit: 'pods ready', foot: app.rolloutDetail }
}

/** The newest restorable moment should not lie further back than the loss we aim for. */
export function backupTile(
  backup: BackupView,
  now: number,
  rpo: { targetSeconds: number; maximumSeconds: number },
  s3: Reading<BackupSummary>,
): TileFigures {
  const dumps = s3Words(s3, now)
  if (backup.latestRestorableAt === null)
    return {
      ...unknown,
      value: dash,
      unit: 'restorable',
      foot: `${backup.retentionDays} days kept, no restorable time yet; ${dumps.says}`,
    }
  const age = now - backup.latestRestorableAt
  const restorable: State =
    backup.retentionDays < 1 || age > rpo.maximumSeconds * 1000
      ? 'problem'
      : age > rpo.targetSeconds * 1000
        ? 'lagging'
        : 'ok'
  const state =
    restorable === 'problem' || dumps.state === 'problem'
      ? 'problem'
      : restorable === 'lagging'
        ? restorable
        : dumps.state
  const oldest =
    backup.earliestRestorableAt === null
      ? 'oldest unknown'
      : `back to ${formatAge(now - backup.earliestRestorableAt)} ago`
  return {
    state,
    word: state === 'lagging' ? 'WARN' : undefined,
    value: formatClock(age),
    unit: 'since restorable',
    foot: `${dumps.says}; RDS: ${backup.retentionDays} days kept, ${oldest}`,
  }
}

/** The backups in S3 in a few words. What is not known, or not configured, changes no state. */
function s3Words({ value, error }: Reading<BackupSummary>, now: number): { state: State; says: string } {
  if (value === null) return { state: 'ok', says: error ?? 'S3 not read yet' }
  const { troubles, unknown } = backupTroubles(value, now)
  const [first] = troubles
  if (first) return { state: value.recommended ? 'lagging' : 'problem', says: first.replace(/\.$/, '') }
  if (!value.recommended) return { state: 'lagging', says: unknown[0] ?? 'S3 unknown' }
  const { takenAt, verifiedAt, copy } = value.recommended
  const where =
    copy === 'same'
      ? 'both regions'
      : copy === 'pending'
        ? 'copy on its way'
        : unknown.length
          ? 'one bucket unknown'
          : 'one bucket'
  return {
    state: unknown.length ? 'lagging' : 'ok',
    says: `S3 ${formatAge(now - takenAt)} old, ${verifiedAt === null ? 'not verified' : 'verified'}, ${where}`,
  }
}

export function metricsTile(metrics: MetricsView): TileFigures {
  const firing = metrics.alertsFiring.length
  const down = metrics.targets - metrics.targetsUp
  const critical = metrics.alertsFiring.some((a) => gravityOf(a.severity) === 'critical')
  const state: State = critical ? 'problem' : firing > 0 || down > 0 ? 'lagging' : 'ok'
  const first = metrics.alertsFiring[0]?.name
  return {
    state,
    word: state === 'lagging' ? 'WARN' : undefined,
    value: String(firing),
    unit: firing === 1 ? 'alert firing' : 'alerts firing',
    foot: `${metrics.targetsUp}/${metrics.targets} targets up${first ? `, ${first}` : ''}`,
  }
}

const dayMs = 86_400_000

export function networkTile(network: NetworkView, now: number, names: Record<string, string>): TileFigures {
  const resolved =
    network.resolvesTo === null
      ? 'endpoint does not resolve'
      : `answers as ${network.answersAs === null ? 'unknown' : (names[network.answersAs] ?? network.answersAs)}`
  if (network.resolvesTo === null) return { state: 'problem', value: dash, unit: 'no address', foot: resolved }
  if (network.tlsExpiresAt === null)
    return {
      state: network.answersAs === null ? 'unknown' : 'ok',
      value: network.resolvesTo,
      unit: '',
      foot: `no TLS certificate; ${resolved}`,
    }
  const left = network.tlsExpiresAt - now
  const state: State = left < 7 * dayMs ? 'problem' : left < 30 * dayMs ? 'lagging' : 'ok'
  return {
    state,
    word: state === 'lagging' ? 'WARN' : undefined,
    value: `${Math.max(0, Math.floor(left / dayMs))} d`,
    unit: 'to first expiry',
    foot: resolved,
  }
}

export function availabilityTile(view: AvailabilityView): TileFigures {
  const left = view.budgetSeconds - view.usedSeconds
  const state: State =
    left <= 0 ? 'problem' : view.downSince !== null || left < view.budgetSeconds / 2 ? 'lagging' : 'ok'
  const foot =
    view.downSince !== null
      ? `counting since ${formatTimeOfDay(view.downSince)}`
      : view.coverage < 0.999
        ? `${formatPercent(view.coverage, view.coverage < 0.1 ? 1 : 0)} of the month seen`
        : 'monitored for the whole month'
  return {
    state,
    word: state === 'lagging' ? 'WARN' : undefined,
    value: left <= 0 ? `-${formatClock(-left * 1000)}` : formatClock(left * 1000),
    unit: `of ${formatClock(view.budgetSeconds * 1000)} left`,
    foot,
  }
}
