'use client'

import { type ComponentType, useSyncExternalStore } from 'react'

let Toaster: ComponentType | null = null
const listeners = new Set<() => void>()

/** The code of messages comes with the first message. */
async function say(text: string, kind: 'message' | 'error') {
  const shown = await import('./toaster')
  if (!Toaster) {
    Toaster = shown.DeskToaster
    for (const listener of listeners) listener()
    // A message sent before the place for messages stands would be lost.
    await shown.placed
  }
  shown.say(text, kind)
}

/** Says what was done, for a moment, in a corner. */
export function toast(text: string): void {
  void say(text, 'message')
}

/** Says what did not succeed. */
export function toastError(text: string): void {
  void say(text, 'error')
}

/** The place where messages appear; one in a frame. */
export function Toasts() {
  const Shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => Toaster,
    () => null,
  )
  return Shown && <Shown />
}
