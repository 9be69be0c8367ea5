import {
  deploymentsIn,
  formatHomeReference,
  homeReferences,
  imagesIn,
  placedManifests,
  sourcesNamed,
  withoutHost,
} from '../../domain/application/manifests'
import { placeable, podOf } from '../../domain/application/room'
import { readNodeKey } from '../../domain/cluster/node-key'
import type { Check } from '../../domain/procedure/types'
import { counted, listWords } from '../../domain/units'
import type { World } from '../contract'
import { type Answer, block, check, pass, warn } from '../preflight'
import { applicationPlace, deploymentNames, type Place, wantedPods } from './application'

/** Most places that one message names. */
const placesNamed = 3

/** What must be so before the application can be started in the other region; nothing is asked of the home region. */
export async function applicationChecks(world: World): Promise<Check[]> {
  const place = applicationPlace(world.environment)
  const { drRegion } = world.environment.aws
  if (!place)
    return [
      await check('P3-k', `Application in ${drRegion}`, () =>
        warn(`No application is configured for ${drRegion}: people start it. It stays an open item of the run.`),
      ),
    ]
  const { application } = world
  if (application?.context !== place.context)
    return [
      await check('P3-k', `Cluster in ${place.region}`, () =>
        block(`The runner has no context ${place.context}, so nothing is known of it.`),
      ),
    ]
  return await Promise.all([
    check('P3-k', `Cluster in ${place.region}`, () => cluster(application, place), 'block'),
    check('P3-l', 'Manifests', () => manifests(world, place)),
    check('P3-m', 'Secrets and settings', () => sources(application, place), 'block'),
    check('P3-n', 'Capacity', () => capacity(world, application, place)),
    check('P3-o', 'Terraform', () => terraform(place)),
  ])
}

type There = NonNullable<World['application']>

async function cluster(application: There, place: Place): Promise<Answer> {
  const may = await Promise.all([
    application.canI('patch', 'deployments', place.namespace),
    application.canI('create', 'deployments', place.namespace),
    application.canI('list', 'pods', place.namespace),
  ])
  if (!may.every(Boolean))
    return block(`The runner may not create or patch deployments or list pods in ${place.context}.`)
  const found = await Promise.all(
    deploymentNames(place).map(async (name) => ({
      name,
      state: await application.deployment(place.namespace, name),
      owners: await application.owners(place.namespace, name),
    })),
  )
  const doubts = found.flatMap(({ name, state, owners: { keeper, autoscaler } }) => [
    ...(state && state.replicas > 0
      ? [`${name} has ${counted(state.replicas, 'replica')} there already, which a run does not touch.`]
      : []),
    ...(keeper ? [`${name} is kept by ${keeper}, which may revert what the run applies.`] : []),
    ...(autoscaler.known && autoscaler.is
      ? [`${name} is scaled by ${autoscaler.is.name} (${autoscaler.is.least} to ${autoscaler.is.most}).`]
      : []),
  ])
  return doubts.length > 0
    ? warn(doubts.join(' '))
    : pass(`${place.context} responds, and deployments may be applied in ${place.namespace}.`)
}

/** Hosts of the home region as the collector and the configuration know them. */
function homeHosts(world: World): string[] {
  const { environment } = world
  const nodes = world.snapshot()?.nodes ?? []
  const elsewhere = new Set(
    nodes.filter(({ id }) => readNodeKey(id).elsewhere !== null).flatMap(({ address }) => address?.host ?? []),
  )
  return [
    ...nodes.filter(({ id }) => readNodeKey(id).elsewhere === null).flatMap(({ address }) => address?.host ?? []),
    ...environment.poolers.map(({ host }) => host),
    ...(environment.kubernetes?.poolerHosts ?? []),
  ].filter((host) => !elsewhere.has(host))
}

function manifests(world: World, place: Place): Answer {
  const deaf = withoutHost(place.manifests, place.hostVariable)
  if (deaf.length > 0)
    return block(
      `No container of ${listWords(deaf)} sets ${place.hostVariable}, so a run cannot point it to the promoted database.`,
    )
  // As they are applied: what the run sets itself leads nowhere else.
  const placed = placedManifests(place.manifests, {
    namespace: place.namespace,
    annotations: {},
    database: { host: 'promoted', port: 5432, hostVariable: place.hostVariable, portVariable: place.portVariable },
    replicas: () => 1,
  })
  const found = homeReferences(placed, { region: world.environment.aws.region, hosts: homeHosts(world) })
  if (found.length > 0) {
    const more = found.length > placesNamed ? ` ${counted(found.length - placesNamed, 'more place')}.` : ''
    return block(`${found.slice(0, placesNamed).map(formatHomeReference).join(' ')}${more}`)
  }
  const uncounted = wantedPods(place, world.snapshot(), {}).filter(({ from }) => from === 'nothing')
  if (uncounted.length > 0)
    return warn(
      `How many pods ${listWords(uncounted.map((one) => one.deployment))} needs is unknown: one is started. Configure it.`,
    )
  return pass(
    `Nothing in ${counted(placed.length, 'object')} names ${world.environment.aws.region}. ${place.hostVariable} is set by the run.`,
  )
}

async function sources(application: There, place: Place): Promise<Answer> {
  const named = sourcesNamed(place.manifests)
  const found = await Promise.all(
    named.map(async (one) => ({
      ...one,
      there: await application.exists(place.namespace, one.kind, one.name),
    })),
  )
  const missing = found.filter(({ there }) => !there)
  if (missing.length > 0)
    return block(
      missing
        .map(({ kind, name, deployment }) => `${kind} ${name}, which ${deployment} needs, is not in ${place.region}.`)
        .join(' '),
    )
  return pass(
    named.length === 0
      ? 'The manifests name no secret and no config map.'
      : `${listWords(named.map(({ kind, name }) => `${kind} ${name}`))} ${named.length === 1 ? 'is' : 'are'} there.`,
  )
}

async function capacity(world: World, application: There, place: Place): Promise<Answer> {
  const room = await application.room()
  const pods = wantedPods(place, world.snapshot(), {})
  const wanted = deploymentsIn(place.manifests).map((manifest) => ({
    pod: podOf(manifest),
    count: pods.find(({ deployment }) => deployment === manifest.metadata.name)?.count ?? 1,
  }))
  const total = wanted.reduce((sum, { count }) => sum + count, 0)
  const fit = placeable(room, wanted)
  const images = `Whether ${listWords(imagesIn(place.manifests))} can be pulled there is unknown until a pod starts.`
  if (fit < total)
    return warn(
      `Nodes in ${place.region} have room for ${fit} of ${counted(total, 'pod')}. More start when nodes are added. ${images}`,
    )
  return wanted.some(({ pod }) => pod.cpu === 0 && pod.memory === 0)
    ? warn(`What the pods need is unknown: a manifest names no requests. ${images}`)
    : pass(`Nodes in ${place.region} have room for ${counted(total, 'pod')}. ${images}`)
}

function terraform({ terraform }: Place): Answer {
  return terraform
    ? warn(
        `A person applies exactly the reviewed plan: terraform apply ${terraform.planFile}, SHA-256 ${terraform.sha256}. The run does not.`,
      )
    : pass('No Terraform plan is configured, so none is applied.')
}
