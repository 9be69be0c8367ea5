import { listWords, plural } from '../units'
import type { PoolView } from './types'

/** Clients that wait this long are not served as they should be, s. */
export const longWaitSeconds = 5

/** A pool that is paused, in the words of every screen and step. It is named where there are several. */
export function pausedWords({ pausedAll, clientsWaiting }: PoolView, name: string | null = null): string {
  const waiting = `${clientsWaiting} ${plural(clientsWaiting, 'client')} ${plural(clientsWaiting, 'is', 'are')} waiting.`
  return `${called(name)} is paused${pausedAll ? ' (all databases)' : ''}. ${waiting}`
}

const called = (name: string | null) => (name === null ? 'PgBouncer' : `PgBouncer ${name}`)

/**
 * Do clients wait because somebody else than a run of ours paused the pool? A run pauses its own database alone, so a PAUSE of
 * all databases is never a run's.
 */
export const isPausedByOthers = (pool: PoolView, heldByRun: boolean): boolean =>
  pool.paused && pool.clientsWaiting > 0 && (pool.pausedAll === true || !heldByRun)

/** Clients wait, and nothing serves them. */
export const isStarved = (pool: PoolView): boolean =>
  !pool.paused && pool.clientsWaiting > 0 && pool.serversActive + pool.serversIdle === 0

/** One pooler by its newest fresh answer; null where that is old or missing. */
export interface PoolerSight {
  name: string
  address: { host: string; port: number }
  pool: PoolView | null
  /** Nothing has listened there for several looks. */
  down: boolean
  /** How many processes have answered at its address. */
  instances: number
}

/**
 * What is wrong with the poolers while the writer is well, the worst first: an address that hides several, one that somebody
 * paused, one of several that is down.
 */
export function poolerTrouble(
  poolers: readonly PoolerSight[],
  heldByRun: boolean,
): { headline: string; detail: string } | null {
  const nameOf = (one: PoolerSight) => (poolers.length > 1 ? one.name : null)
  const hiding = poolers.find((one) => one.instances > 1)
  if (hiding)
    return {
      headline: `Several PgBouncer processes answer at ${hiding.address.host}:${hiding.address.port}.`,
      detail: 'A run cannot pause them all, and does not start. Enter each under poolers with an address of its own.',
    }
  for (const one of poolers)
    if (one.pool && isPausedByOthers(one.pool, heldByRun))
      return {
        headline: pausedWords(one.pool, nameOf(one)),
        detail: 'The writer is fine. No run paused PgBouncer: type RESUME at its console to let the clients continue.',
      }
  const strayed = poolers.find((one) => one.pool?.serversAt)
  if (strayed)
    return {
      headline: `${called(nameOf(strayed))} sends clients to the reader ${strayed.pool?.serversAt}.`,
      detail:
        'The writer is fine. Writes through this pooler fail: type RECONNECT at its console, and check its configuration.',
    }
  const starved = poolers.find(({ pool }) => pool && isStarved(pool))
  if (starved)
    return {
      headline: `${called(nameOf(starved))} has no connection to the database.`,
      detail: `The writer is fine. ${starved.pool?.clientsWaiting ?? 0} ${plural(starved.pool?.clientsWaiting ?? 0, 'client')} ${plural(starved.pool?.clientsWaiting ?? 0, 'is', 'are')} waiting. Check where the pooler connects to.`,
    }
  const down = poolers.filter((one) => one.down)
  if (down.length === 0 || poolers.length < 2) return null
  return {
    headline: `PgBouncer ${listWords(down.map(({ name }) => name))} ${plural(down.length, 'is', 'are')} down.`,
    detail: 'The writer is fine. Clients that connect there get errors. Start it again.',
  }
}

/** All pools as one: paused when any is, and as slow as the slowest. */
export function combinePools(pools: readonly PoolView[]): PoolView {
  const astray = pools.find((pool) => pool.serversAt)?.serversAt
  const sum = (figure: (pool: PoolView) => number) => pools.reduce((total, pool) => total + figure(pool), 0)
  return {
    present: pools.some((pool) => pool.present),
    clientsActive: sum((pool) => pool.clientsActive),
    clientsWaiting: sum((pool) => pool.clientsWaiting),
    serversActive: sum((pool) => pool.serversActive),
    serversIdle: sum((pool) => pool.serversIdle),
    serversLimit: sum((pool) => pool.serversLimit),
    maxWaitSeconds: Math.max(0, ...pools.map((pool) => pool.maxWaitSeconds)),
    paused: pools.some((pool) => pool.paused),
    pausedAll: pools.some((pool) => pool.pausedAll === true),
    ...(astray ? { serversAt: astray } : {}),
  }
}

/**
 * How many processes have answered, by what each of several console sessions, all open at once, sees of all of them. Two
 * sessions at one process see each other; at two they share nothing, because a session is named by its socket, its start and its
 * place in the memory of the process.
 */
export function countInstances(views: readonly (readonly string[])[]): number {
  const groups: Set<string>[] = []
  for (const view of views) {
    const same = groups.filter((group) => view.some((session) => group.has(session)))
    const merged = new Set(view)
    for (const group of same) {
      for (const session of group) merged.add(session)
      groups.splice(groups.indexOf(group), 1)
    }
    groups.push(merged)
  }
  return groups.length
}

/** Why an address cannot be used, and what to configure instead. */
export const severalInstancesWords = (address: { host: string; port: number }): string =>
  `Several PgBouncer processes answer at ${address.host}:${address.port}. A PAUSE reaches only one of them. Enter each under poolers with an address of its own.`

/** Where a pooler has a server connection. */
interface ServerAt {
  address: string
  port: number
}

/** Servers of a pooler that are certainly at a node that is not the writer, with that node. */
export function serversElsewhere(
  servers: readonly ServerAt[],
  nodes: readonly { id: string; addresses: readonly string[]; port: number }[],
  writerId: string,
): { server: ServerAt; nodeId: string }[] {
  const at = (server: ServerAt, id: (node: string) => boolean) =>
    nodes.find((node) => id(node.id) && node.port === server.port && node.addresses.includes(server.address))
  return servers.flatMap((server) => {
    // A name may lead to two nodes for a moment: one that may be the writer's is no evidence.
    if (at(server, (id) => id === writerId)) return []
    const node = at(server, (id) => id !== writerId)
    return node ? [{ server, nodeId: node.id }] : []
  })
}
