import type { ReportView } from './view'

type ReportState = ReportView['state']

/** A legal move of a report: its button, and whether it is for who leads. */
interface ReportMove {
  from: ReportState
  to: ReportState
  button: string
  lead: boolean
}

/** The whole life of a report. Screens and commands read the same rows: nothing becomes final that was not in review. */
export const reportMoves: readonly ReportMove[] = [
  { from: 'draft', to: 'in-review', button: 'Request review', lead: false },
  { from: 'in-review', to: 'final', button: 'Publish', lead: true },
  { from: 'in-review', to: 'draft', button: 'Back to draft', lead: false },
  { from: 'final', to: 'in-review', button: 'Back to review', lead: true },
]

/** The row of a move, or null when it is not legal from there. */
export const reportMoveOf = (from: ReportState, to: ReportState): ReportMove | null =>
  reportMoves.find((row) => row.from === from && row.to === to) ?? null
