'use client'

import { useEffect, useState } from 'react'

/** Opens the palette, and names the keys that do. */
export function PaletteButton({ onOpen }: { onOpen: () => void }) {
  const [mac, setMac] = useState(true)
  useEffect(() => setMac(/Mac|iPhone|iPad/.test(navigator.platform)), [])
  return (
    <button
      type="button"
      className="kbd wide-only flex-none whitespace-nowrap hover:text-text-1"
      style={{ padding: '0 6px' }}
      onClick={onOpen}
    >
      <span className="sr-only">Open the command menu, </span>
      {mac ? '⌘K' : 'Ctrl K'}
    </button>
  )
}
