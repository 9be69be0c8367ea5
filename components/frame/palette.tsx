'use client'

import { useQuery } from '@tanstack/react-query'
import { Command } from 'cmdk'
import {
  BellRing,
  CircleHelp,
  Link2,
  ListChecks,
  type LucideIcon,
  Monitor,
  Moon,
  PlayCircle,
  Search,
  Settings,
  Siren,
  Sun,
  Tv,
} from 'lucide-react'
import { useRouter } from 'next/navigation'
import { Dialog } from 'radix-ui'
import type { ReactNode } from 'react'
import { incidentLabel } from '../../lib/domain/incident/labels'
import { escalationQuery, openIncidentsQuery } from '../../lib/queries/incident'
import { activeRunsQuery } from '../../lib/queries/run'
import { type MenuCommand, menuCommands } from '../../lib/web/present/commands'
import { presentRun } from '../../lib/web/present/run'
import { reach } from '../ui/reach'
import { toast } from '../ui/toast'
import { places } from './nav'
import { applyTheme, type Theme } from './theme'

export interface ProcedureLink {
  slug: string
  key: string
  title: string
}

const themeItems: { theme: Theme; label: string; icon: LucideIcon }[] = [
  { theme: 'dark', label: 'Dark theme', icon: Moon },
  { theme: 'light', label: 'Light theme', icon: Sun },
  { theme: 'system', label: 'Use system theme', icon: Monitor },
]

const groupIcons: Record<MenuCommand['group'], LucideIcon> = {
  'Waiting for an answer': CircleHelp,
  Incident: Siren,
  Run: PlayCircle,
  Manage: Settings,
}

async function copy(text: string, done: string) {
  try {
    await navigator.clipboard.writeText(text)
    toast(done)
  } catch {
    toast(`The browser did not allow copying. The link is ${text}`)
  }
}

/** Everything that the product can do, found by typing: it acts itself, or leads to the part that does. */
export function Palette({
  open,
  onOpenChange,
  onHelp,
  onDeclare,
  procedures,
  lab,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  onHelp: () => void
  onDeclare: () => void
  procedures: ProcedureLink[]
  /** The lab has a panel in the frame. */
  lab: boolean
}) {
  const router = useRouter()
  const incidents = useQuery({ ...openIncidentsQuery, enabled: open }).data?.items ?? []
  const runs = useQuery({ ...activeRunsQuery, enabled: open }).data?.runs ?? []
  const escalation = useQuery({ ...escalationQuery, enabled: open }).data
  const warRoom = escalation?.channels.find((channel) => channel.key === 'war-room')?.href
  const run = (act: () => void) => () => {
    onOpenChange(false)
    act()
  }
  const go = (href: string) =>
    run(() => {
      router.push(href)
      reach(href)
    })
  const commands = menuCommands(incidents, runs, lab)
  const offered = (group: MenuCommand['group']) =>
    commands
      .filter((command) => command.group === group)
      .map(({ label, words = '', href }) => (
        <Item key={href} icon={groupIcons[group]} value={`${label} ${words}`} onSelect={go(href)}>
          {label}
        </Item>
      ))
  const groupOf = (group: MenuCommand['group']) => {
    const items = offered(group)
    return items.length > 0 && <Group heading={group}>{items}</Group>
  }
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content className="modal" aria-describedby={undefined}>
          <Dialog.Title className="sr-only">Command menu</Dialog.Title>
          <Command label="Command menu" loop>
            <div className="flex items-center gap-2 border-line-1 border-b px-4">
              <Search aria-hidden className="size-4 flex-none text-text-3" />
              <Command.Input
                placeholder="Search screens, procedures, incidents and commands"
                className="h-12 w-full bg-transparent text-14 outline-none placeholder:text-text-3"
              />
            </div>
            <Command.List className="max-h-[60vh] overflow-y-auto p-2">
              <Command.Empty className="px-2 py-6 text-center text-text-3">No results</Command.Empty>
              {groupOf('Waiting for an answer')}
              {incidents.length > 0 && (
                <Group heading="Open incidents">
                  {incidents.map((incident) => (
                    <Item
                      key={incident.number}
                      icon={Siren}
                      value={`${incidentLabel(incident.number)} ${incident.severity} ${incident.title}`}
                      onSelect={go(`/incidents/${incident.number}`)}
                      aside={incident.kind === 'drill' ? 'DRILL' : incident.severity}
                    >
                      <span className="num text-text-3">{incidentLabel(incident.number)}</span> {incident.title}
                    </Item>
                  ))}
                </Group>
              )}
              {runs.length > 0 && (
                <Group heading="Runs under way">
                  {runs.map((active) => (
                    <Item
                      key={active.id}
                      icon={PlayCircle}
                      value={`Run ${active.title} ${active.id} ${active.startedBy.name}`}
                      onSelect={go(`/runs/${active.id}`)}
                      aside={presentRun(active.state, active.mode).word}
                    >
                      {active.title}, by {active.startedBy.name}
                    </Item>
                  ))}
                </Group>
              )}
              {groupOf('Incident')}
              {groupOf('Run')}
              <Group heading="Screens">
                {places.map(({ href, label, icon, letter }) => (
                  <Item key={href} icon={icon} value={label} onSelect={go(href)} keys={['g', letter]}>
                    {label}
                  </Item>
                ))}
                <Item icon={Tv} value="Wall big screen" onSelect={go('/wall')}>
                  The wall
                </Item>
              </Group>
              <Group heading="Procedures">
                {procedures.map(({ slug, key, title }) => (
                  <Item
                    key={slug}
                    icon={ListChecks}
                    value={`${key} ${title} procedure`}
                    onSelect={go(`/procedures/${slug}`)}
                  >
                    <span className="num text-text-3">{key}</span> {title}
                  </Item>
                ))}
              </Group>
              <Group heading="Do">
                <Item icon={Siren} value="Declare incident declare an incident" onSelect={run(onDeclare)}>
                  Declare incident
                </Item>
                {offered('Manage')}
                {escalation?.levels.map((level) => (
                  <Item
                    key={level.level}
                    icon={BellRing}
                    value={`Page ${level.level} ${level.role} ${level.name}`}
                    onSelect={go(`/escalation#${level.level}`)}
                    aside={level.reachableNow ? 'reachable now' : 'not now'}
                  >
                    Page {level.level}, {level.role}
                  </Item>
                ))}
                {warRoom && (
                  <Item
                    icon={Link2}
                    value="Copy the war-room link call"
                    onSelect={run(() => void copy(warRoom, 'War-room link copied'))}
                  >
                    Copy the war-room link
                  </Item>
                )}
                <Item
                  icon={Link2}
                  value="Copy the link to this page"
                  onSelect={run(() => void copy(window.location.href, 'Link copied'))}
                >
                  Copy the link to this page
                </Item>
                {themeItems.map(({ theme, label, icon }) => (
                  <Item key={theme} icon={icon} value={label} onSelect={run(() => applyTheme(theme))}>
                    {label}
                  </Item>
                ))}
                <Item icon={CircleHelp} value="Keyboard help" onSelect={run(onHelp)} keys={['?']}>
                  Keyboard help
                </Item>
              </Group>
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function Group({ heading, children }: { heading: string; children: ReactNode }) {
  return <Command.Group heading={<span className="label mt-2 block px-2">{heading}</span>}>{children}</Command.Group>
}

function Item({
  icon: Icon,
  value,
  keys = [],
  aside,
  onSelect,
  children,
}: {
  icon: LucideIcon
  /** What typing finds it by. */
  value: string
  keys?: string[]
  aside?: string
  onSelect: () => void
  children: ReactNode
}) {
  return (
    <Command.Item value={value} className="menu-item" onSelect={onSelect}>
      <Icon aria-hidden />
      <span className="min-w-0 truncate">{children}</span>
      <span className="grow" />
      {aside && <span className="whitespace-nowrap text-11 text-text-3">{aside}</span>}
      {keys.map((key) => (
        <span key={key} className="kbd">
          {key}
        </span>
      ))}
    </Command.Item>
  )
}
