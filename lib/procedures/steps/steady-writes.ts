import { durationWords } from '../../domain/units'
import type { Verdict, World } from '../contract'
import { tryWrite } from '../looking'

const steadyMs = 30_000

/**
 * Writes at an address, which must succeed for half a minute (in the environment's pace) without an error: since when they do, or
 * what is still waited for.
 */
export async function steadyWrites(
  world: World,
  address: { host: string; port: number },
  before: number | null | undefined,
): Promise<{ since: number } | { waits: Verdict<{ writesSince?: number | null }> }> {
  const error = await tryWrite(world, address)
  if (error) return { waits: { state: 'not-yet', says: `A write failed: ${error}`, facts: { writesSince: null } } }
  const since = before ?? world.now()
  if ((world.now() - since) / world.pace >= steadyMs) return { since }
  const says = `Writes commit; waits for ${durationWords(steadyMs * world.pace)} of that without an error.`
  return { waits: { state: 'not-yet', says, facts: { writesSince: since } } }
}
