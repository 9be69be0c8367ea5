import { type EntryKind, entryKinds } from '../incident/types'
import type { Permission } from '../people/permissions'

/** Entries of a timeline that the engine writes, or that follow from a decision about a run. */
const notByHand = ['run', 'step', 'approval'] as const satisfies readonly EntryKind[]
type ByHand = Exclude<EntryKind, (typeof notByHand)[number]>
const byHand = entryKinds.filter((kind): kind is ByHand => !notByHand.some((other) => other === kind))

/**
 * Kinds of entries that people write into the record themselves, and what each takes. The store refuses all others to the web:
 * what happens to runs, approvals and accounts is written by the functions that decide about them.
 */
export const writtenByPeople: Readonly<Record<string, Permission>> = {
  ...Object.fromEntries(byHand.map((kind) => [`incident.${kind}`, 'note' as const])),
  'alert.dismissed': 'declare',
  'account.shown': 'declare',
  'wall.link-created': 'declare',
  'wall.link-revoked': 'declare',
  'integration.test-asked': 'manage-settings',
  'integration.tested': 'manage-settings',
  'person.sessions-ended': 'view',
}
