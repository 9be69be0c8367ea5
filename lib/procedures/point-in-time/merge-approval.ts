import { z } from 'zod'
import { comparisonDigest, creates, formatMerge, mergedTables, passesOf, totalOf } from '../../domain/reconcile/merge'
import { formatEffect } from '../../domain/reconcile/policy'
import { counted } from '../../domain/units'
import type { Ask, StepContext, World } from '../contract'
import { needed } from '../facts'
import { chooseStepId, mergeSteps, type ReconcileFacts } from './reconcile-facts'

/** Is it one of these steps that asks? */
export const mergesRows = (stepId: string): boolean => Object.values<string>(mergeSteps).includes(stepId)

/** What an approval of a merge is bound to, besides the call that it covers. */
export const mergeBound = z.object({ comparison: z.string(), batch: z.string() })
export type MergeBound = z.output<typeof mergeBound>

export const mergeOutgrown = (approved: MergeBound, now: MergeBound): string | null =>
  approved.comparison === now.comparison && approved.batch === now.batch ? null : 'The rows were compared again.'

/** What the second person is asked: the tables, their policies and exact counts, and the digest of what was compared. */
export function askMerge(world: World, { facts }: StepContext<unknown, ReconcileFacts>): Ask<MergeBound> {
  const comparison = needed(facts.comparison, 'the comparison')
  const tables = facts.mergeGroups?.flat() ?? []
  const total = totalOf(tables)
  const digest = comparisonDigest(comparison.tables)
  const touched = mergedTables(passesOf(facts.mergeGroups ?? []))
  return {
    title: `Merge rows into ${comparison.target.database}: ${formatMerge(touched)}`,
    typeToConfirm: comparison.target.database,
    facts: [
      { label: 'Environment', value: world.environment.name },
      { label: 'Source', value: `${comparison.source.host}/${comparison.source.database}` },
      { label: 'Target', value: `${comparison.target.host}/${comparison.target.database}` },
      { label: 'Chosen by', value: facts[`answer/${chooseStepId}`]?.by.name ?? '' },
      { label: 'Overwritten or deleted', value: counted(total.update + total.remove, 'row') },
      ...touched.map((one) => ({
        label: one.table,
        value: creates(one)
          ? `Dropped from the target. Created again: ${counted(one.effect.insert, 'row')}${one.creation && one.creation.leftOut.length > 0 ? `. Not created: ${one.creation.leftOut.join(' ')}` : ''}`
          : `${formatEffect(one.effect)}${one.facts.triggers.length > 0 ? `; triggers ${one.triggers}` : ''}`,
      })),
      { label: 'Digest of the comparison', value: digest.slice(0, 16) },
    ],
    loss: null,
    covers: [mergeSteps.merge],
    bound: { comparison: digest, batch: comparison.batch },
  }
}
