import { readNodeKey } from '../../domain/cluster/node-key'
import { rdsStatus } from '../../domain/cluster/rds-status'
import type { Call } from '../../domain/procedure/call'
import type { FenceLook } from '../../ports/database'
import { PortError } from '../../ports/port-error'
import type { Standing } from '../../ports/standing'
import type { Observation, Step, Surroundings, Undo, Verdict, World } from '../contract'
import {
  type FenceFacts,
  type FixedNode,
  needed,
  type ObligationFacts,
  type WriterFacts,
  withObligation,
} from '../facts'
import { addressOf, askPosition, lookAtFleet, lookAtRds } from '../looking'
import { fenceByGroup, fenceBySql, unfenceByGroup, unfenceBySql } from './fence-calls'

/**
 * How the old writer stands. `open` takes writes, and `route` says what keeps it from that; `pending` answers nobody and
 * nothing keeps it from coming back, so it is watched.
 */
export type FenceState =
  | { kind: 'reader' | 'fenced' | 'gone' | 'pending'; says: string }
  | { kind: 'open'; route: 'sql' | 'api' | null; says: string }
  | { kind: 'writer-again'; says: string }

type Fenced = WriterFacts & FenceFacts & ObligationFacts
type OfFence = { facts: Fenced }

/** Can anything still be written on the old writer? Asks it, and RDS, which is not waited for when it cannot be read. */
export async function lookAtOldWriter(world: World, ctx: OfFence, fleet?: Standing): Promise<FenceState> {
  const facts = ctx.facts
  const old = needed(facts.writerBefore, 'the old writer')
  const target = needed(facts.target, 'the target')
  if (facts.topology === 'instance' && target.id === old.id)
    return { kind: 'gone', says: `${old.id} is one instance, now on its standby; RDS runs no two of it.` }
  const [look, answer] = await Promise.all([
    fleet ? ({ read: true, fleet } as const) : lookAtRds(world, facts),
    askPosition(world, addressOf(old)),
  ])
  const writerId = look.read ? look.fleet.writerId : null
  // A platform closes the writer that it leaves itself; no platform leaves one for another region.
  const managed = facts.topology !== 'instance' && readNodeKey(target.id).elsewhere === null
  if (managed && writerId === old.id) {
    const now = await askPosition(world, addressOf(target))
    // Descriptions may be old; the target's own word decides.
    if (!now.ok || now.position.standby)
      return { kind: 'writer-again', says: `RDS names ${old.id} the writer again. It is not fenced.` }
  }
  if (answer.ok && answer.position.standby)
    return { kind: 'reader', says: `${old.id} is back as a reader; it takes no writes.` }
  if (answer.ok) return await lookInside(world, ctx, old, answer.position.readOnly)
  // It answers nobody, and nobody tells how it is: the same as one that RDS describes and nothing closes. Clients wait.
  const watched = 'It is monitored, and fenced if it returns as a writer.'
  if (!look.read)
    return {
      kind: 'pending',
      says: `${old.id} does not respond (${answer.why}), so nothing can be closed on it. ${look.why} ${watched}`,
    }
  const instance = look.fleet.instances.find((i) => i.id === old.id)
  if (!instance) return { kind: 'gone', says: `${old.id} does not exist any more.` }
  const quarantine = world.environment.aws.quarantineSecurityGroupId
  if (quarantine && instance.securityGroupIds.length === 1 && instance.securityGroupIds[0] === quarantine)
    return {
      kind: 'fenced',
      says: `${old.id} is in the quarantine group only, and does not respond (${answer.why}).`,
    }
  if (!managed && rdsStatus(instance.status).kind === 'usable' && fenceByGroup(ctx, world.environment))
    return { kind: 'open', route: 'api', says: `${old.id} does not respond (${answer.why}); only RDS reaches it.` }
  const owner =
    managed && writerId === target.id
      ? `RDS, which owns it, names ${target.id} the only writer`
      : 'RDS cannot close it off'
  return {
    kind: 'pending',
    says: `${old.id} does not respond (${answer.why}), so nothing can be closed on it; ${owner}. ${watched}`,
  }
}

/** It answers as a writer: what does the application meet there? Two sessions of two roles must agree. */
async function lookInside(world: World, ctx: OfFence, old: FixedNode, readOnlyForUs: boolean): Promise<FenceState> {
  const byGroup = fenceByGroup(ctx, world.environment) ? ('api' as const) : null
  const open = `${old.id} answers and still takes writes`
  let look: FenceLook | null
  try {
    look = await world.lookAtFence(needed(addressOf(old), 'the old writer’s address'))
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { kind: 'open', route: byGroup, says: `${open}. The recovery role could not look: ${error.message}` }
  }
  if (!look)
    return { kind: 'open', route: byGroup, says: `${open}; no recovery role is configured that could close it.` }
  const refused = look.write.refusedWith === '25006'
  if (look.canLogin.length === 0 && look.sessions === 0 && refused && readOnlyForUs)
    return {
      kind: 'fenced',
      says: `${old.id} accepts no writes: ${world.environment.database.applicationRoles.join(', ')} cannot log in and has no session. A write by ${look.write.by} was refused (25006), and our own session is read-only too.`,
    }
  const doors = [
    ...look.canLogin.map((role) => `${role} may log in`),
    ...(look.sessions > 0 ? [`${look.sessions} sessions are open`] : []),
    ...(refused && readOnlyForUs ? [] : ['a write is let through']),
  ]
  return { kind: 'open', route: 'sql', says: `${open}: ${doors.join(', ')}.` }
}

const fencePending = (id: string) => ({
  id: 'fence-pending',
  title: `See ${id} back as a reader`,
  why: 'It did not respond when it was fenced. If it returns as a writer, two nodes accept writes; it is being monitored.',
  state: 'open' as const,
})
export const rejoin = (id: string) => ({
  id: 'rejoin-old-writer',
  title: `Rebuild ${id} as a reader`,
  why: 'It is fenced and contains writes of its own. Clone it again; if it is started unchanged, it diverges silently.',
  state: 'open' as const,
})

/** What a run learns from how the old writer stands. */
export function fenceFacts(facts: Fenced, state: FenceState): FenceFacts & ObligationFacts {
  const old = needed(facts.writerBefore, 'the old writer')
  const settled = (add: ObligationFacts['obligations'] = []) =>
    [...(facts.obligations ?? []), ...add].map((o) =>
      o.id === 'fence-pending' && o.state === 'open' ? { ...o, state: 'met' as const } : o,
    )
  switch (state.kind) {
    case 'reader':
    case 'gone':
      return {
        fence: state.kind,
        obligations: settled().map((o) => (o.id === 'rejoin-old-writer' ? { ...o, state: 'met' as const } : o)),
      }
    case 'fenced':
      return { fence: 'fenced', obligations: withObligation({ obligations: settled() }, rejoin(old.id)) }
    case 'pending':
      return { fence: 'pending', obligations: withObligation(facts, fencePending(old.id)) }
    case 'open':
      return { fenceRoute: state.route }
    case 'writer-again':
      return {}
  }
}

/**
 * Why the old writer must stay closed, in a sentence; null when no other node accepts writes. What cannot be known counts as
 * another writer: two are worse than none.
 */
export async function anotherWriter(world: World, ctx: OfFence): Promise<string | null> {
  const facts = ctx.facts
  const old = needed(facts.writerBefore, 'the old writer')
  const target = needed(facts.target, 'the target')
  if (target.id === old.id) return null
  const [fleet, answer] = await Promise.all([lookAtFleet(world, facts), askPosition(world, addressOf(target))])
  const stays = `Opening ${old.id} could make two writers; it stays fenced.`
  if (!answer.ok) return `It is unknown whether ${target.id} accepts writes: ${answer.why}. ${stays}`
  if (!answer.position.standby) return `${target.id} accepts writes. ${stays}`
  return fleet.writerId !== null && fleet.writerId !== old.id && facts.topology !== 'instance'
    ? `RDS reports ${fleet.writerId} as the writer. ${stays}`
    : null
}

const called = (call: Call | null, when: string) => (call ? [{ when, call }] : [])

function undoOf(environment: Surroundings): Undo<unknown, Fenced> | undefined {
  if (!environment.database.recovery && !environment.aws.quarantineSecurityGroupId) return undefined
  const bySql = (ctx: OfFence) => ctx.facts.fenceRoute !== 'api'
  return {
    effect: 'DANGEROUS',
    guard: anotherWriter,
    call: (ctx) =>
      needed(
        (bySql(ctx) ? unfenceBySql(ctx, environment) : null) ?? unfenceByGroup(ctx, environment),
        'the rollback of the fence',
      ),
    async verify(world, ctx): Promise<Verdict<Fenced>> {
      const old = needed(ctx.facts.writerBefore, 'the old writer')
      if (bySql(ctx)) {
        const look = await world.lookAtFence(needed(addressOf(old), 'the old writer’s address'))
        const open = look !== null && look.canLogin.length > 0 && !look.readOnlyByDefault
        return {
          state: open ? 'proved' : 'not-yet',
          says: open ? `${old.id} takes writes again.` : 'It is still closed.',
        }
      }
      const instance = (await lookAtFleet(world)).instances.find((i) => i.id === old.id)
      const back = old.securityGroupIds.every((id) => instance?.securityGroupIds.includes(id))
      return {
        state: back ? 'proved' : 'not-yet',
        says: `The security groups of ${old.id} are ${instance?.securityGroupIds.join(', ') ?? 'unknown'}.`,
      }
    },
  }
}

/** Two writers are worse than none. */
export const fenceOldWriter = (environment: Surroundings): Step<unknown, Fenced> => ({
  id: 'fence',
  title: 'Fence the old writer',
  effect: 'DANGEROUS',
  estimate: { lowSeconds: 5, highSeconds: 120 },
  why: 'A writer that returns and accepts writes splits the data in two.',
  provedBy:
    'The old writer is a reader, is gone, refuses writes and logins, or is in the quarantine group only. If it does not respond, that stays open and is monitored.',
  undoneBy: 'Login and writes allowed again, or the former security groups',
  everyMs: 2_000,
  forMs: 120_000,
  settleMs: 20_000,
  serves: ['security-groups'],
  standing: true,
  call(ctx) {
    const { fenceRoute } = ctx.facts
    if (fenceRoute === 'sql') return fenceBySql(ctx, environment)
    return fenceRoute === 'api' ? fenceByGroup(ctx, environment) : null
  },
  alternatives: (ctx) => [
    ...called(fenceBySql(ctx, environment), 'As soon as the old writer answers'),
    ...called(fenceByGroup(ctx, environment), 'If only RDS can reach it'),
  ],
  async observe(world, ctx): Promise<Observation<Fenced>> {
    const state = await lookAtOldWriter(world, ctx)
    const facts = { fenceRoute: null, ...fenceFacts(ctx.facts, state) }
    if (state.kind === 'writer-again') return { state: 'conflict', says: state.says }
    return { state: state.kind === 'open' ? 'not-started' : 'done', says: state.says, facts }
  },
  async verify(world, ctx): Promise<Verdict<Fenced>> {
    const state = await lookAtOldWriter(world, ctx)
    if (state.kind === 'writer-again') return { state: 'failed', says: state.says }
    if (state.kind === 'open') return { state: 'not-yet', says: state.says }
    return { state: 'proved', says: state.says, facts: fenceFacts(ctx.facts, state) }
  },
  undo: undoOf(environment),
})
