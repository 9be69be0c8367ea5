import type { ChecklistKey } from '../checklist/items'
import type { JsonValue } from '../procedure/canonical'
import type { MadeCopy } from '../restore/copy'

/** Something that a run leaves to be done. It is kept in the run's facts under `obligations`, whatever the procedure. */
export type Obligation = {
  id: string
  title: string
  why: string
  state: 'open' | 'met' | 'accepted'
  /** Who said that it is done or accepted, and why; absent while it is open, and when a machine saw it met. */
  settledBy?: { person: { id: string; name: string }; reason: string }
  /** The restored copy that is to be deleted, where it is about one. */
  copy?: MadeCopy
  /** The procedure that does it, with its form filled in, where there is one. */
  next?: { title: string; slug: string; inputs: { [name: string]: string | number } }
  /** Items of the checklist that cannot pass before it is met. */
  serves?: ChecklistKey[]
}

/** What a run owes from now on. */
export const duty = (id: string, title: string, why: string, serves?: ChecklistKey[]): Obligation => ({
  id,
  title,
  why,
  state: 'open',
  ...(serves && { serves }),
})

const isObligation = (value: unknown): value is Obligation =>
  typeof value === 'object' && value !== null && 'id' in value && 'title' in value && 'why' in value && 'state' in value

/** What a run owes, by its facts. */
export const obligationsOf = (facts: { [name: string]: JsonValue }): Obligation[] =>
  (Array.isArray(facts.obligations) ? (facts.obligations as unknown[]) : []).filter(isObligation)

/** Adds an obligation, or replaces the one of the same id. */
export function withObligation(facts: { obligations?: Obligation[] }, obligation: Obligation): Obligation[] {
  return [...(facts.obligations ?? []).filter((o) => o.id !== obligation.id), obligation]
}
