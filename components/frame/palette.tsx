'use client'

import { Command } from 'cmdk'
import { CircleHelp, Link2, Monitor, Moon, Search, Sun } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { Dialog } from 'radix-ui'
import { toast } from '../ui/toast'
import { places } from './nav'
import { applyTheme, type Theme } from './theme'

const themeItems: { theme: Theme; label: string; icon: typeof Sun }[] = [
  { theme: 'dark', label: 'Dark theme', icon: Moon },
  { theme: 'light', label: 'Light theme', icon: Sun },
  { theme: 'system', label: 'Theme of the system', icon: Monitor },
]

/** Every place and every harmless act, found by typing. */
export function Palette({
  open,
  onOpenChange,
  onHelp,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  onHelp: () => void
}) {
  const router = useRouter()
  const run = (act: () => void) => () => {
    onOpenChange(false)
    act()
  }
  const copyLink = async () => {
    try {
      await navigator.clipboard.writeText(window.location.href)
      toast('Link copied')
    } catch {
      toast('The browser did not allow copying. The link is in the address bar.')
    }
  }
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content className="modal" aria-describedby={undefined}>
          <Dialog.Title className="sr-only">Go to or do</Dialog.Title>
          <Command label="Go to or do" loop>
            <div className="flex items-center gap-2 border-line-1 border-b px-4">
              <Search aria-hidden className="size-4 flex-none text-text-3" />
              <Command.Input
                placeholder="Go to a screen or do something"
                className="h-12 w-full bg-transparent text-14 outline-none placeholder:text-text-3"
              />
            </div>
            <Command.List className="max-h-[52vh] overflow-y-auto p-2">
              <Command.Empty className="px-2 py-6 text-center text-text-3">Nothing has that name.</Command.Empty>
              <Command.Group heading={<span className="label px-2">Screens</span>}>
                {places.map(({ href, label, icon: Icon, letter }) => (
                  <Command.Item key={href} value={label} className="menu-item" onSelect={run(() => router.push(href))}>
                    <Icon aria-hidden />
                    {label}
                    <span className="grow" />
                    <span className="kbd">g</span>
                    <span className="kbd">{letter}</span>
                  </Command.Item>
                ))}
              </Command.Group>
              <Command.Group heading={<span className="label mt-2 block px-2">Do</span>}>
                <Command.Item
                  value="Copy link to this page"
                  className="menu-item"
                  onSelect={run(() => void copyLink())}
                >
                  <Link2 aria-hidden />
                  Copy the link to this page
                </Command.Item>
                {themeItems.map(({ theme, label, icon: Icon }) => (
                  <Command.Item key={theme} value={label} className="menu-item" onSelect={run(() => applyTheme(theme))}>
                    <Icon aria-hidden />
                    {label}
                  </Command.Item>
                ))}
                <Command.Item value="Keyboard help" className="menu-item" onSelect={run(onHelp)}>
                  <CircleHelp aria-hidden />
                  Keyboard help
                  <span className="grow" />
                  <span className="kbd">?</span>
                </Command.Item>
              </Command.Group>
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
