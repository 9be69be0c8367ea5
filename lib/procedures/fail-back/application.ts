import { hostSettings } from '../../domain/cluster/containers'
import { listWords } from '../../domain/units'
import { PortError } from '../../ports/port-error'
import type { Observation, Step, Surroundings, Verdict, World } from '../contract'
import { type FixedWorkload, needed } from '../facts'
import { addressOf } from '../looking'
import {
  applicationPlace,
  applyCall,
  lookAtApplication,
  nothingRuns,
  type Place,
  podsLeft,
  readyWords,
} from '../region-recovery/application'
import { newAddress } from '../steps/copy-cutover'
import { portOf } from '../steps/pooler'
import { scaleUpWriters } from '../steps/scale-writers'
import { switchWorkload } from '../steps/switch-workloads'
import type { FailBackFacts } from './facts'
import type { FailBackInputs } from './inputs'
import type { Ctx, FailBackStep } from './step'

/*
 * The application comes home to deployments that are still there: they are pointed to the database at home, and keep the number of pods
 * that they have. What runs in the other region is put to rest once nothing leads there any more.
 */

/** The deployments at home as they stand. Of one that was scaled to 0 meanwhile, as many pods are wanted as run in the other region. */
export async function lookAtHomeApplication(
  world: World,
): Promise<Pick<FailBackFacts, 'workloads' | 'replicasBefore' | 'poolerTargets'>> {
  const { kubernetes } = world.environment
  if (!kubernetes || !world.workloads) return {}
  const place = applicationPlace(world.environment)
  const workloads: FixedWorkload[] = []
  const replicasBefore: Record<string, number> = {}
  for (const deployment of kubernetes.deployments) {
    const { containers, replicas } = await world.workloads.read(kubernetes.namespace, deployment)
    workloads.push({ deployment, containers: hostSettings(containers, kubernetes.hostVariable), replicas })
    if (replicas > 0 || !place || !world.application) continue
    const there = await world.application.deployment(place.namespace, deployment)
    if (there && there.replicas > 0) replicasBefore[deployment] = there.replicas
  }
  return { workloads, replicasBefore, poolerTargets: await routesOf(world) }
}

/** Where each pooler's own configuration leads; null while it does not say. */
async function routesOf(world: World): Promise<NonNullable<FailBackFacts['poolerTargets']>> {
  const routes = world.environment.poolers.map(async (pooler) => {
    try {
      return [pooler.name, await portOf(world, pooler).target(pooler.database)] as const
    } catch (error) {
      if (!(error instanceof PortError)) throw error
      return [pooler.name, null] as const
    }
  })
  return Object.fromEntries(await Promise.all(routes))
}

/** Pods at home on the database at home; nothing where no deployment is configured. */
export const applicationHome = (environment: Surroundings): Step<FailBackInputs, FailBackFacts>[] => [
  ...(environment.kubernetes?.deployments ?? []).map((deployment) => ({
    ...switchWorkload(environment, deployment, { newAddress }),
    title: `Point ${deployment} to the database at home`,
  })),
  ...scaleUpWriters(environment, { newAddress }),
]

/** Are all pods at home ready, which a test write of their own shows? */
export async function servesAtHome(world: World): Promise<boolean> {
  const { kubernetes } = world.environment
  if (!kubernetes || !world.workloads) return false
  const { workloads } = world
  const found = await Promise.all(kubernetes.deployments.map((name) => workloads.read(kubernetes.namespace, name)))
  return found.length > 0 && found.every(({ replicas, ready }) => replicas > 0 && ready >= replicas)
}

/** As the manifests are applied there, which dial the database that was left. */
const there = (ctx: Ctx) => ({
  runId: ctx.runId,
  facts: { endpoint: needed(addressOf(needed(ctx.facts.writerBefore, 'the database that was left')), 'its address') },
})

const restApplication = (place: Place): FailBackStep => ({
  id: 'rest-application',
  title: `Scale the application in ${place.region} to 0`,
  effect: 'SAFE',
  estimate: { lowSeconds: 2, highSeconds: 300 },
  why: `Its database accepts no writes any more. A later recovery starts it again.`,
  provedBy: 'No pod of it is left there.',
  undoneBy: null,
  everyMs: 2_000,
  forMs: 10 * 60_000,
  settleMs: 20_000,
  optional: `Its pods stay in ${place.region} without a database, and cost money.`,
  call: (ctx) => applyCall(there(ctx), place, () => 0),
  async observe(world, ctx): Promise<Observation<FailBackFacts>> {
    const looks = await lookAtApplication(world, there(ctx), place)
    return podsLeft(looks)
      ? { state: 'not-started', says: `${readyWords(looks)} in ${place.region}.` }
      : { state: 'done', says: nothingRuns(place) }
  },
  /** Whoever still follows a name to the other region gets an answer from there, until the name is home. */
  async guard(_world, ctx) {
    const away = Object.entries(ctx.facts.moves ?? {}).flatMap(([name, { movedAt }]) =>
      movedAt === null ? [name] : [],
    )
    return away.length > 0
      ? `${listWords(away)} may still point to ${place.region}. Move it home first, or continue without this step.`
      : null
  },
  async verify(world, ctx): Promise<Verdict<FailBackFacts>> {
    const left = podsLeft(await lookAtApplication(world, there(ctx), place))
    return left
      ? { state: 'not-yet', says: left }
      : { state: 'proved', says: nothingRuns(place), facts: { atRest: true } }
  },
})

/** Nothing where no application is configured in the other region: people started it, and stop it. */
export function applicationAtRest(environment: Surroundings): FailBackStep[] {
  const place = applicationPlace(environment)
  return place ? [restApplication(place)] : []
}
