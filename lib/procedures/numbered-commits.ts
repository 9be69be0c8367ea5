import { PortError } from '../ports/port-error'
import type { World } from './contract'
import type { Acknowledged } from './facts'

/**
 * The last number that the application was told is committed, by each of its writers; null when it does not number its
 * commits, or cannot be asked. To be asked while no write can be acknowledged: then it is the last word of the old writer.
 */
export async function lastAcknowledged(world: World): Promise<Acknowledged | undefined> {
  try {
    return (await world.acknowledgedNumbers()) ?? undefined
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return undefined
  }
}

type CountedLoss = { writers: number; lost: number }

/**
 * Commits that were acknowledged and are gone: for every writer, the numbers after the last one that the new writer holds.
 * Log is lost from its end, so what is missing is a tail. Null when nothing was noted before, or nobody can be asked.
 */
export async function countLost(
  world: World,
  acknowledged: Acknowledged | undefined,
  newWriter: { host: string; port: number } | null,
): Promise<CountedLoss | null> {
  if (!acknowledged || !newWriter) return null
  try {
    const held = await world.heldNumbers(newWriter, acknowledged)
    const writers = Object.entries(acknowledged)
    const lost = writers.reduce((sum, [writer, last]) => sum + Math.max(0, last - (held[writer] ?? 0)), 0)
    return { writers: writers.length, lost }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return null
  }
}
