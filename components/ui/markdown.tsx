'use client'

import { type ComponentType, useEffect, useSyncExternalStore } from 'react'

/** What can mean anything but itself in Markdown; most of what people write in a hurry has none of it. */
const marked = /[*_`~#>[\]|\\<&]|\n|^\s*(?:[-+]|\d+[.)])\s|https?:|www\.|@/

let Body: ComponentType<{ text: string }> | null = null
const listeners = new Set<() => void>()

/** The reader of Markdown comes with the first text that needs it. */
async function load() {
  Body ??= (await import('./markdown-body')).default
  for (const listener of listeners) listener()
}

/** People's words as Markdown; as they were typed until its reader is there, and where scripts are off. */
export function Markdown({ text }: { text: string }) {
  const needed = marked.test(text)
  const Shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => Body,
    () => null,
  )
  useEffect(() => {
    if (needed) void load()
  }, [needed])
  if (needed && Shown) return <Shown text={text} />
  return (
    <div className="markdown">
      <p className={needed ? 'whitespace-pre-wrap' : undefined}>{text}</p>
    </div>
  )
}
