/** Where an incident stands. `merged` is the end of a duplicate. */
export const incidentStatuses = ['triage', 'investigating', 'mitigating', 'monitoring', 'resolved', 'merged'] as const
export type IncidentStatus = (typeof incidentStatuses)[number]
export type IncidentMove = 'investigate' | 'mitigate' | 'monitor' | 'resolve' | 'relapse' | 'reopen' | 'merge'

/** A legal move: from where, to where, its button, and the sentence that the timeline keeps. */
interface StatusRow {
  from: IncidentStatus
  move: IncidentMove
  to: IncidentStatus
  button: string
  sentence: string
}

/** The whole life of an incident. Screens, commands and documents read the same rows. */
export const statusRows: readonly StatusRow[] = [
  {
    from: 'triage',
    move: 'investigate',
    to: 'investigating',
    button: 'Move to investigating',
    sentence: 'The cause is being investigated.',
  },
  {
    from: 'triage',
    move: 'mitigate',
    to: 'mitigating',
    button: 'Move to mitigating',
    sentence: 'A recovery is under way.',
  },
  {
    from: 'investigating',
    move: 'mitigate',
    to: 'mitigating',
    button: 'Move to mitigating',
    sentence: 'A recovery is under way.',
  },
  {
    from: 'mitigating',
    move: 'investigate',
    to: 'investigating',
    button: 'Back to investigating',
    sentence: 'The recovery did not help; the cause is being investigated again.',
  },
  {
    from: 'mitigating',
    move: 'monitor',
    to: 'monitoring',
    button: 'Move to monitoring',
    sentence: 'Service is restored and being monitored.',
  },
  {
    from: 'monitoring',
    move: 'relapse',
    to: 'mitigating',
    button: 'Back to mitigating',
    sentence: 'The problem returned during monitoring.',
  },
  { from: 'monitoring', move: 'resolve', to: 'resolved', button: 'Resolve', sentence: 'Resolved.' },
  // A false alarm ends where it was found to be one.
  { from: 'triage', move: 'resolve', to: 'resolved', button: 'Resolve', sentence: 'Resolved without a recovery.' },
  {
    from: 'investigating',
    move: 'resolve',
    to: 'resolved',
    button: 'Resolve',
    sentence: 'Resolved without a recovery.',
  },
  { from: 'resolved', move: 'reopen', to: 'investigating', button: 'Reopen', sentence: 'Reopened.' },
  {
    from: 'triage',
    move: 'merge',
    to: 'merged',
    button: 'Merge into another',
    sentence: 'Merged into another incident.',
  },
  {
    from: 'investigating',
    move: 'merge',
    to: 'merged',
    button: 'Merge into another',
    sentence: 'Merged into another incident.',
  },
  {
    from: 'mitigating',
    move: 'merge',
    to: 'merged',
    button: 'Merge into another',
    sentence: 'Merged into another incident.',
  },
  {
    from: 'monitoring',
    move: 'merge',
    to: 'merged',
    button: 'Merge into another',
    sentence: 'Merged into another incident.',
  },
]

/** The row of a move, or null when it is not legal from there. */
export function moveOf(from: IncidentStatus, move: IncidentMove): StatusRow | null {
  return statusRows.find((row) => row.from === from && row.move === move) ?? null
}

/** What may be done from a status, in the order of the buttons. */
export function movesFrom(from: IncidentStatus): StatusRow[] {
  return statusRows.filter((row) => row.from === from)
}

export const isOpen = (status: IncidentStatus): boolean => status !== 'resolved' && status !== 'merged'
