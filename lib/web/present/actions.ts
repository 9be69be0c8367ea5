import type { z } from 'zod'
import type { runCheckInput, tickByHandInput } from '../../commands/checklist/check'
import type { postUpdateInput } from '../../commands/communication/post-update'
import type { dismissDamageInput } from '../../commands/damage/dismiss'
import type { acknowledgeInput, pageInput, showAccountInput } from '../../commands/escalation/page'
import type { decideWayInput } from '../../commands/incident/decide'
import type { declareInput } from '../../commands/incident/declare'
import type { dismissAlertInput, dismissAlertsInput } from '../../commands/incident/dismiss-alert'
import type { changeSeverityInput, moveInput, renameInput } from '../../commands/incident/lead'
import type { offerRoleInput, roleInput } from '../../commands/incident/roles'
import type { addTaskInput, finishTaskInput } from '../../commands/incident/tasks'
import type { askTestInput } from '../../commands/integration/test'
import type { addPersonInput } from '../../commands/people/add-person'
import type { changeRoleInput } from '../../commands/people/change-role'
import type { connectIdentityInput, disconnectIdentityInput } from '../../commands/people/connect-identity'
import type { endSessionsInput } from '../../commands/people/end-sessions'
import type { addPasskeyInput, beginPasskey, removePasskeyInput } from '../../commands/people/passkeys'
import type { setDisabledInput } from '../../commands/people/set-disabled'
import type { choosePasswordInput, setPasswordInput } from '../../commands/people/set-password'
import type { stepUpInput } from '../../commands/people/step-up'
import type { saveActionInput, saveSectionInput, setReportStateInput } from '../../commands/report/edit'
import type { answerStepInput } from '../../commands/run/answer-step'
import type { approveInput, breakGlassInput, refuseInput } from '../../commands/run/decide'
import type { byHandInput, reviseInput } from '../../commands/run/revise'
import type { settleObligationInput } from '../../commands/run/settle-obligation'
import type { startRunInput } from '../../commands/run/start-run'
import type { runInput, skipStepInput, stepInput, stopRunInput } from '../../commands/run/steer'
import type { correctInput, pinInput, writeInput } from '../../commands/timeline/write'
import type { createWallLinkInput, revokeAllWallLinksInput, revokeWallLinkInput } from '../../commands/wall/links'
import type { ActionResult } from '../../domain/errors'
import type { healFaultInput, startFaultInput } from '../lab-panel'
import type { LabFaults } from './lab'

/*
 * The server actions as components call them; pages hand them in. What goes in is what the command's schema takes, so that a
 * misspelt member does not compile; the schema parses it again when it arrives.
 */
type Act<Schema extends z.ZodType, Value = unknown> = (input: z.input<Schema>) => Promise<ActionResult<Value>>
type ActWithoutInput<Value = unknown> = (input: Record<string, never>) => Promise<ActionResult<Value>>

/** Opens an incident; answers its number. */
export type Declare = Act<typeof declareInput, { number: number }>
/** Dismisses a finding of corruption or deletion; the reason is recorded. */
export type DismissDamage = Act<typeof dismissDamageInput>
/** Puts an alert from outside aside; the reason is recorded. */
export type DismissAlert = Act<typeof dismissAlertInput>
export type DismissAlerts = Act<typeof dismissAlertsInput>
/** `key` is made once per page, so that asking again after a lost answer wakes nobody twice. */
export type PageLevel = Act<typeof pageInput>
/** Makes a link to the wall; the address is shown this once. */
export type MakeWallLink = Act<typeof createWallLinkInput, { href: string; expiresAt: number }>

/** Records which way out of an incident is taken. */
export type DecideWay = Act<typeof decideWayInput>

export interface IncidentActions {
  move: Act<typeof moveInput>
  severity: Act<typeof changeSeverityInput>
  rename: Act<typeof renameInput>
  takeRole: Act<typeof roleInput>
  offerRole: Act<typeof offerRoleInput>
  acceptRole: Act<typeof roleInput>
  releaseRole: Act<typeof roleInput>
  /** `key` is made once per text, so that sending it again after a lost answer writes it once. */
  write: Act<typeof writeInput>
  correct: Act<typeof correctInput>
  pin: Act<typeof pinInput>
  addTask: Act<typeof addTaskInput>
  finishTask: Act<typeof finishTaskInput>
  probe: Act<typeof runCheckInput>
  tick: Act<typeof tickByHandInput>
  page: PageLevel
  update: Act<typeof postUpdateInput>
  wallLink: MakeWallLink
  revokeWallLink: Act<typeof revokeWallLinkInput>
}

/** A save with an older version loses politely (`conflict`). */
export interface ReportActions {
  save: Act<typeof saveSectionInput, { version: number }>
  /** `id` null makes a new action. */
  action: Act<typeof saveActionInput>
  move: Act<typeof setReportStateInput>
}

/** Answers what a step of a run asks a person. */
export type AnswerStep = Act<typeof answerStepInput>

export interface RunActions {
  approve: Act<typeof approveInput>
  refuse: Act<typeof refuseInput>
  breakGlass: Act<typeof breakGlassInput>
  retry: Act<typeof stepInput>
  undo: Act<typeof stepInput>
  skip: Act<typeof skipStepInput>
  revise: Act<typeof reviseInput>
  byHand: Act<typeof byHandInput>
  handDone: Act<typeof stepInput>
  waitLonger: Act<typeof stepInput>
  stop: Act<typeof stopRunInput>
  pause: Act<typeof runInput>
  resume: Act<typeof runInput>
  settle: Act<typeof settleObligationInput>
  /** A note on a run is an entry in the timeline of its incident. */
  write: IncidentActions['write']
  /** A decision that is handed to somebody is a task of the incident. */
  addTask: IncidentActions['addTask']
}

export type StartRun = Act<typeof startRunInput, { id: string }>

export interface EscalationActions {
  page: PageLevel
  /** A person saw the page, known by another way than the pager's own answer. */
  acknowledge: Act<typeof acknowledgeInput>
  /** The whole account number; that it was shown is recorded. */
  showAccount: Act<typeof showAccountInput, { accountNumber: string }>
}

export interface WallLinkActions {
  make: MakeWallLink
  revoke: Act<typeof revokeWallLinkInput>
  revokeAll: Act<typeof revokeAllWallLinksInput>
}

export type SendTest = Act<typeof askTestInput>

export interface PeopleActions {
  addPerson: Act<typeof addPersonInput>
  changeRole: Act<typeof changeRoleInput>
  setDisabled: Act<typeof setDisabledInput>
  endSessions: EndSessions
  setPassword: SetPassword
  connectIdentity: Act<typeof connectIdentityInput>
  disconnectIdentity: Act<typeof disconnectIdentityInput>
}
export type EndSessions = Act<typeof endSessionsInput>
export type SetPassword = Act<typeof setPasswordInput>
export type ChoosePassword = Act<typeof choosePasswordInput>

export interface OwnSignInActions {
  setPassword: SetPassword
  beginPasskey: ActWithoutInput<Awaited<ReturnType<typeof beginPasskey>>>
  addPasskey: Act<typeof addPasskeyInput>
  removePasskey: Act<typeof removePasskeyInput>
}

export interface ConfirmActions {
  password: Act<typeof stepUpInput>
  lab: ActWithoutInput
}

export interface LabActions {
  read: ActWithoutInput<LabFaults>
  start: Act<typeof startFaultInput, LabFaults>
  heal: Act<typeof healFaultInput, LabFaults>
}
