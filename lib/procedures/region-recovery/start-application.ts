import type { Stage } from '../../domain/procedure/types'
import { counted, listWords } from '../../domain/units'
import type { Observation, Step, StepContext, Surroundings, Undo, Verdict } from '../contract'
import { duty, needed, type Obligation, withObligation } from '../facts'
import { runAnnotation } from '../steps/switch-workloads'
import {
  applicationPlace,
  applied,
  applyCall,
  deploymentNames,
  type Look,
  lookAtApplication,
  notBegun,
  nothingRuns,
  type Place,
  podsLeft,
  readyWords,
  troublesOf,
  wantedPods,
} from './application'
import type { RegionFacts } from './facts'
import type { RegionInputs } from './inputs'

type RegionStep = Step<RegionInputs, RegionFacts>
type Ctx = StepContext<RegionInputs, RegionFacts>

/** Room and images may come by themselves, by an autoscaler or a next try; a person is asked after so long, ms. */
const graceMs = 2 * 60_000
/** A first pod is waited for so long once the database accepts writes, ms; people see it and may give it more. */
const firstPodMs = 10 * 60_000

const choices = 'Retry, roll it back, or continue without it and give a reason.'

const together: Stage = {
  id: 'promote-and-start',
  title: 'Promote the replica and start the application',
  atOnce: 2,
  // Whatever becomes of the application, the database is promoted.
  whenOneFails: 'others-finish',
}

/** The promotion, and at the same time the start of the application where one is configured. */
export function promoteAndStart(environment: Surroundings, promote: RegionStep): RegionStep[] {
  const place = applicationPlace(environment)
  return place
    ? [
        { ...promote, stage: together },
        { ...startApplication(place), stage: together },
      ]
    : [promote]
}

/** Neither needs the other one's end; what clients follow, the names, waits for both. */
const serving: Stage = {
  id: 'protect-and-scale',
  title: 'Protect the promoted database and start all pods',
  atOnce: 2,
  whenOneFails: 'others-finish',
}

/** The protection, and at the same time the application with all of its pods where one is configured. */
export function protectAndScale(environment: Surroundings, protect: RegionStep): RegionStep[] {
  const place = applicationPlace(environment)
  return place
    ? [
        { ...protect, stage: serving },
        { ...scaleApplication(place), stage: serving },
      ]
    : [protect]
}

const fixedReplicas = ({ facts }: Ctx, deployment: string): number =>
  needed(facts.applicationReplicas?.[deployment], `the number of pods of ${deployment}`)

const common = {
  everyMs: 2_000,
  forMs: 45 * 60_000,
  settleMs: 20_000,
  serves: ['connectivity', 'app-health'],
} satisfies Partial<RegionStep>

/** Nothing of it runs any more. */
const toNothing = (
  place: Place,
  effect: Undo<RegionInputs, RegionFacts>['effect'],
): Undo<RegionInputs, RegionFacts> => ({
  effect,
  call: (ctx) => applyCall(ctx, place, () => 0),
  async verify(world, ctx): Promise<Verdict<RegionFacts>> {
    const left = podsLeft(await lookAtApplication(world, ctx, place))
    return left
      ? { state: 'not-yet', says: left }
      : { state: 'proved', says: nothingRuns(place), facts: { application: 'stopped' } }
  },
})

/** A first pod of each deployment: its node and its image are there by the time the database accepts writes. */
const startApplication = (place: Place): RegionStep => ({
  ...common,
  id: 'start-application',
  title: `Start the application in ${place.region}`,
  effect: 'SAFE',
  estimate: { lowSeconds: 30, highSeconds: 15 * 60 },
  why: 'Nodes and images take minutes. One pod of each deployment starts while the replica is promoted.',
  provedBy:
    'The manifests are applied with the address of the promoted database, and one pod of each deployment runs. It may wait for the database.',
  undoneBy: 'Scale to 0',
  optional: 'The application is not started. People start it, and it stays an open item of the run.',
  call: (ctx) => applyCall(ctx, place, () => 1),
  async observe(world, ctx): Promise<Observation<RegionFacts>> {
    const looks = await lookAtApplication(world, ctx, place)
    const wanted = wantedPods(place, world.snapshot(), ctx.facts)
    const facts: RegionFacts = {
      applicationReplicas:
        ctx.facts.applicationReplicas ?? Object.fromEntries(wanted.map(({ deployment, count }) => [deployment, count])),
    }
    const theirs = looks.filter(
      ({ state }) => state && state.replicas > 0 && state.annotations[runAnnotation] !== ctx.runId,
    )
    if (theirs.length > 0)
      return {
        state: 'conflict',
        says: `This run did not start what runs in ${place.region}: ${readyWords(theirs)}. Scale it to 0, or continue without this step and give a reason.`,
        facts,
      }
    const missing = await missingOf(world, ctx, place)
    const stopped = looks.filter(({ state, astray }) => astray !== null || (state?.replicas ?? 0) === 0)
    return missing.length === 0 && stopped.length === 0
      ? { state: 'done', says: `Applied by this run: ${readyWords(looks)}.`, facts }
      : { state: 'not-started', says: `Nothing of this run runs in ${place.region} yet.`, facts }
  },
  async verify(world, ctx, elapsedMs): Promise<Verdict<RegionFacts>> {
    const looks = await lookAtApplication(world, ctx, place)
    const bad = unfit(looks, place, elapsedMs)
    if (bad) return bad
    const waiting = notBegun(looks)
    if (waiting.length > 0)
      return { state: 'not-yet', says: `No pod of ${listWords(waiting)} runs yet in ${place.region}.` }
    const ready = looks.every(({ state }) => (state?.ready ?? 0) > 0)
    return {
      state: 'proved',
      says: ready
        ? `${readyWords(looks)} in ${place.region}.`
        : `One pod of ${listWords(deploymentNames(place))} runs in ${place.region}. It is ready when the database accepts writes.`,
      facts: {
        application: 'started',
        // The run applies no infrastructure; that it is applied must not be forgotten.
        ...(place.terraform && { obligations: withObligation(ctx.facts, planOwed(place.region, place.terraform)) }),
      },
    }
  },
  undo: toNothing(place, 'SAFE'),
})

const planOwed = (region: string, { planFile, sha256 }: NonNullable<Place['terraform']>): Obligation =>
  duty('terraform', `Apply ${planFile} in ${region}`, `A person applies exactly the plan with SHA-256 ${sha256}.`)

/** Objects that are not there with the mark of this run. */
async function missingOf(world: Parameters<typeof lookAtApplication>[0], ctx: Ctx, place: Place): Promise<string[]> {
  const application = needed(world.application, 'the cluster in the other region')
  const found = await Promise.all(
    applied(ctx, place, () => 1).map(async (object) => ({
      name: `${object.kind} ${object.metadata.name}`,
      mark: (await application.annotations(place.namespace, object))?.[runAnnotation],
    })),
  )
  return found.filter(({ mark }) => mark !== ctx.runId).map(({ name }) => name)
}

/** What no waiting for the database mends: at once where it was reverted, after a while where room or an image is missing. */
function unfit(looks: readonly Look[], place: Place, elapsedMs: number): Verdict<RegionFacts> | null {
  const gone = looks.filter(({ state }) => state === null)
  if (gone.length > 0)
    return {
      state: 'failed',
      says: `${listWords(gone.map((l) => l.deployment))} is not in ${place.region}. ${choices}`,
    }
  const astray = looks.flatMap((look) => look.astray ?? [])
  if (astray.length > 0) return { state: 'failed', says: `${astray.join(' ')} ${choices}` }
  const troubles = troublesOf(looks)
  if (!troubles) return null
  const says = `${troubles} ${readyWords(looks)}.`
  return elapsedMs > graceMs ? { state: 'failed', says: `${says} ${choices}` } : { state: 'not-yet', says }
}

/** All pods, once a first one has shown that the application works on the promoted database. */
const scaleApplication = (place: Place): RegionStep => ({
  ...common,
  id: 'scale-application',
  title: `Start all pods in ${place.region}`,
  effect: 'SAFE',
  estimate: { lowSeconds: 30, highSeconds: 20 * 60 },
  why: 'The first pod is ready on the promoted database. All of them carry the load.',
  provedBy: 'As many pods as configured, or as many as at home, are ready on the promoted database.',
  undoneBy: 'Scale to 0 (two persons)',
  optional: 'One pod of each deployment serves. The rest stays an open item of the run.',
  call: (ctx) =>
    ctx.facts.application === undefined ? null : applyCall(ctx, place, (deployment) => fixedReplicas(ctx, deployment)),
  async observe(world, ctx): Promise<Observation<RegionFacts>> {
    if (ctx.facts.application === undefined || ctx.facts.application === 'stopped')
      return { state: 'done', says: nothingStarted(place) }
    const looks = await lookAtApplication(world, ctx, place)
    const fewer = looks.filter(
      ({ deployment, state, astray }) => astray !== null || (state?.replicas ?? 0) < fixedReplicas(ctx, deployment),
    )
    return { state: fewer.length === 0 ? 'done' : 'not-started', says: `${readyWords(looks)}.` }
  },
  /** One pod of each proves the way to the database before all of them meet it. */
  async guard(world, ctx) {
    if (ctx.facts.promotedAt === undefined) return 'The replica is not promoted, so no pod can write.'
    const looks = await lookAtApplication(world, ctx, place)
    const astray = looks.flatMap((look) => look.astray ?? [])
    if (astray.length > 0) return astray.join(' ')
    const unready = looks.filter(({ state }) => (state?.ready ?? 0) === 0)
    if (unready.length === 0) return null
    const troubles = troublesOf(unready)
    return {
      waitsFor: `${troubles ? `${troubles} ` : ''}No pod of ${listWords(unready.map((l) => l.deployment))} is ready on the promoted database. Waits for one.`,
      waitsMs: firstPodMs,
    }
  },
  async verify(world, ctx, elapsedMs): Promise<Verdict<RegionFacts>> {
    if (ctx.facts.application === undefined || ctx.facts.application === 'stopped')
      return { state: 'proved', says: nothingStarted(place) }
    const looks = await lookAtApplication(world, ctx, place)
    const bad = unfit(looks, place, elapsedMs)
    if (bad) return bad
    const fewer = looks.filter(({ deployment, state }) => (state?.ready ?? 0) < fixedReplicas(ctx, deployment))
    if (fewer.length > 0 || looks.some(({ state }) => state?.rollout === 'progressing'))
      return { state: 'not-yet', says: `${readyWords(looks)} in ${place.region}.` }
    const pods = looks.reduce((sum, { state }) => sum + (state?.ready ?? 0), 0)
    return {
      state: 'proved',
      says: `${counted(pods, 'pod')} in ${place.region} ${pods === 1 ? 'is' : 'are'} ready on the promoted database: ${readyWords(looks)}.`,
      // The application is back no earlier than its pods.
      facts: { application: 'full', podsMissed: true, podsSince: world.now() },
    }
  },
  undo: toNothing(place, 'DANGEROUS'),
})

const nothingStarted = ({ region }: Place) => `This run has not started the application in ${region}.`
