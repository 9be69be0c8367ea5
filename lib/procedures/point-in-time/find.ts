import { intervalOf, probesNeeded, type Search } from '../../domain/restore-point/bisect'
import { checkWords, judgeDamage, questionsOf } from '../../domain/restore-point/damage-check'
import { counted, durationWords, utcWords } from '../../domain/units'
import type { Step, Verdict, World } from '../contract'
import { needed } from '../facts'
import { readOf, readPositionOf } from '../previewing'
import { foreign, lookAtCopy } from '../steps/copy'
import { lookAtSource, takenBy } from './choose-point'
import type { Ctx } from './copy'
import type { PointFacts } from './facts'
import { checkOf, momentOf, type PointInputs } from './inputs'
import { probeName, withNext } from './probes'

type PointStep = Step<PointInputs, PointFacts>

const secondMs = 1_000
/** The source serves while it is asked, ms. */
const sourceQueryMs = 60_000

const namesOf = (ctx: Ctx, { environment }: World): string[] =>
  Array.from({ length: ctx.inputs.restores }, (_, i) => probeName(ctx, environment, i + 1))

/** In which time can the damage have been done, and does the check find it? A check that finds nothing would find nothing on copies. */
export const chooseInterval: PointStep = {
  id: 'choose-interval',
  title: 'Check the interval and the query',
  effect: 'READ',
  estimate: { lowSeconds: 2, highSeconds: 120 },
  why: 'A check that does not find the damage now would be asked of every copy in vain.',
  provedBy:
    'The interval is inside the restore window, the check finds the damage on the source, and every name is free.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 120_000,
  shows: (ctx, environment) => {
    const check = checkOf(ctx.inputs, environment)
    return [
      readOf(environment, 'DescribeDBClusters', { DBClusterIdentifier: environment.aws.clusterId }),
      ...(check
        ? [
            readPositionOf(
              environment,
              ctx.facts.writerBefore ?? null,
              questionsOf(check).map(({ sql }) => sql),
            ),
          ]
        : []),
    ]
  },
  async verify(world, ctx): Promise<Verdict<PointFacts>> {
    const seen = await lookAtSource(world, ctx)
    if ('state' in seen) return seen
    const { found, now, address } = seen
    const search = searchIn(ctx, found.window, now)
    if (typeof search === 'string') return { state: 'failed', says: search }
    const theirs = await takenBy(world, ctx, namesOf(ctx, world))
    if (theirs) return { state: 'failed', says: theirs }
    const check = checkOf(ctx.inputs, world.environment)
    if (!check) return { state: 'failed', says: 'The chosen check is not configured in this environment any more.' }
    if (!address) return { state: 'not-yet', says: 'The writer has no address at this moment.' }
    const questions = { tables: [], catalogueOnly: true, queries: questionsOf(check), eachMs: sourceQueryMs }
    const judged = judgeDamage(check, await world.survey(address, questions))
    if (judged.verdict !== 'damaged')
      return {
        state: 'failed',
        says: `The check does not find the damage on the source, so it cannot find it on a copy. ${judged.says} ${checkWords(check)}`,
      }
    const facts = await withNext(world, search, [], ctx.inputs.restores)
    const [first] = facts.probes ?? []
    if (!first)
      return {
        state: 'failed',
        says: `Nothing between ${utcWords(search.fromAt)} and ${utcWords(search.badAt)} is left to ask about: it is narrower than ${durationWords(search.withinMs)}, or cannot be restored to.`,
      }
    const needs = probesNeeded(search.badAt - search.fromAt, search.withinMs)
    return {
      state: 'proved',
      says: `On the source: ${judged.says} Between ${utcWords(search.fromAt)} and ${utcWords(search.badAt)}: ${counted(Math.min(needs, ctx.inputs.restores), 'restore')} at most. The first copy is restored to ${utcWords(first.at)}.`,
      facts: { ...seen.facts, ...facts, search },
    }
  },
}

/** The interval that is asked about, or why there is none. */
export function searchIn(
  { inputs }: Ctx,
  { earliestAt, latestAt }: { earliestAt: number | null; latestAt: number | null },
  now: number,
): Search | string {
  const good = momentOf(inputs.lastGoodAt)
  if (latestAt === null) return 'RDS reports no latest restorable time, so there is nothing to restore to.'
  if (good === null && earliestAt === null)
    return 'RDS reports no earliest restorable time. Enter when the data was last known to be good.'
  // The bound itself cannot be restored to.
  const from = earliestAt === null ? null : Math.floor(earliestAt / secondMs) * secondMs + secondMs
  const badAt = momentOf(inputs.firstBadAt) ?? now
  const fromAt = Math.max(good ?? 0, from ?? 0)
  if (fromAt >= badAt)
    return `First known bad, ${utcWords(badAt)}, is not after ${utcWords(fromAt)}, the earliest moment that can be asked about.`
  return { fromAt, fromProved: good !== null && good >= (from ?? 0), badAt, withinMs: inputs.withinSeconds * secondMs }
}

/** What the answers come to, and that nothing of the search is left behind. */
export const reportMoment: PointStep = {
  id: 'report-moment',
  title: 'Report the moment of the damage',
  effect: 'READ',
  estimate: { lowSeconds: 1, highSeconds: 60 },
  why: 'The next recovery begins with these bounds. A copy that nobody remembers costs money and holds personal data.',
  provedBy: 'The interval follows from the answers, and RDS describes none of the temporary copies any more.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 60_000,
  async verify(world, ctx): Promise<Verdict<PointFacts>> {
    const search = needed(ctx.facts.search, 'the search')
    const probes = (ctx.facts.probes ?? []).filter(({ verdict }) => verdict !== null)
    const left: string[] = []
    for (const name of namesOf(ctx, world)) {
      const found = await lookAtCopy(world, name)
      if (found && foreign(found, ctx.runId) === null) left.push(name)
    }
    const { goodAt, badAt } = intervalOf(search, probes)
    const kept = left.length > 0 ? ` Not deleted: ${left.join(', ')}.` : ' No temporary copy is left.'
    const between =
      goodAt === null
        ? `The damage was done before ${utcWords(badAt)}: no copy without it was found.`
        : `The damage was done between ${utcWords(goodAt)} and ${utcWords(badAt)}.`
    return {
      state: 'proved',
      says: `${between} ${counted(probes.length, 'copy', 'copies')} asked.${kept}`,
      ...(probes.some(({ verdict }) => verdict !== 'unknown') && {
        facts: { narrowed: { goodAt, badAt, foundAt: world.now() } },
      }),
    }
  },
}
