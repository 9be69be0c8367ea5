import type { KubernetesCall } from '../../domain/procedure/call'
import type { DeploymentState } from '../../ports/workloads'
import { pacedLimit, type Step, type StepContext, type Surroundings, type Verdict, type World } from '../contract'
import { type FixedWorkload, factsOf, needed } from '../facts'
import type { FailoverInputs } from '../failover-inputs'
import { wayOf } from '../way'
import { lookAtPooler } from './pooler'

/** Which run last set the variable; without it the value may be anybody's. */
export const runAnnotation = 'dr.castmatch/run'

type Ctx = StepContext<FailoverInputs>

const kubernetesOf = (environment: Surroundings) => needed(environment.kubernetes, 'Kubernetes')
const formerOf = (ctx: Ctx, deployment: string): FixedWorkload | null =>
  factsOf(ctx.facts).workloads?.find((w) => w.deployment === deployment) ?? null

/** A host variable may carry a port; the name before it says where it leads. */
const nameOf = (host: string) => host.replace(/:\d+$/, '')

const byPooler = (host: string, { pooler }: Surroundings): boolean =>
  pooler !== null && (host === `${pooler.host}:${pooler.port}` || host === pooler.host)

/** Pods are led to the pooler only while it is there; those behind a pooler that is down wait for it. */
const toPooler = (ctx: Ctx): boolean =>
  ctx.inputs.connectionMode === 'pgbouncer' && factsOf(ctx.facts).pooler !== 'down'

/**
 * Says so when these pods connect through a pooler that is down: they cannot become ready before it returns, which is
 * an obligation of the run. Null otherwise. Throws PortError.
 */
export async function awaitsPooler(world: World, state: DeploymentState, ctx: Ctx): Promise<string | null> {
  const host = state.env[kubernetesOf(world.environment).hostVariable] ?? null
  if (host === null || factsOf(ctx.facts).pooler !== 'down' || !byPooler(host, world.environment)) return null
  const look = await lookAtPooler(world)
  return look.kind === 'down' ? look.says : null
}

/** The value that pods should have: one that follows the writer, or the new writer's own address where nothing does. */
function wanted(ctx: Ctx, environment: Surroundings, deployment: string): string {
  const { pooler } = environment
  // The pooler listens on a port of its own, which the pods' other variables do not know.
  if (toPooler(ctx) && pooler) return `${pooler.host}:${pooler.port}`
  const { host, port } = needed(factsOf(ctx.facts).endpoint, 'the endpoint')
  return /:\d+$/.test(formerOf(ctx, deployment)?.host ?? '') ? `${host}:${port}` : host
}

/** Does the pooler lead to the new writer? A cluster's endpoint does; after a promotion its own host must have been changed. */
function poolerFollows(ctx: Ctx): boolean {
  const facts = factsOf(ctx.facts)
  return wayOf(facts) !== 'promotion' || facts.poolerTarget?.host === facts.target?.host
}

/** Is this host right already? `auto` leaves every name that follows the writer as it is. */
function isRight(host: string | null, ctx: Ctx, environment: Surroundings, deployment: string): boolean {
  if (host === null) return false
  const { connectionMode } = ctx.inputs
  const through = byPooler(host, environment)
  if (toPooler(ctx)) return through || host === wanted(ctx, environment, deployment)
  const name = nameOf(host)
  const byName = name === needed(factsOf(ctx.facts).endpoint, 'the endpoint').host
  return byName || (connectionMode !== 'env' && through && poolerFollows(ctx))
}

/**
 * Says so when somebody else has put the host back since this run changed it: a tool that restores what its repository
 * says does that within minutes, and the pods then dial the old writer again. Null while it leads where it should.
 */
export async function ledAstray(world: World, state: DeploymentState, ctx: Ctx, deployment: string) {
  const { hostVariable, namespace } = kubernetesOf(world.environment)
  const host = state.env[hostVariable] ?? null
  if (host === null || isRight(host, ctx, world.environment, deployment)) return null
  if (state.annotations[runAnnotation] === ctx.runId)
    return `${hostVariable} of ${deployment} is ${host}, as this run put it back: its pods do not go to the new writer.`
  const keeper = (await world.workloads?.owners(namespace, deployment))?.keeper ?? 'Whoever keeps this deployment'
  return `${hostVariable} of ${deployment} is ${host}, and the mark of this run is gone: the change was reverted. ${keeper} must be told of it, or the pods go to the old writer.`
}

function patch(ctx: Ctx, environment: Surroundings, deployment: string, host: string): KubernetesCall {
  const { context, namespace, hostVariable } = kubernetesOf(environment)
  const container = formerOf(ctx, deployment)?.container ?? deployment
  return {
    kind: 'kubernetes',
    context,
    namespace,
    deployment,
    patch: { container, env: { [hostVariable]: host }, annotations: { [runAnnotation]: ctx.runId } },
  }
}

const choices = 'Retry, put the former value back, or go on with those that are ready and say why.'

/**
 * kubectl's own rule for a rollout that has ended, and the pods' own readiness, which needs a database that takes writes.
 * Bounded by the deployment's own deadline and a minute (procedures, C4): a rollout without news never ends by itself.
 */
async function rolledOut(world: World, ctx: Ctx, deployment: string, elapsedMs: number): Promise<Verdict> {
  const { namespace } = kubernetesOf(world.environment)
  const d = await needed(world.workloads, 'Kubernetes').read(namespace, deployment)
  const astray = await ledAstray(world, d, ctx, deployment)
  if (astray) return { state: 'failed', says: astray }
  const ready = `${d.ready} of ${d.replicas} pods are ready`
  const awaited = await awaitsPooler(world, d, ctx)
  if (awaited)
    return { state: 'proved', says: `${deployment}: ${ready}. Its pods connect through the pooler. ${awaited}` }
  if (d.rollout === 'failed')
    return { state: 'failed', says: `The rollout of ${deployment} failed: ${d.rolloutDetail}; ${ready}. ${choices}` }
  if (d.rollout === 'complete' && d.ready >= d.replicas)
    return { state: 'proved', says: `${deployment}: all ${d.replicas} pods are ready on the new writer.` }
  const limit = pacedLimit(world, (d.progressDeadlineSeconds + 60) * 1000)
  if (elapsedMs * world.pace > limit)
    return {
      state: 'failed',
      says: `${deployment} has not ended its rollout in time: ${d.rolloutDetail}; ${ready}. ${choices}`,
    }
  return { state: 'not-yet', says: `${deployment}: ${d.rolloutDetail}; ${ready}.` }
}

/** P1.7, the pods' part: one patch, and the rollout watched for a bounded time. One step for each deployment. */
export const switchWorkload = (environment: Surroundings, deployment: string): Step<FailoverInputs> => ({
  id: `switch-${deployment}`,
  number: 'P1.7',
  title: `Point ${deployment} at the new writer`,
  effect: 'SAFE',
  estimate: { lowSeconds: 5, highSeconds: 300 },
  why: 'Pods that dial a node by its own name stay with the old writer; those that dial a name that follows the writer only reconnect.',
  provedBy:
    'The variable is right, the rollout has ended by kubectl’s own rule, and every pod is ready, which needs a write of its own.',
  undoneBy: 'The former value',
  everyMs: 2_000,
  // The rollout's own bound is asked of the deployment; Kubernetes' default is 660 s in all.
  forMs: 3_600_000,
  settleMs: 20_000,
  serves: ['connectivity', 'app-health'],
  call: (ctx) => patch(ctx, environment, deployment, wanted(ctx, environment, deployment)),
  async observe(world, ctx) {
    const { namespace, hostVariable } = kubernetesOf(world.environment)
    const d = await needed(world.workloads, 'Kubernetes').read(namespace, deployment)
    const host = d.env[hostVariable] ?? null
    if (isRight(host, ctx, world.environment, deployment))
      return { state: 'done', says: `${hostVariable} of ${deployment} is ${host}, which leads to the new writer.` }
    return { state: 'not-started', says: `${hostVariable} of ${deployment} is ${host ?? 'not a plain value'}.` }
  },
  async guard(_world, ctx) {
    const { hostVariable } = kubernetesOf(environment)
    // Set beside a reference it would be refused, and nothing could be put back.
    return formerOf(ctx, deployment)?.host == null
      ? `${hostVariable} of ${deployment} is no plain value in its template. Change it where it comes from, then retry.`
      : null
  },
  verify: (world, ctx, elapsedMs) => rolledOut(world, ctx, deployment, elapsedMs),
  undo: {
    effect: 'SAFE',
    call: (ctx) =>
      patch(ctx, environment, deployment, needed(formerOf(ctx, deployment)?.host, `the former host of ${deployment}`)),
    async verify(world, ctx) {
      const before = formerOf(ctx, deployment)?.host
      const { namespace, hostVariable } = kubernetesOf(world.environment)
      const d = await needed(world.workloads, 'Kubernetes').read(namespace, deployment)
      if (d.env[hostVariable] !== before)
        return { state: 'not-yet', says: `${hostVariable} is still ${d.env[hostVariable]}.` }
      // That the pods become ready again is not asked: the former value may lead to a writer that is gone.
      const ended = d.observedGeneration >= d.generation && d.updated >= d.replicas
      return {
        state: ended ? 'proved' : 'not-yet',
        says: `${hostVariable} is ${before} again; ${d.updated} of ${d.replicas} pods follow.`,
      }
    },
  },
})
