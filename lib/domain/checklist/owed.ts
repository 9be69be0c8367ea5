import type { Obligation } from '../run/obligation'

/** Open items of an incident's runs on which an item of the checklist hangs; none for one that holds, and while it is looked at. */
export function owedFor(key: string, state: string, obligations: readonly Obligation[]): Obligation[] {
  if (state === 'pass' || state === 'hand' || state === 'running') return []
  return obligations.filter((owed) => owed.state === 'open' && owed.serves?.some((served) => served === key))
}

/** What an item says, with what a person must do before it can pass. */
export const saysWithOwed = (says: string, owed: readonly Obligation[]): string =>
  owed.length === 0
    ? says
    : `${says} Open ${owed.length === 1 ? 'item' : 'items'} of the run: ${owed.map(({ title }) => title).join('; ')}.`
