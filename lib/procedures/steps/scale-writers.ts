import type { ScaleCall } from '../../domain/procedure/call'
import { counted, listWords } from '../../domain/units'
import type { Observation, Step, Surroundings, Verdict, World } from '../contract'
import { needed, type Obligation, withObligation } from '../facts'
import { acknowledgedSoFar } from '../numbered-commits'
import type { Connect, ConnectInputs } from './connect'
import type { CopyFacts } from './copy-facts'
import { awaitsPooler, ledAstray, podsBehind } from './switch-workloads'

/*
 * Writers are scaled to 0 while their source is frozen, and back to their own number of pods at the cutover (procedures, C2).
 * How many each had is stored with the run before anything is sent; nothing else tells how many it gets back.
 */

type OfFacts = { facts: CopyFacts }

const kubernetesOf = (environment: Surroundings) => needed(environment.kubernetes, 'Kubernetes')
const read = (world: World, deployment: string) =>
  needed(world.workloads, 'Kubernetes').read(kubernetesOf(world.environment).namespace, deployment)
const owners = (world: World, deployment: string) =>
  needed(world.workloads, 'Kubernetes').owners(kubernetesOf(world.environment).namespace, deployment)

/** How many pods the deployment had before this run scaled it; null when the run has not. */
const storedOf = ({ facts }: OfFacts, deployment: string): number | null => facts.replicasBefore?.[deployment] ?? null

function scaleTo(environment: Surroundings, deployment: string, replicas: number | null): ScaleCall {
  const { context, namespace } = kubernetesOf(environment)
  return { kind: 'scale', context, namespace, deployment, replicas }
}

const podsWords = (count: number) => counted(count, 'pod')
/** An evicted pod stays in the list, and runs nothing; one that is ending may still write. */
const podsLeft = ({ pods }: { pods: { name: string; phase: string }[] }) =>
  pods.filter(({ phase }) => !/^(Failed|Succeeded)$/.test(phase)).map(({ name }) => name)

/** Who else sets the number of pods, in sentences; empty when nobody is known to. */
async function ownersWords(world: World, deployment: string): Promise<string> {
  const { keeper, autoscaler } = await owners(world, deployment)
  return [
    ...(keeper ? [`${keeper} keeps ${deployment}, and may scale it back.`] : []),
    ...(autoscaler.known
      ? autoscaler.is
        ? [
            `HPA ${autoscaler.is.name} (${autoscaler.is.least} to ${autoscaler.is.most}) stops while there are 0 replicas.`,
          ]
        : []
      : [`Whether something scales ${deployment} is unknown: ${autoscaler.why}`]),
  ]
    .map((sentence) => ` ${sentence}`)
    .join('')
}

/** Somebody undid what this run had set, by name where one has left a mark. */
async function scaledByOthers(world: World, deployment: string, replicas: number): Promise<string> {
  const { keeper } = await owners(world, deployment)
  return `${deployment} is at ${counted(replicas, 'replica')} again: ${keeper ?? 'somebody'} scaled it after this run did. Stop that, then retry.`
}

const dutyOf = (deployment: string) => `scaled-down-${deployment}`
const duty = (deployment: string, replicas: number): Obligation => ({
  id: dutyOf(deployment),
  title: `Scale ${deployment} back to ${podsWords(replicas)}`,
  why: 'This run scaled it to 0 to freeze writes. Roll that step back, or finish the cutover.',
  state: 'open',
})
const withoutDuty = ({ facts }: OfFacts, deployment: string): Obligation[] =>
  (facts.obligations ?? []).filter(({ id }) => id !== dutyOf(deployment))

function scaleDown(environment: Surroundings, deployment: string): Step<unknown, CopyFacts> {
  return {
    id: `scale-down-${deployment}`,
    title: `Scale ${deployment} to 0`,
    effect: 'SAFE',
    estimate: { lowSeconds: 2, highSeconds: 60 },
    why: 'A running pod writes to the source, and what it writes is lost at the cutover.',
    provedBy: 'No pod of it is left, not even one that is ending. How many it had is stored with the run.',
    undoneBy: 'The stored number of pods',
    everyMs: 2_000,
    forMs: 120_000,
    settleMs: 20_000,
    optional: 'Its pods run on and get errors, because the database refuses their writes.',
    call: () => scaleTo(environment, deployment, 0),
    async observe(world, ctx): Promise<Observation<CopyFacts>> {
      const d = await read(world, deployment)
      const left = podsLeft(d)
      const stored = storedOf(ctx, deployment) ?? d.replicas
      const state = d.replicas > 0 ? 'not-started' : left.length > 0 ? 'in-flight' : 'done'
      return {
        state,
        says: `${deployment} has ${podsWords(left.length)}; ${counted(stored, 'replica')} before this run.${await ownersWords(world, deployment)}`,
        facts: { replicasBefore: { ...ctx.facts.replicasBefore, [deployment]: stored } },
      }
    },
    async verify(world, ctx): Promise<Verdict<CopyFacts>> {
      // The last word of a pod is heard while it ends: nobody can ask it afterwards.
      const facts = await acknowledgedSoFar(world, ctx.facts)
      const d = await read(world, deployment)
      if (d.replicas > 0) return { state: 'failed', says: await scaledByOthers(world, deployment, d.replicas), facts }
      const left = podsLeft(d)
      if (left.length > 0)
        return { state: 'not-yet', says: `${podsWords(left.length)} left: ${listWords(left)}.`, facts }
      if (d.observedGeneration < d.generation)
        return { state: 'not-yet', says: 'Kubernetes has not picked the change up yet.', facts }
      const stored = needed(storedOf(ctx, deployment), `the number of pods of ${deployment}`)
      return {
        state: 'proved',
        says: `No pod of ${deployment} is left; ${stored} before this run.`,
        facts: {
          ...facts,
          obligations: stored > 0 ? withObligation(ctx.facts, duty(deployment, stored)) : ctx.facts.obligations,
        },
      }
    },
    undo: {
      effect: 'SAFE',
      call: (ctx) => scaleTo(environment, deployment, storedOf(ctx, deployment)),
      async guard(_world, ctx) {
        if (storedOf(ctx, deployment) === null) return `The run has stored no number of pods of ${deployment}.`
        return ctx.facts.openedAt === undefined
          ? null
          : 'The application writes to the copy. The steps after the cutover scale it back.'
      },
      async verify(world, ctx): Promise<Verdict<CopyFacts>> {
        const stored = needed(storedOf(ctx, deployment), `the number of pods of ${deployment}`)
        const d = await read(world, deployment)
        // That they are ready is not asked: their database may be frozen still.
        if (d.replicas < stored || d.running.length < stored)
          return { state: 'not-yet', says: `${d.running.length} of ${podsWords(stored)} of ${deployment} run.` }
        const { [deployment]: _restored, ...replicasBefore } = ctx.facts.replicasBefore ?? {}
        return {
          state: 'proved',
          says: `${deployment} has ${podsWords(d.running.length)} again, ${d.ready} ready.`,
          facts: { replicasBefore, obligations: withoutDuty(ctx, deployment) },
        }
      },
    },
  }
}

/** One pod proves the way to the copy before the rest follow, or all of them. */
type Stage = 'first' | 'all'

function scaleUp(
  environment: Surroundings,
  deployment: string,
  connect: Connect,
  stage: Stage,
): Step<ConnectInputs, CopyFacts> {
  const first = stage === 'first'
  /** How many pods this stage wants; null where the run has nothing to give back. */
  const wantedOf = (ctx: OfFacts): number | null => {
    const stored = storedOf(ctx, deployment)
    return stored === null || stored === 0 ? null : first ? 1 : stored
  }
  const nothing = (ctx: OfFacts) =>
    storedOf(ctx, deployment) === null
      ? `This run has not scaled ${deployment} down.`
      : `${deployment} had no pods before this run.`
  return {
    id: `${first ? 'first-pod' : 'all-pods'}-${deployment}`,
    title: first ? `Start one pod of ${deployment} on the new writer` : `Scale ${deployment} back to its stored size`,
    effect: 'SAFE',
    estimate: { lowSeconds: 2, highSeconds: 120 },
    why: first
      ? 'One pod shows whether the application works on the copy, before all of them meet it.'
      : 'The number of pods from before the freeze carries the load again.',
    provedBy: first
      ? 'Its host resolves to the new writer, and its own readiness includes a test write.'
      : 'As many pods as before the freeze are ready on the new writer, or as many as its HPA wants.',
    undoneBy: null,
    everyMs: 2_000,
    // Kubernetes' own deadline for progress, and a minute.
    forMs: 660_000,
    settleMs: 20_000,
    serves: ['connectivity', 'app-health'],
    call(ctx) {
      const wanted = wantedOf(ctx)
      return wanted === null ? null : scaleTo(environment, deployment, wanted)
    },
    async observe(world, ctx): Promise<Observation<CopyFacts>> {
      const wanted = wantedOf(ctx)
      if (wanted === null) return { state: 'done', says: nothing(ctx) }
      const { replicas } = await read(world, deployment)
      // More than wanted are somebody's own decision, and are never taken away.
      return {
        state: replicas >= wanted ? 'done' : 'not-started',
        says: `${deployment} is at ${replicas} of ${counted(wanted, 'replica')}.`,
      }
    },
    async verify(world, ctx): Promise<Verdict<CopyFacts>> {
      const wanted = wantedOf(ctx)
      if (wanted === null) return { state: 'proved', says: nothing(ctx) }
      const d = await read(world, deployment)
      const { autoscaler } = await owners(world, deployment)
      const hpa = autoscaler.known ? autoscaler.is : null
      if (d.replicas < wanted && (d.replicas === 0 || hpa === null))
        return { state: 'failed', says: await scaledByOthers(world, deployment, d.replicas) }
      const astray = await ledAstray(world, d, ctx, deployment, connect)
      if (astray) return { state: 'failed', says: astray }
      const least = first ? 1 : d.replicas
      const ready = `${d.ready} of ${podsWords(d.replicas)} of ${deployment} ready`
      const byHpa = hpa && d.replicas !== wanted ? ` HPA ${hpa.name} sets their number now.` : ''
      const awaited = await awaitsPooler(world, d, ctx)
      const behind = podsBehind(d.running, ctx, world.environment, connect)
      if (awaited === null && (d.ready < least || behind.length > 0))
        return d.rollout === 'failed'
          ? { state: 'failed', says: `${ready}: ${d.rolloutDetail}.` }
          : { state: 'not-yet', says: `${[ready, ...behind.slice(0, 2)].join('; ')}.` }
      const says = `${ready} on the new writer.${byHpa}${awaited ? ` They connect through the pooler. ${awaited}` : ''}`
      if (first) return { state: 'proved', says }
      return {
        state: 'proved',
        says,
        // The application is back no earlier than its pods.
        facts: { podsMissed: true, podsSince: world.now(), obligations: withoutDuty(ctx, deployment) },
      }
    },
  }
}

const deploymentsOf = ({ kubernetes }: Surroundings): string[] => kubernetes?.deployments ?? []

/** Every configured deployment writes to the guarded database: that is what they are configured for. */
export const scaleDownWriters = (environment: Surroundings): Step<unknown, CopyFacts>[] =>
  deploymentsOf(environment).map((deployment) => scaleDown(environment, deployment))

/** One pod of each, and then the rest: a copy that does not work for the first is not met by all. */
export const scaleUpWriters = (environment: Surroundings, connect: Connect): Step<ConnectInputs, CopyFacts>[] =>
  (['first', 'all'] as const).flatMap((stage) =>
    deploymentsOf(environment).map((deployment) => scaleUp(environment, deployment, connect, stage)),
  )
