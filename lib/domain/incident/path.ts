import type { ProcedureKey } from '../cluster/types'
import { type IncidentStatus, isOpen } from './status'
import type { RecommendedStep } from './types'
import type { PathStep } from './view'

export interface PathFacts {
  status: IncidentStatus
  commander: string | null
  procedure: { key: ProcedureKey; title: string } | null
  run: { state: 'none' | 'active' | 'asks' | 'stuck' | 'done' | 'ended'; title: string }
  checklist: { passed: number; of: number }
  report: 'draft' | 'in-review' | 'final'
}

/**
 * The way through an incident: declare, roles, procedure, approve, checklist, resolve, report. The first step that is not
 * done is what to do next. It leads and never blocks: nothing here refuses anything.
 */
export function pathOf(facts: PathFacts): PathStep[] {
  const open = isOpen(facts.status)
  const { run } = facts
  const proc = facts.procedure
  const steps: (RecommendedStep & { done: boolean })[] = [
    { key: 'declare', title: 'Declare', why: 'The clocks run and the record keeps itself.', done: true },
    {
      key: 'roles',
      title: facts.commander ? `${facts.commander} commands` : 'Take command',
      why: 'One person decides; everybody knows whom to ask.',
      done: facts.commander !== null || !open,
    },
    {
      key: 'procedure',
      title:
        run.state === 'stuck'
          ? `Decide about ${run.title}`
          : proc
            ? `Run ${proc.key} ${proc.title}`
            : 'Choose a procedure',
      why:
        run.state === 'stuck'
          ? 'A step waits for a decision: retry, put back, skip or stop.'
          : proc
            ? 'It fits the scenario; the decision sheet compares it with the others and with doing nothing.'
            : 'No procedure of this version fits the scenario by itself; the decision sheet says why.',
      ...(proc ? { procedure: proc.key } : {}),
      done: run.state === 'active' || run.state === 'asks' || run.state === 'done' || !open,
    },
    {
      key: 'approve',
      title:
        run.state === 'asks' ? 'Approve or refuse' : run.state === 'active' ? `${run.title} is running` : 'Approve',
      why:
        run.state === 'asks'
          ? 'The run waits for a second person, who sees exactly what will be done and what it costs.'
          : 'A dangerous step waits for a second person.',
      done: run.state === 'done' || !open,
    },
    {
      key: 'checklist',
      title: `Checklist ${facts.checklist.passed} of ${facts.checklist.of}`,
      why: 'A recovery is over when the ten items hold, each with its evidence.',
      done: facts.checklist.passed >= facts.checklist.of || !open,
    },
    { key: 'resolve', title: 'Resolve', why: 'Everything holds; stop the clocks.', done: !open },
    {
      key: 'report',
      title: facts.report === 'in-review' ? 'Review the report' : 'Write the report',
      why: 'The figures are there already; people add what only they know.',
      done: facts.report === 'final' || facts.status === 'merged',
    },
  ]
  const now = steps.findIndex((step) => !step.done)
  return steps.map(({ done, ...step }, i) => ({ ...step, state: done ? 'done' : i === now ? 'now' : 'later' }))
}

/** What to do next; `done` when nothing is left. */
export function nextOf(path: PathStep[]): RecommendedStep {
  const step = path.find(({ state }) => state === 'now')
  if (!step) return { key: 'done', title: 'Nothing is left to do', why: 'The report is final.' }
  const { state: _state, ...next } = step
  return next
}
