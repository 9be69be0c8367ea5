import { isIPv4 } from 'node:net'
import { countedHealth } from '../../domain/names/health'
import {
  checkIdOf,
  chooseWay,
  homeSets,
  isWritten,
  type Lead,
  leadOf,
  type MoveWay,
  type NameSeen,
  recoverySets,
  rewritten,
  type Seen,
  whereTo,
} from '../../domain/names/move'
import { isForced } from '../../domain/names/return'
import type { NameHealthCheck, ResolverAnswer } from '../../domain/names/types'
import type { RecordSetInput } from '../../domain/procedure/names-call'
import type { NamesLook } from '../../ports/names'
import { PortError } from '../../ports/port-error'
import type { MovableName, World } from '../contract'
import { needed } from '../facts'
import type { NameMove } from './names-facts'

/** What was asked for, or why it is not known. */
export async function seen<T>(ask: () => Promise<T>): Promise<Seen<T>> {
  try {
    return { known: true, value: await ask() }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { known: false, why: error.message }
  }
}

export const namesOf = (world: World): NamesLook => needed(world.names, 'a reader of names')

/** What every resolver that can see this name answers. */
export async function askResolvers(world: World, { name, zone }: MovableName): Promise<ResolverAnswer[]> {
  const { resolvers } = namesOf(world)
  const asked = resolvers.all.filter(({ kind }) => zone === 'public' || kind !== 'public')
  return await Promise.all(
    asked.map(async ({ kind, address }): Promise<ResolverAnswer> => {
      const answer = await seen(() => resolvers.ask({ kind, address }, name))
      return answer.known
        ? { kind, address, answer: answer.value, error: null }
        : { kind, address, answer: null, error: answer.why }
    }),
  )
}

/** The addresses behind a host: by the name servers of the zones, or else as this machine resolves it. None where nobody knows. */
export async function addressesOf(world: World, host: string): Promise<string[]> {
  if (isIPv4(host)) return [host]
  const { resolvers } = namesOf(world)
  for (const resolver of resolvers.all.filter(({ kind }) => kind === 'authoritative')) {
    const found = await seen(() => resolvers.ask(resolver, host))
    if (found.known && found.value.kind === 'answer') return found.value.addresses
  }
  const resolved = await seen(() => world.resolve(host))
  return resolved.known ? resolved.value.filter((address) => isIPv4(address)) : []
}

/** The same lead with the addresses that its names resolve to. */
export async function resolved(world: World, lead: Lead): Promise<Lead> {
  const found = await Promise.all(lead.names.map((name) => addressesOf(world, name)))
  return { names: lead.names, addresses: [...new Set([...lead.addresses, ...found.flat()])] }
}

/** What is asked for: by which way, and where the promoted database is. */
export interface Wanted {
  dnsMode: 'auto' | MoveWay
  /** Where the promoted database is reached; null before it is known. */
  database: { host: string } | null
}

/** A look at one name: how it would be moved, and what shows whether it has been. */
export interface MoveLook {
  move: NameMove
  check: NameHealthCheck | null
  isSet: boolean | null
  records: Seen<RecordSetInput[]>
  answers: ResolverAnswer[]
}

/** Reads one name from Route 53, S3 and its name servers, each of which may be away, and chooses how it is moved. */
export async function lookAtName(world: World, record: MovableName, { dnsMode, database }: Wanted): Promise<MoveLook> {
  const names = namesOf(world)
  const { name, use, zoneId } = record
  const { region } = world.environment.aws
  const place = use === 'database' ? (world.environment.names?.switchObject ?? null) : null
  const [read, isSet, answers] = await Promise.all([
    seen(async () => (await names.records(zoneId, name)).map(({ set }) => set)),
    place && seen(() => names.switchIsSet(place)),
    askResolvers(world, record),
  ])
  const checkId = read.known ? checkIdOf(name, read.value) : null
  const check: Seen<NameHealthCheck | null> =
    checkId === null
      ? { known: false, why: read.known ? '' : read.why }
      : 'id' in checkId
        ? await seen(() => names.healthCheck(checkId.id))
        : { known: true, value: null }
  const found = check.known ? check.value : null
  const observed = found && (await seen(() => names.observations(found.id)))
  const value = use === 'database' ? (database?.host ?? null) : (record.recoveryValue ?? null)
  const leads = await leadsOf(world, record, read.known ? read.value : [], value)
  const authoritative = answers.filter(({ kind, answer }) => kind === 'authoritative' && answer !== null)
  const where = new Set(authoritative.map(({ answer }) => whereTo(answer, leads)))
  const [only] = where
  const view: NameSeen = {
    use,
    name,
    home: region,
    records: read,
    check,
    health: found && observed?.known ? countedHealth(found, observed.value) : 'unknown',
    switchObject: place && isSet && { bucket: place.bucket, key: place.key, isSet },
    leads: where.size === 1 && only !== undefined ? only : 'unknown',
    value,
  }
  const { way, closed } = chooseWay(view, dnsMode)
  const made = way === 'rrset' && read.known ? rewritten(name, read.value, value) : null
  const ttls = (read.known ? read.value : []).flatMap(({ TTL }) => TTL ?? [])
  const told = authoritative.flatMap(({ answer }) => (answer?.kind === 'answer' ? answer.ttlSeconds : []))
  return {
    move: {
      use,
      zoneId,
      way,
      closed,
      records: read.known ? read.value : [],
      unread: read.known ? null : read.why,
      changes: made && 'sets' in made ? made.sets : [],
      check: found && { id: found.id, disabled: found.disabled, inverted: found.inverted },
      version: found?.version ?? null,
      switchObject: place,
      leads,
      ttlSeconds: ttls.length > 0 ? Math.max(...ttls) : told.length > 0 ? Math.max(...told) : null,
      movedAt: null,
    },
    check: found,
    isSet: isSet?.known ? isSet.value : null,
    records: read,
    answers,
  }
}

/** Where a name leads now and shall lead. The database's is to lead to the promoted database, whatever a record says. */
async function leadsOf(
  world: World,
  { use }: MovableName,
  sets: RecordSetInput[],
  value: string | null,
): Promise<NameMove['leads']> {
  const [primary, secondary] = [homeSets(sets), recoverySets(sets)]
  const byValue = value !== null && (use === 'database' || secondary.length === 0)
  const there = byValue ? leadTo(value) : secondary.length > 0 ? leadOf(secondary) : null
  return {
    from: primary.length > 0 ? await resolved(world, leadOf(primary)) : null,
    to: there && (await resolved(world, there)),
  }
}

export const leadTo = (host: string): Lead =>
  isIPv4(host) ? { names: [], addresses: [host] } : { names: [host], addresses: [] }

/**
 * Why the second record of the database's pair must not be led to, in a sentence: it is not the promoted database. Null when it is,
 * and where no pair decides.
 */
export async function leadsAstray(
  world: World,
  name: string,
  { use, records, leads }: NameMove,
): Promise<string | null> {
  const secondary = recoverySets(records)
  if (use !== 'database' || secondary.length === 0 || leads.to === null) return null
  const there = await resolved(world, leadOf(secondary))
  const wanted = leads.to
  const same =
    there.names.some((one) => wanted.names.includes(one)) ||
    there.addresses.some((one) => wanted.addresses.includes(one))
  if (same) return null
  const words = ({ names, addresses }: Lead) => [...names, ...addresses].join(', ') || 'nowhere'
  return `The second record of ${name} points to ${words(there)}, and the promoted database is at ${words(wanted)}. Correct the record, then retry.`
}

/** Has the change that was chosen been made? Null where that cannot be known now. */
export function isMade(move: NameMove, look: MoveLook): boolean | null {
  switch (move.way) {
    case 'switch-object':
      return look.isSet
    case 'forced':
      return look.check === null ? null : isForced(look.check)
    case 'rrset':
      return look.records.known ? isWritten(look.records.value, move.changes) : null
    case 'observed':
      return !look.move.closed.some(({ way }) => way === 'observed')
    case null:
      return false
  }
}
