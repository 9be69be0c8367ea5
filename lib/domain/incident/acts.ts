import type { Scenario } from '../cluster/types'
import type { ActionResult } from '../errors'
import type { IncidentMove } from './status'
import type { IncidentKind, IncidentRole, Severity } from './types'
import type { Audience, TimelinePage, TimelineQuery } from './view'

type Act<Input, Value = unknown> = (input: Input) => Promise<ActionResult<Value>>
type On = { number: number }
type Versioned = On & { version: number }

/**
 * What the screens of incidents may ask for; pages hand the server actions in. Names are those of the exports of
 * app/(desk)/incidents/actions.ts, app/(desk)/incidents/[number]/report/actions.ts and app/(desk)/escalation/actions.ts.
 */
export interface IncidentActions {
  declare: Act<
    {
      title: string
      kind: IncidentKind
      severity: Severity
      scenario: Scenario
      symptoms: string[]
      impactStartedAt: number
      commanderId: string | null
      alertId?: string
    },
    { number: number }
  >
  move: Act<Versioned & { move: Exclude<IncidentMove, 'merge'>; reason?: string }>
  changeSeverity: Act<Versioned & { severity: Severity; reason: string }>
  rename: Act<Versioned & { title: string }>
  merge: Act<Versioned & { into: number }>
  takeRole: Act<On & { role: IncidentRole }>
  offerRole: Act<On & { role: IncidentRole; toId: string }>
  acceptRole: Act<On & { role: IncidentRole }>
  releaseRole: Act<On & { role: IncidentRole }>
  /** `typed` is read by `readWritten`; `key` is made by the browser, so that a repeat after a lost answer adds nothing. */
  write: Act<On & { typed: string; offsetMinutes: number; key: string }, { id: string }>
  pin: Act<On & { entryId: string }>
  unpin: Act<On & { entryId: string }>
  correct: Act<On & { entryId: string; text: string; key: string }>
  addTask: Act<On & { title: string; assigneeId: string | null; minutes: number | null }>
  finishTask: Act<On & { taskId: string }>
  postUpdate: Act<On & { audience: Audience; text: string; nextInMinutes: number; key: string }>
  createWallLink: Act<{ label: string }, { url: string }>
  revokeWallLink: Act<{ id: string }>
  runCheck: Act<On & { item: string | null }>
  tickByHand: Act<On & { item: string; reason: string }>
  readTimeline: Act<TimelineQuery, TimelinePage>
  dismissAlert: Act<{ id: string; reason: string }>
}

export interface EscalationActions {
  page: Act<On & { level: 'L1' | 'L2' | 'L3' | 'L4'; channel: 'pagerduty' | 'slack'; message: string; key: string }>
  acknowledge: Act<{ pageId: string }>
  showAccount: Act<{ service: string }, { accountNumber: string }>
}

export interface ReportActions {
  saveSection: Act<On & { section: string; version: number; text: string }, { version: number; savedAt: number }>
  setReportState: Act<On & { version: number; state: 'draft' | 'in-review' | 'final' }>
  saveAction: Act<
    On & {
      id: string | null
      version: number
      title: string
      ownerId: string | null
      dueOn: string | null
      state: 'open' | 'in-progress' | 'done' | 'dropped'
    }
  >
}
