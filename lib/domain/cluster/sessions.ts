/** Who asks the guarded database. Each has sessions of its own, so that none takes those of another. */
export const uses = ['collector', 'runs', 'looks', 'checklist'] as const
export type Use = (typeof uses)[number]

/** Sessions of ours that one node may see, as the deployment guide limits them at the server, and the fewest that suffice. */
export const usualSessionsPerNode = 50
export const leastSessionsPerNode = 46
/** Of them, for the collector in the other region: the one that it keeps, and one to replace one that hangs. */
export const sessionsElsewhere = 2

/**
 * How many sessions each use may have at one address. A node is reached by two addresses at most, its own and the one that
 * follows the writer, and by two runners at most, the one that leads and the one that it took over from: a quarter each of what
 * the collector in the other region leaves.
 *
 * The collector keeps four where both addresses are the same, and needs one more to replace one that hangs. A run keeps one
 * and needs one to count or to change, and one more where that hangs.
 */
export function sharesOf(sessionsPerNode: number): Record<Use, number> {
  const quarter = Math.floor((Math.max(sessionsPerNode, leastSessionsPerNode) - sessionsElsewhere) / 4)
  const runs = 3
  const looks = Math.max(2, Math.floor(quarter / 6))
  const checklist = quarter < 12 ? 1 : 2
  return { collector: quarter - runs - looks - checklist, runs, looks, checklist }
}

/**
 * How long each use waits for a session of its share that others have, ms; null for as long as connecting may take. What
 * people look at may wait behind a dry run that counts rows, and items of a checklist for each other: a session that is not
 * free says nothing of the database.
 */
export const seatWaitMs: Record<Use, number | null> = {
  collector: null,
  runs: null,
  looks: 12_000,
  checklist: 300_000,
}
