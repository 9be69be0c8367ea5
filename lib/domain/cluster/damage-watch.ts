import { type DamageFinding, type DamageKind, type DamageSign, damageKinds, findingOf } from './damage'
import { setLogAside } from './damage-log'
import {
  conclude,
  type DamageMemory,
  type DamageTimes,
  type DataCount,
  type DataLook,
  type Flood,
  floods,
  type InvariantMemory,
  type TableMemory,
  type Timed,
  unreadable,
} from './damage-memory'

/** Deletions below this rate, rows a second, are never a flood, whatever the usual rate is. */
const leastFloodPerSecond = 1
const deleteFlood = ({ rateMs, leastBaselineMs }: DamageTimes): Flood => ({
  ...{ windowMs: rateMs, leastBaselineMs, factor: 10, over: 5, leastPerSecond: leastFloodPerSecond },
})
/** So many counts are remembered, and fewer than these say nothing of their spread. */
const changesKept = 60
const leastChanges = 5

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
      flood: floods(deletes, same && was.flood, endedAt, deleteFlood(times)),
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

/** Must the tables be counted at once, rather than when their time comes? A table that was written anew tells only by its rows. */
export const countsNow = (m: DamageMemory): boolean =>
  Object.values(m.tables).some((table) => !table.missing && table.count !== null && table.count.file !== table.file)

/** How many rows fewer are more than chance: 1 % of them, or four times the usual spread of what goes. */
export function chanceOf(rows: number, changes: readonly number[]): number {
  const mean = changes.reduce((sum, change) => sum + change, 0) / Math.max(1, changes.length)
  const variance = changes.reduce((sum, change) => sum + (change - mean) ** 2, 0) / Math.max(1, changes.length - 1)
  return Math.max(0.01 * rows, changes.length < leastChanges ? 0 : 4 * Math.sqrt(variance))
}

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
export function setAside(before: DamageMemory, kind: DamageKind, now: number): DamageMemory {
  const findings = before.findings.filter((finding) => finding.kind !== kind)
  const m = { ...before, log: setLogAside(before, kind, now) }
  switch (kind) {
    case 'corruption': {
      const invariants = Object.fromEntries(
        Object.entries(m.invariants).map(([name, was]) => [name, { ...was, setAside: was.failing !== null }]),
      )
      const all = m.lastCount ? [...m.lastCount.value.tables, ...m.lastCount.value.invariants] : []
      const counted = all.flatMap(({ name, result }) => (unreadable(result) ? [name] : []))
      const damaged = Object.entries(m.indexes.checked).flatMap(([name, { state }]) =>
        state === 'damaged' ? [name] : [],
      )
      const indexes = { ...m.indexes, setAside: damaged }
      return { ...m, findings, invariants, indexes, unreadableSetAside: [...counted, ...m.met] }
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
