import type { KubernetesCall } from '../../domain/procedure/call'
import type { Step, StepContext, Surroundings, Verdict, World } from '../contract'
import { factsOf, needed } from '../facts'
import type { FailoverInputs } from '../failover-inputs'

/** Which run last set the variable; without it the value may be anybody's. */
export const runAnnotation = 'dr.castmatch/run'

const kubernetesOf = (environment: Surroundings) => needed(environment.kubernetes, 'Kubernetes')

/** The name that pods should dial: one that follows the writer, whatever node that is. */
function wanted(ctx: StepContext<FailoverInputs>, environment: Surroundings): string {
  const endpoint = needed(factsOf(ctx.facts).endpoint, 'the endpoint').host
  return ctx.inputs.connectionMode === 'pgbouncer' && environment.pooler ? environment.pooler.host : endpoint
}

/** A host variable may carry a port; the name before it says where it leads. */
const nameOf = (host: string) => host.replace(/:\d+$/, '')

/** Is this host right already? `auto` leaves every name that follows the writer as it is. */
function isRight(host: string | null, ctx: StepContext<FailoverInputs>, environment: Surroundings): boolean {
  if (host === null) return false
  const name = nameOf(host)
  if (ctx.inputs.connectionMode !== 'auto') return name === nameOf(wanted(ctx, environment))
  return name === needed(factsOf(ctx.facts).endpoint, 'the endpoint').host || name === environment.pooler?.host
}

function patch(
  ctx: StepContext<FailoverInputs>,
  environment: Surroundings,
  deployment: string,
  host: string,
): KubernetesCall {
  const { context, namespace, hostVariable } = kubernetesOf(environment)
  const container = factsOf(ctx.facts).workloads?.find((w) => w.deployment === deployment)?.container ?? deployment
  return {
    kind: 'kubernetes',
    context,
    namespace,
    deployment,
    patch: { container, env: { [hostVariable]: host }, annotations: { [runAnnotation]: ctx.runId } },
  }
}

/** kubectl's own rule for a rollout that has ended, and the pods' own readiness, which needs a database that takes writes. */
async function rolledOut(world: World, deployment: string): Promise<Verdict> {
  const { namespace } = kubernetesOf(world.environment)
  const d = await needed(world.workloads, 'Kubernetes').read(namespace, deployment)
  if (d.rollout === 'failed')
    return { state: 'failed', says: `The rollout of ${deployment} failed: ${d.rolloutDetail}.` }
  if (d.observedGeneration < d.generation)
    return { state: 'not-yet', says: `Kubernetes has not seen the change of ${deployment} yet.` }
  if (d.updated < d.replicas || d.ready < d.replicas)
    return {
      state: 'not-yet',
      says: `${deployment}: ${d.updated} of ${d.replicas} pods are new, ${d.ready} are ready.`,
    }
  return { state: 'proved', says: `${deployment}: all ${d.replicas} pods are ready on the new writer.` }
}

/** P1.7, the pods' part: one patch, and the rollout watched for a bounded time. One step for each deployment. */
export const switchWorkload = (environment: Surroundings, deployment: string): Step<FailoverInputs> => ({
  id: `switch-${deployment}`,
  number: 'P1.7',
  title: `Point ${deployment} at the new writer`,
  effect: 'SAFE',
  estimate: { lowSeconds: 5, highSeconds: 300 },
  why: 'Pods that dial a node by its own name stay with the old writer; those that dial a name that follows the writer only reconnect.',
  provedBy: 'The variable is right, the rollout has ended, and every pod is ready, which needs a write of its own.',
  undoneBy: 'The former value',
  everyMs: 2_000,
  forMs: 660_000,
  settleMs: 20_000,
  call: (ctx) => patch(ctx, environment, deployment, wanted(ctx, environment)),
  async observe(world, ctx) {
    const { namespace, hostVariable } = kubernetesOf(world.environment)
    const d = await needed(world.workloads, 'Kubernetes').read(namespace, deployment)
    const host = d.env[hostVariable] ?? null
    if (isRight(host, ctx, world.environment))
      return { state: 'done', says: `${hostVariable} of ${deployment} is ${host}, which leads to the new writer.` }
    return { state: 'not-started', says: `${hostVariable} of ${deployment} is ${host ?? 'not set'}.` }
  },
  verify: (world) => rolledOut(world, deployment),
  undo: {
    call(ctx) {
      const before = factsOf(ctx.facts).workloads?.find((w) => w.deployment === deployment)?.host
      return patch(ctx, environment, deployment, needed(before, `the former host of ${deployment}`))
    },
    async verify(world, ctx) {
      const before = factsOf(ctx.facts).workloads?.find((w) => w.deployment === deployment)?.host
      const { namespace, hostVariable } = kubernetesOf(world.environment)
      const d = await needed(world.workloads, 'Kubernetes').read(namespace, deployment)
      if (d.env[hostVariable] !== before)
        return { state: 'not-yet', says: `${hostVariable} is still ${d.env[hostVariable]}.` }
      const ended = d.observedGeneration >= d.generation && d.updated >= d.replicas
      return {
        state: ended ? 'proved' : 'not-yet',
        says: `${hostVariable} is ${before} again; ${d.updated} of ${d.replicas} pods follow.`,
      }
    },
  },
})
