import type { JsonValue } from '../domain/procedure/canonical'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import type { Decision } from '../domain/run/decision'
import { nextRun, nextStep, type RunState, type StepState } from '../domain/run/states'
import type { Store } from './client'
import { ask, query } from './query'
import { finishedStates } from './run-moves'

/*
 * What people decide about runs. Each decision is one function of the store, which looks at the session, the right, the
 * environment and the second person itself, moves by a listed transition, and writes the record. They answer false when the run is
 * elsewhere by now, and throw ExpectedError 'not-signed-in', 'not-allowed' and 'not-found' when the store refuses the person.
 */

type Sql = Pick<Store, 'pool'>
type Facts = { [name: string]: JsonValue }

/** As whom, and of which environment. */
interface As {
  token: string
  environment: { name: string }
}

const decided = async (store: Sql, as: As, name: string, values: Readonly<Record<string, unknown>>): Promise<boolean> =>
  (await ask<boolean>(store, name, { token: as.token, environment: as.environment.name, ...values }, true)) === true

export interface StepDecision {
  runId: string
  stepId: string
  event: Exclude<Decision['event'], 'resume' | 'revise'>
  from: StepState
  /** `running` and `waiting`: only for a step of a stage. */
  runFrom: 'needs-person' | 'paused' | 'running' | 'waiting'
  sentence: string | undefined
  facts: Facts
  skippedBy: { id: string; name: string; reason: string } | null
}

/** A decision about a step that lets the run go on; both move together. Throws when no such transition is listed. */
export async function decideStep(
  store: Sql,
  as: As,
  d: StepDecision,
  drafts: { step: RecordDraft; run: RecordDraft },
): Promise<boolean> {
  const step = nextStep(d.from, d.event)
  const goesOn = { to: 'running', says: 'A person decided; the run continues.' } as const
  const run = d.runFrom === 'running' ? goesOn : nextRun(d.runFrom, d.runFrom === 'paused' ? 'resume' : 'decided')
  if (!step || !run) throw new Error(`No way on by ${d.event} from ${d.from}, ${d.runFrom}`)
  const whole = {
    run: d.runId,
    runFrom: d.runFrom,
    runTo: run.to,
    runSays: run.says,
    step: d.stepId,
    stepFrom: d.from,
    stepTo: step.to,
    stepSays: d.sentence ?? step.says,
    settled: finishedStates.includes(step.to),
    facts: d.facts,
    skipped: d.skippedBy,
    stepEntry: recordBody(drafts.step),
    runEntry: recordBody(drafts.run),
  }
  const values = [as.token, as.environment.name, d.event, JSON.stringify(whole)]
  const { rows } = await query(store, 'SELECT run_decide_step($1, $2, $3, $4) AS done', values, 'decide-step')
  return rows[0]?.done === true
}

/** Lets a run at rest continue. */
export function resumeRun(
  store: Sql,
  as: As,
  runId: string,
  from: RunState,
  decision: Decision,
  draft: RecordDraft,
): Promise<boolean> {
  const row = nextRun(from, 'resume')
  if (!row) throw new Error(`A run in state ${from} has no way on by resume`)
  const values = { run: runId, from, says: row.says, decision: JSON.stringify(decision), body: recordBody(draft) }
  return decided(store, as, 'run_resume', values)
}

/** A person's wish, fulfilled by the runner at the next safe point; null withdraws the wish to pause. */
export const setWish = (
  store: Sql,
  as: As,
  runId: string,
  wish: 'pause' | 'stop' | null,
  draft: RecordDraft,
): Promise<boolean> => decided(store, as, 'run_wish', { run: runId, wish, body: recordBody(draft) })

/** Makes another outcome the run's own: facts are fixed, answers fall, and the steps in `again` look first again. */
export const reviseRun = (
  store: Sql,
  as: As,
  run: { id: string; version: number },
  { stepId, facts, again, sentence }: { stepId: string; facts: Facts; again: string[]; sentence: string },
  draft: RecordDraft,
): Promise<boolean> =>
  decided(store, as, 'run_revise', {
    ...{ run: run.id, version: run.version, step: stepId, sentence, again },
    ...{ facts: JSON.stringify(facts), body: recordBody(draft) },
  })

/** A longer wait of a step, for who saw that wait; or what a finished run owes that is settled, for who saw this version. */
export const keepDecidedFacts = (
  store: Sql,
  as: As,
  run: { id: string; version: number },
  facts: Facts,
  draft: RecordDraft,
): Promise<boolean> =>
  decided(store, as, 'run_keep_decided', {
    ...{ run: run.id, version: run.version, step: draft.stepId ?? null },
    ...{ facts: JSON.stringify(facts), body: recordBody(draft) },
  })

/** What a person says to a step that looks for its proof; who and when is added by the store. */
export const keepAnswer = (
  store: Sql,
  as: As,
  { runId, stepId, answer }: { runId: string; stepId: string; answer: Facts },
  draft: RecordDraft,
): Promise<boolean> =>
  decided(store, as, 'run_answer_step', {
    ...{ run: runId, step: stepId },
    ...{ answer: JSON.stringify(answer), body: recordBody(draft) },
  })

/** Notes that rows are taken as a file. False when the run has compared none. */
export const noteRowsTaken = (store: Sql, as: As, runId: string, draft: RecordDraft): Promise<boolean> =>
  decided(store, as, 'run_rows_taken', { run: runId, body: recordBody(draft) })
