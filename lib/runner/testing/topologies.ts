import type { LabShape } from '../../../lab/contract'
import { revise } from '../../commands/run/revise'
import { readOutput } from '../../store/run-output'
import type { Scene } from './scene'

/** What one failover on one topology came to: the run, the calls that took effect, and what the pods lost. */
interface Driven {
  name: string
  state: string
  sentence: string
  steps: { id: string; state: string; sentence: string }[]
  /** Calls that took effect, in order, as "operation target". */
  effects: string[]
  /** Where the pods' variable leads afterwards, and whether all of them write there. */
  host: string | null
  podsWrite: boolean
  /** Rows that were acknowledged to a pod and are not on the new writer. */
  lost: number | null
  output: string
  ok: boolean
}

interface Course {
  name: string
  mode: 'real' | 'drill'
  target: string
  connectionMode: 'auto' | 'pgbouncer' | 'env'
  /** What happens to the writer before the run is started. */
  before?: (scene: Scene) => Promise<void>
  /** What RDS does by itself while the approver reads, and whom people accept as the writer afterwards. */
  whileAsked?: { deed: (scene: Scene) => Promise<void>; accept: string }
  /** An operator's deed while the run waits for it; the failed step is tried again afterwards. */
  when?: { stepFails: string; deed: (scene: Scene) => Promise<void> }
}

async function until<T>(what: () => Promise<T | null | false>, limitMs: number, otherwise: () => string): Promise<T> {
  const end = Date.now() + limitMs
  for (;;) {
    const found = await what()
    if (found) return found
    if (Date.now() > end) throw new Error(otherwise())
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const over = ['done', 'needs-person', 'aborted', 'stopped'] as const

async function workload(scene: Scene) {
  const answer = await fetch(`${scene.lab.url}/lab/workload`, {
    headers: { 'x-lab-token': scene.lab.lab.secrets.token },
  })
  return (await answer.json()) as {
    lost: number | null
    lastMinute: { ok: number; failed: number }
    writer: { id: string }
    acknowledged: number
  }
}

/** Starts a failover by its topology's own way, says yes to what is asked, and sees whether the pods write afterwards. */
export async function drive(scene: Scene, course: Course): Promise<Driven> {
  const { context } = scene.lab.lab
  await until(
    async () => {
      const seen = scene.snapshot()
      const { workload: pods, diagnosis, candidates } = seen ?? {}
      const ready = pods?.value && pods.value.ready === pods.value.replicas
      return ready && diagnosis?.kind === 'healthy' && candidates?.some((c) => c.best && c.loss.known) === true
    },
    40_000,
    () => `${course.name}: the lab is not ready: ${JSON.stringify(scene.snapshot()?.diagnosis)}`,
  )
  await course.before?.(scene)
  const since = context.log.list().length
  const id = await scene.startFailover({
    mode: course.mode,
    target: course.target,
    inputs: { connectionMode: course.connectionMode },
  })
  let run = await scene.reaches(id, ['waiting', ...over], 40_000)
  if (run.state === 'waiting' && course.whileAsked) {
    await course.whileAsked.deed(scene)
    run = await scene.reaches(id, ['needs-person'], 40_000)
    const stepId = run.currentStepId ?? ''
    const reason = 'RDS chose well: it had received as much.'
    const accepted = { runId: id, stepId, kind: 'accept' as const, subject: course.whileAsked.accept, reason }
    await revise(await scene.as('commander'), scene.environment, accepted)
    run = await scene.reaches(id, ['waiting', ...over], 40_000)
  }
  if (run.state === 'waiting') await scene.approveOpen(id, await scene.as('approver'))
  run = await scene.reaches(id, [...over], 90_000)
  if (course.when && run.state === 'needs-person' && run.currentStepId === course.when.stepFails) {
    await course.when.deed(scene)
    await scene.steer(id, 'retry')
    run = await scene.reaches(id, ['done', 'aborted', 'stopped'], 60_000)
  }
  const kubernetes = scene.environment.kubernetes
  const d = kubernetes && (await scene.workloads.read(kubernetes.namespace, 'castmatch-api'))
  const before = (await workload(scene)).acknowledged
  const podsWrite = await until(
    async () => (await workload(scene)).acknowledged > before + 5,
    15_000,
    () => '',
  )
    .then(() => true)
    .catch(() => false)
  const { lost } = await workload(scene)
  const output = (await readOutput(scene.store, scene.environment.name, id, 0))
    .map((l) => `${l.stepId}: ${l.kind}: ${l.text}`)
    .join('\n')
  const effects = context.log
    .list()
    .slice(since)
    .filter((e) => e.effective)
    .map((e) => {
      const { DBInstanceIdentifier, TargetDBInstanceIdentifier, name } = e.parameters
      return `${e.operation} ${TargetDBInstanceIdentifier ?? DBInstanceIdentifier ?? name ?? ''}`.trim()
    })
  return {
    name: course.name,
    state: run.state,
    sentence: run.sentence,
    steps: run.steps.map((s) => ({ id: s.stepId, state: s.state, sentence: s.sentence })),
    effects,
    host: d?.databaseHost ?? null,
    podsWrite,
    lost,
    output,
    ok: run.state === 'done' && podsWrite && (d?.ready ?? 0) === (d?.replicas ?? -1),
  }
}

const killWriter = async (scene: Scene) => {
  await scene.lab.lab.startFault('kill-writer', null, {})
  await until(
    async () => scene.snapshot()?.diagnosis.kind !== 'healthy',
    15_000,
    () => 'the death of the writer was not noticed',
  )
}

/** A lone instance dies and has no standby: its replica is promoted, the old one closed, and the pods are led there. */
export const promotion: Course = {
  name: 'instance: promotion of a replica, connections auto',
  mode: 'real',
  target: 'castmatch-prod-replica-1',
  connectionMode: 'auto',
  before: killWriter,
}

/** The same with the old writer alive, and the pooler's host changed by its operator while the run asks for it. */
const promotionByPooler: Course = {
  name: 'instance: promotion of a replica, connections by the pooler',
  mode: 'drill',
  target: 'castmatch-prod-replica-1',
  connectionMode: 'pgbouncer',
  when: {
    stepFails: 'switch-pooler',
    deed: async (scene) => {
      await scene.lab.lab.startFault('pooler-host', 'castmatch-prod-replica-1', {})
    },
  },
}

/** A lone Multi-AZ instance dies: it moves to its standby, and nobody has to be led anywhere. */
const standby: Course = {
  name: 'instance: the standby of a Multi-AZ instance',
  mode: 'real',
  target: 'castmatch-prod-primary',
  connectionMode: 'auto',
  before: async (scene) => {
    scene.lab.lab.context.cluster.setAttributes('castmatch-prod-primary', { MultiAZ: true })
    await until(
      async () => scene.snapshot()?.candidates.some((c) => c.nodeId === 'castmatch-prod-primary') ?? false,
      20_000,
      () => 'the standby did not become a candidate',
    )
    await killWriter(scene)
  },
}

const aurora: Course = {
  name: 'aurora: failover of the cluster, connections by the pods’ variable',
  mode: 'real',
  target: 'castmatch-prod-replica-1',
  connectionMode: 'env',
  before: async (scene) => {
    await until(
      async () => {
        const readers = scene.snapshot()?.nodes.filter((node) => node.role === 'reader') ?? []
        return readers.length > 0 && readers.every((node) => node.lag.value?.known)
      },
      15_000,
      () => 'Aurora did not tell how far its readers are behind',
    )
    await killWriter(scene)
  },
}

/** RDS fails over by itself to another reader than the chosen one while the approver reads; a person accepts that one. */
const anotherWriter: Course = {
  name: 'hybrid: RDS promotes another reader, which is accepted',
  mode: 'real',
  target: 'castmatch-prod-replica-1',
  connectionMode: 'auto',
  before: killWriter,
  whileAsked: {
    deed: async (scene) => scene.lab.lab.context.cluster.failover('castmatch-prod-replica-2'),
    accept: 'castmatch-prod-replica-2',
  },
}

const hybridByPooler: Course = {
  name: 'hybrid: failover of the cluster, connections by the pooler',
  mode: 'drill',
  target: 'castmatch-prod-replica-2',
  connectionMode: 'pgbouncer',
}

/** Every course, on the shape of a database that it is for. */
export const courses: readonly (readonly [LabShape, Course])[] = [
  ['instance', promotion],
  ['instance', promotionByPooler],
  ['instance', standby],
  ['aurora', aurora],
  ['hybrid', hybridByPooler],
  ['hybrid', anotherWriter],
]
