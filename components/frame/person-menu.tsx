'use client'

import dynamic from 'next/dynamic'
import { useState } from 'react'
import { initials } from '../../lib/domain/text'
import type { PersonDropdownProps } from './person-dropdown'
import { personLabel, type Viewer } from './person-label'
import type { Theme } from './theme'

interface PersonMenuProps {
  viewer: Viewer
  theme: Theme
  onHelp: () => void
}

/** Who is signed in, the theme, and the way out. The menu's code comes when it is asked for the first time. */
export function PersonMenu(props: PersonMenuProps) {
  const [asked, setAsked] = useState(false)
  const [open, setOpen] = useState(false)
  const button = (
    <button
      type="button"
      className="person"
      aria-label={personLabel(props.viewer)}
      aria-haspopup="menu"
      aria-expanded={false}
      onClick={() => {
        setAsked(true)
        setOpen(true)
      }}
    >
      {initials(props.viewer.name)}
    </button>
  )
  // The plain button stays until the menu is there, so that the top bar does not move.
  const [Dropdown] = useState(() =>
    dynamic<PersonDropdownProps>(() => import('./person-dropdown'), { ssr: false, loading: () => button }),
  )
  return asked ? <Dropdown {...props} open={open} onOpenChange={setOpen} /> : button
}
