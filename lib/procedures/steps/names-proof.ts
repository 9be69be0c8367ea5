import { judgeMoved, type MovedLook, type MovedVerdict, namesSeen } from '../../domain/names/moved'
import type { Obligation } from '../../domain/run/obligation'
import { PortError } from '../../ports/port-error'
import type { MovableName, StepContext, Verdict, World } from '../contract'
import { needed, type ObligationFacts, type WriterFacts } from '../facts'
import { addressOf } from '../looking'
import { moveId, moveOf } from './names-calls'
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

/** One look for the proof of a move; `more` is what the run owes for the name besides. */
export async function proveMoved(
  world: World,
  ctx: Sent & { facts: Moved },
  record: MovableName,
  to: string,
  more: (move: NameMove) => Promise<{ version?: number | null; owed?: Obligation[] }>,
): Promise<Verdict<Moved>> {
  const { name } = record
  const move = needed(moveOf(ctx, record), `how ${name} is moved`)
  const [verdict, { version = move.version, owed = [] }] = await Promise.all([
    lookWhetherMoved(world, ctx, record, move, to),
    more(move),
  ])
  const moves = { ...ctx.facts.moves, [name]: { ...move, version, movedAt: verdict.movedAt } }
  if (verdict.state === 'not-yet') return { state: 'not-yet', says: verdict.says, facts: { moves } }
  return {
    state: 'proved',
    says: `${verdict.says} ${await trafficLeft(world, ctx.facts, record)}`,
    facts: { moves, obligations: namesSeen(ctx.facts.obligations ?? [], name, [...verdict.owed, ...owed]) },
  }
}
