import type { PersonRef } from '../people/person'
import type { Right } from '../right'
import type { ChecklistCount } from './count'
import type { ChecklistKey } from './items'

export const checklistStates = ['not-run', 'running', 'pass', 'fail', 'unknown', 'hand', 'impossible'] as const
export type ChecklistState = (typeof checklistStates)[number]
export interface ChecklistItemView {
  key: ChecklistKey
  number: number
  title: string
  criterion: string
  state: ChecklistState
  /** What was seen, or why it cannot be probed, one sentence. */
  says: string
  /** It does not hold, and a step that it hangs on was skipped by decision; `says` tells by whom and why. */
  skipped: boolean
  checkedAt: number | null
  /** True when it held before and does not any more. */
  reopened: boolean
  handTick: { by: PersonRef; reason: string; at: number } | null
  evidence: EvidenceView[]
  mayRun: Right
  mayTick: Right
}
export interface EvidenceView {
  id: string
  at: number
  request: string
  /** Raw result as text; may be long. */
  result: string
  sha256: string
  passed: boolean | null
}
export interface ChecklistView extends ChecklistCount {
  items: ChecklistItemView[]
  /** Last time that a runner looked; null when none did yet. */
  lastProbeAt: number | null
}
