import { type Decision, decisionFacts, decisionsOf, noDecision } from '../domain/run/decision'
import type { RunStep } from '../domain/run/run'
import { leadOf } from '../domain/run/stage'
import { isPausable } from '../domain/run/states'
import { addFacts } from '../store/run-moves'
import { again, type Progress } from './progress'
import type { RunContext } from './run-context'

/**
 * People's decisions let the run go on: have those people the right to it now? The click is old news, and the web that took
 * it is another process. Null when the run may go on; otherwise a decision was taken back, and people are asked again.
 */
export async function lookAtDecisions(context: RunContext): Promise<Progress | null> {
  for (const decision of decisionsOf(context.run.facts)) {
    const refused = decision.checked ? null : await lookAt(context, decision)
    if (refused) return refused
  }
  return null
}

async function lookAt(context: RunContext, decision: Decision): Promise<Progress | null> {
  const refusal = await context.engine.authorise(
    decision.by,
    decision.permission,
    takesSecondPerson(context, decision) ? { run: context.run, approved: null } : undefined,
  )
  const checked = decisionFacts({ ...decision, checked: true })
  if (refusal === null) {
    context.learn(checked)
    await addFacts(context.engine.store, context.fence(), context.run.id, checked)
    return null
  }
  await takeBack(context, decision, `${refusal} What was decided is not done.`)
  return again
}

/** Leaving a step out, and doing it past the runner, takes a second person unless the run can go without the step. */
function takesSecondPerson(context: RunContext, { event, stepId }: Decision): boolean {
  if (event !== 'skip' && event !== 'by-hand') return false
  const definition = context.steps.find((step) => step.id === stepId)
  return definition?.optional === undefined
}

/** Puts the run where it was before the decision, with the facts that it overwrote. */
async function takeBack(context: RunContext, decision: Decision, sentence: string): Promise<void> {
  const facts = { ...decision.former, ...noDecision(decision) }
  await context.say(decision.stepId, 'error', sentence)
  const begun = leadOf(context.run.steps)
  // A revision sends several steps back to looking: the first of them asks.
  const step = decision.event === 'revise' ? begun : context.run.steps.find((s) => s.stepId === decision.stepId)
  if (decision.event === 'resume' || !step) {
    const event = begun && isPausable(begun.state) ? 'pause' : 'step-failed'
    await context.moveRun({ event, sentence, facts }, sentence)
    return
  }
  const back = wayBack(decision, step)
  if (back === null) await addFacts(context.engine.store, context.fence(), context.run.id, facts)
  else await context.move(step, back, { sentence, facts })
}

/** Every one of these leads to `failed`; null when the step is elsewhere by now, and nothing of the decision is left. */
function wayBack({ event }: Decision, step: RunStep) {
  switch (step.state) {
    case 'skipped':
    case 'by-hand':
      return 'not-allowed' as const
    case 'checking':
      return 'refused' as const
    case 'undoing':
      return 'undo-failed' as const
    case 'verifying':
      return event === 'hand-done' ? ('disproved' as const) : null
    default:
      return null
  }
}
