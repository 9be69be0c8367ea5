import { checkIdOf, homeSets, leadOf, type MoveWay, recoverySets, type Seen } from '../../domain/names/move'
import { namesSeen, syncOwed } from '../../domain/names/moved'
import { chooseReturn, hostLedTo, ledHome, looksAtSwitch } from '../../domain/names/return'
import type { NameHealthCheck } from '../../domain/names/types'
import type { NamesCall } from '../../domain/procedure/names-call'
import { duty, type Obligation } from '../../domain/run/obligation'
import { PortError } from '../../ports/port-error'
import {
  type MovableName,
  type Observation,
  pacedLimit,
  type Step,
  type StepContext,
  type Surroundings,
  type Verdict,
  type World,
} from '../contract'
import { needed, type ObligationFacts, type WriterFacts } from '../facts'
import { imaginedMoves } from './move-names'
import { deleteSwitchCall, moveId, moveOf, recordsOf, updateCall, upsertCall } from './names-calls'
import type { NameMove, NamesFacts } from './names-facts'
import { leadTo, namesOf, resolved, seen } from './names-look'
import { proveMoved, seeNames, syncOf } from './names-proof'

/*
 * Names come home in two acts each: the record at home is written, where the database has another address than before; then what keeps
 * the name in the other region is taken back. Both are read from Route 53 and S3 as they are: whoever moved the name does not matter.
 */

type Returned = WriterFacts & ObligationFacts & NamesFacts
type Ctx = StepContext<unknown, Returned>
type NameStep = Step<unknown, Returned>

const pointId = ({ name }: Pick<MovableName, 'name'>) => `point-${name}`
/** Route 53 reports INSYNC within a minute; after so long the run goes on, and it stays open. */
const syncMs = 60_000

/** Reads how one name comes home to a database at this address, and what of its records must be written for that. */
async function lookAtReturn(world: World, record: MovableName, database: { host: string }): Promise<NameMove> {
  const names = namesOf(world)
  const { name, use, zoneId } = record
  const place = use === 'database' ? (world.environment.names?.switchObject ?? null) : null
  const setsOf = (of: string) => seen(async () => (await names.records(zoneId, of)).map(({ set }) => set))
  const [read, isSet] = await Promise.all([setsOf(name), place && seen(() => names.switchIsSet(place))])
  const checkId = read.known ? checkIdOf(name, read.value) : null
  const check: Seen<NameHealthCheck | null> =
    checkId && 'id' in checkId ? await seen(() => names.healthCheck(checkId.id)) : { known: true, value: null }
  const value = use === 'database' ? database.host : null
  const sets = read.known ? read.value : []
  const chosen = chooseReturn({
    ...{ name, records: read, check, value },
    switchObject: place && isSet && { key: place.key, isSet },
  })
  const host = value === null ? null : hostLedTo(sets)
  const next = host === null ? null : await setsOf(host)
  const made =
    value === null || chosen.way === null
      ? null
      : next?.known === false
        ? { why: next.why }
        : ledHome(name, sets, next && next.value.length > 0 ? { host: host ?? '', sets: next.value } : null, value)
  const found = check.known ? check.value : null
  const shut = made && 'why' in made ? made.why : null
  const second = recoverySets(sets)
  const to = value === null ? leadOf(homeSets(sets)) : leadTo(value)
  return {
    ...{ use, zoneId, switchObject: place, movedAt: null },
    way: shut === null ? chosen.way : null,
    closed: shut === null ? chosen.closed : [{ way: 'rrset', why: shut }],
    records: [...sets, ...(next?.known ? next.value : [])],
    unread: read.known ? null : read.why,
    changes: made && 'sets' in made ? made.sets : [],
    // As it is when nobody forces it.
    check: found && { id: found.id, disabled: false, inverted: looksAtSwitch(found, place?.key ?? null) },
    version: found?.version ?? null,
    leads: {
      from: second.length > 0 ? await resolved(world, leadOf(second)) : null,
      to: sets.length > 0 ? await resolved(world, to) : null,
    },
    ttlSeconds: Math.max(0, ...sets.flatMap(({ TTL }) => TTL ?? [])) || null,
  }
}

const databaseOf = ({ facts }: Ctx) => needed(facts.endpoint, 'the address of the database at home')

const wayHome: Record<MoveWay, string> = {
  'switch-object': 'the switch object is deleted',
  observed: 'nothing keeps it away once its health check passes',
  forced: 'its forced health check is released',
  rrset: 'its record is written again',
}
const writtenWords = ({ changes }: NameMove) =>
  changes.map(
    ({ Name, Type, ResourceRecords = [] }) =>
      `${Type} ${Name.replace(/\.$/, '')} ${ResourceRecords.map((r) => r.Value).join(', ')}`,
  )

/** How one name comes home, in a sentence. */
export function returnWords(name: string, move: NameMove): string {
  if (move.way === null)
    return `${name} cannot be moved by this run. ${[...new Set(move.closed.map(({ why }) => why))].join(' ')}`
  const written = writtenWords(move)
  return `${name}: ${written.length > 0 ? `${written.join(', ')} is written, and ` : ''}${wayHome[move.way]}.`
}

/** What takes back what keeps the name away; null when nothing does. */
function returnCall(move: NameMove): NamesCall | null {
  switch (move.way) {
    case 'switch-object':
      return deleteSwitchCall(move)
    case 'forced':
      return updateCall(move, { Disabled: false, Inverted: move.check?.inverted ?? false })
    case 'observed':
    case 'rrset':
    case null:
      return null
  }
}

/** A look before acting. While it is not known what became of a call, nothing is concluded from it. Throws PortError then. */
async function lookBefore(world: World, ctx: Ctx, record: MovableName, stepId: string): Promise<NameMove> {
  const look = await lookAtReturn(world, record, databaseOf(ctx))
  const last = ctx.sent?.[stepId]
  if (look.unread !== null && last && last.outcome !== 'rejected')
    throw new PortError('unreachable', `Whether ${record.name} was changed is unknown: ${look.unread}`, {
      outcome: 'rejected',
      probe: 'other',
    })
  return look
}

const learnt = ({ facts }: Ctx, { name }: MovableName, move: NameMove): Returned => ({
  moves: { ...facts.moves, [name]: { ...move, movedAt: facts.moves?.[name]?.movedAt ?? null } },
})

/** How each name comes home, before anybody is asked. */
const lookAtReturns: NameStep = {
  id: 'look-at-names',
  title: 'Find out how each name comes home',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'Names point to the other region. What keeps each of them there, and where its record at home points, is read first.',
  provedBy: 'Records, health checks and the switch object are read, or why not is stored.',
  undoneBy: null,
  everyMs: 5_000,
  forMs: 120_000,
  serves: ['dns'],
  async verify(world, ctx): Promise<Verdict<Returned>> {
    const found = await Promise.all(
      recordsOf(world.environment).map(async (record) => ({
        name: record.name,
        move: await lookAtReturn(world, record, databaseOf(ctx)),
      })),
    )
    return {
      state: 'proved',
      says: found.map(({ name, move }) => returnWords(name, move)).join(' '),
      facts: { moves: Object.fromEntries(found.map(({ name, move }) => [name, move])) },
    }
  },
}

const common = {
  effect: 'DANGEROUS',
  undoneBy: null,
  everyMs: 2_000,
  settleMs: 20_000,
  serves: ['dns', 'connectivity'],
} satisfies Partial<NameStep>

/** The record at home leads to the database at home, before the name follows it: the one of before led to the old writer. */
const pointRecord = (record: MovableName): NameStep => ({
  ...common,
  id: pointId(record),
  title: `Point the home record of ${record.name} to the database at home`,
  estimate: { lowSeconds: 1, highSeconds: 120 },
  why: 'The record at home still points to the old writer. It is written before the name follows it.',
  provedBy: 'Route 53 has the record as it was written, and reports INSYNC. INSYNC that never comes stays open.',
  forMs: 10 * 60_000,
  call(ctx) {
    const move = moveOf(ctx, record)
    return move && move.changes.length > 0 ? upsertCall(ctx, move, move.changes) : null
  },
  async observe(world, ctx): Promise<Observation<Returned>> {
    const move = await lookBefore(world, ctx, record, pointId(record))
    if (move.way === null)
      return { state: 'conflict', says: returnWords(record.name, move), facts: learnt(ctx, record, move) }
    if (move.changes.length === 0) return { state: 'done', says: pointedWords(ctx, record) }
    return {
      state: 'not-started',
      says: `To be written: ${writtenWords(move).join(', ')}.`,
      facts: learnt(ctx, record, move),
    }
  },
  async verify(world, ctx, elapsedMs): Promise<Verdict<Returned>> {
    const { name } = record
    const move = await lookBefore(world, ctx, record, pointId(record))
    if (move.way === null) return { state: 'not-yet', says: returnWords(name, move) }
    if (move.changes.length > 0) return { state: 'not-yet', says: `Not written yet: ${writtenWords(move).join(', ')}.` }
    const wrote = ctx.sent?.[pointId(record)] !== undefined
    const sync = wrote ? await syncOf(world, ctx, pointId(record)) : null
    if (sync === 'pending' && elapsedMs * world.pace < pacedLimit(world, syncMs))
      return { state: 'not-yet', says: `The record is written. Route 53 reports the change as PENDING.` }
    return {
      state: 'proved',
      says: pointedWords(ctx, record),
      facts: { obligations: namesSeen(ctx.facts.obligations ?? [], name, syncOwed({ name, sync })) },
    }
  },
})

const pointedWords = (ctx: Ctx, { name }: MovableName) =>
  `The record of ${name} at home points to ${databaseOf(ctx).host}.`

/** What keeps one name in the other region is taken back, and the name is seen at home. */
const returnName = (record: MovableName): NameStep => ({
  ...common,
  id: moveId(record),
  title: `Move ${record.name} home`,
  estimate: { lowSeconds: 30, highSeconds: 600 },
  why: 'Clients go where the name points. The database that it still points to accepts no writes.',
  provedBy: 'The name servers of its zone answer with the home region.',
  forMs: 20 * 60_000,
  call(ctx) {
    const move = moveOf(ctx, record)
    return move && returnCall(move)
  },
  async observe(world, ctx): Promise<Observation<Returned>> {
    const { name } = record
    const move = await lookBefore(world, ctx, record, moveId(record))
    if (move.way === null) return { state: 'conflict', says: returnWords(name, move), facts: learnt(ctx, record, move) }
    if (move.way === 'observed')
      return { state: 'done', says: `Nothing keeps ${name} in the other region.`, facts: learnt(ctx, record, move) }
    return { state: 'not-started', says: returnWords(name, move), facts: learnt(ctx, record, move) }
  },
  async guard(world, ctx) {
    const move = await lookAtReturn(world, record, databaseOf(ctx))
    return move.changes.length > 0
      ? {
          stepId: pointId(record),
          because: `the record of ${record.name} at home no longer points to ${databaseOf(ctx).host}`,
        }
      : null
  },
  verify: (world, ctx) => proveMoved(world, ctx, record, world.environment.aws.region, async ({ version }) => version),
})

/** All names of an environment, each once its record at home is right; no steps where none are configured. */
export function returnNames(environment: Surroundings): {
  look: NameStep[]
  move: NameStep[]
  see: NameStep[]
  covered: string[]
} {
  const records = recordsOf(environment)
  const move = records.flatMap((record) => [
    ...(record.use === 'database' ? [pointRecord(record)] : []),
    returnName(record),
  ])
  return {
    look: records.length > 0 ? [lookAtReturns] : [],
    move,
    see: seeNames(environment, environment.aws.region, () => []),
    covered: move.map(({ id }) => id),
  }
}

/** Names that did not come home by this run, each with why. */
export function returnsOwed(environment: Surroundings, { moves = {}, endpoint }: Returned): Obligation[] {
  const { region, drRegion } = environment.aws
  const records = recordsOf(environment)
  const host = endpoint?.host ?? 'the database at home'
  const why = `They may still point to ${drRegion}. A name of the database must point to ${host}, not to the old writer.`
  if (records.length === 0) return [duty('names', `Point names to ${region}`, why)]
  const left = records.filter(({ name }) => moves[name]?.movedAt == null).map(({ name }) => name)
  return left.length > 0 ? [duty('names', `Point ${left.join(', ')} to ${region}`, why)] : []
}

/** How the names would come home if nothing is known of them yet. */
export function imaginedReturns(environment: Surroundings, database: { host: string }): NamesFacts {
  const { moves = {} } = imaginedMoves(environment)
  return {
    moves: Object.fromEntries(
      Object.entries(moves).map(([name, move]): [string, NameMove] => [
        name,
        move.use === 'database'
          ? { ...move, changes: [{ Name: name, Type: 'CNAME', TTL: 60, ResourceRecords: [{ Value: database.host }] }] }
          : move,
      ]),
    ),
  }
}
