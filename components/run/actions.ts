import type { ActionResult } from '../../lib/domain/errors'
import type { PasskeyAssertion } from '../../lib/domain/people/passkey'
import type { IncidentActions } from '../incident/actions'

type Act<Input> = (input: Input) => Promise<ActionResult<unknown>>

/** A yes to what was shown; signed by a passkey where approvals take one. */
interface Decided {
  runId: string
  approvalId: string
  digest: string
  typed: string
  assertion?: PasskeyAssertion | undefined
}

/** What a run's screen may ask for; the page hands the server actions in. */
export interface RunActions {
  approve: Act<Decided>
  refuse: Act<{ runId: string; approvalId: string; reason: string }>
  breakGlass: Act<Decided & { reason: string }>
  retry: Act<{ runId: string; stepId: string }>
  undo: Act<{ runId: string; stepId: string }>
  skip: Act<{ runId: string; stepId: string; reason: string }>
  revise: Act<{ runId: string; stepId: string; kind: 'accept' | 'anew'; subject: string; reason: string }>
  byHand: Act<{ runId: string; stepId: string; reason: string }>
  handDone: Act<{ runId: string; stepId: string }>
  waitLonger: Act<{ runId: string; stepId: string }>
  stop: Act<{ runId: string; reason: string }>
  pause: Act<{ runId: string }>
  resume: Act<{ runId: string }>
  settle: Act<{ runId: string; obligationId: string; state: 'met' | 'accepted'; reason: string }>
  /** A note on a run stands in the timeline of its incident. */
  write: IncidentActions['write']
  /** A decision that is handed to somebody is a task of the incident. */
  addTask: IncidentActions['addTask']
}
