import type { Lag } from './types'

/** One node of an Aurora cluster as the cluster tells of it. The lag is that of its cache: the storage is one. */
export interface AuroraReplica {
  serverId: string
  /** The one that writes. */
  writer: boolean
  /** Positions of Aurora's own log, which are not those of PostgreSQL's; null when it tells none. */
  durableLsn: bigint | null
  receivedLsn: bigint | null
  lagMs: number | null
  /** How long ago it was heard of, ms. */
  silentMs: number | null
}

/** What the cluster tells is old after this, ms: it is asked every five seconds. Source: procedures, section 3, stale samples. */
const auroraStaleMs = 15_000

/**
 * How far a reader's cache is behind the writer, by the cluster's own word; unknown when it was not told lately, or tells
 * nothing of this node. It says nothing of loss: all nodes share one storage.
 */
export function auroraLagOf(
  nodeId: string,
  told: { value: AuroraReplica[] | null; okAt: number | null },
  now: number,
): Lag {
  const unknown = (why: string): Lag => ({ known: false, why })
  if (told.value === null || told.okAt === null) return unknown('Aurora has not reported the cache lag of its readers')
  const own = told.value.find((r) => r.serverId === nodeId)
  if (!own) return unknown('Aurora does not list it among the nodes of this cluster')
  if (now - told.okAt + (own.silentMs ?? 0) > auroraStaleMs) return unknown('Aurora has not reported it for a while')
  const writer = told.value.find((r) => r.writer)
  if (own.lagMs === null || own.receivedLsn === null || writer?.durableLsn == null)
    return unknown('Aurora reports no lag for it')
  const bytes = Number(writer.durableLsn - own.receivedLsn)
  return { known: true, seconds: own.lagMs / 1000, bytes: Math.max(0, bytes), replayBytes: 0, replaySeconds: 0 }
}
