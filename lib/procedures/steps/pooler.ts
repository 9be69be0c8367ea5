import { pausedWords, serversElsewhere } from '../../domain/cluster/pooler'
import type { PoolView } from '../../domain/cluster/types'
import type { PoolerAddress } from '../../domain/procedure/call'
import type { Pooler } from '../../ports/pooler'
import { PortError } from '../../ports/port-error'
import { nothingListens } from '../../ports/socket-error'
import type { Surroundings, World } from '../contract'
import {
  needed,
  type Obligation,
  type ObligationFacts,
  type PoolerFacts,
  type PoolerHandling,
  type RecoveryFacts,
  type WriterFacts,
  withObligation,
} from '../facts'
import { addressOf, askPosition } from '../looking'

/** How a pooler treats traffic now. */
export type PoolerLook = { pooler: PoolerAddress; says: string } & (
  | { kind: 'holding' | 'passing'; pools: PoolView }
  /** Nothing listens at its address: no traffic passes. */
  | { kind: 'down' }
  /** It does not answer in time, or not as a pooler: it may still pass traffic. */
  | { kind: 'unknown'; error: PortError }
)
/** A look that is certain. */
export type CertainLook = Exclude<PoolerLook, { kind: 'unknown' }>

export const poolerName = ({ host, port }: Pick<PoolerAddress, 'host' | 'port'>): string =>
  `PgBouncer at ${host}:${port}`

export const portOf = (world: World, { name }: PoolerAddress): Pooler =>
  needed(
    world.poolers.find((one) => one.name === name),
    `the pooler ${name}`,
  )

/** Asks one pooler's console. Only a refused connection or an unreachable host proves that no traffic passes. */
export async function lookAtPooler(world: World, pooler: PoolerAddress): Promise<PoolerLook> {
  const name = poolerName(pooler)
  try {
    const pools = await portOf(world, pooler).pools()
    if (!pools.paused)
      return {
        pooler,
        kind: 'passing',
        pools,
        says: `${name} lets clients through: ${pools.clientsActive} active, ${pools.clientsWaiting} waiting.`,
      }
    const says = pools.pausedAll
      ? pausedWords(pools, world.poolers.length > 1 ? pooler.name : null)
      : `${name} holds the clients: ${pools.clientsWaiting} wait, ${pools.serversActive} servers are busy.`
    return { pooler, kind: 'holding', pools, says }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    if (!nothingListens(error)) return { pooler, kind: 'unknown', error, says: error.message }
    return { pooler, kind: 'down', says: `${name} is down. It passes no traffic.` }
  }
}

/** All poolers at once. */
export const lookAtPoolers = (world: World): Promise<PoolerLook[]> =>
  Promise.all(world.environment.poolers.map((pooler) => lookAtPooler(world, pooler)))

/** Throws the error of the first pooler that may pass traffic unseen. */
export function certain(looks: PoolerLook[]): CertainLook[] {
  return looks.map((look) => {
    if (look.kind === 'unknown') throw look.error
    return look
  })
}

/** All that was seen, in one sentence for each pooler. */
export const said = (looks: readonly { says: string }[]): string => looks.map(({ says }) => says).join(' ')

export const handlingOf = (facts: PoolerFacts, { name }: PoolerAddress): PoolerHandling | null =>
  facts.poolers?.[name] ?? null

/** What the run has made of these poolers, beside what it made of the others. */
export const handled = (
  facts: PoolerFacts,
  looks: readonly { pooler: PoolerAddress }[],
  handling: PoolerHandling,
): Pick<PoolerFacts, 'poolers'> => ({
  poolers: { ...facts.poolers, ...Object.fromEntries(looks.map(({ pooler }) => [pooler.name, handling])) },
})

/** Obligations of a run towards poolers that were down, one for each. */
export const poolerDuty = 'pooler-return'
export const poolerDutyOf = ({ name }: Pick<PoolerAddress, 'name'>): string => `${poolerDuty}-${name}`
export const isPoolerDuty = (id: string): boolean => id.startsWith(`${poolerDuty}-`)

/** What a run owes whose pods go past a pooler, because its configuration leads to the writer that was left. */
export const routeDutyOf = ({ name }: Pick<PoolerAddress, 'name'>): string => `pooler-host-${name}`

/** What a run owes that went on without this pooler. */
const mustReturn = (pooler: PoolerAddress, facts: WriterFacts): Obligation => ({
  id: poolerDutyOf(pooler),
  title: `${poolerName(pooler)} must route to ${facts.target?.id ?? 'the new writer'} when it returns`,
  why: `${poolerName(pooler)} is down. Start it again. It is watched until it routes to the new writer.`,
  state: 'open',
})

/** The run goes on without those that are down. */
export const poolersDown = (
  facts: WriterFacts & PoolerFacts & ObligationFacts,
  looks: readonly PoolerLook[],
): PoolerFacts & ObligationFacts => {
  const down = looks.filter(({ kind }) => kind === 'down')
  if (down.length === 0) return {}
  const obligations = down.reduce(
    (all, { pooler }) => withObligation({ obligations: all }, mustReturn(pooler, facts)),
    facts.obligations ?? [],
  )
  return { ...handled(facts, down, 'down'), obligations }
}

/** The obligation towards a pooler after a look: met, or still open with what was seen. */
export const poolerSeen = (
  obligations: Obligation[],
  pooler: Pick<PoolerAddress, 'name'>,
  back: boolean,
  says: string,
): Obligation[] =>
  obligations.map((o) =>
    o.id === poolerDutyOf(pooler) && o.state === 'open' ? { ...o, state: back ? 'met' : 'open', why: says } : o,
  )

/** Pods that waited for a pooler are served again from now on. */
export const servedAgain = (facts: PoolerFacts & RecoveryFacts, now: number): RecoveryFacts =>
  facts.awaitsPooler === true && facts.restoredAt === undefined ? { restoredAt: now } : {}

/** Obligations without those towards poolers that hold the traffic for the run again. */
export const poolersInHand = (facts: ObligationFacts, looks: readonly { pooler: PoolerAddress }[]): Obligation[] =>
  (facts.obligations ?? []).filter(
    (o) => o.state !== 'open' || !looks.some(({ pooler }) => o.id === poolerDutyOf(pooler)),
  )

/** Does a pooler that was away route to the new writer? */
export type PoolerReturn = { back: boolean; says: string }

/**
 * Asks the pooler where it routes, and that address whether it is the new writer. Whoever asks has seen the pooler down after
 * the failover, so that it has no connection from before. Throws PortError where that cannot be known.
 */
export async function lookAtReturn(
  world: World,
  ctx: { facts: WriterFacts },
  pooler: PoolerAddress,
): Promise<PoolerReturn> {
  const look = await lookAtPooler(world, pooler)
  if (look.kind === 'unknown') throw look.error
  if (look.kind === 'down') return { back: false, says: look.says }
  const name = poolerName(pooler)
  if (look.kind === 'holding') return { back: false, says: `${name} is up and paused. RESUME it.` }
  const { facts } = ctx
  const target = needed(facts.target, 'the target')
  const old = needed(facts.writerBefore, 'the old writer')
  const { database } = pooler
  const to = await portOf(world, pooler).target(database)
  if (to === null) return { back: false, says: `${name} is up and has no pool of ${database}.` }
  const where = `${to.host}:${to.port}`
  const elsewhere = (why: string) => ({
    back: false,
    says: `${name} is up and routes to ${where}, ${why}. Name the new writer there and reload it.`,
  })
  if (to.host === old.host && to.port === old.port && old.id !== target.id) return elsewhere('the old writer')
  const [routed, writer] = await Promise.all([askPosition(world, to), askPosition(world, addressOf(target))])
  if (!routed.ok) return { back: false, says: `${name} is up and routes to ${where}, which does not respond.` }
  if (routed.position.standby) return elsewhere('a reader')
  const named = [addressOf(target), facts.endpoint ?? null].some((a) => a?.host === to.host && a?.port === to.port)
  const sameTimeline =
    writer.ok && routed.position.timeline !== null && writer.position.timeline === routed.position.timeline
  if (!named && !sameTimeline) return elsewhere('and it is unknown whether that is the new writer')
  if (look.pools.maxWaitSeconds >= 5) return { back: false, says: `${name} is up, and clients still wait in it.` }
  return { back: true, says: `${name} is up and routes to the new writer at ${where}.` }
}

/** Servers of this pooler at a node that is not the new writer, in words; null when there is none. Throws PortError. */
export async function serversAstray(
  world: World,
  facts: WriterFacts,
  pooler: PoolerAddress,
): Promise<{ astray: string | null; servers: { address: string; port: number }[] }> {
  const target = needed(facts.target, 'the target')
  const old = needed(facts.writerBefore, 'the old writer')
  const servers = (await portOf(world, pooler).servers()).map(({ address, port }) => ({ address, port }))
  const members = [
    target,
    old,
    ...(world.snapshot()?.nodes ?? []).map(({ id, address }) => ({
      id,
      host: address?.host ?? null,
      port: address?.port ?? null,
    })),
  ]
  const nodes = await Promise.all(
    members.flatMap((node) => {
      const at = addressOf(node)
      return at ? [resolved(world, node.id, at)] : []
    }),
  )
  const elsewhere = serversElsewhere(servers, nodes, target.id)
  if (elsewhere.length === 0) return { astray: null, servers }
  const where = [...new Set(elsewhere.map(({ server, nodeId }) => `${nodeId} (${server.address}:${server.port})`))]
  return { astray: `${poolerName(pooler)} still has servers at ${where.join(', ')}.`, servers }
}

/** A host that cannot be resolved now is nobody's address. */
async function resolved(world: World, id: string, { host, port }: { host: string; port: number }) {
  try {
    return { id, port, addresses: await world.resolve(host) }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { id, port, addresses: [] }
  }
}

/** What one write through a pooler showed. */
export type WriteThrough =
  | { kind: 'arrived' | 'failed'; says: string }
  /** The pooler does not let our role in, or there is no heartbeat to look for: that says nothing of the application's writes. */
  | { kind: 'not-tried'; says: string }

/** Commits one heartbeat as a client of the pooler, and looks for it at the new writer's own address. */
export async function writeThrough(world: World, facts: WriterFacts, pooler: PoolerAddress): Promise<WriteThrough> {
  const name = poolerName(pooler)
  try {
    const { seq } = await world.askThrough(pooler, (probe) => probe.heartbeat())
    if (seq === null)
      return {
        kind: 'not-tried',
        says: `A write through ${name} commits. Where it arrives is unknown: there is no heartbeat.`,
      }
    const writer = await askPosition(world, addressOf(needed(facts.target, 'the target')))
    if (!writer.ok) return { kind: 'failed', says: `The new writer does not respond at its own address: ${writer.why}` }
    const arrived = writer.position.beat !== null && writer.position.beat.seq >= seq
    return arrived
      ? { kind: 'arrived', says: `A write through ${name} reached the new writer.` }
      : { kind: 'failed', says: `A write through ${name} was acknowledged and is not at the new writer.` }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return error.errorClass === 'auth'
      ? { kind: 'not-tried', says: `${name} does not let the role ${world.environment.database.user} in.` }
      : { kind: 'failed', says: `A write through ${name} failed: ${error.message}` }
  }
}

/** The role of our own writes must be let in by each pooler, or what passes through it is never proved. */
export const proveByHand = (environment: Surroundings, pooler: PoolerAddress): Obligation => ({
  id: `pooler-write-${pooler.name}`,
  title: `Prove a write through ${poolerName(pooler)}`,
  why: `It rejects the role ${environment.database.user}, so this run verified no write. Add the role there.`,
  state: 'open',
})
