import { type DamageFinding, type DamageSign, damageKinds, findingOf } from './damage'

/** What the catalogue and the statistics of the writer say of the critical tables, in one cheap look. */
export interface DataLook {
  /** Failed checksums of all databases since the statistics were reset; null where data checksums are off. */
  checksumFailures: number | null
  /** Critical tables that exist. `file` changes when a table is truncated or written anew. */
  tables: { name: string; oid: string; file: string; columns: { number: number; name: string }[]; deleted: number }[]
  /** By what name tables are known now, by their number: of those that were asked for by it, the ones that still exist. */
  names: Record<string, string>
}

export type Failure = { code: string | null; says: string }
/** What was counted by reading. `rows`: of a table all, of an invariant those that break it, at most 1,000. */
export interface DataCount {
  tables: { name: string; result: { rows: number } | Failure }[]
  invariants: { name: string; result: { rows: number } | Failure }[]
}

/** One index of the critical tables, checked in order by amcheck on a reader. */
export interface IndexCheck {
  /** How many there are; null where there is none. */
  of: number
  index: string | null
  result: 'sound' | Failure
}

export interface Timed<T> {
  startedAt: number
  endedAt: number
  value: T
}

/** Times of the rules, ms. Production: procedures, section 4. */
export interface DamageTimes {
  lookMs: number
  countMs: number
  /** Over how long a rate of deletions is taken, what it is compared with at most, and at least. */
  rateMs: number
  baselineMs: number
  leastBaselineMs: number
  /** Between two readings of the writer's log, and over how long broken constraints in it are counted. */
  logMs: number
  violationsMs: number
  /** Between two checks of one index each. */
  indexMs: number
  /** After the writer has changed: rows that a recovery lost are in its own report. */
  coolDownMs: number
}
export const productionDamageTimes: DamageTimes = {
  lookMs: 5_000,
  countMs: 60_000,
  rateMs: 60_000,
  baselineMs: 30 * 60_000,
  leastBaselineMs: 5 * 60_000,
  logMs: 15_000,
  violationsMs: 5 * 60_000,
  indexMs: 60_000,
  coolDownMs: 10 * 60_000,
}
/** The lab's exercises last minutes. */
export const labDamageTimes: DamageTimes = {
  lookMs: 2_000,
  countMs: 10_000,
  rateMs: 10_000,
  baselineMs: 5 * 60_000,
  leastBaselineMs: 30_000,
  logMs: 3_000,
  violationsMs: 20_000,
  indexMs: 3_000,
  coolDownMs: 30_000,
}

/** A running total at one moment. */
interface Total {
  at: number
  total: number
}

export interface Flood {
  /** Over how long the rate is taken, and how long it must have been known before; ms. */
  windowMs: number
  leastBaselineMs: number
  /** How many times the usual rate; once it began, it ends below `over` times. */
  factor: number
  over: number
  /** What is below this, a second, is never one. */
  leastPerSecond: number
}

/** Does it happen so many times as often as usual, over the whole of the window? */
export function floods(totals: readonly Total[], before: boolean, now: number, flood: Flood): boolean {
  const from = totals.findLast(({ at }) => now - at >= flood.windowMs)
  const [first] = totals
  const last = totals.at(-1)
  if (!from || !first || !last || from.at - first.at < flood.leastBaselineMs) return false
  const rate = ((last.total - from.total) / (last.at - from.at)) * 1000
  const usual = ((from.total - first.total) / (from.at - first.at)) * 1000
  return rate >= Math.max(flood.leastPerSecond, (before ? flood.over : flood.factor) * usual)
}

export interface TableMemory {
  oid: string
  file: string
  columns: { number: number; name: string }[]
  /** Begin of the last look that showed it so. */
  goodAt: number
  count: { rows: number; startedAt: number; file: string } | null
  /** By how much the table shrank between counts, as negative numbers; 0 where it grew. */
  changes: number[]
  deletes: Total[]
  flood: boolean
  missing: boolean
}

export interface InvariantMemory {
  goodAt: number | null
  failing: { since: number; times: number } | null
  /** It failed when a finding was dismissed: it must hold once before it says anything again. */
  setAside: boolean
}

/** What was read in the writer's log since the first reading of it. */
export interface LogMemory {
  violations: Total[]
  flood: boolean
  missing: { relation: string; at: number }[]
  /** Signs that last, and are too few for a finding so far. */
  lasting: DamageSign[]
  /** Entries of before were known when a finding was dismissed, ms on our clock. */
  from: number
  /** Damaged pages that were named when a finding was dismissed. */
  setAside: readonly string[]
  /** End of the last reading that reached the log's end; why the last one did not. */
  readAt: number | null
  failed: string | null
}

/** What checking the indexes on a reader brought. */
interface IndexMemory {
  /** What the last check of each said; `soundAt` is when the last good one began. */
  checked: Readonly<Record<string, { state: 'sound' | 'damaged' | 'unknown'; soundAt: number | null }>>
  /** The one that was checked last. */
  last: string | null
  /** How many indexes the critical tables have. */
  of: number
  at: number | null
  /** Why none could be checked at the last attempt. */
  failed: string | null
  /** Those that were damaged when a finding was dismissed: each must be sound once before it says anything again. */
  setAside: readonly string[]
}

/** What is remembered between samples. Everything in it is a value; each function below answers a new one. */
export interface DamageMemory {
  writerId: string | null
  coolUntil: number
  checksumFailures: number | null
  /** What could not be read when a finding was dismissed: nothing is said of it until it can be read again. */
  unreadableSetAside: readonly string[]
  tables: Readonly<Record<string, TableMemory>>
  invariants: Readonly<Record<string, InvariantMemory>>
  /** Signs that last, and are too few for a finding so far. */
  lasting: DamageSign[]
  findings: DamageFinding[]
  lastLook: Timed<DataLook> | null
  lastCount: Timed<DataCount> | null
  log: LogMemory
  indexes: IndexMemory
  /** What probes of ours meet a damaged page now. */
  met: readonly string[]
}

export const emptyDamageMemory: DamageMemory = {
  writerId: null,
  coolUntil: 0,
  checksumFailures: null,
  unreadableSetAside: [],
  tables: {},
  invariants: {},
  lasting: [],
  findings: [],
  lastLook: null,
  lastCount: null,
  log: {
    violations: [],
    flood: false,
    missing: [],
    lasting: [],
    from: 0,
    setAside: [],
    readAt: null,
    failed: null,
  },
  indexes: { checked: {}, last: null, of: 0, at: null, failed: null, setAside: [] },
  met: [],
}

/** Another writer counts anew: its statistics are its own, and what a failover lost is no deletion. */
export function followWriter(m: DamageMemory, writerId: string, now: number, times: DamageTimes): DamageMemory {
  if (m.writerId === writerId) return m
  return {
    ...emptyDamageMemory,
    writerId,
    coolUntil: m.writerId === null ? m.coolUntil : now + times.coolDownMs,
    invariants: m.invariants,
    unreadableSetAside: m.unreadableSetAside,
    findings: m.findings,
    // Indexes are the same on every node.
    indexes: m.indexes,
  }
}

/** Adds signs to the findings; those that last and make none are kept until they end. */
export function conclude(m: DamageMemory, events: readonly DamageSign[], now: number): DamageMemory {
  const findings = damageKinds.flatMap((kind) => {
    const before = m.findings.find((finding) => finding.kind === kind) ?? null
    const finding = findingOf(kind, before, [...m.lasting, ...m.log.lasting, ...events], now)
    return finding ? [finding] : []
  })
  return { ...m, findings }
}

/** Is it a damaged page or index that a query met? */
export const unreadable = (result: { rows: number } | Failure): boolean =>
  'code' in result && (result.code === 'XX001' || result.code === 'XX002')
