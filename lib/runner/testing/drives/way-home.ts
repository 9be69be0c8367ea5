import type { EffectLogEntry } from '../../../../lab/contract'
import { startRun } from '../../../commands/run/start-run'
import { nodeKey } from '../../../domain/cluster/node-key'
import type { Run } from '../../../domain/run/run'
import { type At, labCount, labSql } from '../lab-sql'
import { recoveryIn } from '../recovery'
import type { Scene } from '../scene'
import { until } from '../until'
import { type LabDrive, LabUnfit } from './drive'
import { madeBy } from './lab'
import { recoverElsewhere, wrongName } from './region-recovery'

const rebuildSlug = 'rebuild-replica'

/** How the way home finds the lab: the database and the application are in the other region, and what is at home is closed. */
interface Elsewhere {
  key: string
  at: At
}

/** Runs to its end what leads there, with a runner that nobody strikes. Throws LabUnfit. */
async function complete(scene: Scene, slug: string, start: () => Promise<string>): Promise<Run> {
  const runner = scene.startRunner()
  try {
    const run = await recoveryIn(scene, slug).approveUntil(await start())
    if (run.state !== 'done') throw new LabUnfit(`${slug} ended as ${run.state}: ${run.sentence}`)
    return run
  } finally {
    await runner.stop()
  }
}

/** A recovery of the region as a drill; once in a lab. */
async function goElsewhere(scene: Scene): Promise<Elsewhere> {
  const { drRegion, region } = scene.environment.aws
  const there = () => scene.lab.lab.context.cluster.nodes().find(({ role }) => role === 'cross-region')
  const node = there()
  if (!node) throw new LabUnfit('There is no replica elsewhere')
  if (node.replicaSourceId !== null) {
    const { start } = await recoverElsewhere.prepare(scene)
    await complete(scene, recoverElsewhere.slug, start)
  }
  const key = nodeKey(node.id, drRegion, region)
  if (!(await until(async () => scene.snapshot()?.writerId === key, 60_000)))
    throw new LabUnfit('The collector does not see the promoted writer')
  return { key, at: node.address }
}

async function started(scene: Scene, slug: string, inputs: Record<string, unknown>): Promise<string> {
  const wish = { slug, mode: 'drill' as const, reason: 'A rehearsal in which the runner is lost', inputs }
  return (await startRun(await scene.as('responder'), scene.environment, wish, scene.snapshot())).id
}

const replicaOf = ({ facts }: Run): (At & { id: string }) | null =>
  (facts.replica as (At & { id: string }) | undefined) ?? null

/** A replica at home of the promoted database; each strike makes one, and it is deleted again. */
export const rebuildReplica: LabDrive = {
  name: 'rebuild-replica',
  slug: rebuildSlug,
  inputs: { source: 'us-east-1/replica' },
  certain: { write: 10, effect: 1 },
  sampled: { effects: 0, writes: 0 },
  parallel: null,
  control: 1,
  reusable: true,
  heldAfter: false,
  limitMs: 150_000,
  async prepare(scene) {
    const { key } = await goElsewhere(scene)
    return {
      start: () => started(scene, rebuildSlug, { source: key }),
      once: ({ operation }) => (operation === 'CreateDBInstanceReadReplica' ? 'the replica' : null),
      wanted: () => ['the replica'],
      async wrong(run) {
        const replica = replicaOf(run)
        if (!replica) return ['The run names no replica']
        const standby = await labSql<{ is: boolean }>(scene, replica, 'SELECT pg_is_in_recovery() AS is')
        const { instances } = madeBy(scene, run)
        return [
          ...(standby[0]?.is ? [] : [`${replica.id} is no standby`]),
          ...(instances.join() === replica.id ? [] : [`The run has made ${instances.join() || 'nothing'}`]),
        ]
      },
      async tidy(run) {
        for (const id of madeBy(scene, run).instances) scene.lab.lab.context.estate.deleteInstance(id, null)
        if (!(await until(async () => madeBy(scene, run).instances.length === 0, 60_000)))
          throw new LabUnfit('The replica is not gone')
      },
    }
  },
}

/** How many pods an application of the run asked for; undefined where it did not set their number. */
const podsOf = ({ parameters: { body } }: EffectLogEntry): unknown =>
  (body as { spec?: { replicas?: unknown } } | null)?.spec?.replicas

/** The whole way home: from a recovery and a rebuilt replica on. Nothing brings the lab back from there. */
export const failBack: LabDrive = {
  name: 'fail-back',
  slug: 'fail-back',
  inputs: { source: 'us-east-1/replica', target: 'replica-home' },
  certain: { write: 40, effect: 6 },
  sampled: { effects: 1, writes: 0 },
  parallel: null,
  control: 2,
  reusable: false,
  heldAfter: false,
  limitMs: 240_000,
  async prepare(scene) {
    const { key, at: left } = await goElsewhere(scene)
    const rebuilt = await complete(scene, rebuildSlug, () => started(scene, rebuildSlug, { source: key }))
    const home = replicaOf(rebuilt)
    if (!home) throw new LabUnfit('The replica has no address')
    const { environment } = scene
    const { drRegion } = environment.aws
    const podsBefore = (await scene.workloads.read(environment.kubernetes?.namespace ?? '', 'castmatch-api')).replicas
    return {
      start: () => started(scene, 'fail-back', { source: key, target: home.id, multiAz: 'off' }),
      once(call) {
        if (call.operation === 'PromoteReadReplica') return 'the promotion'
        if (call.operation === 'ChangeResourceRecordSets') return 'the record at home'
        if (call.operation === 'DeleteObject') return 'the switch object'
        if (call.operation === 'UpdateHealthCheck') return 'the health check of the API'
        if (call.operation !== 'PatchDeployment') return null
        if (call.parameters.region !== drRegion) return 'the pods at home'
        return `an application with ${podsOf(call)} pods`
      },
      wanted: () => [
        'the promotion',
        'the pods at home',
        'the record at home',
        'the switch object',
        'an application with 0 pods',
      ],
      async wrong() {
        const pods = await scene.workloads.read(environment.kubernetes?.namespace ?? '', 'castmatch-api')
        const there = await scene.application?.deployment(environment.kubernetes?.namespace ?? '', 'castmatch-api')
        const may = await labSql<{ may: boolean }>(
          scene,
          left,
          "SELECT rolcanlogin AS may FROM pg_roles WHERE rolname = 'castmatch_app'",
        )
        const commits = () => labCount(scene, home, 'commits')
        const before = await commits()
        const goOn = await until(async () => (await commits()) > before, 30_000)
        return [
          ...(pods.ready === podsBefore ? [] : [`${pods.ready} of ${podsBefore} pods are ready at home`]),
          ...(there?.replicas === 0 ? [] : [`${there?.replicas} pods are left in ${drRegion}`]),
          ...(may[0]?.may === false ? [] : [`${key} still accepts the application`]),
          ...(goOn ? [] : ['The application commits nothing at home']),
          ...(await wrongName(scene, home.host)),
        ]
      },
    }
  },
}
