'use client'

import { useEffect } from 'react'
import { Toaster, toast } from 'sonner'

let place = () => {}
/** Settles when messages can be seen. */
export const placed = new Promise<void>((resolve) => {
  place = resolve
})

export function say(text: string, kind: 'message' | 'error'): void {
  if (kind === 'error') toast.error(text)
  else toast(text)
}

export function DeskToaster() {
  useEffect(() => place(), [])
  return (
    <Toaster
      position="bottom-right"
      toastOptions={{
        style: {
          background: 'var(--surface-2)',
          color: 'var(--text-1)',
          border: '1px solid var(--border-2)',
          fontFamily: 'var(--font-sans)',
          fontSize: 13,
        },
      }}
    />
  )
}
