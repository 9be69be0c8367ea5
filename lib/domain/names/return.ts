import type { RecordSetInput } from '../procedure/names-call'
import { homeSets, isWritten, type Lead, leadOf, recoverySets, rewritten, type Seen, type WayChoice } from './move'
import type { NameHealthCheck } from './types'

/*
 * A name comes home by taking back what keeps it in the other region: the switch object, or a health check that is forced. What was
 * changed is seen, and not remembered: whoever moved the name does not matter.
 */

/** What was seen of one name before it is decided how it comes home. */
export interface ReturnSeen {
  name: string
  records: Seen<RecordSetInput[]>
  /** Of the first record of its pair; null where it has none. */
  check: Seen<NameHealthCheck | null>
  /** Null where none is configured for this name. */
  switchObject: { key: string; isSet: Seen<boolean> } | null
  /** Where its record shall lead at home; null where that is not known, as of an API. */
  value: string | null
}

/** Disabled it counts as healthy, and inverted then as unhealthy. */
export const isForced = ({ disabled, inverted }: NameHealthCheck): boolean => disabled && inverted

/** Does the check look at the switch object? Such a check is inverted when nobody has forced it; any other is not. */
export const looksAtSwitch = ({ endpoint }: NameHealthCheck, key: string | null): boolean =>
  key !== null && endpoint.path?.endsWith(key) === true

/** Why the name cannot be brought home, whatever the way, in a sentence; null when it can. */
function unfit({ name, records, check, value }: ReturnSeen): string | null {
  if (!records.known) return records.why
  if (records.value.length === 0) return `${name} has no record.`
  if (!check.known && check.why !== '') return check.why
  if (value !== null) return null
  const second = recoverySets(records.value)
  if (second.length === 0) return `${name} is no failover pair, and nothing says where it points at home.`
  const words = (lead: Lead) => [...lead.names, ...lead.addresses].sort().join()
  return words(leadOf(homeSets(records.value))) === words(leadOf(second))
    ? `Both records of ${name} point to the other region. Write the first one again manually.`
    : null
}

/** The way by which a name comes home; none where two things keep it away, or where something is not known. */
export function chooseReturn(seen: ReturnSeen): WayChoice {
  const { name, check, switchObject } = seen
  const closed = (why: string): WayChoice => ({
    way: null,
    closed: (['switch-object', 'observed', 'forced'] as const).map((way) => ({ way, why })),
  })
  const why = unfit(seen)
  if (why !== null) return closed(why)
  const found = check.known ? check.value : null
  const forced = found !== null && isForced(found)
  const switched = switchObject !== null && found !== null && looksAtSwitch(found, switchObject.key)
  if (switched && !switchObject.isSet.known)
    return closed(`The switch object cannot be read: ${switchObject.isSet.why}`)
  const isSet = switched && switchObject.isSet.known && switchObject.isSet.value
  if (forced && isSet)
    return closed(`The switch object and a forced health check keep ${name} away. Take one of them back manually.`)
  return { way: forced ? 'forced' : isSet ? 'switch-object' : 'observed', closed: [] }
}

/** The one host by which a record set leads on, as a CNAME does; null where it leads to addresses, or to several. */
export function hostLedTo(sets: readonly RecordSetInput[]): string | null {
  const { names, addresses } = leadOf(homeSets(sets))
  const [only] = names
  return only !== undefined && names.length === 1 && addresses.length === 0 ? only : null
}

/**
 * What must be written so that the record at home leads to `value`: nothing where it does. A name that leads to a record of its own zone
 * leads on by that one, which is written instead. A sentence where that cannot be done without a guess.
 */
export function ledHome(
  name: string,
  sets: readonly RecordSetInput[],
  /** The host by which the name leads home, and its records; null where it has none in the zone. */
  next: { host: string; sets: readonly RecordSetInput[] } | null,
  value: string,
): { sets: RecordSetInput[] } | { why: string } {
  const made = next
    ? rewritten(next.host, next.sets, value)
    : rewritten(
        name,
        // As if it were alone: the second of the pair stays as it is.
        homeSets(sets).map(({ SetIdentifier: _id, Failover: _role, HealthCheckId: _check, ...set }) => set),
        value,
      )
  if ('why' in made) return made
  const whole = next
    ? made.sets
    : made.sets.map((set) => ({ ...homeSets(sets).find(({ Type }) => Type === set.Type), ...set }))
  return { sets: isWritten(next ? next.sets : sets, whole) ? [] : whole }
}
