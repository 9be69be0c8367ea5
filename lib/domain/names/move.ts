import type { RecordSetInput } from '../procedure/names-call'
import type { NameAnswer, NameHealthCheck, NameUse } from './types'

/**
 * Ways to move a name, the most robust first (procedures, P3.8). The first two need the data plane alone: an object in the recovery
 * region at which an inverted health check looks, and a health check that has moved the name by itself. The others change Route 53
 * itself: a health check that is forced to count as unhealthy, and record sets that are written again.
 */
export const moveWays = ['switch-object', 'observed', 'forced', 'rrset'] as const
export type MoveWay = (typeof moveWays)[number]

export const wayWords: Record<MoveWay, string> = {
  'switch-object': 'the switch object',
  observed: 'its health check, which has failed already',
  forced: 'forcing its health check to unhealthy',
  rrset: 'writing its record set again',
}

/** Where a name leads: by CNAME, or to these addresses. */
export interface Lead {
  names: string[]
  addresses: string[]
}

/** Something that was asked for: what it is, or why it is not known. */
export type Seen<T> = { known: true; value: T } | { known: false; why: string }

const bare = (name: string): string => name.toLowerCase().replace(/\.$/, '')
const sameText = (one: string, other: string) => bare(one) === bare(other)

/** Two settings of a record set that decide where it leads. */
const target = ({ ResourceRecords, AliasTarget }: RecordSetInput) => ({
  ...(ResourceRecords && { ResourceRecords }),
  ...(AliasTarget && { AliasTarget }),
})

/** Where a record set leads by its own values; what an alias or a CNAME resolves to is not looked up. */
export function leadOf(sets: readonly RecordSetInput[]): Lead {
  const values = (of: (set: RecordSetInput) => boolean) =>
    sets.flatMap((set) => (of(set) ? (set.ResourceRecords ?? []).map(({ Value }) => Value) : []))
  return {
    names: [
      ...values(({ Type }) => Type === 'CNAME').map(bare),
      ...sets.flatMap(({ AliasTarget }) => (AliasTarget ? [bare(AliasTarget.DNSName)] : [])),
    ],
    addresses: values(({ Type }) => Type === 'A'),
  }
}

const byRole = (sets: readonly RecordSetInput[], role: 'PRIMARY' | 'SECONDARY') =>
  sets.filter(({ Failover }) => Failover === role)

/** The record sets that lead home: the first of each failover pair, or whatever there is where none is a pair. */
export const homeSets = (sets: readonly RecordSetInput[]): RecordSetInput[] => {
  const primary = byRole(sets, 'PRIMARY')
  return primary.length > 0 ? primary : [...sets]
}

/** The record sets that lead to the recovery region; none where no pair is there. */
export const recoverySets = (sets: readonly RecordSetInput[]): RecordSetInput[] => byRole(sets, 'SECONDARY')

/** The one health check that chooses between the records of all pairs of a name; a sentence where there is no such check. */
export function checkIdOf(name: string, sets: readonly RecordSetInput[]): { id: string } | { why: string } {
  const primary = byRole(sets, 'PRIMARY')
  if (primary.length === 0) return { why: `${name} is no failover pair.` }
  const ids = [...new Set(primary.map(({ HealthCheckId }) => HealthCheckId ?? null))]
  const [id] = ids
  if (ids.length > 1) return { why: `The records of ${name} have different health checks.` }
  return id ? { id } : { why: `The first record of ${name} has no health check.` }
}

/**
 * The record sets as they would be written again, each whole but for where it leads: the first of a pair leads where the second
 * does, and a single record to `value`. A sentence where that cannot be done without a guess.
 */
export function rewritten(
  name: string,
  sets: readonly RecordSetInput[],
  value: string | null,
): { sets: RecordSetInput[] } | { why: string } {
  if (sets.length === 0) return { why: `${name} has no record.` }
  const made: RecordSetInput[] = []
  for (const type of new Set(sets.map(({ Type }) => Type))) {
    const same = sets.filter((set) => set.Type === type)
    const [primary, secondary] = [byRole(same, 'PRIMARY')[0], byRole(same, 'SECONDARY')[0]]
    if (primary && secondary && same.length === 2) {
      const { ResourceRecords: _values, AliasTarget: _alias, TTL: ttl, ...kept } = primary
      const seconds = secondary.AliasTarget ? undefined : (ttl ?? secondary.TTL)
      made.push({ ...kept, ...(seconds !== undefined && { TTL: seconds }), ...target(secondary) })
      continue
    }
    const [only] = same
    const isSingle = only && same.length === 1 && only.SetIdentifier === undefined
    if (!isSingle) return { why: `The ${type} records of ${name} are no failover pair.` }
    if (value === null) return { why: `${name} is no failover pair, and no value for the recovery region is known.` }
    if (only.AliasTarget) return { why: `${name} is an alias without a second record.` }
    const isAddress = /^\d{1,3}(\.\d{1,3}){3}$/.test(value)
    if (type === 'AAAA' || (type === 'A') !== isAddress)
      return { why: `The ${type} record of ${name} cannot point to ${value}.` }
    made.push({ ...only, ResourceRecords: [{ Value: value }] })
  }
  return { sets: made }
}

/** Do the record sets of a name say what these say, wherever they lead by now? */
export function isWritten(sets: readonly RecordSetInput[], wanted: readonly RecordSetInput[]): boolean {
  const key = (set: RecordSetInput) =>
    JSON.stringify(
      Object.entries({ ...set, Name: bare(set.Name) })
        .filter(([, value]) => value !== undefined)
        .sort(([one], [other]) => one.localeCompare(other)),
    )
  const there = new Set(sets.map(key))
  return wanted.every((set) => there.has(key(set)))
}

export type Where = 'from' | 'to' | 'other' | 'unknown'

const isAt = (answer: NameAnswer & { kind: 'answer' }, lead: Lead | null): boolean =>
  lead !== null &&
  (lead.names.some((name) => answer.alias !== null && sameText(name, answer.alias)) ||
    (answer.addresses.length > 0 && answer.addresses.every((address) => lead.addresses.includes(address))))

/** Where an answer leads. `to` is where it is moved; null leads are not known. */
export function whereTo(answer: NameAnswer | null, leads: { from: Lead | null; to: Lead | null }): Where {
  if (answer === null) return 'unknown'
  if (answer.kind !== 'answer') return 'other'
  if (isAt(answer, leads.to)) return 'to'
  if (isAt(answer, leads.from)) return 'from'
  return leads.to === null ? 'unknown' : 'other'
}

/** What was seen of one name before it is decided how it is moved. */
export interface NameSeen {
  use: NameUse
  name: string
  /** The region that it leads to now. */
  home: string
  records: Seen<RecordSetInput[]>
  /** Of the first record of its pair; null where it has none. */
  check: Seen<NameHealthCheck | null>
  /** Counted as Route 53 counts it. */
  health: 'healthy' | 'unhealthy' | 'unknown'
  /** Null where none is configured for this name. */
  switchObject: { bucket: string; key: string; isSet: Seen<boolean> } | null
  /** What the name servers of its zone answer. */
  leads: Where
  /** Where a single record would lead; null where that is not known. */
  value: string | null
}

/** Why a way is not open to a name now, in a sentence; null when it is. */
function closedBecause(way: MoveWay, seen: NameSeen): string | null {
  const { name, records, check } = seen
  switch (way) {
    case 'switch-object': {
      const { switchObject } = seen
      if (switchObject === null) return `No switch object is configured for ${name}.`
      if (!switchObject.isSet.known) return `The switch object cannot be read: ${switchObject.isSet.why}`
      // Where Route 53 does not answer, the configuration is taken at its word.
      if (!check.known) return null
      if (check.value === null) return `${name} has no health check of the switch object.`
      const { endpoint, inverted, disabled } = check.value
      if (!endpoint.path?.endsWith(switchObject.key))
        return `The health check of ${name} does not request ${switchObject.bucket}/${switchObject.key}.`
      if (disabled) return `The health check of ${name} is disabled, so the switch object moves nothing.`
      return inverted ? null : `The health check of ${name} is not inverted, so the switch object moves nothing.`
    }
    case 'observed':
      if (seen.leads !== 'to')
        return seen.leads === 'unknown'
          ? `Where ${name} points is unknown.`
          : `The name servers still point ${name} to ${seen.home}.`
      return check.known && check.value !== null && seen.health === 'healthy'
        ? `The health check of ${name} is healthy.`
        : null
    case 'forced': {
      if (!records.known) return records.why
      const found = checkIdOf(name, records.value)
      if ('why' in found) return found.why
      if (!check.known) return check.why
      return check.value === null ? `The health check of ${name} does not exist.` : null
    }
    case 'rrset': {
      if (!records.known) return records.why
      const made = rewritten(name, records.value, seen.value)
      return 'why' in made ? made.why : null
    }
  }
}

export interface WayChoice {
  /** Null where none is open. */
  way: MoveWay | null
  closed: { way: MoveWay; why: string }[]
}

/**
 * The way by which a name is moved: the one that was chosen where it is open, else the most robust one that is. That nothing is to
 * be changed is a choice that is never replaced by a change.
 */
export function chooseWay(seen: NameSeen, wanted: 'auto' | MoveWay): WayChoice {
  const judged = moveWays.map((way) => ({ way, why: closedBecause(way, seen) }))
  const closed = judged.flatMap(({ way, why }) => (why === null ? [] : [{ way, why }]))
  const open = judged.flatMap(({ way, why }) => (why === null ? [way] : []))
  if (wanted === 'observed') return { way: 'observed', closed }
  return { way: wanted !== 'auto' && open.includes(wanted) ? wanted : (open[0] ?? null), closed }
}
