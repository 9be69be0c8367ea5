import type { RowsCall } from '../../domain/procedure/call'
import type { Check } from '../../domain/procedure/types'
import type { ListedKeys } from '../../domain/reconcile/listed'
import { formatMerge, mergeDigest, passesOf, totalOf } from '../../domain/reconcile/merge'
import { mostChosenRows } from '../../domain/reconcile/policy'
import { counted, plural } from '../../domain/units'
import type { DatabaseAddress } from '../../ports/reconcile'
import type { Observation, Revision, Step, StepContext, Surroundings, Verdict, World } from '../contract'
import { type Obligation, withObligation } from '../facts'
import { gate } from '../steps/gate'
import { firstKeys } from './first-keys'
import { groupsOf, readerOf } from './merge-choice'
import { chooseStepId, mergeChoice, mergeSteps, type ReconcileFacts } from './reconcile-facts'

/*
 * Rows of one database are compared with those of another and merged into it: staged and compared, chosen by a person, approved
 * by a second one, merged in the order of references, and proved by comparing again. Whichever procedure has two databases uses
 * these steps.
 */

/** Between which databases, and which of their tables. */
export interface Reconciled<I, F> {
  of(
    ctx: StepContext<I, F>,
    environment: Surroundings,
  ): { source: DatabaseAddress; target: DatabaseAddress; tables: string[] }
  /** Does the application write to the target meanwhile? Then it may change merged rows at once, which is told and no failure. */
  live(ctx: StepContext<I, F>): boolean
}

/** Comparing and merging may take this long, ms; what is done by then is kept, and the rest is done by another attempt. */
const limitMs = 30 * 60_000

/** By the whole name of the run: a part of it is a time, and runs of the same minutes would take each other's rows for their own. */
const batchOf = ({ runId, facts }: StepContext<unknown, ReconcileFacts>): string =>
  `${runId} ${(facts.mergeRound ?? 0) + 1}`

const recoveryUser = ({ database }: Surroundings) => database.recovery?.user ?? ''

/** The merge as it was chosen, and what takes it back; null before anything was chosen, or when it changes nothing. */
function mergeCall<I>(
  { facts }: StepContext<I, ReconcileFacts>,
  environment: Surroundings,
  action: 'merge' | 'undo',
): RowsCall | null {
  const { comparison, mergeGroups } = facts
  const passes = passesOf(mergeGroups ?? [])
  if (!comparison || passes.length === 0) return null
  const { batch, target } = comparison
  return { kind: 'rows', user: recoveryUser(environment), batch, target, work: { action, passes }, limitMs }
}

/** Another comparison, by which everything that was chosen and approved falls. */
function compareAgain({ mergeRound, comparison }: ReconcileFacts): Revision<ReconcileFacts>[] {
  if (!comparison) return []
  return [
    {
      kind: 'anew',
      subject: comparison.batch,
      label: 'Compare again',
      consequence: 'The rows are compared and chosen again. Rows that were merged stay merged. The approval is void.',
      facts: {
        mergeRound: (mergeRound ?? 0) + 1,
        comparison: null,
        mergeGroups: null,
        [`answer/${chooseStepId}` as const]: null,
      },
      again: [mergeSteps.compare, mergeSteps.choose, mergeSteps.approve, mergeSteps.merge],
    },
  ]
}

/** The rights of the recovery role on both databases, named one by one where they are missing. */
export async function rightsToMerge(
  world: World,
  { source, target, tables }: ReturnType<Reconciled<never, never>['of']>,
): Promise<Check> {
  const check = { id: 'rows', title: 'Rights to compare and merge rows' }
  const { missing, triggersStay } = await readerOf(world).rights(source, target, tables)
  if (missing.length > 0)
    return {
      ...check,
      result: 'block',
      message: `The recovery role ${readerOf(world).user} lacks ${missing.join('; ')}.`,
    }
  return triggersStay.length > 0
    ? {
        ...check,
        result: 'warn',
        message: `The recovery role does not own ${triggersStay.join(', ')}: their triggers fire for merged rows.`,
      }
    : { ...check, result: 'pass', message: 'The recovery role may read the source and write to the target.' }
}

/** The rows are copied beside those of the target and compared by primary key. */
export function compareRows<I, F extends ReconcileFacts>({ of }: Reconciled<I, F>): Step<I, F> {
  const read = async (world: World, ctx: StepContext<I, F>) => {
    const { source, target, tables } = of(ctx, world.environment)
    const batch = batchOf(ctx)
    const compared = await readerOf(world).compared(target, batch)
    const missing = tables.filter((table) => !compared.some((one) => one.table === table))
    return { source, target, tables, batch, compared, missing }
  }
  return {
    id: mergeSteps.compare,
    title: 'Compare the rows',
    effect: 'SAFE',
    estimate: { lowSeconds: 10, highSeconds: 600 },
    why: 'Nobody can choose what to merge without knowing which rows are missing, added or changed.',
    provedBy: 'Every table is compared by its primary key; the result is kept in dr_stage on the target.',
    undoneBy: null,
    everyMs: 2_000,
    forMs: 60_000,
    call(ctx, environment): RowsCall {
      const { source, target, tables } = of(ctx, environment)
      const user = recoveryUser(environment)
      return { kind: 'rows', user, batch: batchOf(ctx), target, work: { action: 'compare', source, tables }, limitMs }
    },
    async guard(world, ctx) {
      const { message, result } = await rightsToMerge(world, of(ctx, world.environment))
      return result === 'block' ? message : null
    },
    async observe(world, ctx): Promise<Observation<F>> {
      const { tables, missing } = await read(world, ctx)
      if (missing.length === 0) return { state: 'done', says: 'The rows are compared.' }
      return {
        state: 'not-started',
        says: `${tables.length - missing.length} of ${tables.length} ${plural(tables.length, 'table')} compared.`,
      }
    },
    async verify(world, ctx): Promise<Verdict<F>> {
      const { source, target, tables, batch, compared, missing } = await read(world, ctx)
      if (missing.length > 0) return { state: 'not-yet', says: `Not compared yet: ${missing.join(', ')}.` }
      const { triggersStay } = await readerOf(world).rights(source, target, tables)
      const differing = compared.filter(
        (one) => one.creation !== null || one.onlySource + one.onlyTarget + one.different > 0,
      )
      const listed: ListedKeys[] = []
      for (const one of compared) listed.push(await firstKeys(readerOf(world), target, batch, one))
      const comparison: NonNullable<ReconcileFacts['comparison']> = {
        batch,
        source,
        target,
        comparedAt: world.now(),
        triggersStay,
        tables: compared.map(({ table, onlySource, onlyTarget, different, same, digest, facts, creation }, i) => ({
          ...{ table, onlySource, onlyTarget, different, same, digest },
          key: facts.key,
          keys: listed[i],
          triggers: creation ? [] : facts.triggers.map(({ name }) => name),
          creation,
        })),
      }
      return {
        state: 'proved',
        says:
          differing.length === 0
            ? `The rows of all ${tables.length} ${plural(tables.length, 'table')} are the same.`
            : `${differing.length} of ${tables.length} ${plural(tables.length, 'table')} differ: ${differing
                .map((one) =>
                  one.creation
                    ? `${one.table} (dropped from the target, ${one.onlySource} rows in the source)`
                    : `${one.table} (${one.onlySource} only in the source, ${one.onlyTarget} only in the target, ${one.different} different)`,
                )
                .join(', ')}.`,
        facts: learnt<F>({ comparison }),
      }
    },
  }
}
/** Facts of these steps are a part of those of every procedure that has them. */
const learnt = <F extends ReconcileFacts>(facts: ReconcileFacts): F => facts as F

function chooseRows<I, F extends ReconcileFacts>(): Step<I, F> {
  return {
    id: mergeSteps.choose,
    title: 'Choose what is merged',
    effect: 'READ',
    estimate: { lowSeconds: 60, highSeconds: 900 },
    why: 'A missing row was lost or was deleted on purpose. Only people can decide which.',
    provedBy: `A policy for each table, chosen by a commander; up to ${mostChosenRows} rows of a table by key.`,
    undoneBy: null,
    everyMs: 1_000,
    forMs: 4 * 60 * 60_000,
    answer: mergeChoice,
    async verify(world, ctx): Promise<Verdict<F>> {
      const found = await groupsOf(world, ctx)
      if ('why' in found) return { state: 'not-yet', says: found.why }
      const by = ctx.facts[`answer/${chooseStepId}`]?.by.name ?? 'A person'
      const tables = found.groups.flat()
      return {
        state: 'proved',
        says: `${by} chose: ${formatMerge(tables)}.`,
        facts: learnt<F>({ mergeGroups: found.groups }),
      }
    },
    revisions: (facts) => compareAgain(facts) as Revision<F>[],
  }
}

const approveRows = <I, F extends ReconcileFacts>(): Step<I, F> => ({
  ...gate({
    id: mergeSteps.approve,
    title: 'Approve the merge',
    why: 'Rows that are overwritten or deleted are gone from the application. Two people look at what is merged.',
    provedBy: 'Approval of exactly these rows by someone who neither started the run nor chose them.',
  }),
  async observe(world, ctx): Promise<Observation<F>> {
    return mergeCall(ctx, world.environment, 'merge') === null
      ? { state: 'done', says: 'Nothing is merged; no approval is needed.' }
      : { state: 'not-started', says: 'The merge waits for an approval.' }
  },
  revisions: (facts) => compareAgain(facts) as Revision<F>[],
})

/** What could not be created with a table stays open until people have decided about it. */
function leftOutDuties(facts: ReconcileFacts): Pick<ReconcileFacts, 'obligations'> {
  const duties = (facts.mergeGroups ?? []).flat().flatMap(({ table, creation }) =>
    (creation?.leftOut ?? []).map(
      (why, n): Obligation => ({
        id: `left-out-${table}-${n + 1}`,
        title: `Complete ${table}, which was created again`,
        why,
        state: 'open',
      }),
    ),
  )
  if (duties.length === 0) return {}
  return {
    obligations: duties.reduce((all, each) => withObligation({ obligations: all }, each), facts.obligations ?? []),
  }
}

function mergeRows<I, F extends ReconcileFacts>({ of, live }: Reconciled<I, F>): Step<I, F> {
  /** Tables of the merge by whether their part is done. */
  const progress = async (world: World, call: RowsCall) => {
    if (!('passes' in call.work)) return { done: 0, parts: 0 }
    const applied = await readerOf(world).applied(call.target, call.batch)
    const parts = call.work.passes.flatMap(({ pass, tables }) => tables.map((one) => ({ pass, ...one })))
    const done = parts.filter((part) =>
      applied.some((one) => one.table === part.table && one.pass === part.pass && one.digest === mergeDigest(part)),
    )
    return { done: done.length, parts: parts.length }
  }
  const callOf = (ctx: StepContext<I, F>, environment: Surroundings) => mergeCall(ctx, environment, 'merge')
  return {
    id: mergeSteps.merge,
    title: 'Merge the rows',
    effect: 'DANGEROUS',
    estimate: { lowSeconds: 5, highSeconds: 600 },
    why: 'The application gets its rows back.',
    provedBy:
      'Each table’s merge is noted in its own transaction, and every merged row is compared with the source again.',
    undoneBy: 'Restores every merged row, unless it has changed since.',
    everyMs: 2_000,
    forMs: 120_000,
    call: callOf,
    async observe(world, ctx): Promise<Observation<F>> {
      const call = callOf(ctx, world.environment)
      if (!call) return { state: 'done', says: 'There is nothing to merge.' }
      const { done, parts } = await progress(world, call)
      return done === parts
        ? { state: 'done', says: 'Every table is merged.' }
        : { state: 'not-started', says: `${done} of ${parts} parts of the merge are done.` }
    },
    async guard(world, ctx) {
      const call = callOf(ctx, world.environment)
      if (!call || (await progress(world, call)).done > 0) return null
      const changed = await readerOf(world).changed(call, 'compared')
      if (changed.length === 0) return null
      return `${changed.map((one) => `${counted(one.rows, 'row')} of ${one.table}`).join(', ')} changed after the comparison. Nothing was merged. Compare again.`
    },
    async verify(world, ctx): Promise<Verdict<F>> {
      const call = callOf(ctx, world.environment)
      const tables = ctx.facts.mergeGroups?.flat() ?? []
      const total = totalOf(tables)
      const merged = (changedSince: number) =>
        learnt<F>({ merged: { at: world.now(), rows: total, changedSince }, ...leftOutDuties(ctx.facts) })
      if (!call) return { state: 'proved', says: 'Nothing was merged, as it was chosen.', facts: merged(0) }
      const { done, parts } = await progress(world, call)
      if (done < parts) return { state: 'not-yet', says: `${done} of ${parts} parts of the merge are done.` }
      const changed = await readerOf(world).changed(call, 'merged')
      const count = changed.reduce((sum, one) => sum + one.rows, 0)
      const says = `Merged and compared again: ${formatMerge(tables)}.`
      if (count === 0) return { state: 'proved', says, facts: merged(0) }
      const since = `${counted(count, 'row')} changed since the merge: ${changed.map((one) => `${one.rows} of ${one.table}`).join(', ')}.`
      return live(ctx)
        ? { state: 'proved', says: `${says} ${since}`, facts: merged(count) }
        : { state: 'failed', says: `${since} Nobody else should write to this database.`, facts: merged(count) }
    },
    undo: {
      effect: 'DANGEROUS',
      call: (ctx, environment) =>
        mergeCall(ctx, environment, 'undo') ?? {
          kind: 'rows',
          user: recoveryUser(environment),
          batch: batchOf(ctx),
          target: of(ctx, environment).target,
          work: { action: 'undo', passes: [] },
          limitMs,
        },
      async guard(world, ctx) {
        const call = mergeCall(ctx, world.environment, 'undo')
        if (!call) return 'Nothing was merged.'
        const changed = await readerOf(world).changed(call, 'merged')
        return changed.length === 0
          ? null
          : `${changed.map((one) => `${counted(one.rows, 'row')} of ${one.table}`).join(', ')} changed after the merge and cannot be restored.`
      },
      async verify(world, ctx): Promise<Verdict<F>> {
        const call = mergeCall(ctx, world.environment, 'undo')
        if (!call) return { state: 'failed', says: 'What was merged is unknown.' }
        const left = await readerOf(world).applied(call.target, call.batch)
        return left.length === 0
          ? { state: 'proved', says: 'Every merged row is as it was before.', facts: learnt<F>({ merged: null }) }
          : { state: 'not-yet', says: `Not restored yet: ${left.map(({ table }) => table).join(', ')}.` }
      },
    },
    revisions: (facts) => compareAgain(facts) as Revision<F>[],
  }
}

/** The steps in their order. */
export const reconcileSteps = <I, F extends ReconcileFacts>(between: Reconciled<I, F>): Step<I, F>[] => [
  compareRows(between),
  chooseRows(),
  approveRows(),
  mergeRows(between),
]
