import { judgeMoved, type MovedLook, type MovedVerdict, namesSeen } from '../../domain/names/moved'
import type { Obligation } from '../../domain/run/obligation'
import { PortError } from '../../ports/port-error'
import type { MovableName, Step, StepContext, Surroundings, Verdict, World } from '../contract'
import { needed, type ObligationFacts, type WriterFacts } from '../facts'
import { addressOf } from '../looking'
import { moveId, moveOf, recordsOf } from './names-calls'
import type { NameMove, NamesFacts } from './names-facts'
import { askResolvers, namesOf } from './names-look'

/* What shows that a name is moved, to the other region or home. */

type Sent = Pick<StepContext<unknown>, 'sent'>
type Moved = WriterFacts & ObligationFacts & NamesFacts

/** Route 53's own word on the change of records that a step has sent. */
export async function syncOf(world: World, { sent }: Sent, stepId: string): Promise<NonNullable<MovedLook['sync']>> {
  const id = sent?.[stepId]?.reply?.changeId
  if (typeof id !== 'string')
    return { unknown: 'Route 53 did not name the change, so whether it is INSYNC is unknown.' }
  try {
    return await namesOf(world).changeStatus(id)
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { unknown: `Whether the change is INSYNC is unknown: ${error.message}` }
  }
}

/** Where a moved name leads by now, and what stays to be seen of it. `to` is the region that it is moved to. */
export async function lookWhetherMoved(
  world: World,
  ctx: Sent,
  record: MovableName,
  move: NameMove,
  to: string,
): Promise<MovedVerdict> {
  const [answers, sync] = await Promise.all([
    askResolvers(world, record),
    move.way === 'rrset' ? syncOf(world, ctx, moveId(record)) : null,
  ])
  const { leads, ttlSeconds, movedAt } = move
  return judgeMoved({ name: record.name, to, leads, ttlSeconds, answers, sync, movedAt, now: world.now() })
}

/** Who still uses the old name, as far as that can be seen. */
async function trafficLeft(world: World, { writerBefore: old }: Moved, { use, name }: MovableName): Promise<string> {
  const unknown = (why: string) => `Traffic that still goes to the former address of ${name} is unknown: ${why}`
  const address = old ? addressOf(old) : null
  if (use !== 'database' || !old || !address) return unknown('nothing measures it.')
  try {
    const sessions = await world.applicationSessions(address, 0)
    if (sessions === null) return unknown('no role may look at its sessions.')
    return `The application has ${sessions.length} ${sessions.length === 1 ? 'session' : 'sessions'} at ${old.id}.`
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return unknown(error.message)
  }
}

/** One look for the proof of a move: its name servers lead there. Other resolvers are seen by a step after all moves. */
export async function proveMoved(
  world: World,
  ctx: Sent & { facts: Moved },
  record: MovableName,
  to: string,
  versionOf: (move: NameMove) => Promise<number | null>,
): Promise<Verdict<Moved>> {
  const { name } = record
  const move = needed(moveOf(ctx, record), `how ${name} is moved`)
  const [{ movedAt, says }, version] = await Promise.all([
    lookWhetherMoved(world, ctx, record, move, to),
    versionOf(move),
  ])
  const moves = { ...ctx.facts.moves, [name]: { ...move, version, movedAt } }
  return { state: movedAt === null ? 'not-yet' : 'proved', says, facts: { moves } }
}

/**
 * All names at once, after the last of them was moved: a resolver may keep its former answer for as long as the TTL, and no name waits
 * for another one's. Nothing where no names are configured.
 */
export function seeNames<I>(
  environment: Surroundings,
  to: string,
  more: (name: string, move: NameMove) => Obligation[],
): Step<I, Moved>[] {
  const records = recordsOf(environment)
  if (records.length === 0) return []
  return [
    {
      id: 'see-names',
      title: `See resolvers follow to ${to}`,
      effect: 'READ',
      estimate: { lowSeconds: 5, highSeconds: 300 },
      why: 'The name servers answer already. Clients ask resolvers, which keep what they have for as long as the TTL.',
      provedBy:
        'Independent resolvers agree on every name that was moved. One that keeps its old answer beyond the TTL is named and stays open, as does INSYNC.',
      undoneBy: null,
      everyMs: 2_000,
      forMs: 20 * 60_000,
      serves: ['dns', 'connectivity'],
      async verify(world, ctx): Promise<Verdict<Moved>> {
        const looks = await Promise.all(
          records.flatMap((record) => {
            const move = moveOf(ctx, record)
            return move?.movedAt == null ? [] : [seeName(world, ctx, record, move, to)]
          }),
        )
        if (looks.length === 0) return { state: 'proved', says: 'This run has moved no name.' }
        const says = looks.map((look) => look.says).join(' ')
        if (looks.some(({ state }) => state === 'not-yet')) return { state: 'not-yet', says }
        const obligations = looks.reduce(
          (all, { name, move, owed }) => namesSeen(all, name, [...owed, ...more(name, move)]),
          ctx.facts.obligations ?? [],
        )
        return { state: 'proved', says, facts: { obligations } }
      },
    },
  ]
}

async function seeName(world: World, ctx: Sent & { facts: Moved }, record: MovableName, move: NameMove, to: string) {
  const { state, says, owed } = await lookWhetherMoved(world, ctx, record, move, to)
  return {
    ...{ name: record.name, move, state, owed },
    says: state === 'proved' ? `${says} ${await trafficLeft(world, ctx.facts, record)}` : says,
  }
}
