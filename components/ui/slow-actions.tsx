'use client'

import { useEffect, useSyncExternalStore } from 'react'

/** After so long a person is told that what they did has not been answered yet. */
const slowMs = 5_000

/** When the actions began that are not answered; the oldest first. */
let waiting: readonly { since: number }[] = []
const listeners = new Set<() => void>()
function change(next: typeof waiting): void {
  waiting = next
  for (const listener of listeners) listener()
}

/** An action is sent: it is waited for until the function that this answers is called. */
export function beginWaiting(now = Date.now()): () => void {
  const mine = { since: now }
  change([...waiting, mine])
  return () => change(waiting.filter((one) => one !== mine))
}

/** What is said of actions that began then; null before the first of them is slow. */
export function slowWords(began: readonly { since: number }[], now: number): string | null {
  const slow = began.filter(({ since }) => now - since >= slowMs)
  const [oldest] = slow
  if (!oldest) return null
  const seconds = Math.floor((now - oldest.since) / 1000)
  return `The War Room has not responded for ${seconds} s. It is still asked, and your input is kept.`
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  // Nothing is counted while nothing is waited for.
  const timer = setInterval(() => waiting.length > 0 && listener(), 1_000)
  return () => {
    listeners.delete(listener)
    clearInterval(timer)
  }
}

/** Says on every page, over every dialog, that an action is not answered yet. */
export function SlowActions() {
  const words = useSyncExternalStore(
    subscribe,
    () => slowWords(waiting, Date.now()),
    () => null,
  )
  // What is left of a page that was left is not waited for here.
  useEffect(() => () => change([]), [])
  return (
    <div role="status" className="pointer-events-none fixed inset-x-0 bottom-4 z-50 flex justify-center px-4">
      {words && (
        <p className="num rounded-lg border border-line-2 bg-surface-3 px-4 py-2 text-13 text-text-1 shadow-lg">
          {words}
        </p>
      )}
    </div>
  )
}
