import { oldEnd, pointProblem, readPoint } from '../../domain/restore/point'
import { durationWords, utcWords } from '../../domain/units'
import type { Step, Verdict, World } from '../contract'
import { needed } from '../facts'
import { readOf } from '../previewing'
import { foreign, lookAtCopy, nameOfCopy } from '../steps/copy'
import { type SeenSource, sourceNow } from '../steps/source'
import type { Ctx } from './copy'
import type { PointFacts } from './facts'
import { momentOf, type PointInputs } from './inputs'

/** The point of a run: the one that a person chose later, or the one that it was started with. */
export const pointOf = ({ inputs, facts }: Pick<Ctx, 'inputs' | 'facts'>) =>
  facts.otherPoint === undefined ? needed(readPoint(inputs.at), 'the restore point') : { at: facts.otherPoint }

/** Is the point inside the window at this moment, and what does it cost? Everything later steps need is fixed here. */
export const choosePoint: Step<PointInputs, PointFacts> = {
  id: 'choose-point',
  title: 'Check the restore point',
  effect: 'READ',
  estimate: { lowSeconds: 2, highSeconds: 60 },
  why: 'A point outside the window is refused after the wait, and a point after the damage restores the damage.',
  provedBy: 'The point is inside the current restore window and before the damage, and the name of the copy is free.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 60_000,
  shows: (_ctx, environment) => [
    readOf(environment, 'DescribeDBClusters', { DBClusterIdentifier: environment.aws.clusterId }),
  ],
  verify: chooseNow,
}

async function chooseNow(world: World, ctx: Ctx): Promise<Verdict<PointFacts>> {
  const { environment } = world
  const seen = await lookAtSource(world, ctx)
  if ('state' in seen) return seen
  const { found, now } = seen
  const point = pointOf(ctx)
  const problem = pointProblem(point, found.window, { firstBadAt: momentOf(ctx.inputs.firstBadAt), now })
  if (problem) return { state: 'failed', says: problem }
  const restoreAt = 'at' in point ? point.at : needed(found.window.latestAt, 'the latest restorable time')
  const copyId = nameOfCopy(ctx, environment)
  const theirs = await takenBy(world, ctx, [copyId])
  if (theirs) return { state: 'failed', says: theirs }
  return {
    state: 'proved',
    says: `${utcWords(restoreAt)} can be restored: ${durationWords(now - restoreAt)} before now.${oldEnd(found.window, now)} The copy will be ${copyId}.`,
    facts: { ...seen.facts, restoreAt, copyId },
  }
}

/** Why one of these names cannot be used; null when each is free or this run's own. */
export async function takenBy(world: World, ctx: Ctx, names: string[]): Promise<string | null> {
  for (const name of names) {
    const taken = await lookAtCopy(world, name)
    const theirs = taken && foreign(taken, ctx.runId)
    if (theirs) return theirs
  }
  return null
}

type Seen = SeenSource & { now: number }

/** The source as it is now, with what every later step needs of it; a verdict where nothing can be restored from it. */
export async function lookAtSource(world: World, ctx: Ctx): Promise<Seen | Verdict<PointFacts>> {
  const seen = await sourceNow(world, ctx.facts, momentOf(ctx.inputs.firstBadAt))
  if ('state' in seen) return seen
  const { id, attributes } = seen.found
  return attributes.backupRetentionDays < 1
    ? { state: 'failed', says: `${id} keeps no automated backups, so there is nothing to restore from.` }
    : { ...seen, now: world.now() }
}
