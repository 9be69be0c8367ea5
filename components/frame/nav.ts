import {
  Activity,
  BellRing,
  BookOpen,
  FileText,
  ListChecks,
  type LucideIcon,
  Settings,
  Siren,
  Stethoscope,
  Target,
} from 'lucide-react'

interface Place {
  href: string
  label: string
  icon: LucideIcon
  /** `g` then this letter goes there. */
  letter: string
  /** Does its page exist? The rail, the palette and the keys offer only what can be opened. */
  ready: boolean
  /** Stands at the foot of the rail. */
  foot: boolean
}

const all: Place[] = [
  { href: '/', label: 'Situation', icon: Activity, letter: 's', ready: true, foot: false },
  { href: '/incidents', label: 'Incidents', icon: Siren, letter: 'i', ready: true, foot: false },
  { href: '/procedures', label: 'Procedures', icon: ListChecks, letter: 'p', ready: true, foot: false },
  { href: '/drills', label: 'Drills', icon: Target, letter: 'd', ready: false, foot: false },
  { href: '/escalation', label: 'Escalation', icon: BellRing, letter: 'e', ready: true, foot: false },
  { href: '/reports', label: 'Reports', icon: FileText, letter: 'r', ready: true, foot: false },
  { href: '/diagnostics', label: 'Diagnostics', icon: Stethoscope, letter: 'x', ready: false, foot: false },
  { href: '/runbook', label: 'Runbook', icon: BookOpen, letter: 'b', ready: false, foot: false },
  { href: '/settings', label: 'Settings', icon: Settings, letter: 't', ready: true, foot: true },
]

/** The places of the desk that can be opened, in the order of the rail. */
export const places = all.filter((place) => place.ready)
