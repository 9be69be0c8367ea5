import { countOf } from '../domain/checklist/count'
import { checklistItems } from '../domain/checklist/items'
import { owedFor, saysWithOwed } from '../domain/checklist/owed'
import { type SkippedStep, saysWithSkip, skippedFor } from '../domain/checklist/skipped'
import type { ChecklistState, ChecklistView } from '../domain/incident/view'
import { unless } from '../domain/right'
import { obligationsOf } from '../domain/run/obligation'
import { readChecklist, readEvidence } from '../store/checklist'
import { runFacts, skippedSteps } from '../store/incident-runs'
import { stepsOf, type ViewContext, type ViewSource } from './context'
import { rightTo } from './rights'

/** The ten items as the person sees them, each with its newest evidence. Throws ExpectedError. */
export async function readChecklistOf(context: ViewContext, number: number, open: boolean): Promise<ChecklistView> {
  const [items, evidence, skips, runs] = await Promise.all([
    readChecklist(context.store.prisma, number),
    readEvidence(context.store.prisma, number, 5),
    skippedOf(context, number),
    runFacts(context.store, [number], ['obligations']),
  ])
  const obligations = (runs.get(number) ?? []).flatMap(({ facts }) => obligationsOf(facts))
  const byKey = new Map(items.map((item) => [item.key, item]))
  const mayWrite = unless(rightTo(context, 'note'), open ? null : 'This incident is resolved.')
  const views = checklistItems.map((definition) => {
    const item = byKey.get(definition.key)
    const state = (item?.state ?? 'not-run') as ChecklistState
    const skip = skippedFor(definition.key, state, skips)
    return {
      ...definition,
      state,
      says: saysWithOwed(
        saysWithSkip(item?.says ?? 'Not checked yet.', skip),
        owedFor(definition.key, state, obligations),
      ),
      skipped: skip !== null,
      checkedAt: item?.checkedAt ?? null,
      reopened: item?.reopened ?? false,
      handTick: item?.state === 'hand' ? item.hand : null,
      evidence: evidence.get(definition.key) ?? [],
      mayRun: mayWrite,
      mayTick: unless(rightTo(context, 'declare'), open ? null : 'This incident is resolved.'),
    }
  })
  return {
    items: views,
    ...countOf(views.map(({ state }) => state)),
    lastProbeAt: views.reduce<number | null>(
      (last, { checkedAt }) => (checkedAt === null ? last : Math.max(last ?? 0, checkedAt)),
      null,
    ),
  }
}

/** What was skipped for an incident, with what hangs on it by the procedure's own words. */
async function skippedOf(source: ViewSource, number: number): Promise<SkippedStep[]> {
  return (await skippedSteps(source.store, number)).map(({ procedureId, stepId, ...step }) => ({
    ...step,
    serves: stepsOf(source, { procedureId }).get(stepId)?.serves ?? [],
  }))
}
