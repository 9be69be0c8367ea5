import { durationWords } from '../../domain/units'
import type { Verdict, World } from '../contract'
import { tryWrite } from '../looking'

const steadyMs = 30_000

/** For how long writes must succeed here, and the same in words: where an environment's pace shortens it, both are said. */
export function steadyFor({ pace }: Pick<World, 'pace'>): { ms: number; words: string } {
  const ms = steadyMs * pace
  const own = durationWords(ms)
  return { ms, words: pace === 1 ? own : `${own} (${durationWords(steadyMs)} at the pace of this environment)` }
}

/** The proof, with the threshold that was used. */
export const steadyWords = (spentMs: number, required: string): string =>
  `Writes have committed for ${durationWords(spentMs)} without an error; required: ${required}.`

/**
 * Writes at an address, which must succeed for half a minute (in the environment's pace) without an error: since when they do, or
 * what is still waited for.
 */
export async function steadyWrites(
  world: World,
  address: { host: string; port: number },
  before: number | null | undefined,
): Promise<{ since: number; says: string } | { waits: Verdict<{ writesSince?: number | null }> }> {
  const error = await tryWrite(world, address)
  if (error) return { waits: { state: 'not-yet', says: `A write failed: ${error}`, facts: { writesSince: null } } }
  const since = before ?? world.now()
  const { ms, words } = steadyFor(world)
  const spentMs = world.now() - since
  if (spentMs >= ms) return { since, says: steadyWords(spentMs, words) }
  const says = `Writes commit; waits for ${words} of that without an error.`
  return { waits: { state: 'not-yet', says, facts: { writesSince: since } } }
}
