import { pausedWords } from '../../domain/cluster/pooler'
import type { PoolView } from '../../domain/cluster/types'
import { PortError } from '../../ports/port-error'
import { nothingListens } from '../../ports/socket-error'
import type { Surroundings, World } from '../contract'
import {
  needed,
  type Obligation,
  type ObligationFacts,
  type PoolerFacts,
  type RecoveryFacts,
  type WriterFacts,
  withObligation,
} from '../facts'
import { addressOf, askPosition } from '../looking'

/** How the pooler treats traffic now. Where that is not certain there is no look, but a PortError. */
export type PoolerLook =
  | { kind: 'holding' | 'passing'; pools: PoolView; says: string }
  /** Nothing listens at its address: no traffic passes. */
  | { kind: 'down'; says: string }

export const poolerName = (environment: Surroundings): string => {
  const { host, port } = needed(environment.pooler, 'the pooler')
  return `PgBouncer at ${host}:${port}`
}

/**
 * Asks the pooler's console. Only a refused connection or an unreachable host proves that no traffic passes; a pooler that
 * does not answer in time may still pass it. Throws PortError then.
 */
export async function lookAtPooler(world: World): Promise<PoolerLook> {
  try {
    const pools = await needed(world.pooler, 'the pooler').pools()
    return pools.paused
      ? {
          kind: 'holding',
          pools,
          says: pools.pausedAll
            ? pausedWords(pools)
            : `The pooler holds the clients: ${pools.clientsWaiting} wait, ${pools.serversActive} servers are busy.`,
        }
      : {
          kind: 'passing',
          pools,
          says: `The pooler lets clients through: ${pools.clientsActive} active, ${pools.clientsWaiting} waiting.`,
        }
  } catch (error) {
    if (!(error instanceof PortError) || !nothingListens(error)) throw error
    return { kind: 'down', says: `${poolerName(world.environment)} is down. It passes no traffic.` }
  }
}

export const poolerDuty = 'pooler-return'

/** What a run owes that went on without its pooler. */
export const poolerMustReturn = (environment: Surroundings, facts: WriterFacts): Obligation => ({
  id: poolerDuty,
  title: `PgBouncer must route to ${facts.target?.id ?? 'the new writer'} when it returns`,
  why: `${poolerName(environment)} is down. Start it again. It is watched until it routes to the new writer.`,
  state: 'open',
})

/** The run goes on without its pooler. */
export const poolerIsDown = (
  environment: Surroundings,
  facts: WriterFacts & ObligationFacts,
): PoolerFacts & ObligationFacts => ({
  pooler: 'down',
  obligations: withObligation(facts, poolerMustReturn(environment, facts)),
})

/** The obligation after a look: met, or still open with what was seen. */
export const poolerSeen = (obligations: Obligation[], back: boolean, says: string): Obligation[] =>
  obligations.map((o) =>
    o.id === poolerDuty && o.state === 'open' ? { ...o, state: back ? 'met' : 'open', why: says } : o,
  )

/** Pods that waited for the pooler are served again from now on. */
export const servedAgain = (facts: PoolerFacts & RecoveryFacts, now: number): RecoveryFacts =>
  facts.awaitsPooler === true && facts.restoredAt === undefined ? { restoredAt: now } : {}

/** The pooler holds the traffic for the run again: nothing is owed of it. */
export const poolerInHand = (facts: ObligationFacts): Obligation[] =>
  (facts.obligations ?? []).filter((o) => o.id !== poolerDuty || o.state !== 'open')

/** Does a pooler that was away route to the new writer? */
export type PoolerReturn = { back: boolean; says: string }

/**
 * Asks the pooler where it routes, and that address whether it is the new writer. Whoever asks has seen the pooler down after
 * the writer changed, so that it has no connection from before. Throws PortError where that cannot be known.
 */
export async function lookAtReturn(world: World, ctx: { facts: WriterFacts }): Promise<PoolerReturn> {
  const look = await lookAtPooler(world)
  if (look.kind === 'down') return { back: false, says: look.says }
  const name = poolerName(world.environment)
  if (look.kind === 'holding') return { back: false, says: `${name} is up and paused. RESUME it.` }
  const facts = ctx.facts
  const target = needed(facts.target, 'the target')
  const old = needed(facts.writerBefore, 'the old writer')
  const { database } = needed(world.environment.pooler, 'the pooler')
  const to = await needed(world.pooler, 'the pooler').target(database)
  if (to === null) return { back: false, says: `${name} is up and has no pool of ${database}.` }
  const where = `${to.host}:${to.port}`
  const elsewhere = (why: string) => ({
    back: false,
    says: `${name} is up and routes to ${where}, ${why}. Name the new writer there and reload it.`,
  })
  if (to.host === old.host && to.port === old.port && old.id !== target.id) return elsewhere('the old writer')
  const [routed, writer] = await Promise.all([askPosition(world, to), askPosition(world, addressOf(target))])
  if (!routed.ok) return { back: false, says: `${name} is up and routes to ${where}, which does not answer.` }
  if (routed.position.standby) return elsewhere('a reader')
  const named = [addressOf(target), facts.endpoint ?? null].some((a) => a?.host === to.host && a?.port === to.port)
  const sameTimeline =
    writer.ok && routed.position.timeline !== null && writer.position.timeline === routed.position.timeline
  if (!named && !sameTimeline) return elsewhere('and it is unknown whether that is the new writer')
  if (look.pools.maxWaitSeconds >= 5) return { back: false, says: `${name} is up, and clients still wait in it.` }
  return { back: true, says: `${name} is up and routes to the new writer at ${where}.` }
}
