import type { EffectLogEntry } from '../../../../lab/contract'
import { startRun } from '../../../commands/run/start-run'
import { nodeKey } from '../../../domain/cluster/node-key'
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

/** The home region is away. Nothing brings the lab back from there. */
export const recoverElsewhere: LabDrive = {
  name: 'region-recovery',
  slug: 'region-recovery',
  inputs: { target: 'us-east-1/replica' },
  certain: { write: 28, effect: 4 },
  sampled: { effects: 1, writes: 0 },
  // The promotion, and the start of the application.
  parallel: { effects: [1, 2] },
  control: 1,
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
    await lab.lab.startFault('region-outage', 'region', { how: 'refuse' })
    if (!(await until(async () => scene.snapshot()?.diagnosis.certainty === 'confirmed', 90_000)))
      throw new LabUnfit('The outage is not found')
    return {
      async start() {
        const { id } = await startRun(
          await scene.as('responder'),
          environment,
          {
            slug: 'region-recovery',
            mode: 'real',
            reason: 'A recovery in which the runner is lost',
            typedEnvironment: environment.name,
            inputs: { target: nodeKey(replica.id, drRegion, region) },
          },
          scene.snapshot(),
        )
        return id
      },
      once(call) {
        if (call.operation === 'PromoteReadReplica') return 'the promotion'
        const there = call.operation === 'PatchDeployment' && call.parameters.region === drRegion
        return there ? `an application with ${podsOf(call)} pods` : null
      },
      wanted: () => ['the promotion', 'an application with 1 pods', 'an application with 4 pods'],
      wrong: () => wrongThere(scene, replica.address.host),
    }
  },
}
