import type { Actor } from '../actor'
import { canonicalJson, sha256 } from '../procedure/canonical'
import { storable } from '../text'

/** What is added to the record: one fact, who says so, and the evidence. Never a secret. */
export interface RecordDraft {
  /** "run.started", "effect.intent", "approval.given"... */
  kind: string
  actor: Actor
  text: string
  /** The incident that it belongs to; the entry's body names it by `incidentId`, its number as text. */
  incidentNumber?: number | null
  runId?: string | null
  stepId?: string | null
  evidence?: unknown
}

/** An entry as it stands in the store or in an export. */
export interface RecordEntry {
  n: number
  /** ISO 8601, UTC, milliseconds. */
  at: string
  body: string
  prevHash: string
  hash: string
}

export interface RecordHead {
  n: number
  hash: string
}

/** Predecessor of the first entry. */
export const genesis = '0'.repeat(64)

/** How the record names an incident. */
export const incidentInRecord = (number: number): string => String(number)

/** The text that is stored and hashed. A character that cannot be kept must not keep anything out of the record. */
export function recordBody(draft: RecordDraft): string {
  return canonicalJson(
    storable({
      kind: draft.kind,
      actor: draft.actor,
      text: draft.text,
      incidentId: draft.incidentNumber == null ? null : incidentInRecord(draft.incidentNumber),
      runId: draft.runId ?? null,
      stepId: draft.stepId ?? null,
      evidence: draft.evidence ?? null,
    }),
  )
}

/** The same sum that the store's function record_append works out. */
export const entryHash = (entry: Omit<RecordEntry, 'hash'>): string =>
  sha256(`${entry.prevHash}\n${entry.n}\n${entry.at}\n${entry.body}`)

export type ChainVerdict =
  | { whole: true; entries: number; head: RecordHead }
  | { whole: false; at: number; why: string }

/**
 * Walks the chain from its first entry. Finds every edit, deletion, insertion and reordering by itself; a cut at the end
 * only against the head that was known (`head`), which is why the store keeps it apart and exports carry it.
 */
export async function verifyChain(
  entries: Iterable<RecordEntry> | AsyncIterable<RecordEntry>,
  head: RecordHead | null,
): Promise<ChainVerdict> {
  let n = 0
  let hash = genesis
  for await (const entry of entries) {
    n += 1
    if (entry.n !== n) return { whole: false, at: n, why: `Entry ${n} is missing; entry ${entry.n} is in its place.` }
    if (entry.prevHash !== hash)
      return { whole: false, at: n, why: `Entry ${n} does not follow from the one before it.` }
    if (entryHash(entry) !== entry.hash)
      return { whole: false, at: n, why: `Entry ${n} was changed after it was written.` }
    hash = entry.hash
  }
  if (head && (head.n !== n || head.hash !== hash))
    return { whole: false, at: n + 1, why: `The record ends at entry ${n}, but its head says ${head.n}.` }
  return { whole: true, entries: n, head: { n, hash } }
}

/** An entry of somebody else's in an excerpt: its place in the chain without its words. */
export type SealedEntry = Pick<RecordEntry, 'n' | 'prevHash' | 'hash'>

/**
 * Walks an excerpt: a piece of the chain without gaps in which entries that do not belong to it are sealed. Finds every
 * edit, deletion, insertion and reordering in it. Where it begins and ends can be held against the record alone.
 */
export function verifyExcerpt(entries: readonly (RecordEntry | SealedEntry)[]): ChainVerdict {
  let before: SealedEntry | null = null
  for (const entry of entries) {
    if (before && entry.n !== before.n + 1)
      return {
        whole: false,
        at: before.n + 1,
        why: `Entry ${before.n + 1} is missing; entry ${entry.n} is in its place.`,
      }
    if (before && entry.prevHash !== before.hash)
      return { whole: false, at: entry.n, why: `Entry ${entry.n} does not follow from the one before it.` }
    if ('body' in entry && entryHash(entry) !== entry.hash)
      return { whole: false, at: entry.n, why: `Entry ${entry.n} was changed after it was written.` }
    before = entry
  }
  return {
    whole: true,
    entries: entries.length,
    head: before ? { n: before.n, hash: before.hash } : { n: 0, hash: genesis },
  }
}
