import { type DamageFinding, type DamageKind, type DamageSign, damageKinds, findingOf } from './damage'

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
  /** After the writer has changed: rows that a recovery lost are in its own report. */
  coolDownMs: number
}
export const productionDamageTimes: DamageTimes = {
  lookMs: 5_000,
  countMs: 60_000,
  rateMs: 60_000,
  baselineMs: 30 * 60_000,
  leastBaselineMs: 5 * 60_000,
  coolDownMs: 10 * 60_000,
}
/** The lab's exercises last minutes. */
export const labDamageTimes: DamageTimes = {
  lookMs: 2_000,
  countMs: 10_000,
  rateMs: 10_000,
  baselineMs: 5 * 60_000,
  leastBaselineMs: 30_000,
  coolDownMs: 30_000,
}

/** Deletions below this rate, rows a second, are never a flood, whatever the usual rate is. */
export const leastFloodPerSecond = 1
const floodFactor = 10
/** A flood is over when the rate is below this many times the usual one. */
const overFactor = 5
/** So many counts are remembered, and fewer than these say nothing of their spread. */
const changesKept = 60
const leastChanges = 5

interface TableMemory {
  oid: string
  file: string
  columns: { number: number; name: string }[]
  /** Begin of the last look that showed it so. */
  goodAt: number
  count: { rows: number; startedAt: number; file: string } | null
  /** By how much the table shrank between counts, as negative numbers; 0 where it grew. */
  changes: number[]
  deletes: { at: number; total: number }[]
  flood: boolean
  missing: boolean
}

interface InvariantMemory {
  goodAt: number | null
  failing: { since: number; times: number } | null
  /** It failed when a finding was dismissed: it must hold once before it says anything again. */
  setAside: boolean
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
  }
}

/** Adds signs to the findings; those that last and make none are kept until they end. */
function conclude(m: DamageMemory, events: readonly DamageSign[], now: number): DamageMemory {
  const findings = damageKinds.flatMap((kind) => {
    const before = m.findings.find((finding) => finding.kind === kind) ?? null
    const finding = findingOf(kind, before, [...m.lasting, ...events], now)
    return finding ? [finding] : []
  })
  return { ...m, findings }
}

/** One look at the catalogue and the statistics. */
export function takeLook(m: DamageMemory, look: Timed<DataLook>, times: DamageTimes): DamageMemory {
  const { value, startedAt, endedAt } = look
  const events: DamageSign[] = []
  const tables: Record<string, TableMemory> = {}
  const failures = value.checksumFailures
  // Our own counting reads a page again and again that was set aside.
  if (
    m.unreadableSetAside.length === 0 &&
    failures !== null &&
    m.checksumFailures !== null &&
    failures > m.checksumFailures
  )
    events.push({
      rule: 'checksum',
      subject: 'data pages',
      says: `${failures - m.checksumFailures} data page checksum${failures - m.checksumFailures === 1 ? '' : 's'} failed. The page may have been damaged long before it was read.`,
      lastGoodAt: null,
      firstBadAt: endedAt,
    })
  for (const [name, was] of Object.entries(m.tables)) {
    const is = value.tables.find((table) => table.name === name)
    const lost = (says: string) =>
      events.push({ rule: 'table-lost', subject: name, says, lastGoodAt: was.goodAt, firstBadAt: endedAt })
    if (is && is.oid === was.oid) {
      const gone = was.columns.filter((column) => !is.columns.some(({ number }) => number === column.number))
      if (gone.length > 0)
        lost(`Column ${gone.map((column) => column.name).join(', ')} of the critical table ${name} was dropped.`)
    } else if (!is && value.names[was.oid] === undefined) {
      if (!was.missing) lost(`The critical table ${name} was dropped.`)
      tables[name] = { ...was, missing: true }
    } else if (is && value.names[was.oid] === undefined)
      lost(`The critical table ${name} was dropped and created again.`)
    else if (!is) tables[name] = { ...was, missing: true }
  }
  for (const is of value.tables) {
    const was = m.tables[is.name]
    const same = was?.oid === is.oid
    const deletes = [
      ...(same ? was.deletes.filter(({ at, total }) => endedAt - at <= times.baselineMs && total <= is.deleted) : []),
      { at: endedAt, total: is.deleted },
    ]
    tables[is.name] = {
      oid: is.oid,
      file: is.file,
      columns: is.columns,
      goodAt: startedAt,
      count: same ? was.count : null,
      changes: same ? was.changes : [],
      deletes,
      flood: floods(deletes, same && was.flood, endedAt, times),
      missing: false,
    }
  }
  const lasting = Object.entries(tables).flatMap(([name, table]): DamageSign[] => {
    const rule = table.missing ? 'relation-missing' : table.flood && endedAt >= m.coolUntil ? 'delete-rate' : null
    if (rule === null) return []
    // One that lasts keeps its beginning.
    const held = m.lasting.find((sign) => sign.rule === rule && sign.subject === name)
    if (held) return [held]
    const [says, lastGoodAt] =
      rule === 'relation-missing'
        ? [`There is no relation ${name} any more: statements that name it fail (42P01).`, table.goodAt]
        : [`Rows of ${name} are deleted at more than 10 times the usual rate.`, endedAt - times.rateMs - times.lookMs]
    return [{ rule, subject: name, says, lastGoodAt, firstBadAt: endedAt }]
  })
  return conclude({ ...m, checksumFailures: failures, tables, lasting, lastLook: look }, events, endedAt)
}

/** Are rows deleted 10 times as fast as usual, over the whole of the last minute? It ends below 5 times. */
function floods(deletes: TableMemory['deletes'], before: boolean, now: number, times: DamageTimes): boolean {
  const from = deletes.findLast(({ at }) => now - at >= times.rateMs)
  const [first] = deletes
  const last = deletes.at(-1)
  if (!from || !first || !last || from.at - first.at < times.leastBaselineMs) return false
  const rate = ((last.total - from.total) / (last.at - from.at)) * 1000
  const usual = ((from.total - first.total) / (from.at - first.at)) * 1000
  return rate >= Math.max(leastFloodPerSecond, (before ? overFactor : floodFactor) * usual)
}

/** Must the tables be counted at once, rather than when their time comes? A table that was written anew tells only by its rows. */
export const countsNow = (m: DamageMemory): boolean =>
  Object.values(m.tables).some((table) => !table.missing && table.count !== null && table.count.file !== table.file)

/** How many rows fewer are more than chance: 1 % of them, or four times the usual spread of what goes. */
export function chanceOf(rows: number, changes: readonly number[]): number {
  const mean = changes.reduce((sum, change) => sum + change, 0) / Math.max(1, changes.length)
  const variance = changes.reduce((sum, change) => sum + (change - mean) ** 2, 0) / Math.max(1, changes.length - 1)
  return Math.max(0.01 * rows, changes.length < leastChanges ? 0 : 4 * Math.sqrt(variance))
}

const unreadable = (result: DataCount['tables'][number]['result']): boolean =>
  'code' in result && (result.code === 'XX001' || result.code === 'XX002')

/** One count of the tables and of the rows that break an invariant. */
export function takeCount(m: DamageMemory, count: Timed<DataCount>): DamageMemory {
  const { value, startedAt, endedAt } = count
  const events: DamageSign[] = []
  const tables = { ...m.tables }
  const all = [...value.tables, ...value.invariants]
  for (const { name, result } of all)
    if (unreadable(result) && !m.unreadableSetAside.includes(name))
      events.push({
        rule: 'unreadable-page',
        subject: name,
        says: `Reading ${name} fails: a page or an index is damaged (${'code' in result ? result.code : ''}).`,
        lastGoodAt: null,
        firstBadAt: endedAt,
      })
  for (const { name, result } of value.tables) {
    const was = tables[name]
    if (!was) continue
    if (!('rows' in result)) {
      // What cannot be counted after it was written anew is unknown, and is not asked for again and again.
      if (was.count !== null && was.count.file !== was.file) tables[name] = { ...was, count: null }
      continue
    }
    const { rows } = result
    const before = was.count
    const fewer = before === null ? 0 : before.rows - rows
    const beyond = before !== null && fewer > chanceOf(before.rows, was.changes)
    if (beyond) {
      const anew = before.file !== was.file
      if (anew || endedAt >= m.coolUntil)
        events.push({
          rule: anew ? 'table-lost' : 'rows-lost',
          subject: name,
          says: anew
            ? `The critical table ${name} was emptied or rewritten: ${rows} of ${before.rows} rows are left.`
            : `The critical table ${name} has ${fewer} rows fewer than the ${before.rows} at the last count.`,
          lastGoodAt: before.startedAt,
          firstBadAt: endedAt,
        })
    }
    tables[name] = {
      ...was,
      count: { rows, startedAt, file: was.file },
      // Growth, however sudden, and what was called a loss, say nothing of how many rows usually go.
      changes: before === null || beyond ? was.changes : [...was.changes, Math.min(0, -fewer)].slice(-changesKept),
    }
  }
  const invariants: Record<string, InvariantMemory> = {}
  for (const { name, result } of value.invariants) {
    const was = m.invariants[name] ?? { goodAt: null, failing: null, setAside: false }
    if (!('rows' in result)) invariants[name] = was
    else if (result.rows === 0) invariants[name] = { goodAt: startedAt, failing: null, setAside: false }
    else {
      const failing = { since: was.failing?.since ?? endedAt, times: (was.failing?.times ?? 0) + 1 }
      invariants[name] = { ...was, failing }
      if (failing.times >= 2 && !was.setAside)
        events.push({
          rule: 'invariant',
          subject: name,
          says: `The invariant "${name}" is broken by ${result.rows >= 1000 ? '1,000 rows or more' : `${result.rows} ${result.rows === 1 ? 'row' : 'rows'}`}, twice in a row.`,
          lastGoodAt: was.goodAt,
          firstBadAt: failing.since,
        })
    }
  }
  const readable = new Set(all.flatMap(({ name, result }) => ('rows' in result ? [name] : [])))
  const unreadableSetAside = m.unreadableSetAside.filter((name) => !readable.has(name))
  return conclude({ ...m, tables, invariants, unreadableSetAside, lastCount: count }, events, endedAt)
}

/** What the store remembers from before this process. */
export function recallFindings(m: DamageMemory, kept: readonly DamageFinding[]): DamageMemory {
  const findings = damageKinds.flatMap((kind) => {
    const old = kept.find((finding) => finding.kind === kind) ?? null
    const own = m.findings.find((finding) => finding.kind === kind) ?? null
    const both = old && own ? findingOf(kind, old, own.signs, own.foundAt) : (old ?? own)
    return both ? [both] : []
  })
  return { ...m, findings }
}

/** A person dismissed a finding: what is so now is taken as it is, and only what happens from here on counts. */
export function setAside(m: DamageMemory, kind: DamageKind): DamageMemory {
  const findings = m.findings.filter((finding) => finding.kind !== kind)
  switch (kind) {
    case 'corruption': {
      const invariants = Object.fromEntries(
        Object.entries(m.invariants).map(([name, was]) => [name, { ...was, setAside: was.failing !== null }]),
      )
      const all = m.lastCount ? [...m.lastCount.value.tables, ...m.lastCount.value.invariants] : []
      const unreadableSetAside = all.flatMap(({ name, result }) => (unreadable(result) ? [name] : []))
      return { ...m, findings, invariants, unreadableSetAside }
    }
    case 'deletion': {
      const tables = Object.fromEntries(
        Object.entries(m.tables)
          .filter(([, table]) => !table.missing)
          .map(([name, table]) => [name, { ...table, deletes: table.deletes.slice(-1), flood: false }]),
      )
      return { ...m, findings, tables, lasting: [] }
    }
    default:
      return kind satisfies never
  }
}

/** What is watched of the data now, and what is not: a rule that nobody can ask says nothing. */
export function watchWords(
  m: DamageMemory,
  asked: { criticalTables: readonly string[]; invariants: readonly unknown[] },
  times: DamageTimes,
  now: number,
): string[] {
  const fresh = (at: Timed<unknown> | null, everyMs: number) => at !== null && now - at.endedAt <= 3 * everyMs
  const count = fresh(m.lastCount, times.countMs) ? (m.lastCount?.value ?? null) : null
  const look = fresh(m.lastLook, times.lookMs) ? (m.lastLook?.value ?? null) : null
  const good = (of: DataCount['tables']) => of.filter(({ result }) => 'rows' in result).length
  const held = (count?.invariants ?? []).filter(({ result }) => 'rows' in result && result.rows === 0).length
  const failed = [...(count?.tables ?? []), ...(count?.invariants ?? [])].flatMap(({ name, result }) =>
    'rows' in result ? [] : [`${name}: ${result.says}`],
  )
  return [
    ...(asked.criticalTables.length > 0
      ? [
          `Critical tables: ${count ? `${good(count.tables)} of ${asked.criticalTables.length} counted` : 'not counted now'}`,
        ]
      : []),
    ...(asked.invariants.length > 0
      ? [`Invariants: ${count ? `${held} of ${asked.invariants.length} hold` : 'unknown now'}`]
      : []),
    `Data page checksums: ${look === null ? 'unknown now' : look.checksumFailures === null ? 'off, so damaged pages go unnoticed' : `${look.checksumFailures} failed since the statistics were reset`}`,
    ...failed,
    `Not watched: ${[
      ...(asked.criticalTables.length === 0 ? ['tables (none is configured as critical)'] : []),
      ...(asked.invariants.length === 0 ? ['invariants (none is configured)'] : []),
      'the rate of constraint violations',
      "the server's log",
      'indexes (amcheck)',
    ].join(', ')}`,
  ]
}
