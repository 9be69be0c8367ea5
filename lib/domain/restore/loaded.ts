import { byteWords } from '../units'

/*
 * What a database on a restored server is, by its name and its comment. Rows are there before the last byte has proved that they are
 * authentic, so a database that is not whole never has the name under which the application looks for it.
 */

const longestName = 63
const attemptLength = 8

const partialOf = (database: string) =>
  `${database.slice(0, longestName - '_partial_'.length - attemptLength)}_partial_`

/** The name of a database while a backup is loaded into it; `attempt` has eight characters and is new each time. */
export const partialName = (database: string, attempt: string): string =>
  `${partialOf(database)}${attempt.slice(0, attemptLength)}`

/** What makes a database known as the one that a run has loaded, and from which bytes. It is the database's comment. */
export const loadedMark = (run: string, { sha256, etag }: { sha256: string | null; etag: string }): string =>
  sha256 === null ? `dr-run=${run} etag=${etag}` : `dr-run=${run} sha256=${sha256}`

/** A database of a server, and its comment. */
interface NamedDatabase {
  name: string
  comment: string | null
}

export type LoadState =
  | { kind: 'none' }
  /** Never to be trusted; the next attempt drops them. */
  | { kind: 'partial'; names: string[] }
  | { kind: 'loaded' }
  /** What is under the name was not loaded by this run from these bytes. */
  | { kind: 'other'; comment: string | null }

/** How far the load of a run is, by what the server has. */
export function loadStateOf(
  databases: readonly NamedDatabase[],
  { database, run, backup }: { database: string; run: string; backup: { sha256: string | null; etag: string } },
): LoadState {
  const whole = databases.find(({ name }) => name === database)
  if (whole)
    return whole.comment === loadedMark(run, backup) ? { kind: 'loaded' } : { kind: 'other', comment: whole.comment }
  const names = partialsOf(databases, database)
  return names.length > 0 ? { kind: 'partial', names } : { kind: 'none' }
}

/** Databases that an attempt has left behind. */
export const partialsOf = (databases: readonly NamedDatabase[], database: string): string[] =>
  databases.map(({ name }) => name).filter((name) => name.startsWith(partialOf(database)))

/** How far a load is, as people read it. */
export function formatLoad(progress: {
  phase: 'checking' | 'loading' | 'building'
  bytesRead: number
  bytesTotal: number
  percent: number
}): string {
  const { phase, bytesRead, bytesTotal, percent } = progress
  switch (phase) {
    case 'checking':
      return 'Checking the object, the keys and the server before the first statement.'
    case 'loading':
      return `Loading: ${percent} %, ${byteWords(bytesRead)} of ${byteWords(bytesTotal)} read.`
    case 'building':
      return `All ${byteWords(bytesTotal)} are read; the server is building indexes and constraints.`
  }
}
