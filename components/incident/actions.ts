import type { Scenario } from '../../lib/domain/cluster/types'
import type { ActionResult } from '../../lib/domain/errors'
import type { IncidentMove } from '../../lib/domain/incident/status'
import type { IncidentKind, IncidentRole, Severity } from '../../lib/domain/incident/types'
import type { Audience } from '../../lib/domain/incident/view'
import type { NewWallLink } from '../ui/wall-link-made'

type Act<Input, Value = unknown> = (input: Input) => Promise<ActionResult<Value>>

/** Opens an incident; answers its number. */
export type Declare = Act<
  {
    title: string
    severity: Severity
    scenario: Scenario
    symptoms: string[]
    impactStartedAt: number
    kind: IncidentKind
    commanderId: string | null
    /** The alert that it is declared from. */
    alertId?: string
  },
  { number: number }
>

/** Puts an alert from outside aside; the reason is recorded. */
export type DismissAlert = Act<{ id: string; reason: string }>

export type PageLevel = Act<{
  number: number | null
  level: 'L1' | 'L2' | 'L3' | 'L4'
  channel: 'pagerduty' | 'slack'
  message: string
  /** Made once per page, so that asking again after a lost answer wakes nobody twice. */
  key: string
}>

/** What an incident's screen may ask for; the page hands the server actions in. */
export interface IncidentActions {
  move: Act<{ number: number; version: number; move: IncidentMove; into: number | null }>
  severity: Act<{ number: number; version: number; severity: Severity; reason: string }>
  rename: Act<{ number: number; version: number; title: string }>
  takeRole: Act<{ number: number; role: IncidentRole }>
  offerRole: Act<{ number: number; role: IncidentRole; to: string }>
  acceptRole: Act<{ number: number; role: IncidentRole }>
  releaseRole: Act<{ number: number; role: IncidentRole }>
  /** `key` is made once per text, so that sending it again after a lost answer writes it once. */
  write: Act<{
    number: number
    key: string
    kind: 'note' | 'decision' | 'action'
    text: string
    occurredAt: number | null
  }>
  correct: Act<{ number: number; entryId: string; text: string }>
  pin: Act<{ number: number; entryId: string; pinned: boolean }>
  addTask: Act<{ number: number; title: string; assigneeId: string | null; dueAt: number | null }>
  finishTask: Act<{ number: number; taskId: string }>
  probe: Act<{ number: number; key: string | null }>
  tick: Act<{ number: number; key: string; reason: string }>
  page: PageLevel
  update: Act<{ number: number; audience: Audience; text: string; key: string }>
  /** Makes a link to the wall; the address is shown this once. */
  wallLink: Act<NewWallLink, { href: string; expiresAt: number }>
  revokeWallLink: Act<{ id: string }>
}
