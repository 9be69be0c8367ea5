'use client'

import { Check, CircleHelp, LogOut } from 'lucide-react'
import { DropdownMenu } from 'radix-ui'
import { useState } from 'react'
import { initials } from '../../lib/domain/text'
import { personLabel, type Viewer } from './person-label'
import { applyTheme, type Theme, themes } from './theme'

export interface PersonDropdownProps {
  viewer: Viewer
  theme: Theme
  onHelp: () => void
  open: boolean
  onOpenChange: (open: boolean) => void
}

const themeWords: Record<Theme, string> = { system: 'As the system', dark: 'Dark', light: 'Light' }

/** Loaded when needed: nothing else of the desk uses it. */
async function signOut() {
  const auth = await import('next-auth/react')
  await auth.signOut({ callbackUrl: '/sign-in' })
}

/** The menu itself, with the button that it hangs from. */
export default function PersonDropdown({ viewer, theme: atFirst, onHelp, open, onOpenChange }: PersonDropdownProps) {
  const [theme, setTheme] = useState(atFirst)
  return (
    <DropdownMenu.Root open={open} onOpenChange={onOpenChange}>
      <DropdownMenu.Trigger className="person" aria-label={personLabel(viewer)}>
        {initials(viewer.name)}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={8}>
          <div className="px-2 pt-1 pb-2">
            <div className="font-medium">{viewer.name}</div>
            <div className="text-12 text-text-3 capitalize">{viewer.role}</div>
          </div>
          <DropdownMenu.Separator className="-mx-1 mb-1 h-px bg-line-1" />
          <DropdownMenu.Label className="label px-2 py-1">Theme</DropdownMenu.Label>
          <DropdownMenu.RadioGroup
            value={theme}
            onValueChange={(next) => {
              setTheme(next as Theme)
              applyTheme(next as Theme)
            }}
          >
            {themes.map((option) => (
              <DropdownMenu.RadioItem key={option} value={option} className="menu-item">
                {themeWords[option]}
                <span className="grow" />
                <DropdownMenu.ItemIndicator>
                  <Check aria-hidden className="size-4" />
                </DropdownMenu.ItemIndicator>
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
          <DropdownMenu.Separator className="-mx-1 my-1 h-px bg-line-1" />
          <DropdownMenu.Item className="menu-item" onSelect={onHelp}>
            <CircleHelp aria-hidden />
            Keyboard help
          </DropdownMenu.Item>
          <DropdownMenu.Item className="menu-item" onSelect={() => void signOut()}>
            <LogOut aria-hidden />
            Sign out
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
