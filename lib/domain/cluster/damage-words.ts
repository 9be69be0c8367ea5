import type { DamageMemory, DamageTimes, DataCount, Timed } from './damage-memory'

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
  const unset = [
    ...(asked.criticalTables.length === 0 ? ['tables (none is configured as critical)'] : []),
    ...(asked.invariants.length === 0 ? ['invariants (none is configured)'] : []),
  ]
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
    logWords(m.log, times, now),
    ...(asked.criticalTables.length > 0 ? [indexWords(m.indexes, times, now)] : []),
    ...failed,
    ...(unset.length > 0 ? [`Not watched: ${unset.join(', ')}`] : []),
  ]
}

function logWords({ failed, readAt, missing, flood }: DamageMemory['log'], times: DamageTimes, now: number): string {
  const title = "Writer's log"
  if (failed !== null) return `${title}: unknown. ${failed}`
  if (readAt === null) return `${title}: not read yet`
  const lateMs = now - readAt
  if (lateMs > 3 * times.logMs) return `${title}: read up to ${Math.round(lateMs / 1000)} s ago`
  const relations = new Set(missing.map(({ relation }) => relation)).size
  const constraints = flood ? 'far more broken constraints than usual' : 'broken constraints as usual'
  return `${title}: ${constraints}, ${relations} missing ${relations === 1 ? 'relation' : 'relations'} named`
}

function indexWords({ failed, at, of, checked }: DamageMemory['indexes'], times: DamageTimes, now: number): string {
  const title = 'Indexes (amcheck)'
  if (failed !== null) return `${title}: unknown. ${failed}`
  if (at === null || now - at > 3 * times.indexMs + 10_000) return `${title}: not checked now`
  const states = Object.values(checked)
  const sound = states.filter(({ state }) => state === 'sound').length
  const unknown = states.filter(({ state }) => state === 'unknown').length
  return `${title}: ${sound} of ${of} sound${unknown > 0 ? `, ${unknown} too large or locked for a check` : ''}`
}
