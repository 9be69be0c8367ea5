import { nodeKey, nodeWords, readNodeKey } from '../domain/cluster/node-key'
import { isFailingOver } from '../domain/cluster/rds-status'
import type { Track } from '../domain/cluster/track'
import type { ClusterEvent } from '../domain/cluster/types'
import type { FleetInstance, Guarded } from '../ports/fleet'
import { type Standing, standingOf } from '../ports/standing'

/** What the fleet API last said of the guarded database and of all nodes, the cross-region replica included. */
export type Inventory = Guarded

/** Roles and endpoints by the API, and by the nodes' own word where it names none. */
export const standingIn = (inventory: Inventory, world: { writerId: string | null }, region: string): Standing =>
  standingOf(inventory, world.writerId, region)

/**
 * Where writes are to be tried: by the endpoint at home, or at the address of the node in the other region that has become the writer, which
 * no endpoint at home follows. Null while that is not known.
 */
export function writeAddress(
  inventory: Inventory,
  world: { writerId: string | null },
  region: string,
): { host: string; port: number } | null {
  const writer = inventory.instances.find(({ id }) => id === world.writerId)
  return writer && writer.region !== region ? writer.address : standingIn(inventory, world, region).endpoint
}

/** The replica in the other region when the API there knows none of that name: shown, so that nobody counts on it. */
export const notFound = (name: string, region: string, home: string): FleetInstance => ({
  id: nodeKey(name, region, home),
  clusterId: null,
  status: 'not found',
  address: null,
  region,
  resourceId: null,
  zone: '',
  instanceClass: '',
  engine: '',
  engineVersion: '',
  multiAz: false,
  replicaSourceId: null,
  replicaIds: [],
  replication: null,
  backupRetentionDays: 0,
  latestRestorableAt: null,
  securityGroupIds: [],
  pending: [],
  tags: {},
  deletionProtection: false,
  backupWindow: null,
  certificateValidTill: null,
})

/** An inventory whose nodes are named by their keys, also when it was written down before there were any. */
export const withKeys = (inventory: Inventory, home: string): Inventory => ({
  ...inventory,
  instances: inventory.instances.map((i) => ({ ...i, id: nodeKey(readNodeKey(i.id).name, i.region, home) })),
})

/** The nodes at home with the replica in the other region, as each was last seen. */
export const withReplica = (inventory: Inventory, replica: FleetInstance | null): Inventory => ({
  cluster: inventory.cluster,
  instances: [...inventory.instances.filter((i) => i.id !== replica?.id), ...(replica ? [replica] : [])],
})

const startedWords = /\b(started|initiated|starting|beginning)\b/i
const endedWords = /\b(completed|finished|failed|succeeded|promoting previous)\b/i
/** A failover that never told of its end is forgotten after this. */
const forgottenMs = 5 * 60_000

/** Since when a failover that RDS itself reports is under way: by its newest event, else by the status. */
export function failingOverSince(
  cluster: { status: string; statusSince: number } | null,
  events: readonly ClusterEvent[],
  now: number,
): number | null {
  // A replica elsewhere that fails over to its own standby moves nothing here.
  const moves = events.filter(
    (e) => readNodeKey(e.source).elsewhere === null && e.categories.some((c) => c.toLowerCase().includes('failover')),
  )
  const newest = moves.at(-1)
  if (cluster && isFailingOver(cluster.status)) return cluster.statusSince
  if (!newest || endedWords.test(newest.message) || !startedWords.test(newest.message)) return null
  return now - newest.at < forgottenMs ? newest.at : null
}

/** Adds new events, each once, oldest first, and keeps the last hundred. */
export function mergeEvents(
  known: readonly ClusterEvent[],
  more: readonly ClusterEvent[],
): { all: ClusterEvent[]; fresh: ClusterEvent[] } {
  const key = (e: ClusterEvent) => `${e.at}|${e.source}|${e.message}`
  const have = new Set(known.map(key))
  const fresh = more.filter((e) => {
    if (have.has(key(e))) return false
    have.add(key(e))
    return true
  })
  const all = [...known, ...fresh].sort((a, b) => a.at - b.at).slice(-100)
  return { all, fresh }
}

/**
 * Names without the words that the cluster's own name begins with: "replica-1" for "castmatch-prod-replica-1" in
 * "castmatch-production" or "castmatch-prod-cluster"; with the region when it is another one.
 */
export const shortName = (key: string, clusterId: string): string =>
  nodeWords(key, (name) => shortened(name, clusterId))

function shortened(name: string, clusterId: string): string {
  const cluster = clusterId.split('-')
  const words = name.split('-')
  let same = 0
  while (same < words.length - 1 && words[same] && cluster[same]?.startsWith(words[same] ?? '')) same += 1
  return words.slice(same).join('-')
}

/** Why no failover could be sent through the API of our region now; null while it answers. */
export const apiTroubleOf = ({
  inventory,
  apiSilentSince,
}: {
  inventory: Track<Inventory>
  apiSilentSince: number | null
}): string | null => {
  if (inventory.endedAt === null && apiSilentSince === null) return null
  if (inventory.error !== null) return `The RDS API fails: ${inventory.error.message}`
  return apiSilentSince === null ? null : 'The RDS API does not respond.'
}
