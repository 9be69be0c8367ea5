import { runTag } from '../../domain/restore/restorable'
import { hours } from '../../domain/units'
import type { Observation, Step, StepContext, Surroundings, Verdict, World } from '../contract'
import { deleteCall } from './copy'

/* What a run has made is deleted by its name and its tag, and seen gone. Nothing else is ever deleted. */

/** For how long after the yes copies may be deleted: instances and cluster go one after the other, each in minutes, ms. */
export const removableForMs = hours(24)

/** What stands under a name, as far as a removal looks at it. */
export interface Removable {
  id: string
  status: string
  tags: Record<string, string>
}

export interface Removal<I, F> {
  id: string
  title: string
  /** What follows from going without it. */
  optional: string
  kind(ctx: StepContext<I, F>): 'cluster' | 'instance'
  nameOf(ctx: StepContext<I, F>, environment: Surroundings): string
  /** The run whose tag must be on it. */
  madeBy(ctx: StepContext<I, F>): string
  look(world: World, name: string): Promise<Removable | null>
  /** Why it must not go, besides; null when it may. Asked right before the call. */
  refuses?(world: World, ctx: StepContext<I, F>): Promise<string | null>
  /** What is kept with the run once it is gone. */
  learns?(world: World, ctx: StepContext<I, F>): F
}

/** Why this is not deleted: another run or a person has made it; null when that run has. */
export const notMadeBy = (found: Pick<Removable, 'id' | 'tags'>, madeBy: string): string | null =>
  found.tags[runTag] === madeBy
    ? null
    : `${found.id} was not made by run ${madeBy}: its tag ${runTag} is ${found.tags[runTag] ?? 'missing'}. Nothing of it was touched.`

/** Deletes what a run has made under that name, and sees it gone. */
export const removal = <I, F extends { source?: { id: string } }>(of: Removal<I, F>): Step<I, F> => ({
  id: of.id,
  title: of.title,
  effect: 'DANGEROUS',
  estimate: { lowSeconds: 60, highSeconds: 15 * 60 },
  why: 'A copy costs as much as its source and holds personal data.',
  provedBy: 'RDS describes nothing under that name any more.',
  undoneBy: null,
  everyMs: 15_000,
  forMs: hours(1),
  settleMs: 60_000,
  approvedForMs: removableForMs,
  optional: of.optional,
  call: (ctx, environment) => deleteCall(environment, of.kind(ctx), of.nameOf(ctx, environment)),
  async observe(world, ctx): Promise<Observation<F>> {
    const name = of.nameOf(ctx, world.environment)
    const found = await of.look(world, name)
    if (!found) return { state: 'done', says: `There is no ${name}.` }
    const theirs = notMadeBy(found, of.madeBy(ctx))
    if (theirs) return { state: 'conflict', says: theirs }
    return { state: found.status === 'deleting' ? 'in-flight' : 'not-started', says: `${name} is ${found.status}.` }
  },
  async guard(world, ctx) {
    const name = of.nameOf(ctx, world.environment)
    if (name === ctx.facts.source?.id || name === world.environment.aws.clusterId) return `${name} is the source.`
    const found = await of.look(world, name)
    return found && (notMadeBy(found, of.madeBy(ctx)) ?? (await of.refuses?.(world, ctx)) ?? null)
  },
  async verify(world, ctx): Promise<Verdict<F>> {
    const name = of.nameOf(ctx, world.environment)
    const found = await of.look(world, name)
    if (!found)
      return {
        state: 'proved',
        says: `${name} does not exist any more.`,
        ...(of.learns && { facts: of.learns(world, ctx) }),
      }
    const theirs = notMadeBy(found, of.madeBy(ctx))
    return theirs ? { state: 'failed', says: theirs } : { state: 'not-yet', says: `${name} is ${found.status}.` }
  },
})
