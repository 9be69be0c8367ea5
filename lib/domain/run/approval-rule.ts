import type { JsonValue } from '../procedure/canonical'
import type { Approval, CoveredCall, Run, RunStep } from './run'

/** How long a request may be answered and an answer may begin to be used, ms. */
export const approvalMs = 10 * 60_000
/** After an effect under it, an approval allows the next call that it covers for this long, ms. */
export const approvalNextMs = 10 * 60_000
/** However the effects follow each other, an approval allows nothing later than this after it was given, ms. */
export const approvalLastsMs = 60 * 60_000

/** However long an approval covers a call by itself, it covers none for longer than this, ms. */
const approvalMostMs = 24 * 60 * 60_000

type Used = Pick<Run, 'effects'> & { steps: Pick<RunStep, 'stepId' | 'crashed'>[] }

/** The effects that used this approval: all that were not certainly refused. */
const usesOf = (run: Pick<Run, 'effects'>, approval: Pick<Approval, 'id'>) =>
  run.effects.filter((e) => e.approvalId === approval.id && e.outcome !== 'rejected')

/** Until when this approval may be used, on the store's clock, ms. */
export function usableUntil(run: Pick<Run, 'effects'>, approval: Approval): number {
  const uses = usesOf(run, approval)
  if (uses.length === 0) return approval.expiresAt
  const last = Math.max(...uses.map((e) => e.outcomeAt ?? e.intendedAt))
  return Math.min(last + approvalNextMs, (approval.decidedAt ?? 0) + approvalLastsMs)
}

/** Until when this approval covers this call, on the store's clock, ms: as all its calls, or by a time of the call's own. */
const coveredUntil = (run: Pick<Run, 'effects'>, approval: Approval, { forMs }: CoveredCall): number =>
  forMs === undefined ? usableUntil(run, approval) : (approval.decidedAt ?? 0) + Math.min(forMs, approvalMostMs)

/**
 * Does this approval allow this call of the run now? It must be another person's yes (or break-glass) to this very call, in
 * time, that was not used for the call before. A call that was certainly refused uses nothing, and one whose runner was lost
 * before it acted may be sent again. The store's function `approval_for` has the last word by the same rule.
 */
export function approvalAllows(
  run: Pick<Run, 'twoPersons' | 'startedBy' | 'facts'> & Used,
  approval: Approval,
  call: CoveredCall,
  now: number,
): boolean {
  const { decidedBy, covers } = approval
  if (approval.state !== 'approved' || decidedBy === null) return false
  if (run.twoPersons && approval.kind !== 'break-glass' && actedIn(run, approval).includes(decidedBy.id)) return false
  const covered = covers.find(
    (c) => c.stepId === call.stepId && c.digest === call.digest && c.direction === call.direction,
  )
  if (!covered || now >= coveredUntil(run, approval, covered)) return false
  const again = run.steps.find((s) => s.stepId === call.stepId)?.crashed === true
  const direction = call.direction ?? 'do'
  return again || !usesOf(run, approval).some((e) => e.stepId === call.stepId && e.direction === direction)
}

/** The person for whom the runner asks; in a two-person run somebody else must answer. */
export const askedFor = (run: Pick<Run, 'startedBy'>, approval: Pick<Approval, 'askedForId'>): string =>
  approval.askedForId ?? run.startedBy.id

/**
 * Everybody who acted in what is approved: the person for whom it is asked, and whoever answered a step of the run, such as what
 * is merged. None of them is the second person.
 */
export const actedIn = (
  run: Pick<Run, 'startedBy' | 'facts'>,
  approval: Pick<Approval, 'askedForId'>,
): [string, ...string[]] => {
  const asker = askedFor(run, approval)
  return [asker, ...new Set(answeredBy(run.facts).filter((id) => id !== asker))]
}

/** Answers of people are kept among the facts of a run, each under the name of its step. */
const answerPrefix = 'answer/'

function answeredBy(facts: Run['facts']): string[] {
  return Object.entries(facts).flatMap(([name, answer]) => {
    const by = name.startsWith(answerPrefix) ? member(answer, 'by') : null
    const id = by === null ? null : member(by, 'id')
    return typeof id === 'string' ? [id] : []
  })
}
const member = (value: JsonValue, name: string): JsonValue =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value[name] ?? null) : null
