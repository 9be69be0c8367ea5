import type { PoolerAddress, PoolerCall, PoolerCommand } from '../../domain/procedure/call'
import { PortError } from '../../ports/port-error'
import type { DoAgain, Observation, Step, StepContext, Surroundings, Verdict, World } from '../contract'
import {
  type BaselineFacts,
  needed,
  type ObligationFacts,
  type PoolerFacts,
  type WriterFacts,
  withObligation,
} from '../facts'
import { acknowledgedSoFar } from '../numbered-commits'
import type { Connect, ConnectInputs } from './connect'
import {
  type CertainLook,
  certain,
  handled,
  handlingOf,
  lookAtPooler,
  lookAtPoolers,
  type PoolerLook,
  poolerName,
  poolerSeen,
  poolersDown,
  poolersInHand,
  portOf,
  proveByHand,
  routeDutyOf,
  said,
  serversAstray,
  writeThrough,
} from './pooler'

type Held = WriterFacts & BaselineFacts & PoolerFacts & ObligationFacts

/** Work that runs on a writer that answers is given this to end, ms. */
const runningWorkMs = 20_000
/** A writer that answers nobody ends no work: what hangs there is cut off after this, ms. */
const hangingWorkMs = 1_000

/** Commands for the environment's own pools, at these poolers; null when there is none to send them to. */
function poolerCall(poolers: readonly PoolerAddress[], ...commands: PoolerCommand[]): PoolerCall | null {
  if (poolers.length === 0) return null
  const addresses = poolers.map(({ name, host, port, user, database }) => ({ name, host, port, user, database }))
  return { kind: 'pooler', poolers: addresses, commands }
}

/** What still runs at the limit is ended: it would keep the pool from being paused. */
export const pauseWithin = (limitMs: number): PoolerCommand => ({ command: 'PAUSE', limitMs, atLimit: 'KILL' })

/** Poolers that the run has not found down. */
const alive = (environment: Surroundings, facts: Held) =>
  environment.poolers.filter((pooler) => handlingOf(facts, pooler) !== 'down')

/** Clients wait in the poolers instead of failing. Only where there is one. */
export const holdTraffic = (environment: Surroundings): Step<unknown, Held> => ({
  id: 'hold-traffic',
  traffic: 'holds',
  title: 'Hold traffic in the pooler',
  effect: 'SAFE',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'Clients queue for the new writer instead of getting errors, and none can reach the old one through a pooler.',
  provedBy:
    'Every pooler confirms on the session that sent PAUSE that the pool is paused, or nothing listens at its address.',
  undoneBy: 'RESUME',
  everyMs: 1_000,
  forMs: 60_000,
  settleMs: 20_000,
  optional: 'Clients get errors instead of waiting, and reconnect by themselves when the new writer is there.',
  // PAUSE ends at once when no server works for a client, as with a writer that refuses; what still works at its limit is
  // killed (docs/decisions/0012).
  call: (ctx) => {
    const facts = ctx.facts
    return poolerCall(alive(environment, facts), pauseWithin(facts.verdict === 'down' ? hangingWorkMs : runningWorkMs))
  },
  async observe(world, ctx): Promise<Observation<Held>> {
    const looks = certain(await lookAtPoolers(world))
    const passing = looks.filter(({ kind }) => kind === 'passing')
    const facts = ctx.facts
    // One that was down and passes traffic again is told to PAUSE like the others.
    const back = { ...facts, poolers: withoutDown(facts, passing) }
    return {
      state: passing.length === 0 ? 'done' : 'not-started',
      says: said(looks),
      facts: { poolers: back.poolers, ...poolersDown(back, looks) },
    }
  },
  async verify(world, ctx): Promise<Verdict<Held>> {
    const facts = ctx.facts
    const looks = certain(await lookAtPoolers(world))
    const passing = looks.filter(({ kind }) => kind === 'passing')
    // It came back since the look before, and a pooler that was restarted is not paused any more.
    const back = passing.find(({ pooler }) => handlingOf(facts, pooler) === 'down')
    if (back)
      return { state: 'failed', says: `${poolerName(back.pooler)} is up again and passes traffic. Retry to hold it.` }
    if (passing.length > 0) return { state: 'not-yet', says: said(passing) }
    const holding = looks.filter(({ kind }) => kind === 'holding')
    const held = { ...facts, obligations: poolersInHand(facts, holding), ...handled(facts, holding, 'held') }
    return {
      state: 'proved',
      says: said(looks),
      facts: { poolers: held.poolers, obligations: held.obligations, ...poolersDown(held, looks) },
    }
  },
  undo: {
    effect: 'SAFE',
    call: (ctx) => needed(poolerCall(alive(environment, ctx.facts), { command: 'RESUME' }), 'a pooler that is up'),
    async verify(world): Promise<Verdict<Held>> {
      const looks = certain(await lookAtPoolers(world))
      return { state: looks.some(({ kind }) => kind === 'holding') ? 'not-yet' : 'proved', says: said(looks) }
    },
  },
})

/** What the run has made of the poolers, without `down` for those that are up. */
function withoutDown(facts: Held, up: readonly { pooler: PoolerAddress }[]): NonNullable<Held['poolers']> {
  const back = new Set(up.map(({ pooler }) => pooler.name))
  return Object.fromEntries(
    Object.entries(facts.poolers ?? {}).filter(([name, handling]) => handling !== 'down' || !back.has(name)),
  )
}

/**
 * Right before anything moves: what held traffic may hold it no more, because a pooler that was restarted has forgotten that
 * it was paused. Null while no traffic passes, and where people decided to go without holding it.
 */
export async function holdAgain(world: World, ctx: { facts: PoolerFacts }): Promise<DoAgain | null> {
  const facts = ctx.facts
  const looks = await Promise.all(
    world.environment.poolers.map(async (pooler): Promise<DoAgain | null> => {
      const handling = handlingOf(facts, pooler)
      if (handling !== 'held' && handling !== 'down') return null
      const name = poolerName(pooler)
      const look = await lookAtPooler(world, pooler)
      if (look.kind === 'passing')
        return { stepId: 'hold-traffic', because: `${name} was restarted and passes traffic. Holding traffic again.` }
      // A pool that was paused and does not answer was not restarted by that. One that was down may be on its way up.
      return look.kind === 'unknown' && handling === 'down'
        ? { stepId: 'hold-traffic', because: `It is unknown whether ${name} passes traffic: ${look.says}` }
        : null
    }),
  )
  return looks.find((look) => look !== null) ?? null
}

/**
 * Does this pooler lead to the node that was left? Its host is its own configuration, which no console changes: it follows
 * a cluster's endpoint, and after a promotion leads to the old writer until somebody names the new one there.
 */
function isStranded(facts: Held, { name }: PoolerAddress, { newAddress }: Connect): boolean {
  const target = facts.poolerTargets?.[name] ?? null
  return newAddress(facts) && target !== null && target.host === facts.writerBefore?.host
}

/** Where those that answer lead by their own configuration. One whose console breaks off keeps what was known of it. */
async function targetsOf(world: World, facts: Held, looks: readonly { pooler: PoolerAddress }[]) {
  const targets = await Promise.all(
    looks.map(async ({ pooler }) => {
      try {
        return [[pooler.name, await portOf(world, pooler).target(pooler.database)] as const]
      } catch (error) {
        if (!(error instanceof PortError)) throw error
        return []
      }
    }),
  )
  return { ...facts, poolerTargets: { ...facts.poolerTargets, ...Object.fromEntries(targets.flat()) } }
}

const strandedWords = (pooler: PoolerAddress, { writerBefore, target }: Held) =>
  `The configuration of ${poolerName(pooler)} points to ${writerBefore?.id ?? 'the old writer'}. Enter ${target?.host ?? 'the new writer'} there and reload it`

/** Poolers that lead to the old writer stay held, where the pods go past them. */
const passedBy = (ctx: StepContext<ConnectInputs, Held>) => ctx.inputs.connectionMode !== 'pgbouncer'

/** Drop what leads to the old writer, then let the clients through. */
export const switchPooler = (environment: Surroundings, connect: Connect): Step<ConnectInputs, Held> => ({
  id: 'switch-pooler',
  traffic: 'releases',
  title: 'Resume traffic to the new writer',
  effect: 'SAFE',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'A pooler keeps connections and addresses of its own; those to the old writer must go before clients come back.',
  provedBy:
    'At every pooler, the pool is not paused, no clients queue, and a test write reaches the new writer. A pooler that is down or routed elsewhere stays open on the run.',
  undoneBy: 'PAUSE',
  everyMs: 1_000,
  forMs: 60_000,
  settleMs: 10_000,
  serves: ['connectivity', 'app-health'],
  call: (ctx) => {
    const facts = ctx.facts
    const up = alive(environment, facts)
    const follow = up.filter((pooler) => !isStranded(facts, pooler, connect))
    // Where all lead to the old writer and pods must go through them, the guard says so.
    return poolerCall(follow.length > 0 || passedBy(ctx) ? follow : up, { command: 'RECONNECT' }, { command: 'RESUME' })
  },
  async observe(world, ctx): Promise<Observation<Held>> {
    const looks = await lookAtPoolers(world)
    const up = looks.filter((look) => look.kind === 'holding' || look.kind === 'passing')
    const before = ctx.facts
    const known = await targetsOf(world, { ...before, ...poolersDown(before, looks) }, up)
    const away = up.filter(({ pooler }) => isStranded(known, pooler, connect))
    const due = await Promise.all(
      looks.map(async (look): Promise<CertainLook | 'unknown' | null> => {
        if (look.kind === 'unknown') return 'unknown'
        if (look.kind === 'down' || isStranded(known, look.pooler, connect)) return null
        if (look.kind === 'holding') return look
        // Nobody of ours let it go: it was restarted meanwhile, and may have connections to the old writer.
        const handling = handlingOf(before, look.pooler)
        const restarted = handling === 'held' || handling === 'down'
        return restarted || (await serversAstray(world, known, look.pooler)).astray !== null ? look : null
      }),
    )
    // Nothing may reach the old writer through those that lead there; the pods are led past them by their own variable.
    const still = passedBy(ctx) ? 'until then it stays held' : 'then try again'
    const says = looks
      .map((look) =>
        away.some(({ pooler }) => pooler === look.pooler)
          ? `${strandedWords(look.pooler, known)}; ${still}.`
          : look.says,
      )
      .join(' ')
    // The last moment at which nobody can write: what was acknowledged now is all that the old writer ever acknowledged.
    const last = looks.some(({ kind }) => kind === 'passing') ? {} : await acknowledgedSoFar(world, before)
    const toSend = due.filter((one) => one !== null)
    // One that does not answer is commanded with the others, and the proof waits for it.
    const nothing = toSend.length === 0 && (away.length === 0 || passedBy(ctx))
    const released = toSend.flatMap((one) => (one !== 'unknown' && one.kind === 'holding' ? [one] : []))
    const passing = up.filter(({ kind }) => kind === 'passing')
    const back = { ...known, poolers: withoutDown(known, passing) }
    const next = nothing ? known : { ...back, ...handled(back, released, 'released') }
    return {
      state: nothing ? 'done' : 'not-started',
      says,
      facts: {
        ...last,
        poolerTargets: next.poolerTargets,
        ...(next.poolers && { poolers: next.poolers }),
        ...(next.obligations && { obligations: next.obligations }),
      },
    }
  },
  async guard(world, ctx) {
    const known = await targetsOf(
      world,
      ctx.facts,
      alive(environment, ctx.facts).map((pooler) => ({ pooler })),
    )
    const candidates = alive(environment, known)
    const away = candidates.filter((pooler) => isStranded(known, pooler, connect))
    // Those that lead to the new writer are let through all the same; the proof then waits for the others.
    return away.length > 0 && away.length === candidates.length
      ? `${away.map((pooler) => strandedWords(pooler, known)).join('. ')}, then try again.`
      : null
  },
  async verify(world, ctx): Promise<Verdict<Held>> {
    const looks = await lookAtPoolers(world)
    const before = ctx.facts
    let facts: Held = { ...before, ...poolersDown(before, looks) }
    const says: string[] = []
    let waits = false
    for (const look of looks) {
      const { verdict, learns } = await released(world, ctx, facts, look, connect)
      facts = { ...facts, ...learns }
      says.push(verdict.says)
      waits ||= verdict.state !== 'proved'
    }
    const { poolers, poolerTargets, obligations, resumedAt } = facts
    return {
      state: waits ? 'not-yet' : 'proved',
      says: says.join(' '),
      facts: {
        ...(poolers && { poolers }),
        ...(poolerTargets && { poolerTargets }),
        ...(obligations && { obligations }),
        ...(!waits && resumedAt !== undefined && { resumedAt }),
      },
    }
  },
  undo: {
    effect: 'SAFE',
    call: (ctx) => needed(poolerCall(alive(environment, ctx.facts), pauseWithin(runningWorkMs)), 'a pooler that is up'),
    async verify(world): Promise<Verdict<Held>> {
      const looks = certain(await lookAtPoolers(world))
      return { state: looks.some(({ kind }) => kind === 'passing') ? 'not-yet' : 'proved', says: said(looks) }
    },
  },
})

/** One pooler's part of the proof: what was seen of it, and what the run learns from that. */
async function released(
  world: World,
  ctx: StepContext<ConnectInputs, Held>,
  known: Held,
  look: PoolerLook,
  connect: Connect,
): Promise<{ verdict: Pick<Verdict<Held>, 'state' | 'says'>; learns: Held }> {
  const { pooler } = look
  const name = poolerName(pooler)
  const verdict = (state: 'proved' | 'not-yet', says: string, learns: Held = {}) => ({
    verdict: { state, says },
    learns,
  })
  if (look.kind === 'unknown') return verdict('not-yet', look.says)
  if (look.kind === 'down')
    return verdict('proved', `${look.says} It must route to ${known.target?.id ?? 'the new writer'} when it returns.`)
  const { poolerTargets } = await targetsOf(world, known, [look])
  const facts = { ...known, poolerTargets }
  if (isStranded(facts, pooler, connect)) {
    const words = strandedWords(pooler, facts)
    if (!passedBy(ctx)) return verdict('not-yet', `${words}.`, { poolerTargets })
    const obligations = withObligation(facts, {
      id: routeDutyOf(pooler),
      title: `Route ${name} to the new writer`,
      why: `${words}, then RESUME. The pods go past it until then, each with connections of its own.`,
      state: 'open',
      serves: ['connectivity'],
    })
    const until = look.kind === 'holding' ? 'stays held' : 'reaches nobody'
    return verdict('proved', `${words}; until then it ${until}.`, { poolerTargets, obligations })
  }
  const { pools } = look
  if (pools.pausedAll) return verdict('not-yet', `${look.says} Type RESUME at its console.`, { poolerTargets })
  if (pools.paused) return verdict('not-yet', `The pool of ${name} is still paused.`, { poolerTargets })
  if (pools.maxWaitSeconds >= 5)
    return verdict('not-yet', `Clients still wait in ${name}, the first for ${pools.maxWaitSeconds.toFixed(1)} s.`, {
      poolerTargets,
    })
  const { astray, servers } = await serversAstray(world, facts, pooler)
  if (astray) return verdict('not-yet', astray, { poolerTargets })
  const written = await writeThrough(world, facts, pooler)
  if (written.kind === 'failed') return verdict('not-yet', written.says, { poolerTargets })
  const addresses = [...new Set(servers.map((s) => `${s.address}:${s.port}`))]
  const at = addresses.length > 0 ? `, servers at ${addresses.join(', ')}` : ''
  const seen = poolerSeen(facts.obligations ?? [], pooler, true, 'It is up and routes to the new writer.')
  return verdict(
    'proved',
    `Traffic flows through ${name}: ${pools.clientsActive} clients active, ${pools.clientsWaiting} waiting${at}. ${written.says}`,
    {
      poolerTargets,
      resumedAt: facts.resumedAt ?? world.now(),
      ...handled(facts, [look], 'released'),
      obligations:
        written.kind === 'not-tried'
          ? withObligation({ obligations: seen }, proveByHand(world.environment, pooler))
          : seen,
    },
  )
}
