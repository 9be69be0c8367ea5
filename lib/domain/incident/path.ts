import { type ChecklistCount, countWords, markedWords, openItems } from '../checklist/count'
import type { ProcedureKey } from '../cluster/types'
import { type IncidentStatus, isOpen } from './status'
import type { RecommendedStep } from './types'
import type { PathStep } from './view'

export interface PathFacts {
  status: IncidentStatus
  commander: string | null
  procedure: { key: ProcedureKey; title: string } | null
  run: { state: 'none' | 'active' | 'asks' | 'stuck' | 'done' | 'ended'; title: string }
  /** There is still something to choose between. */
  deciding: boolean
  checklist: ChecklistCount
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
  const recovered = !facts.deciding && ['none', 'done', 'ended'].includes(run.state)
  const marked = markedWords(facts.checklist)
  const steps: (RecommendedStep & { done: boolean })[] = [
    {
      key: 'declare',
      title: 'Declare',
      why: 'The clocks are running, and the record is kept automatically.',
      done: true,
    },
    {
      key: 'roles',
      title: facts.commander ? `${facts.commander} commands` : 'Take command',
      why: 'One person decides, and everyone knows who it is.',
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
          ? 'A step is waiting for a decision: retry, roll back, skip or stop.'
          : proc
            ? 'It fits the scenario. The decision sheet compares all options.'
            : 'No procedure in this version fits the scenario. See the decision sheet.',
      ...(proc ? { procedure: proc.key } : {}),
      done: run.state === 'active' || run.state === 'asks' || recovered || !open,
    },
    {
      key: 'approve',
      title:
        run.state === 'asks' ? 'Approve or refuse' : run.state === 'active' ? `${run.title} is running` : 'Approve',
      why:
        run.state === 'asks'
          ? 'The run is waiting for approval by a second person, who sees every command and its cost.'
          : 'A dangerous step is waiting for approval by a second person.',
      done: recovered || !open,
    },
    {
      key: 'checklist',
      title: `Checklist ${countWords(facts.checklist)}`,
      why: 'Recovery is complete when all ten checks pass.',
      done: openItems(facts.checklist) === 0 || !open,
    },
    {
      key: 'resolve',
      title: 'Resolve',
      why: `${marked ? `${facts.checklist.passed} checks passed, ${marked}` : 'All checks passed'}. Resolve the incident.`,
      done: !open,
    },
    {
      key: 'report',
      title: facts.report === 'in-review' ? 'Review the report' : 'Write the report',
      why: 'The numbers are filled in. Add summary, impact and causes.',
      done: facts.report === 'final' || facts.status === 'merged',
    },
  ]
  const now = steps.findIndex((step) => !step.done)
  return steps.map(({ done, ...step }, i) => ({ ...step, state: done ? 'done' : i === now ? 'now' : 'later' }))
}

/** What to do next; `done` when nothing is left. */
export function nextOf(path: PathStep[]): RecommendedStep {
  const step = path.find(({ state }) => state === 'now')
  if (!step) return { key: 'done', title: 'Nothing left to do', why: 'The report is final.' }
  const { state: _state, ...next } = step
  return next
}
