import { z } from 'zod'
import { findingsWords } from '../../domain/restore/validation'
import { durationWords, utcWords } from '../../domain/units'
import type { Ask, World } from '../contract'
import { needed } from '../facts'
import { gate } from '../steps/gate'
import { poolerRoutes } from '../steps/pooler-routes'
import type { Ctx } from './copy'
import { leftBehind } from './extract'
import type { PointFacts } from './facts'
import { askSearch, searchBound, searchOutgrown } from './find-approval'
import { type Goal, momentOf, type PointInputs } from './inputs'
import { askMerge, mergeBound, mergeOutgrown, mergesRows } from './merge-approval'

export const goalWords: Record<Goal, string> = {
  inspect: 'Inspect a copy; the source stays as it is',
  extract: 'Extract rows from a copy and merge them; the source keeps serving',
  cutover: 'Cut over to the copy',
  find: 'Find the moment of the damage with temporary copies; the source stays as it is',
}

/** Two people agree on the point, the goal and what is given up. */
export const approve = gate<PointInputs, PointFacts>({
  id: 'approve',
  title: 'Approve the restore',
  why: 'What was written after the restore point is not in the copy. Two people look at the point and at that loss.',
  provedBy: 'Approval by a second person for this point, goal and loss, at most 10 min old.',
})

/** Before the first of several copies; each is made and deleted under this one yes. */
export const approveSearch = gate<PointInputs, PointFacts>({
  id: 'approve',
  title: 'Approve the search',
  why: 'Temporary copies of the data are made and deleted. Two people look at the check, the interval and the names.',
  provedBy: 'Approval by a second person for this check, interval and names, at most 10 min old.',
})

const copyBound = z.object({
  stage: z.enum(['restore', 'cutover']),
  goal: z.string(),
  source: z.string(),
  copy: z.string(),
  at: z.number(),
  /** Of writes after the point, until the source was frozen, or until now; null where nothing is given up. */
  lossSeconds: z.number().nullable(),
  /** Of the cutover: when the copy was validated, and where it is. */
  validatedAt: z.number().nullable(),
  endpoint: z.string().nullable(),
})
type CopyBound = z.output<typeof copyBound>
/** What an approval is bound to: the copy and its point, or the rows that are merged. */
export const pointBound = z.discriminatedUnion('stage', [
  copyBound,
  mergeBound.extend({ stage: z.literal('merge') }),
  searchBound,
])
export type PointBound = z.output<typeof pointBound>

/** What the second person is asked: before the restore, before rows are merged, and before the point of no return. */
export async function ask(world: World, ctx: Ctx, stepId: string): Promise<Ask<PointBound>> {
  if (mergesRows(stepId)) {
    const merge = askMerge(world, ctx)
    return { ...merge, bound: { stage: 'merge', ...merge.bound } }
  }
  const { facts, inputs } = ctx
  if (inputs.goal === 'find') return askSearch(world, ctx)
  const stage = stepId === approve.id ? 'restore' : 'cutover'
  const at = needed(facts.restoreAt, 'the restore point')
  const copy = needed(facts.copyId, 'the copy')
  const source = needed(facts.source, 'the source').id
  const until = facts.frozenAt ?? world.now()
  const lossMs = inputs.goal === 'cutover' ? until - at : null
  const damage = momentOf(inputs.firstBadAt)
  const instances = Array.from({ length: inputs.instanceCount }, (_, i) => `create-instance-${i + 1}`)
  const ofStage =
    stage === 'restore'
      ? [{ label: 'Goal', value: goalWords[inputs.goal] }]
      : [
          { label: 'Validation', value: facts.findings ? findingsWords(facts.findings) : 'Skipped by decision' },
          {
            label: 'Point of no return',
            value: `The first write on ${copy}. After it, ${source} cannot be restored as the writer.`,
          },
          ...leftBehind(facts),
          ...(await poolerRoutes(world, facts)),
        ]
  return {
    title:
      stage === 'restore'
        ? `Restore ${source} to ${utcWords(at)} as ${copy}`
        : `Cut over from ${source} to ${copy}, lose ${durationWords(lossMs ?? 0)} of writes`,
    typeToConfirm: world.environment.aws.clusterId,
    facts: [
      { label: 'Environment', value: world.environment.name },
      { label: 'Source', value: source },
      { label: 'Restore point', value: utcWords(at) },
      { label: 'Copy', value: copy },
      ...ofStage,
      ...(damage === null ? [] : [{ label: 'Damage since', value: utcWords(damage) }]),
      ...(inputs.damagedTables === '' ? [] : [{ label: 'Damaged tables', value: inputs.damagedTables }]),
      ...(inputs.maintenanceBy === ''
        ? []
        : [
            {
              label: 'Maintenance window',
              value: `Approved by ${inputs.maintenanceBy} at ${utcWords(momentOf(inputs.maintenanceAt) ?? 0)}`,
            },
          ]),
      ...(inputs.overrideReason ? [{ label: 'Diagnosis overridden', value: inputs.overrideReason }] : []),
    ],
    loss:
      lossMs === null
        ? null
        : {
            atLeast: durationWords(lossMs),
            atMost: facts.frozenAt
              ? durationWords(lossMs)
              : `${durationWords(lossMs)}, and growing until the source is fenced`,
            confidence: facts.frozenAt ? 'high' : 'low',
          },
    covers: stage === 'restore' ? ['restore-copy', ...instances] : ['fence', 'open-copy'],
    bound: {
      stage,
      goal: inputs.goal,
      source,
      copy,
      at,
      lossSeconds: lossMs === null ? null : Math.round(lossMs / 1000),
      validatedAt: stage === 'cutover' ? (facts.validatedAt ?? null) : null,
      endpoint: stage === 'cutover' ? (facts.endpoint?.host ?? null) : null,
    },
  }
}

/** By how much the loss may grow before approval is requested again, s. */
const toleranceSeconds = 300

/** Why an approval no longer holds; null when it does. */
export function outgrown(approved: PointBound, now: PointBound): string | null {
  if (approved.stage === 'merge' || now.stage === 'merge')
    return approved.stage === 'merge' && now.stage === 'merge'
      ? mergeOutgrown(approved, now)
      : otherStage(approved, now)
  if (approved.stage === 'search' || now.stage === 'search')
    return approved.stage === 'search' && now.stage === 'search'
      ? searchOutgrown(approved, now)
      : otherStage(approved, now)
  return approved.stage === now.stage ? copyOutgrown(approved, now) : otherStage(approved, now)
}

const otherStage = (approved: PointBound, now: PointBound): string =>
  `The ${approved.stage} was approved, and the ${now.stage} was not.`

function copyOutgrown(approved: CopyBound, now: CopyBound): string | null {
  if (approved.at !== now.at) return `The restore point is now ${utcWords(now.at)}.`
  if (approved.copy !== now.copy) return `The copy is now ${now.copy}, not ${approved.copy}.`
  if (approved.source !== now.source || approved.goal !== now.goal) return 'The source or the goal is another one now.'
  if (approved.endpoint !== now.endpoint || approved.validatedAt !== now.validatedAt)
    return 'The copy was validated again after the approval.'
  const grown = (now.lossSeconds ?? 0) - (approved.lossSeconds ?? 0)
  return grown > toleranceSeconds ? `The loss has grown to ${durationWords((now.lossSeconds ?? 0) * 1000)}.` : null
}
