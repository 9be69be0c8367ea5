import { createKubernetes } from '../lib/adapters/kubernetes/index'
import { createPgbouncer } from '../lib/adapters/pgbouncer/index'
import { createPostgresControl } from '../lib/adapters/postgres/control'
import { createPostgres } from '../lib/adapters/postgres/index'
import { createReconciler } from '../lib/adapters/postgres/reconcile/index'
import { createRds } from '../lib/adapters/rds/index'
import { readLabConnection } from '../lib/config/lab-environment'
import type { Call } from '../lib/domain/procedure/call'
import type { Run } from '../lib/domain/run/run'
import type { Database } from '../lib/ports/database'
import type { Fleet } from '../lib/ports/fleet'
import type { Workloads } from '../lib/ports/workloads'
import { type SendCall, sendBy } from '../lib/runner/effects'
import { cutOver } from '../lib/runner/testing/drives/point-in-time'
import { type Scene, stageScene } from '../lib/runner/testing/scene'
import { until } from '../lib/runner/testing/until'
import { readRun } from '../lib/store/run'
import { type Figure, quantile } from './figure'

const rounds = Number(process.env.PITR_ROUNDS ?? '2')
const limitMs = 300_000
const looks = { connectMs: 5_000, queryMs: 60_000 }

/**
 * Machine time from "go" (the approval; the first command) of a restore to a point in time until clients write on the copy: every
 * pod is ready on it, and the application's commits grow there. The War Room, with its approvals given at once; and a bare script
 * that sends the very calls of that run over the same adapters, in a lab of its own: freeze, restore, wait, both instances at once,
 * wait, compare the settings, count what is there and what the business asks, put to rest, make statistics, compare rows, hold,
 * fence, open, wait, repoint, scale back, wait. No journal, no approval, no record. They take turns; medians.
 */
export async function run(): Promise<Figure[]> {
  const took: { ours: number[]; script: number[] } = { ours: [], script: [] }
  for (let i = 0; i < rounds; i++) {
    const { ms, calls, copy } = await inLab(warRoom)
    took.ours.push(ms)
    took.script.push(await inLab((lab) => bareScript(lab, calls, copy)))
  }
  const [ours, theirs] = [quantile(took.ours, 0.5), quantile(took.script, 0.5)]
  return [
    {
      ...{ bench: 'pitr', metric: 'go until clients write on the copy, p50, against a bare script', ours, theirs },
      ...{ unit: 'ms', n: rounds, goal: '<= 1.2x', met: ours <= 1.2 * theirs },
    },
  ]
}

interface Lab {
  scene: Scene
  fleet: Fleet
  workloads: Workloads
  database: Database
  send: SendCall
}

async function inLab<T>(work: (lab: Lab) => Promise<T>): Promise<T> {
  const scene = await stageScene(29_500)
  const { secrets, poolers: known, collectorUser } = readLabConnection(scene.lab.lab.context.dataDir)
  const { aws, kubernetes, database: of } = scene.environment
  const fleet = createRds({
    region: aws.region,
    drRegion: aws.drRegion,
    endpointUrl: aws.endpointUrl,
    credentials: { accessKeyId: secrets.awsAccessKeyId, secretAccessKey: secrets.awsSecretAccessKey },
  })
  const workloads = createKubernetes(needed(kubernetes))
  const [name, tls] = [of.name, 'disable' as const]
  const database = createPostgres({ user: collectorUser, password: secrets.warroomPassword, database: name, tls })
  const recovery = needed(of.recovery).user
  const control = createPostgresControl({ user: recovery, password: secrets.adminPassword, database: name, tls })
  const poolers = scene.environment.poolers.map((pooler) =>
    createPgbouncer({ ...pooler, password: needed(known.find((one) => one.name === pooler.name)).password }),
  )
  const reconciler = createReconciler({ user: recovery, password: secrets.adminPassword, tls })
  const send = sendBy({ fleet: fleet.control, workloads, poolers, control, reconciler }, { holds: () => true })
  try {
    return await work({ scene, fleet, workloads, database, send })
  } finally {
    await Promise.all(poolers.map((pooler) => pooler.close()))
    fleet.close()
    await scene.end()
  }
}

/** Clients write on the copy: every pod is ready with its address, and their commits grow there. */
async function clientsWrite({ scene, workloads, database }: Lab, copy: { host: string; port: number }): Promise<void> {
  const { namespace, deployments } = needed(scene.environment.kubernetes)
  const led = async () =>
    (await Promise.all(deployments.map((one) => workloads.read(namespace, one)))).every(
      ({ databaseHost, ready, replicas, rollout }) =>
        (databaseHost === copy.host || databaseHost === `${copy.host}:${copy.port}`) &&
        rollout === 'complete' &&
        ready === replicas,
    )
  await so(led)
  const commits = async () => (await database.survey(copy, { tables: ['commits'] }, looks)).tables[0]?.rows ?? 0
  const before = await commits()
  await so(async () => (await commits()) > before)
}

async function warRoom(lab: Lab): Promise<{ ms: number; calls: Sent[]; copy: string }> {
  const { scene } = lab
  const runner = scene.startRunner()
  const { start } = await cutOver.prepare(scene)
  const id = await start()
  await scene.reaches(id, ['waiting'], limitMs)
  const approver = await scene.as('approver')
  const began = performance.now()
  await scene.approveOpen(id, approver)
  let run: Run = await readRun(scene.store, id)
  await so(async () => {
    run = await readRun(scene.store, id)
    if (run.state === 'needs-person') throw new Error(run.sentence)
    if (run.state === 'waiting' && run.approvals.at(-1)?.state === 'open')
      await scene.approveOpen(id, await scene.as('approver'))
    return run.facts.openedAt !== undefined
  })
  await clientsWrite(lab, run.facts.endpoint as { host: string; port: number })
  const ms = performance.now() - began
  await scene.reaches(id, ['done'], limitMs)
  await runner.stop()
  const { rows } = await scene.owner.pool.query<Sent>(
    'SELECT step_id AS "stepId", call FROM effect_journal WHERE run_id = $1 ORDER BY intended_at',
    [id],
  )
  return { ms, calls: rows, copy: String(run.facts.copyId) }
}

interface Sent {
  stepId: string
  call: Call
}

/** The calls of a run, one after the other, those of one operation at the same time. */
async function bareScript(lab: Lab, sent: Sent[], copy: string): Promise<number> {
  const { scene, fleet, database, send } = lab
  await cutOver.prepare(scene)
  const at = new Date(scene.snapshot()?.backups.value?.latestRestorableAt ?? 0).toISOString()
  const { signal } = new AbortController()
  const found = () => fleet.restorable(copy)
  const available = async () => {
    const { status, instances } = await found()
    return status === 'available' && instances.every((one) => one.status === 'available')
  }
  const began = performance.now()
  for (let i = 0; i < sent.length; ) {
    const { call } = needed(sent[i])
    const group = sent.slice(i).filter((one, n) => (n === 0 ? true : together(one.call, call)))
    await Promise.all(group.map((one) => send(restoredAt(one.call, at), signal)))
    i += group.length
    if (call.kind === 'aws') await so(available)
    if (call.kind === 'aws' && call.operation === 'CreateDBInstance')
      await checks(lab, needed((await found()).endpoint))
  }
  const endpoint = needed((await found()).endpoint)
  await clientsWrite(lab, endpoint)
  await database.survey(endpoint, { tables: scene.environment.database.criticalTables }, looks)
  return performance.now() - began
}

const together = (one: Call, other: Call) =>
  one.kind === 'aws' && other.kind === 'aws' && one.operation === other.operation

/** To a point that this lab has. */
const restoredAt = (call: Call, at: string): Call =>
  call.kind === 'aws' && call.operation === 'RestoreDBClusterToPointInTime'
    ? { ...call, input: { ...call.input, RestoreToTime: at } }
    : call

/** The settings of the copy, and what it holds, as a script would look at them. */
async function checks({ scene, fleet, database }: Lab, endpoint: { host: string; port: number }): Promise<void> {
  const { criticalTables, businessQueries = [] } = scene.environment.database
  await fleet.restorable(scene.environment.aws.clusterId)
  const queries = businessQueries.map(({ name, sql }) => ({ name, sql }))
  await database.survey(endpoint, { tables: criticalTables, queries, orphans: true, indexes: true }, looks)
}

function needed<T>(what: T | null | undefined): T {
  if (what === null || what === undefined) throw new Error('the lab has it')
  return what
}

async function so(what: () => Promise<boolean>): Promise<void> {
  if (!(await until(what, limitMs))) throw new Error('it did not happen in time')
}
