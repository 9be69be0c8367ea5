import type { Scenario } from '../cluster/types'
import type { ClocksView } from '../incident/clocks-view'
import type { IncidentStatus } from '../incident/status'
import type { EntryKind, IncidentKind, IncidentRole, RecommendedStep, Severity } from '../incident/types'
import type { Estimate } from '../procedure/types'
import type { RunSummary } from '../run/view'

export interface WallView {
  environment: { name: string; kind: 'production' | 'staging' | 'lab' }
  now: number
  incident: {
    number: number
    title: string
    kind: IncidentKind
    severity: Severity
    status: IncidentStatus
    scenario: Scenario
    clocks: ClocksView
    roles: { role: IncidentRole; label: string; holder: string | null }[]
    story: { id: string; at: number; text: string; kind: EntryKind }[]
    nextUpdateDueAt: number | null
    checklist: { passed: number; of: number }
    run: {
      id: string
      title: string
      sentence: string
      /** The glass was broken. */
      alone: RunSummary['alone']
      step: { number: number; of: number; title: string; estimate: Estimate | null; startedAt: number | null } | null
      waitingFor: string | null
      waitingSince: number | null
    } | null
    next: RecommendedStep
    path: string
  } | null
  /** Peacetime board. */
  readiness: {
    lastProvedRestoreAt: number | null
    nextDrillAt: number | null
    runbookReviewDueAt: number
    runbookOverdue: boolean
    onCall: string
  }
  /** Rises with a new build: the wall reloads itself. */
  build: string
}
