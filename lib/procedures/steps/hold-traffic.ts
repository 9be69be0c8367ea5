import type { PoolerCall, PoolerCommand } from '../../domain/procedure/call'
import { PortError } from '../../ports/port-error'
import type { DoAgain, Observation, Step, Surroundings, Verdict, World } from '../contract'
import {
  type BaselineFacts,
  needed,
  type ObligationFacts,
  type PoolerFacts,
  type WriterFacts,
  withObligation,
} from '../facts'
import { lastAcknowledged } from '../numbered-commits'
import type { Connect, ConnectInputs } from './connect'
import { lookAtPooler, poolerInHand, poolerIsDown, poolerName, poolerSeen } from './pooler'

type Held = WriterFacts & BaselineFacts & PoolerFacts & ObligationFacts

/** Work that runs on a writer that answers is given this to end, ms. */
const runningWorkMs = 20_000
/** A writer that answers nobody ends no work: what hangs there is cut off after this, ms. */
const hangingWorkMs = 1_000

/** A pooler call on the environment's own pool. */
export function poolerCall(environment: Surroundings, ...commands: PoolerCommand[]): PoolerCall {
  const { host, port, user, database } = needed(environment.pooler, 'the pooler')
  return { kind: 'pooler', host, port, user, database, commands }
}

/** What still runs at the limit is ended: it would keep the pool from being paused. */
export const pauseWithin = (limitMs: number): PoolerCommand => ({ command: 'PAUSE', limitMs, atLimit: 'KILL' })

/** Clients wait in the pooler instead of failing. Only where there is one. */
export const holdTraffic = (environment: Surroundings): Step<unknown, Held> => ({
  id: 'hold-traffic',
  traffic: 'holds',
  title: 'Hold traffic in the pooler',
  effect: 'SAFE',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'Clients queue for the new writer instead of getting errors, and none can reach the old one through the pooler.',
  provedBy: 'The pooler says that the pool is paused; or nothing listens at its address, so that no traffic passes.',
  undoneBy: 'RESUME',
  everyMs: 1_000,
  forMs: 60_000,
  settleMs: 20_000,
  optional: 'Clients get errors instead of waiting, and reconnect by themselves when the new writer is there.',
  // PAUSE ends at once when no server works for a client, as with a writer that refuses; what still works at its limit is
  // killed (docs/decisions/0012).
  call: (ctx) => poolerCall(environment, pauseWithin(ctx.facts.verdict === 'down' ? hangingWorkMs : runningWorkMs)),
  async observe(world, ctx): Promise<Observation<Held>> {
    const look = await lookAtPooler(world)
    if (look.kind === 'down') return { state: 'done', says: look.says, facts: poolerIsDown(environment, ctx.facts) }
    return { state: look.kind === 'holding' ? 'done' : 'not-started', says: look.says }
  },
  async verify(world, ctx): Promise<Verdict<Held>> {
    const facts = ctx.facts
    const look = await lookAtPooler(world)
    switch (look.kind) {
      case 'down':
        return { state: 'proved', says: look.says, facts: poolerIsDown(environment, facts) }
      case 'holding':
        return {
          state: 'proved',
          says: look.says,
          facts: { pooler: 'held', obligations: poolerInHand(facts) },
        }
      case 'passing':
        // It came back since the look before, and a pooler that was restarted is not paused any more.
        return facts.pooler === 'down'
          ? { state: 'failed', says: `${poolerName(environment)} is up again and passes traffic. Retry to hold it.` }
          : { state: 'not-yet', says: look.says }
    }
  },
  undo: {
    effect: 'SAFE',
    call: () => poolerCall(environment, { command: 'RESUME' }),
    async verify(world): Promise<Verdict<Held>> {
      const look = await lookAtPooler(world)
      return { state: look.kind === 'holding' ? 'not-yet' : 'proved', says: look.says }
    },
  },
})

/**
 * Right before anything moves: what held traffic may hold it no more, because a pooler that was restarted has forgotten that
 * it was paused. Null while no traffic passes, and where people decided to go without holding it.
 */
export async function holdAgain(world: World, ctx: { facts: PoolerFacts }): Promise<DoAgain | null> {
  const { pooler } = ctx.facts
  if (pooler !== 'held' && pooler !== 'down') return null
  const name = poolerName(world.environment)
  try {
    const look = await lookAtPooler(world)
    return look.kind === 'passing'
      ? { stepId: 'hold-traffic', because: `${name} was restarted and passes traffic. Holding traffic again.` }
      : null
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    // A pool that was paused and does not answer was not restarted by that. One that was down may be on its way up.
    return pooler === 'held'
      ? null
      : { stepId: 'hold-traffic', because: `It is unknown whether ${name} passes traffic: ${error.message}` }
  }
}

/**
 * Does the pooler lead to the node that was left? Its host is its own configuration, which no console changes: it follows
 * a cluster's endpoint; where the new writer has an address of its own it leads to the old writer until somebody names the new one there.
 */
async function stranded(
  world: World,
  ctx: { facts: Held },
  { newAddress }: Connect,
): Promise<{ to: string; facts: PoolerFacts }> {
  const facts = ctx.facts
  const { database } = needed(world.environment.pooler, 'the pooler')
  const target = await needed(world.pooler, 'the pooler').target(database)
  const old = needed(facts.writerBefore, 'the old writer')
  const led = newAddress(facts) && target !== null && target.host === old.host
  return { to: led ? old.id : '', facts: { poolerTarget: target } }
}

async function acknowledgedFacts(world: World): Promise<BaselineFacts> {
  const acknowledged = await lastAcknowledged(world)
  return acknowledged ? { acknowledged } : {}
}

const strandedWords = (to: string, ctx: { facts: Held }) =>
  `The pooler’s own configuration leads to ${to}. Name ${ctx.facts.target?.host ?? 'the new writer'} there and reload it`

/** Drop what leads to the old writer, then let the clients through. */
export const switchPooler = (environment: Surroundings, connect: Connect): Step<ConnectInputs, Held> => ({
  id: 'switch-pooler',
  traffic: 'releases',
  title: 'Let traffic through to the new writer',
  effect: 'SAFE',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'The pooler keeps connections and addresses of its own; those to the old writer must go before clients come back.',
  provedBy:
    'The pool is not paused, clients do not pile up, and its servers answer; or it leads elsewhere, stays held and is passed by; or it is down, which stays open on the run.',
  undoneBy: 'PAUSE',
  everyMs: 1_000,
  forMs: 60_000,
  settleMs: 10_000,
  serves: ['connectivity', 'app-health'],
  call: () => poolerCall(environment, { command: 'RECONNECT' }, { command: 'RESUME' }),
  async observe(world, ctx): Promise<Observation<Held>> {
    const look = await lookAtPooler(world)
    if (look.kind === 'down')
      return {
        state: 'done',
        says: look.says,
        facts: { ...poolerIsDown(environment, ctx.facts), ...(await acknowledgedFacts(world)) },
      }
    const { to, facts } = await stranded(world, ctx, connect)
    // Nothing may reach the old writer through it; the pods are led past it by their own variable.
    if (to && ctx.inputs.connectionMode !== 'pgbouncer')
      return {
        state: 'done',
        says: `${strandedWords(to, ctx)}; until then it stays held.`,
        facts: { ...facts, ...(await acknowledgedFacts(world)) },
      }
    const { pooler } = ctx.facts
    if (look.kind === 'passing') {
      // Nobody of ours let it go: it was restarted meanwhile, and may have connections to the old writer.
      const restarted = pooler === 'held' || pooler === 'down'
      return { state: restarted ? 'not-started' : 'done', says: look.says, facts }
    }
    // The last moment at which nobody can write: what was acknowledged now is all that the old writer ever acknowledged.
    return {
      state: 'not-started',
      says: look.says,
      facts: { ...facts, ...(await acknowledgedFacts(world)), ...{ pooler: 'released' } },
    }
  },
  async guard(world, ctx) {
    const { to } = await stranded(world, ctx, connect)
    return to ? `${strandedWords(to, ctx)}, then try again.` : null
  },
  async verify(world, ctx): Promise<Verdict<Held>> {
    const known = ctx.facts
    const look = await lookAtPooler(world)
    if (look.kind === 'down')
      return {
        state: 'proved',
        says: `${look.says} It must route to ${known.target?.id ?? 'the new writer'} when it returns.`,
        facts: poolerIsDown(environment, known),
      }
    const { to, facts } = await stranded(world, ctx, connect)
    const resumedAt = known.resumedAt ?? world.now()
    const { pools } = look
    if (to && ctx.inputs.connectionMode !== 'pgbouncer')
      return {
        state: 'proved',
        says: `${strandedWords(to, ctx)}; until then it ${pools.paused ? 'stays held' : 'reaches nobody'}.`,
        facts: {
          ...facts,
          ...{
            obligations: withObligation(known, {
              id: 'pooler-host',
              title: 'Lead the pooler to the new writer',
              why: `${strandedWords(to, ctx)}, then RESUME. The pods go past it until then, each with connections of its own.`,
              state: 'open',
            }),
          },
        },
      }
    if (to) return { state: 'not-yet', says: `${strandedWords(to, ctx)}.` }
    if (pools.pausedAll) return { state: 'not-yet', says: `${look.says} Type RESUME at its console.` }
    if (pools.paused) return { state: 'not-yet', says: 'The pool is still paused.' }
    if (pools.maxWaitSeconds >= 5)
      return { state: 'not-yet', says: `Clients still wait, the first for ${pools.maxWaitSeconds.toFixed(1)} s.` }
    const servers = await needed(world.pooler, 'the pooler').servers()
    const addresses = [...new Set(servers.map((s) => `${s.address}:${s.port}`))]
    return {
      state: 'proved',
      says: `Traffic flows: ${pools.clientsActive} clients active, ${pools.clientsWaiting} waiting${addresses.length ? `, servers at ${addresses.join(', ')}` : ''}.`,
      facts: {
        ...facts,
        ...{
          resumedAt,
          pooler: 'released',
          obligations: poolerSeen(known.obligations ?? [], true, 'It is up and routes to the new writer.'),
        },
      },
    }
  },
  undo: {
    effect: 'SAFE',
    call: () => poolerCall(environment, pauseWithin(runningWorkMs)),
    async verify(world): Promise<Verdict<Held>> {
      const look = await lookAtPooler(world)
      return { state: look.kind === 'passing' ? 'not-yet' : 'proved', says: look.says }
    },
  },
})
