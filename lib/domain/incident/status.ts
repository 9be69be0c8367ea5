import type { RunState } from '../run/states'
import { listWords } from '../units'

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

const ends: Record<RunState, string> = {
  preparing: 'is being prepared',
  running: 'is running',
  waiting: 'waits for an approval',
  paused: 'is paused',
  'needs-person': 'waits for a decision',
  stopped: 'was stopped',
  done: 'finished',
  aborted: 'was not started',
}

/**
 * How an incident ended, by what its runs did: whoever resolves it from triage after a finished recovery does not make that
 * recovery unsaid. `runs` are those that were no dry run, oldest first.
 */
export function resolvedSentence(row: StatusRow, runs: readonly { title: string; state: RunState }[]): string {
  const finished = [...new Set(runs.flatMap(({ title, state }) => (state === 'done' ? [title] : [])))]
  if (finished.length > 0) return `Resolved after ${listWords(finished)} finished.`
  const last = runs.at(-1)
  if (last) return `Resolved. ${last.title} did not finish: it ${ends[last.state]}.`
  return row.sentence
}

/** What a recovery did of which the status of its incident follows. Times are ms on the store's clock. */
export interface RecoveryFacts {
  title: string
  state: RunState
  /** When it first changed something, or may have; null while it changed nothing. */
  actedAt: number | null
  finishedAt: number | null
}

/** A move that the facts make, with the sentence that the timeline keeps. */
interface MoveByFacts {
  row: StatusRow
  at: number
  sentence: string
}

/**
 * The moves that follow from what recoveries did since the status was last changed: one that acts makes the incident mitigating,
 * one that finished while no other acts makes it monitoring. What a person chose after a fact remains.
 */
export function movesByFacts(
  incident: { status: IncidentStatus; statusTimes: readonly { at: number }[] },
  runs: readonly RecoveryFacts[],
): MoveByFacts[] {
  const facts = runs.flatMap(({ title, state, actedAt, finishedAt }) => [
    ...(actedAt === null ? [] : [{ at: actedAt, ends: false, title }]),
    ...(actedAt === null || finishedAt === null || state !== 'done' ? [] : [{ at: finishedAt, ends: true, title }]),
  ])
  const acting = (at: number) =>
    runs.some(
      ({ actedAt, finishedAt }) => actedAt !== null && actedAt <= at && (finishedAt === null || finishedAt > at),
    )
  const moves: MoveByFacts[] = []
  let { status } = incident
  let since = incident.statusTimes.at(-1)?.at ?? 0
  for (const { at, ends, title } of facts.toSorted((a, b) => a.at - b.at)) {
    if (at <= since || (ends && acting(at))) continue
    const row = moveOf(status, ends ? 'monitor' : status === 'monitoring' ? 'relapse' : 'mitigate')
    if (!row) continue
    moves.push({
      row,
      at,
      sentence: ends ? `${title} finished; the result is being monitored.` : `${title} is acting.`,
    })
    status = row.to
    since = at
  }
  return moves
}

/**
 * Is there still something to choose between? Not once the service is restored (`recoveredAt`), unless a person has said since then
 * that the problem is back.
 */
export const isDeciding = (
  { status, statusTimes }: { status: IncidentStatus; statusTimes: readonly { at: number }[] },
  recoveredAt: number | null,
): boolean =>
  isOpen(status) && status !== 'monitoring' && (recoveredAt === null || (statusTimes.at(-1)?.at ?? 0) > recoveredAt)

/** The row of a move, or null when it is not legal from there. */
export function moveOf(from: IncidentStatus, move: IncidentMove): StatusRow | null {
  return statusRows.find((row) => row.from === from && row.move === move) ?? null
}

/** What may be done from a status, in the order of the buttons. */
export function movesFrom(from: IncidentStatus): StatusRow[] {
  return statusRows.filter((row) => row.from === from)
}

export const isOpen = (status: IncidentStatus): boolean => status !== 'resolved' && status !== 'merged'
