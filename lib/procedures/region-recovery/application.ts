import { deploymentsIn, placedManifests, replicasIn } from '../../domain/application/manifests'
import { formatTroubles, hasStarted, troubleOf } from '../../domain/application/pods'
import { hostSettings, hostWords, isPlain } from '../../domain/cluster/containers'
import type { Snapshot } from '../../domain/cluster/types'
import type { ApplyCall, Manifest } from '../../domain/procedure/apply-call'
import { listWords } from '../../domain/units'
import type { ApplicationState } from '../../ports/application'
import type { DrApplication, StepContext, Surroundings, World } from '../contract'
import { type BaselineFacts, needed, type WriterFacts } from '../facts'
import { runAnnotation } from '../steps/switch-workloads'

/** What applying the application needs of a run: where its database is. */
type PlacedCtx = Pick<StepContext<unknown, Pick<WriterFacts, 'endpoint'>>, 'runId' | 'facts'>

const fieldManager = 'castmatch-warroom'
const usualPort = 'DATABASE_PORT'

/** Where the application is started, and with what. */
export interface Place extends Pick<DrApplication, 'manifests' | 'terraform'> {
  context: string
  namespace: string
  /** The region, as people name the place. */
  region: string
  configuredReplicas: DrApplication['replicas']
  hostVariable: string
  portVariable: string
}

/** Null where none is configured: people start the application. */
export function applicationPlace({ kubernetes, aws }: Surroundings): Place | null {
  const application = kubernetes?.drApplication
  if (!kubernetes || !application || !kubernetes.drContext) return null
  return {
    context: kubernetes.drContext,
    namespace: application.namespace ?? kubernetes.namespace,
    region: aws.drRegion,
    manifests: application.manifests,
    terraform: application.terraform,
    configuredReplicas: application.replicas,
    hostVariable: kubernetes.hostVariable,
    portVariable: kubernetes.portVariable ?? usualPort,
  }
}

export const deploymentNames = ({ manifests }: Place): string[] =>
  deploymentsIn(manifests).map(({ metadata }) => metadata.name)

/** How many pods a deployment shall have, and who says so. */
export interface WantedPods {
  deployment: string
  count: number
  from: 'configuration' | 'home' | 'manifest' | 'nothing'
}

/** The configured number, else that at home as it was stored or last seen, else the manifest's own. */
export function wantedPods(
  place: Place,
  snapshot: Snapshot | null,
  facts: Pick<BaselineFacts, 'workloads'>,
): WantedPods[] {
  const seen = snapshot?.workload.value ?? null
  return deploymentsIn(place.manifests).map((manifest): WantedPods => {
    const deployment = manifest.metadata.name
    const configured = place.configuredReplicas[deployment]
    if (configured !== undefined) return { deployment, count: configured, from: 'configuration' }
    const stored =
      facts.workloads?.find((one) => one.deployment === deployment)?.replicas ??
      (seen?.deployment === deployment ? seen.replicas : undefined)
    if (stored) return { deployment, count: stored, from: 'home' }
    const own = replicasIn(manifest)
    return own ? { deployment, count: own, from: 'manifest' } : { deployment, count: 1, from: 'nothing' }
  })
}

/** The manifests as this run applies them, with so many pods of each deployment. */
export function applied(ctx: PlacedCtx, place: Place, replicas: (deployment: string) => number): Manifest[] {
  const { host, port } = needed(ctx.facts.endpoint, 'the address of the promoted database')
  const { namespace, hostVariable, portVariable } = place
  return placedManifests(place.manifests, {
    namespace,
    annotations: { [runAnnotation]: ctx.runId },
    database: { host, port, hostVariable, portVariable },
    replicas,
  })
}

export function applyCall(ctx: PlacedCtx, place: Place, replicas: (deployment: string) => number): ApplyCall {
  const { context, namespace } = place
  return { kind: 'apply', context, namespace, fieldManager, objects: applied(ctx, place, replicas) }
}

/** One deployment as it is there, and what is wrong with it. */
export interface Look {
  deployment: string
  state: ApplicationState | null
  /** Why it is not what this run has applied; null when it is. */
  astray: string | null
}

export async function lookAtApplication(world: World, ctx: PlacedCtx, place: Place): Promise<Look[]> {
  const application = needed(world.application, 'the cluster in the other region')
  return await Promise.all(
    deploymentNames(place).map(async (deployment): Promise<Look> => {
      const state = await application.deployment(place.namespace, deployment)
      return { deployment, state, astray: state && astray(deployment, state, ctx, place) }
    }),
  )
}

/** Every container that has the variable must have the promoted database's address, by a plain value. */
function astray(deployment: string, state: ApplicationState, ctx: PlacedCtx, { hostVariable }: Place): string | null {
  const { host, port } = needed(ctx.facts.endpoint, 'the address of the promoted database')
  if (state.annotations[runAnnotation] !== ctx.runId)
    return `${deployment} does not carry the mark of this run: it is not what was applied, or someone has reverted it.`
  const settings = hostSettings(state.containers, hostVariable)
  const wrong = settings.filter(isPlain).filter((one) => one.host !== host && one.host !== `${host}:${port}`)
  if (wrong.length > 0) return `${hostVariable} of ${deployment} is ${hostWords(wrong)}, not ${host}.`
  return settings.some(isPlain) ? null : `No container of ${deployment} has ${hostVariable} as a plain value.`
}

/** What keeps pods from starting, in sentences; empty when nothing is known to. */
export const troublesOf = (looks: readonly Look[]): string =>
  formatTroubles(looks.flatMap(({ state }) => (state?.pods ?? []).flatMap((pod) => troubleOf(pod) ?? [])))

/** Deployments of which no pod has begun yet. */
export const notBegun = (looks: readonly Look[]): string[] =>
  looks.filter(({ state }) => !state?.pods.some(hasStarted)).map(({ deployment }) => deployment)

export const readyWords = (looks: readonly Look[]): string =>
  looks
    .map(({ deployment, state }) =>
      state ? `${deployment}: ${state.ready} of ${state.replicas} pods ready` : `${deployment} is not there`,
    )
    .join('; ')

/** What is left of an application that is applied with 0 pods, in a sentence; null when nothing is. */
export function podsLeft(looks: readonly Look[]): string | null {
  const left = looks.filter(({ state }) => state && (state.replicas > 0 || state.pods.length > 0))
  return left.length > 0 ? `Pods are left: ${readyWords(left)}.` : null
}

export const nothingRuns = (place: Place): string =>
  `No pod of ${listWords(deploymentNames(place))} runs in ${place.region}.`
