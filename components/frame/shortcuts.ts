'use client'

import { useRouter } from 'next/navigation'
import { useEffect } from 'react'
import { places } from './nav'

/** After `g`, the letter must follow within this time. */
const chordMs = 1500

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.role === 'textbox')

/** Keys of the whole desk: Ctrl/Cmd-K, `?`, and `g` then a letter. None of them does anything dangerous. */
export function useShortcuts({ openPalette, openHelp }: { openPalette: () => void; openHelp: () => void }): void {
  const router = useRouter()
  useEffect(() => {
    let chordAt = 0
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === 'k' && (event.metaKey || event.ctrlKey) && !event.altKey) {
        event.preventDefault()
        openPalette()
        return
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return
      // An open dialog has the keyboard to itself.
      if (document.querySelector('[role="dialog"]')) return
      if (event.key === '?') {
        event.preventDefault()
        openHelp()
        return
      }
      if (event.timeStamp - chordAt < chordMs) {
        const place = places.find((p) => p.letter === event.key)
        chordAt = 0
        if (place) {
          event.preventDefault()
          router.push(place.href)
        }
        return
      }
      if (event.key === 'g') chordAt = event.timeStamp
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [router, openPalette, openHelp])
}
