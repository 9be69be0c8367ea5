'use client'

import { useSyncExternalStore } from 'react'
import { type Difference, mostChosenRows } from '../../lib/domain/reconcile/policy'

/*
 * Rows that a person marked, kept with the tab: they outlive a change of page and a reload, until they are sent.
 */
export type Marked = { [key: string]: Difference }

const listeners = new Set<() => void>()
const nameOf = (batch: string, table: string) => `rows ${batch} ${table}`
const read = (name: string): string => {
  try {
    return sessionStorage.getItem(name) ?? '{}'
  } catch {
    return '{}'
  }
}
const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}

export const markedIn = (batch: string, table: string): Marked => JSON.parse(read(nameOf(batch, table))) as Marked

export function setMark(batch: string, table: string, key: string, kind: Difference | null): void {
  const marked = markedIn(batch, table)
  if (kind === null) delete marked[key]
  else if (Object.keys(marked).length < mostChosenRows) marked[key] = kind
  try {
    sessionStorage.setItem(nameOf(batch, table), JSON.stringify(marked))
  } catch {
    // Without storage nothing can be marked across pages.
  }
  for (const listener of listeners) listener()
}

/** The marked rows of a table; none while the server draws. */
export function useMarked(batch: string, table: string): Marked {
  const text = useSyncExternalStore(
    subscribe,
    () => read(nameOf(batch, table)),
    () => '{}',
  )
  return JSON.parse(text) as Marked
}
