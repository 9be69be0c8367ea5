import { notFound } from '../domain/errors'
import { roleRight } from '../domain/people/permissions'
import { creationStatements } from '../domain/reconcile/creation'
import { comparisonDigest, totalOf } from '../domain/reconcile/merge'
import type { ReconcileView } from '../domain/reconcile/view'
import { runRight } from '../domain/run/rights'
import { readFacts } from '../procedures/facts'
import { chooseStepId, comparisonOf, reconcileSchema } from '../procedures/point-in-time/reconcile-facts'
import { readRun } from '../store/run'
import { stepsOf, type ViewContext } from './context'

/** What a run compared, and what was chosen, approved and merged of it. Throws ExpectedError 'not-found'. */
export async function readReconcile(context: ViewContext, runId: string): Promise<ReconcileView> {
  const { environment, person } = context
  const run = await readRun(context.store, runId, environment.name)
  const comparison = comparisonOf(run.facts)
  if (!comparison) throw notFound('A comparison of rows')
  const { facts } = readFacts(reconcileSchema, run.facts)
  const answer = facts[`answer/${chooseStepId}`] ?? null
  // What was chosen of an earlier comparison counts for nothing.
  const chosen = answer?.value.batch === comparison.batch ? answer : null
  const merged = facts.mergeGroups?.flat() ?? []
  const asking = run.steps.find(
    (step) => step.state === 'verifying' && stepsOf(context, run).get(step.stepId)?.answer !== undefined,
  )
  const approval = run.approvals.findLast(({ requestedAt }) => requestedAt >= comparison.comparedAt)
  const { id, title, mode, state, incidentNumber } = run
  const right = runRight('answer', {
    run,
    person,
    optional: false,
    notSecond: { decide: null, approve: null },
    breakGlass: environment.policy.breakGlass,
  })
  const { source, target } = comparison
  return {
    run: { id, title, mode, state, incidentNumber },
    batch: comparison.batch,
    source: `${source.host}:${source.port}/${source.database}`,
    target: `${target.host}:${target.port}/${target.database}`,
    comparedAt: comparison.comparedAt,
    tables: comparison.tables.map(({ creation, ...table }) => {
      const made = merged.find((one) => one.table === table.table)
      const wanted = chosen?.value.tables.find((one) => one.table === table.table)
      return {
        ...table,
        dropped: creation && { statements: creationStatements(creation), leftOut: creation.leftOut },
        triggersStay: comparison.triggersStay.includes(table.table),
        policy: made?.policy ?? wanted?.policy ?? { kind: 'skip' },
        triggersOn: (made?.triggers ?? wanted?.triggers ?? 'on') === 'on',
        effect: made?.effect ?? null,
      }
    }),
    chosenBy: chosen && { name: chosen.by.name, at: chosen.at },
    effect: facts.mergeGroups ? totalOf(merged) : null,
    approval: approval
      ? { state: approval.state, by: approval.decidedBy?.name ?? null, digest: approval.digest }
      : null,
    merged: facts.merged ? { at: facts.merged.at, changedSince: facts.merged.changedSince } : null,
    digest: comparisonDigest(
      comparison.tables.map(({ table, onlySource, onlyTarget, different, same, digest }) => ({
        ...{ table, onlySource, onlyTarget, different, same, digest },
      })),
    ),
    asks: asking ? { stepId: asking.stepId, right } : null,
    rows: roleRight(person.role, 'run'),
  }
}
