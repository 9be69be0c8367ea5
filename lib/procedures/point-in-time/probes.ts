import type { Estimate } from '../../domain/procedure/types'
import { deletionMet } from '../../domain/restore/made-copy'
import { copyName, instanceName } from '../../domain/restore/names'
import { type Probe, pointToProbe, type Search } from '../../domain/restore-point/bisect'
import { judgeDamage, questionsOf } from '../../domain/restore-point/damage-check'
import { durationWords, utcWords } from '../../domain/units'
import type { Observation, Step, StepContext, Surroundings, Verdict, World } from '../contract'
import { needed } from '../facts'
import { askPosition } from '../looking'
import { readOf } from '../previewing'
import { lookAtCopy, lookAtInstance, ownCopy } from '../steps/copy'
import { removal } from '../steps/remove-copy'
import type { Ctx } from './copy'
import type { PointFacts } from './facts'
import { checkOf, type PointInputs } from './inputs'
import { createInstance, restoreCopy } from './restore-copy'

/*
 * One temporary copy of a search: restored, asked, and deleted again. The names of all of them follow from the run, so that
 * people approve the removal of exactly these before the first one is made.
 */

type PointStep = Step<PointInputs, PointFacts>

export const probeName = ({ inputs, facts }: Pick<Ctx, 'inputs' | 'facts'>, environment: Surroundings, n: number) =>
  copyName(inputs.nameBase || environment.aws.clusterId, needed(facts.nameSuffix, 'the names'), n)

/** From the restore until the instance of a temporary copy answers. */
export const perProbe: Estimate = { lowSeconds: 25 * 60, highSeconds: 60 * 60 }

/** A query may have to read a whole table from storage that was never read before, ms. */
const queryMs = 5 * 60_000
const notNeeded = 'No further restore is needed.'
const probeOf = ({ probes }: PointFacts, n: number): Probe | undefined => probes?.find((probe) => probe.n === n)

/** A step of the one copy of a run, as the step of the n-th temporary copy; nothing happens where the search needs no n-th. */
function onProbe(step: PointStep, n: number, id: string, title: string): PointStep {
  const of = (ctx: Ctx, environment: Surroundings): Ctx => ({
    ...ctx,
    // The point lies before the damage that is known, or it would not be asked about.
    inputs: { ...ctx.inputs, firstBadAt: '' },
    facts: { ...ctx.facts, copyId: probeName(ctx, environment, n), restoreAt: probeOf(ctx.facts, n)?.at },
  })
  const { observe, guard, verify, undo } = step
  return {
    ...step,
    id,
    title,
    call: (ctx, environment) =>
      probeOf(ctx.facts, n) ? (step.call?.(of(ctx, environment), environment) ?? null) : null,
    ...(observe && {
      observe: async (world, ctx): Promise<Observation<PointFacts>> =>
        probeOf(ctx.facts, n) ? observe(world, of(ctx, world.environment)) : { state: 'done', says: notNeeded },
    }),
    ...(guard && { guard: (world, ctx) => guard(world, of(ctx, world.environment)) }),
    async verify(world, ctx, elapsedMs): Promise<Verdict<PointFacts>> {
      if (!probeOf(ctx.facts, n)) return { state: 'proved', says: notNeeded }
      return await verify(world, of(ctx, world.environment), elapsedMs)
    },
    ...(undo && {
      undo: {
        ...undo,
        call: (ctx, environment) => undo.call(of(ctx, environment), environment),
        ...(undo.guard && {
          guard: (world, ctx) => undo.guard?.(world, of(ctx, world.environment)) ?? Promise.resolve(null),
        }),
        verify: (world, ctx) => undo.verify(world, of(ctx, world.environment)),
      },
    }),
  }
}

/** Is the damage in the n-th copy? With the answer the next moment is chosen. */
const askProbe = (n: number): PointStep => ({
  id: `probe-${n}-ask`,
  title: `Ask copy ${n}`,
  effect: 'READ',
  estimate: { lowSeconds: 5, highSeconds: 300 },
  why: 'Each answer halves the time in which the damage can have been done.',
  provedBy: 'The copy answered the check for the damage in a read-only transaction.',
  undoneBy: null,
  everyMs: 5_000,
  forMs: 900_000,
  optional: 'The interval stays as it is, and another time is checked.',
  shows: (ctx, environment) => [
    readOf(environment, 'DescribeDBClusters', { DBClusterIdentifier: probeName(ctx, environment, n) }),
  ],
  async verify(world, ctx): Promise<Verdict<PointFacts>> {
    const { environment } = world
    const probe = probeOf(ctx.facts, n)
    if (!probe) return { state: 'proved', says: notNeeded }
    const search = needed(ctx.facts.search, 'the search')
    const check = needed(checkOf(ctx.inputs, environment), 'the check')
    const seen = await ownCopy(world, { ...ctx, facts: { ...ctx.facts, copyId: probeName(ctx, environment, n) } })
    if ('says' in seen) return { state: 'failed', says: seen.says }
    const { copy } = seen
    if (!copy.endpoint) return { state: 'not-yet', says: `${copy.id} has no address yet.` }
    const answer = await askPosition(world, copy.endpoint)
    if (!answer.ok) return { state: 'not-yet', says: `${copy.id} does not respond yet: ${answer.why}` }
    if (answer.position.standby) return { state: 'not-yet', says: `${copy.id} is still recovering.` }
    const judged = judgeDamage(
      check,
      await world.survey(copy.endpoint, {
        tables: [],
        catalogueOnly: true,
        queries: questionsOf(check),
        eachMs: queryMs,
      }),
    )
    const now = world.now()
    const asked: Probe = { ...probe, ...judged, tookMs: now - (ctx.facts.probeSince ?? now) }
    const probes = [...(ctx.facts.probes ?? []).filter((one) => one.n < n), asked]
    const facts = await withNext(world, search, probes, ctx.inputs.restores)
    const says = `At ${utcWords(probe.at)}: ${judged.says}`
    return judged.verdict === 'unknown'
      ? { state: 'failed', says: `${says} Retry, or continue without this answer.`, facts }
      : { state: 'proved', says: `${says} ${nextWords(facts.probes ?? [], n)}`, facts }
  },
})

const nextWords = (probes: Probe[], n: number): string => {
  const next = probes.find((probe) => probe.n === n + 1)
  return next ? `The next copy is restored to ${utcWords(next.at)}.` : notNeeded
}

/** The answers so far, and the next moment to ask about where one is needed and left. */
export async function withNext(world: World, search: Search, probes: Probe[], most: number): Promise<PointFacts> {
  const { window } = await world.fleet.restorable(world.environment.aws.clusterId)
  const latestAt = window.latestAt ?? 0
  const at = probes.length < most ? pointToProbe(search, probes, latestAt) : null
  return {
    probes: at === null ? probes : [...probes, { n: probes.length + 1, at, verdict: null, says: '', tookMs: null }],
    probeSince: world.now(),
  }
}

const sourceKind = ({ facts }: Pick<StepContext<PointInputs, PointFacts>, 'facts'>) =>
  needed(facts.source, 'the source').kind

/** Restore, ask and delete the n-th temporary copy. `instances`: a restored cluster gets one; an instance restores itself. */
export function probeSteps(environment: Surroundings, n: number, instances: boolean): PointStep[] {
  const id = (what: string) => `probe-${n}-${what}`
  const ofProbe = {
    madeBy: ({ runId }: Ctx) => runId,
    optional: 'The copy stays and is listed for deletion.',
  }
  return [
    onProbe(restoreCopy(environment), n, id('restore'), `Restore temporary copy ${n}`),
    ...(instances
      ? [onProbe(createInstance(environment, 1, false), n, id('instance'), `Create the instance of copy ${n}`)]
      : []),
    askProbe(n),
    ...(instances
      ? [
          removal<PointInputs, PointFacts>({
            ...ofProbe,
            id: id('delete-instance'),
            title: `Delete the instance of copy ${n}`,
            kind: () => 'instance',
            nameOf: (ctx, env) => instanceName(probeName(ctx, env, n), 1),
            look: lookAtInstance,
          }),
        ]
      : []),
    removal<PointInputs, PointFacts>({
      ...ofProbe,
      id: id('delete'),
      title: `Delete temporary copy ${n}`,
      kind: sourceKind,
      nameOf: (ctx, env) => probeName(ctx, env, n),
      look: lookAtCopy,
      learns: (world, ctx) => ({
        obligations: deletionMet(ctx.facts.obligations, probeName(ctx, world.environment, n)) ?? ctx.facts.obligations,
        probeSince: world.now(),
      }),
    }),
  ]
}

/** The steps of the n-th copy that are covered by the yes to the search. */
export const removalsOf = (n: number): string[] => [`probe-${n}-delete-instance`, `probe-${n}-delete`]

/** How long each restore has taken so far; the usual time before the first answer. */
export function perProbeWords(probes: readonly Probe[]): string {
  const took = probes.flatMap(({ tookMs }) => (tookMs === null ? [] : [tookMs]))
  return took.length > 0
    ? `${durationWords(took.reduce((a, b) => a + b, 0) / took.length)} each so far`
    : `${perProbe.lowSeconds / 60} to ${perProbe.highSeconds / 60} min each`
}
