import { Resolver } from 'node:dns/promises'
import type { EffectLogEntry } from '../../../../lab/contract'
import { startRun } from '../../../commands/run/start-run'
import { nodeKey } from '../../../domain/cluster/node-key'
import type { Run } from '../../../domain/run/run'
import type { Scene } from '../scene'
import { until } from '../until'
import { type LabDrive, LabUnfit } from './drive'

/** How many pods an application of the run asked for. */
const podsOf = ({ parameters: { body } }: EffectLogEntry): unknown =>
  (body as { spec?: { replicas?: unknown } } | null)?.spec?.replicas

/** What is wrong with the application in the other region. */
async function wrongThere({ application, environment }: Scene, host: string): Promise<string[]> {
  const { kubernetes } = environment
  const wanted = kubernetes?.drApplication?.replicas['castmatch-api']
  const found = kubernetes && (await application?.deployment(kubernetes.namespace, 'castmatch-api'))
  const led = found?.containers[0]?.env[kubernetes?.hostVariable ?? '']
  return [
    ...(found?.ready === wanted ? [] : [`${found?.ready} of ${wanted} pods are ready`]),
    ...(led === host ? [] : [`The pods connect to ${led}`]),
  ]
}

/** By which ways the run has moved its names. */
const waysOf = ({ facts }: Run): unknown[] =>
  Object.values((facts.moves as { [name: string]: { way: unknown } } | undefined) ?? {}).map(({ way }) => way)

/** What is wrong with the name of the database, asked of the name server of its zone. */
export async function wrongName({ environment }: Scene, host: string): Promise<string[]> {
  const name = environment.names?.records.find(({ use }) => use === 'database')?.name ?? ''
  const resolver = new Resolver()
  resolver.setServers(environment.names?.resolvers.authoritative ?? [])
  const addresses = await resolver.resolve4(name)
  return addresses.join() === host ? [] : [`${name} points to ${addresses.join()}`]
}

/** A drill: the home region serves, and its writer is fenced. Nothing brings the lab back from there. */
export const recoverElsewhere: LabDrive = {
  name: 'region-recovery',
  slug: 'region-recovery',
  inputs: { target: 'us-east-1/replica' },
  certain: { write: 34, effect: 6 },
  sampled: { effects: 1, writes: 0 },
  // The promotion and the start of the application, after the fence.
  parallel: { effects: [2, 3] },
  control: 2,
  reusable: false,
  heldAfter: false,
  limitMs: 240_000,
  async prepare(scene) {
    const { lab, environment } = scene
    const { drRegion, region } = environment.aws
    const replica = lab.lab.context.cluster.nodes().find(({ role }) => role === 'cross-region')
    if (!replica) throw new LabUnfit('There is no replica elsewhere')
    if (!(await until(async () => scene.snapshot()?.diagnosis.kind === 'healthy', 90_000)))
      throw new LabUnfit('The cluster is not healthy')
    return {
      async start() {
        const { id } = await startRun(
          await scene.as('responder'),
          environment,
          {
            slug: 'region-recovery',
            mode: 'drill',
            reason: 'A rehearsal in which the runner is lost',
            inputs: { target: nodeKey(replica.id, drRegion, region) },
          },
          scene.snapshot(),
        )
        return id
      },
      once(call) {
        if (call.operation === 'PromoteReadReplica') return 'the promotion'
        if (call.operation === 'PutObject') return 'the switch object'
        if (call.operation === 'UpdateHealthCheck') return 'the health check of the API'
        const there = call.operation === 'PatchDeployment' && call.parameters.region === drRegion
        return there ? `an application with ${podsOf(call)} pods` : null
      },
      wanted: (run) => [
        'the promotion',
        'an application with 1 pods',
        'an application with 4 pods',
        'the switch object',
        // By itself the check of the API moves its name only when the pods at home were unready for long enough.
        ...(waysOf(run).includes('forced') ? ['the health check of the API'] : []),
      ],
      async wrong() {
        const found = await Promise.all([
          wrongThere(scene, replica.address.host),
          wrongName(scene, replica.address.host),
        ])
        return found.flat()
      },
    }
  },
}
