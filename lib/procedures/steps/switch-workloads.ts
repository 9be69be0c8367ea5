import {
  containersWords,
  containerWords,
  type HostSetting,
  hostSettings,
  hostWords,
  isPlain,
} from '../../domain/cluster/containers'
import type { KubernetesCall, PoolerAddress } from '../../domain/procedure/call'
import type { DeploymentState, RunningPod } from '../../ports/workloads'
import {
  type Observation,
  pacedLimit,
  type Step,
  type StepContext,
  type Surroundings,
  type Verdict,
  type World,
} from '../contract'
import { type BaselineFacts, type FixedWorkload, needed, type PoolerFacts, type WriterFacts } from '../facts'
import type { Connect, ConnectInputs } from './connect'
import { certain, handlingOf, lookAtPooler, said } from './pooler'

/** Which run last set the variable; without it the value may be anybody's. */
export const runAnnotation = 'dr.castmatch/run'

type Led = WriterFacts & BaselineFacts & PoolerFacts
type Ctx = StepContext<ConnectInputs, Led>

const kubernetesOf = (environment: Surroundings) => needed(environment.kubernetes, 'Kubernetes')
/** What the baseline kept of a deployment. */
const formerOf = (ctx: Ctx, deployment: string): FixedWorkload | null =>
  ctx.facts.workloads?.find((w) => w.deployment === deployment) ?? null

/** A host variable may carry a port; the name before it says where it leads. */
const nameOf = (host: string) => host.replace(/:\d+$/, '')

/** Poolers that a host leads to: the one whose address it is, or all of them, where it is what stands in front of them. */
function poolersAt(host: string, { poolers, kubernetes }: Surroundings): PoolerAddress[] {
  if (kubernetes?.poolerHosts?.includes(host)) return poolers
  return poolers.filter((pooler) => host === `${pooler.host}:${pooler.port}` || host === pooler.host)
}
/** Does this host lead through a pooler? */
export const byPooler = (host: string, environment: Surroundings): boolean => poolersAt(host, environment).length > 0

const isDown = (ctx: Ctx, pooler: PoolerAddress) => handlingOf(ctx.facts, pooler) === 'down'

/** Where pods are led that shall go through a pooler: what stands in front of them, else the first that is not down. */
function poolerHost(ctx: Ctx, { poolers, kubernetes }: Surroundings): string | null {
  const up = poolers.find((pooler) => !isDown(ctx, pooler))
  return up ? (kubernetes?.poolerHosts?.[0] ?? `${up.host}:${up.port}`) : null
}

/** Pods are led to a pooler only while one is there; those behind a pooler that is down wait for it. */
const toPooler = (ctx: Ctx, environment: Surroundings): boolean =>
  ctx.inputs.connectionMode === 'pgbouncer' && poolerHost(ctx, environment) !== null

/**
 * Says so when these pods connect through a pooler that is down: they cannot become ready before it returns, which is
 * an obligation of the run. Null otherwise. Throws PortError.
 */
export async function awaitsPooler(world: World, state: Found, ctx: Ctx): Promise<string | null> {
  const plain = settingsOf(state, world.environment).filter(isPlain)
  const behind = plain.map(({ host }) => poolersAt(host, world.environment))
  // A pod waits when one of its hosts leads to nothing but poolers that are down.
  const shut = behind.find((poolers) => poolers.length > 0 && poolers.every((pooler) => isDown(ctx, pooler)))
  if (!shut) return null
  const looks = certain(await Promise.all(shut.map((pooler) => lookAtPooler(world, pooler))))
  return looks.every(({ kind }) => kind === 'down') ? said(looks) : null
}

/** Containers whose host is a plain value, as they were before the run: what the patch changes and rolling back restores. */
const plainBefore = (ctx: Ctx, deployment: string) => formerOf(ctx, deployment)?.containers.filter(isPlain) ?? []

/** The value that a container should have: one that follows the writer, or the new writer's own address where nothing does. */
function wanted(ctx: Ctx, environment: Surroundings, former: string): string {
  // A pooler listens on a port of its own, which the pods' other variables do not know.
  const through = toPooler(ctx, environment) ? poolerHost(ctx, environment) : null
  if (through !== null) return byPooler(former, environment) && !allDown(former, ctx, environment) ? former : through
  const { host, port } = needed(ctx.facts.endpoint, 'the endpoint')
  return /:\d+$/.test(former) ? `${host}:${port}` : host
}

/** Do all poolers behind this host lead to the new writer? A cluster's endpoint does; else their hosts must have been changed. */
function poolerFollows(host: string, { facts }: Ctx, environment: Surroundings, { newAddress }: Connect): boolean {
  if (!newAddress(facts)) return true
  return poolersAt(host, environment).every(({ name }) => facts.poolerTargets?.[name]?.host === facts.target?.host)
}

const allDown = (host: string, ctx: Ctx, environment: Surroundings) =>
  poolersAt(host, environment).every((pooler) => isDown(ctx, pooler))

/** Is this host right already? `auto` leaves every name that follows the writer as it is. */
function isRight(host: string, ctx: Ctx, environment: Surroundings, connect: Connect): boolean {
  const { connectionMode } = ctx.inputs
  const through = byPooler(host, environment)
  if (toPooler(ctx, environment))
    return (through && !allDown(host, ctx, environment)) || host === wanted(ctx, environment, host)
  const name = nameOf(host)
  const byName = name === needed(ctx.facts.endpoint, 'the endpoint').host
  return byName || (connectionMode !== 'env' && through && poolerFollows(host, ctx, environment, connect))
}

type Found = Pick<DeploymentState, 'containers'>

export const settingsOf = (found: Found, environment: Surroundings) =>
  hostSettings(found.containers, kubernetesOf(environment).hostVariable)
const wrongIn = (settings: HostSetting[], ctx: Ctx, environment: Surroundings, connect: Connect) =>
  settings.filter(isPlain).filter(({ host }) => !isRight(host, ctx, environment, connect))

/**
 * Says so when a container does not lead to the new writer after this run changed the deployment: a tool that restores what
 * its repository says does that within minutes, and the pods then dial the old writer again. Null while all lead where they
 * should.
 */
export async function ledAstray(world: World, state: DeploymentState, ctx: Ctx, deployment: string, connect: Connect) {
  const { hostVariable, namespace } = kubernetesOf(world.environment)
  const wrong = wrongIn(settingsOf(state, world.environment), ctx, world.environment, connect)
  if (wrong.length === 0) return null
  const what = `${hostVariable} of ${deployment} is ${hostWords(wrong)}`
  const before = plainBefore(ctx, deployment)
  const added = wrong.filter((w) => !before.some((b) => b.container === w.container && b.init === w.init))
  if (state.annotations[runAnnotation] === ctx.runId)
    return added.length > 0
      ? `${what}. This run did not change ${containersWords(added)}, which had no such value at the baseline. Change it manually.`
      : `${what}, as this run put it back: its pods do not go to the new writer.`
  const keeper = (await world.workloads?.owners(namespace, deployment))?.keeper ?? 'Whoever keeps this deployment'
  return `${what}, and the mark of this run is gone: the change was reverted. ${keeper} must be told of it, or the pods go to the old writer.`
}

/** One patch for all containers that carry the variable, each with the host that `hostOf` names for its former one. */
function patch(
  ctx: Ctx,
  environment: Surroundings,
  deployment: string,
  hostOf: (former: string) => string,
): KubernetesCall {
  const { context, namespace, hostVariable } = kubernetesOf(environment)
  const containers = plainBefore(ctx, deployment).map(({ container, init, host }) => ({
    name: container,
    init,
    env: { [hostVariable]: hostOf(host) },
  }))
  const annotations = { [runAnnotation]: ctx.runId }
  return { kind: 'kubernetes', context, namespace, deployment, patch: { containers, annotations } }
}

const pausedWords = (deployment: string, namespace: string) =>
  `The rollout of ${deployment} is paused, so its pods keep what they have. Run kubectl rollout resume deployment/${deployment} -n ${namespace}, then retry.`

/** Containers whose host comes from elsewhere, each with its source; empty when there is none. */
const takenFrom = (settings: HostSetting[]): string =>
  settings
    .flatMap((setting) =>
      setting.by === 'reference' ? [`${containerWords(setting)} takes it from ${setting.from}`] : [],
    )
    .join('; ')

/** Why the patch must not be sent as things are: it would be refused, reach no pod, or leave a container behind. */
function refusal(found: DeploymentState, ctx: Ctx, environment: Surroundings, deployment: string): string | null {
  const { hostVariable, namespace } = kubernetesOf(environment)
  if (found.paused) return pausedWords(deployment, namespace)
  const settings = settingsOf(found, environment)
  if (settings.length === 0)
    return `No container of ${deployment} sets ${hostVariable} in its template. Change it at its source, then continue.`
  const plain = settings.filter(isPlain)
  // Set beside a reference a value would be refused, and nothing could be put back.
  if (plain.length === 0)
    return `${hostVariable} of ${deployment} is no plain value: ${takenFrom(settings)}. Change it there, then continue.`
  if (!formerOf(ctx, deployment))
    return `The baseline has no values of ${deployment}, so none can be restored. Change ${hostVariable} manually, then retry.`
  const names = (all: HostSetting[]) => all.map(({ container, init }) => `${init} ${container}`).sort()
  const before = plainBefore(ctx, deployment)
  return names(plain).join() === names(before).join()
    ? null
    : `The containers of ${deployment} that set ${hostVariable} are now ${containersWords(plain)}; at the baseline they were ${containersWords(before) || 'none'}. Change it manually, then retry.`
}

const podsWords = (count: number): string =>
  count === 0 ? 'no pod runs yet, and new ones start' : count === 1 ? 'its pod is ready' : `all ${count} pods are ready`

const choices = 'Retry, restore the former value, or continue with those that are ready and give a reason.'

/** Pods that run with another host than the new writer's, each with the containers that have it. */
export function podsBehind(running: RunningPod[], ctx: Ctx, environment: Surroundings, connect: Connect): string[] {
  return running.flatMap((pod) => {
    const wrong = wrongIn(settingsOf(pod, environment), ctx, environment, connect)
    return wrong.length > 0 ? [`${pod.name} still has ${hostWords(wrong)}`] : []
  })
}

/**
 * kubectl's own rule for a rollout that has ended, the hosts that the running pods have, and their own readiness, which
 * needs a database that takes writes.
 * Bounded by the deployment's own deadline and a minute (procedures, C4): a rollout without news never ends by itself.
 */
async function rolledOut(
  world: World,
  ctx: Ctx,
  deployment: string,
  connect: Connect,
  elapsedMs: number,
): Promise<Verdict<Led>> {
  const { namespace, hostVariable } = kubernetesOf(world.environment)
  const d = await needed(world.workloads, 'Kubernetes').read(namespace, deployment)
  const astray = await ledAstray(world, d, ctx, deployment, connect)
  if (astray) return { state: 'failed', says: astray }
  // While the rollout goes on, old pods are no news.
  const behind = d.rollout === 'complete' ? podsBehind(d.running, ctx, world.environment, connect) : []
  const more = behind.length > 2 ? ` and ${behind.length - 2} more pods` : ''
  const ready = `${d.ready} of ${d.replicas} pods are ready${behind.length > 0 ? `; ${behind.slice(0, 2).join(', ')}${more}` : ''}`
  const awaited = await awaitsPooler(world, d, ctx)
  if (awaited)
    return { state: 'proved', says: `${deployment}: ${ready}. Its pods connect through the pooler. ${awaited}` }
  if (d.rollout === 'failed')
    return { state: 'failed', says: `The rollout of ${deployment} failed: ${d.rolloutDetail}; ${ready}. ${choices}` }
  if (d.rollout === 'complete' && d.ready >= d.replicas && behind.length === 0) {
    const settings = settingsOf(d, world.environment)
    const elsewhere = takenFrom(settings)
    if (elsewhere)
      return {
        state: 'failed',
        says: `${deployment}: ${ready}, but ${hostVariable} is not verified everywhere: ${elsewhere}. Change it there if it names the old writer, then continue and give a reason.`,
      }
    const where = containersWords(settings)
    return {
      state: 'proved',
      says: `${deployment}: ${podsWords(d.replicas)} on the new writer (${hostVariable} in ${where}).`,
    }
  }
  if (d.paused) return { state: 'failed', says: `${pausedWords(deployment, namespace)} ${ready}.` }
  const limit = pacedLimit(world, (d.progressDeadlineSeconds + 60) * 1000)
  if (elapsedMs * world.pace > limit)
    return {
      state: 'failed',
      says: `${deployment} has not ended its rollout in time: ${d.rolloutDetail}; ${ready}. ${choices}`,
    }
  return { state: 'not-yet', says: `${deployment}: ${d.rolloutDetail}; ${ready}.` }
}

/** One patch, and the rollout watched for a bounded time. One step for each deployment. */
export const switchWorkload = (
  environment: Surroundings,
  deployment: string,
  connect: Connect,
): Step<ConnectInputs, Led> => ({
  id: `switch-${deployment}`,
  title: `Point ${deployment} at the new writer`,
  effect: 'SAFE',
  estimate: { lowSeconds: 5, highSeconds: 300 },
  why: 'Pods that dial a node by its own name stay with the old writer. Pods that dial a name that follows the writer only reconnect.',
  provedBy:
    'The variable is correct in every container, in the template and in running pods. The rollout is complete, and every pod is ready, which includes a test write.',
  undoneBy: 'The former value of each container',
  everyMs: 2_000,
  // The rollout's own bound is asked of the deployment; Kubernetes' default is 660 s in all.
  forMs: 3_600_000,
  settleMs: 20_000,
  serves: ['connectivity', 'app-health'],
  call: (ctx) => patch(ctx, environment, deployment, (former) => wanted(ctx, environment, former)),
  async observe(world, ctx): Promise<Observation<Led>> {
    const { namespace, hostVariable } = kubernetesOf(world.environment)
    const d = await needed(world.workloads, 'Kubernetes').read(namespace, deployment)
    const settings = settingsOf(d, world.environment)
    const plain = settings.filter(isPlain)
    const what = `${hostVariable} of ${deployment} is ${plain.length > 0 ? hostWords(plain) : 'not a plain value'}`
    // What a container takes from elsewhere no patch can change; the proof asks for it.
    return plain.length > 0 && wrongIn(plain, ctx, world.environment, connect).length === 0
      ? { state: 'done', says: `${what}, which resolves to the new writer.` }
      : { state: 'not-started', says: `${what}.` }
  },
  async guard(world, ctx) {
    const d = await needed(world.workloads, 'Kubernetes').read(kubernetesOf(environment).namespace, deployment)
    return refusal(d, ctx, environment, deployment)
  },
  verify: (world, ctx, elapsedMs) => rolledOut(world, ctx, deployment, connect, elapsedMs),
  undo: {
    effect: 'SAFE',
    call: (ctx) => {
      needed(plainBefore(ctx, deployment)[0], `the former host of ${deployment}`)
      return patch(ctx, environment, deployment, (former) => former)
    },
    async guard(world, ctx) {
      const { namespace } = kubernetesOf(environment)
      if (plainBefore(ctx, deployment).length === 0) return `The run has no former host of ${deployment} to restore.`
      const d = await needed(world.workloads, 'Kubernetes').read(namespace, deployment)
      return d.paused ? pausedWords(deployment, namespace) : null
    },
    async verify(world, ctx): Promise<Verdict<Led>> {
      const { namespace, hostVariable } = kubernetesOf(world.environment)
      const d = await needed(world.workloads, 'Kubernetes').read(namespace, deployment)
      const before = plainBefore(ctx, deployment)
      const plain = settingsOf(d, world.environment).filter(isPlain)
      const left = before.filter(
        (b) => !plain.some((p) => p.container === b.container && p.init === b.init && p.host === b.host),
      )
      if (left.length > 0)
        return {
          state: 'not-yet',
          says: `${hostVariable} of ${deployment} is ${plain.length > 0 ? hostWords(plain) : 'not a plain value'}, not yet ${hostWords(left)}.`,
        }
      // That the pods become ready again is not asked: the former value may lead to a writer that is gone.
      const ended = d.observedGeneration >= d.generation && d.updated >= d.replicas
      return {
        state: ended ? 'proved' : 'not-yet',
        says: `${hostVariable} is ${hostWords(before)} again; ${d.updated} of ${d.replicas} pods follow.`,
      }
    },
  },
})
