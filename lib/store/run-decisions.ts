import type { JsonValue } from '../domain/procedure/canonical'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import type { Decision } from '../domain/run/decision'
import { nextRun, nextStep, type RunState, type StepState } from '../domain/run/states'
import type { Store } from './client'
import { query } from './query'
import { finishedStates } from './run-moves'

/*
 * What people decide about runs. Each decision is one function of the store, which looks at the session, the right, the
 * environment and the second person itself, moves by a listed transition, and writes the record. They answer false when the run is
 * elsewhere by now, and throw ExpectedError 'not-signed-in', 'not-allowed' and 'not-found' when the store refuses the person.
 */

type Sql = Pick<Store, 'pool'>
type Facts = { [name: string]: JsonValue }

/** As whom, and of which environment. */
export interface As {
  token: string
  environment: { name: string }
}

async function decided(store: Sql, call: string, values: unknown[], name: string): Promise<boolean> {
  const { rows } = await query(store, `SELECT ${call} AS done`, values, name)
  return rows[0]?.done === true
}

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
  return await decided(store, 'run_decide_step($1, $2, $3, $4)', values, 'decide-step')
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
  const values = [as.token, as.environment.name, runId, from, row.says, JSON.stringify(decision), recordBody(draft)]
  return decided(store, 'run_resume($1, $2, $3, $4, $5, $6, $7)', values, 'resume-run')
}

/** A person's wish, fulfilled by the runner at the next safe point; null withdraws the wish to pause. */
export const setWish = (
  store: Sql,
  as: As,
  runId: string,
  wish: 'pause' | 'stop' | null,
  draft: RecordDraft,
): Promise<boolean> =>
  decided(
    store,
    'run_wish($1, $2, $3, $4, $5)',
    [as.token, as.environment.name, runId, wish, recordBody(draft)],
    'wish-of-run',
  )

/** Makes another outcome the run's own: facts are fixed, answers fall, and the steps in `again` look first again. */
export const reviseRun = (
  store: Sql,
  as: As,
  run: { id: string; version: number },
  { stepId, facts, again, sentence }: { stepId: string; facts: Facts; again: string[]; sentence: string },
  draft: RecordDraft,
): Promise<boolean> =>
  decided(
    store,
    'run_revise($1, $2, $3, $4, $5, $6, $7, $8, $9)',
    [
      as.token,
      as.environment.name,
      run.id,
      run.version,
      stepId,
      sentence,
      JSON.stringify(facts),
      again,
      recordBody(draft),
    ],
    'revise-run',
  )

/** A longer wait of a step, or what a finished run owes that is settled; for who saw this version of the run. */
export const keepDecidedFacts = (
  store: Sql,
  as: As,
  run: { id: string; version: number },
  facts: Facts,
  draft: RecordDraft,
): Promise<boolean> =>
  decided(
    store,
    'run_keep_decided($1, $2, $3, $4, $5, $6, $7)',
    [
      as.token,
      as.environment.name,
      run.id,
      run.version,
      draft.stepId ?? null,
      JSON.stringify(facts),
      recordBody(draft),
    ],
    'keep-decided',
  )
