import { formatTimeOfDay } from './format'

/** What the runner last said of our own store; null while nobody has reported. */
export type StoreSeen = { ok: boolean; since: number } | null

/** The sentence shown on every page while our own store is away; null while it answers or nothing is known of it. */
export function storeNotice(store: StoreSeen, timeZone?: string): string | null {
  if (!store || store.ok) return null
  return `The War Room's own store does not answer since ${formatTimeOfDay(store.since, timeZone)}. Live health goes on; nothing can be recorded.`
}

/** What a page says that could not be read because the store is away; null when the store is not the reason. */
export function storePageNotice(store: StoreSeen, timeZone?: string): string | null {
  if (!store || store.ok) return null
  return `What this page shows stands in the War Room's own store, which does not answer since ${formatTimeOfDay(store.since, timeZone)}. Situation goes on without it, and this page comes back by itself when the store does.`
}
