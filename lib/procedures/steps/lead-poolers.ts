import type { PoolerAddress, PoolerCall } from '../../domain/procedure/call'
import { PortError } from '../../ports/port-error'
import type { Observation, Step, StepContext, Surroundings, Verdict, World } from '../contract'
import {
  type Obligation,
  type ObligationFacts,
  type PoolerFacts,
  type RecoveryFacts,
  type WriterFacts,
  withObligation,
} from '../facts'
import {
  handled,
  handlingOf,
  lookAtPooler,
  lookAtReturn,
  poolerDutyOf,
  poolerName,
  poolerSeen,
  proveByHand,
  said,
  serversAstray,
  writeThrough,
} from './pooler'

type Led = WriterFacts & PoolerFacts & ObligationFacts & RecoveryFacts
type Ctx = StepContext<unknown, Led>

/** `away`: it does not respond, is paused, or routes elsewhere by its own configuration. Nothing that is sent would change that. */
type Route = { pooler: PoolerAddress; says: string } & ({ kind: 'away' } | { kind: 'due' } | { kind: 'follows' })

/** Where one pooler routes by its own configuration, and whether it still has connections from before. */
async function routeOf(world: World, ctx: Ctx, pooler: PoolerAddress): Promise<Route> {
  try {
    const look = await lookAtPooler(world, pooler)
    if (look.kind === 'unknown' || look.kind === 'down') return { pooler, kind: 'away', says: look.says }
    // One that is paused was paused by somebody else, and stays so.
    const { back, says } = await lookAtReturn(world, ctx, pooler)
    if (!back) return { pooler, kind: 'away', says }
    const { astray } = await serversAstray(world, ctx.facts, pooler)
    return astray === null ? { pooler, kind: 'follows', says } : { pooler, kind: 'due', says: astray }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { pooler, kind: 'away', says: error.message }
  }
}

const routes = (world: World, ctx: Ctx): Promise<Route[]> =>
  Promise.all(world.environment.poolers.map((pooler) => routeOf(world, ctx, pooler)))

const mustFollow = ({ pooler, says }: Route, { target }: Led): Obligation => ({
  id: poolerDutyOf(pooler),
  title: `${poolerName(pooler)} must route to ${target?.id ?? 'the new writer'}`,
  why: `${says} It is monitored until it does.`,
  state: 'open',
})

/** What a run owes for those that are away; those that follow again are no longer owed for. */
function owedFor(facts: Led, found: readonly Route[]): Obligation[] {
  return found.reduce(
    (all, route) =>
      route.kind === 'away'
        ? withObligation({ obligations: all }, mustFollow(route, facts))
        : poolerSeen(all, route.pooler, true, route.says),
    facts.obligations ?? [],
  )
}

/** Poolers that were not found away. */
const inReach = ({ poolers }: Surroundings, facts: Led): PoolerAddress[] =>
  poolers.filter((pooler) => handlingOf(facts, pooler) !== 'down')

/**
 * Every pooler routes to the promoted database, or stays open. Those of a region that is away cannot be reached, and those that are
 * configured for another writer need a person: neither holds up the others.
 */
export const leadPoolers: Step<unknown, Led> = {
  id: 'lead-poolers',
  title: 'Check that poolers follow',
  effect: 'SAFE',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'A pooler keeps connections and addresses of its own. One that returns with the home region routes to the old writer.',
  provedBy:
    'A test write through each pooler reaches the promoted database. One that does not respond, or routes elsewhere, stays open and is monitored.',
  undoneBy: null,
  everyMs: 1_000,
  forMs: 60_000,
  settleMs: 10_000,
  serves: ['connectivity', 'app-health'],
  call(ctx, environment): PoolerCall | null {
    const poolers = inReach(environment, ctx.facts).map(({ name, host, port, user, database }) => ({
      ...{ name, host, port, user, database },
    }))
    return poolers.length > 0 ? { kind: 'pooler', poolers, commands: [{ command: 'RECONNECT' }] } : null
  },
  async observe(world, ctx): Promise<Observation<Led>> {
    const found = await routes(world, ctx)
    const away = found.filter(({ kind }) => kind === 'away')
    const there = found.filter(({ kind }) => kind !== 'away')
    const known = { ...ctx.facts, ...handled(ctx.facts, away, 'down') }
    return {
      state: found.some(({ kind }) => kind === 'due') ? 'not-started' : 'done',
      says: said(found),
      facts: { ...handled(known, there, 'released'), obligations: owedFor(ctx.facts, found) },
    }
  },
  async verify(world, ctx): Promise<Verdict<Led>> {
    const found = await routes(world, ctx)
    let obligations = owedFor(ctx.facts, found)
    const says: string[] = []
    let waits = false
    for (const { kind, pooler, says: seen } of found) {
      says.push(seen)
      waits ||= kind === 'due'
      if (kind !== 'follows') continue
      const written = await writeThrough(world, ctx.facts, pooler)
      says.push(written.says)
      waits ||= written.kind === 'failed'
      if (written.kind === 'not-tried')
        obligations = withObligation({ obligations }, proveByHand(world.environment, pooler))
    }
    return { state: waits ? 'not-yet' : 'proved', says: says.join(' '), facts: { obligations } }
  },
}

/** No step where there is no pooler. */
export const poolersFollow = ({ poolers }: Surroundings): Step<unknown, Led>[] =>
  poolers.length > 0 ? [leadPoolers] : []
