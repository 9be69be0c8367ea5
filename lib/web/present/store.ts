import { formatTimeOfDay } from './format'

/** What the runner last said of our own store; null while nobody has reported. */
type StoreSeen = { ok: boolean; since: number } | null

/** The sentence shown on every page while our own store is away; null while it answers or nothing is known of it. */
export function storeNotice(store: StoreSeen, timeZone?: string): string | null {
  if (!store || store.ok) return null
  return `The War Room store has been down since ${formatTimeOfDay(store.since, timeZone)}. Live health continues; nothing can be recorded.`
}

/** What a page says that could not be read because the store is away; null when the store is not the reason. */
export function storePageNotice(store: StoreSeen, timeZone?: string): string | null {
  if (!store || store.ok) return null
  return `This page needs the War Room store, which has been down since ${formatTimeOfDay(store.since, timeZone)}. Situation still works. This page recovers when the store does.`
}
