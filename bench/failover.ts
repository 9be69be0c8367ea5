import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createKubernetes } from '../lib/adapters/kubernetes/index'
import { createPgbouncer } from '../lib/adapters/pgbouncer/index'
import { createPostgres } from '../lib/adapters/postgres/index'
import { createRds } from '../lib/adapters/rds/index'
import { readLabConnection } from '../lib/config/lab-environment'
import type { Pooler } from '../lib/ports/pooler'
import { type Scene, stageScene } from '../lib/runner/testing/scene'
import { type Figure, quantile } from './figure'

const command = promisify(execFile)

const rounds = 3

/**
 * Machine time from "go" (the approval; the first command) until clients write again (the pooler lets them through and a
 * write commits through the cluster endpoint), each time after a kill of the writer in a lab of its own: the War Room; a
 * bare script of the same calls over the same adapters (hold, fail over, wait until RDS is available with the target as
 * writer, reconnect, resume, look at the pods, probe by writing) without journal, approval or record (the old writer is
 * dead, so holding is all of the fence that either can do before clients come back); and the runbook's own commands by the
 * aws command line, kubectl and psql with no thinking time. They take turns; medians. A rash script is shown beside them:
 * it lets clients in as soon as the target is named and takes a write, while RDS may still take the failover back.
 */
export async function run(): Promise<Figure[]> {
  const took: Record<'ours' | 'script' | 'rash' | 'runbook', number[]> = { ours: [], script: [], rash: [], runbook: [] }
  for (let i = 0; i < rounds; i++) {
    took.ours.push(await measured(warRoom))
    took.script.push(await measured((stage) => bareScript(stage, 'available')))
    took.rash.push(await measured((stage) => bareScript(stage, 'named')))
    took.runbook.push(await measured(runbookCommands))
  }
  const ours = quantile(took.ours, 0.5)
  const [script, rash, runbook] = [quantile(took.script, 0.5), quantile(took.rash, 0.5), quantile(took.runbook, 0.5)]
  const figure = (metric: string, theirs: number, goal: string, met: boolean): Figure => ({
    bench: 'failover',
    metric,
    ours,
    theirs,
    unit: 'ms',
    n: rounds,
    goal,
    met,
  })
  return [
    figure('go until clients write again, p50, against a bare script', script, '<= 1.2x', ours <= 1.2 * script),
    figure('the same, against a script that does not wait for RDS to say that it is done', rash, 'no goal', true),
    figure('go until clients write again, p50, against the runbook manually', runbook, '< 1x', ours < runbook),
  ]
}

interface Stage {
  scene: Scene
  target: string
  go: () => void
  poolers: Pooler[]
  /** Commits one write through the cluster endpoint, or throws. */
  write: () => Promise<unknown>
}

/** Each in a lab of its own: go is what starts the clock, clients that can write again stop it. */
async function measured(how: (stage: Stage) => Promise<void>): Promise<number> {
  const scene = await stageScene(21_780)
  const facts = readLabConnection(scene.lab.lab.context.dataDir)
  const database = createPostgres({
    user: facts.collectorUser,
    password: facts.secrets.warroomPassword,
    database: facts.database,
    tls: 'disable',
  })
  const probe = database.probe('bench', scene.lab.lab.context.cluster.writerEndpoint, { connectMs: 300, queryMs: 300 })
  const consoles = () =>
    scene.environment.poolers.map((pooler) =>
      createPgbouncer({ ...pooler, password: needed(facts.poolers[0]).password }),
    )
  const [own, watching] = [consoles(), consoles()]
  try {
    await until(async () => scene.snapshot()?.diagnosis.kind === 'healthy')
    await scene.lab.lab.startFault('kill-writer', null, {})
    await until(async () => scene.snapshot()?.diagnosis.certainty === 'confirmed')
    let began = 0
    const work = how({
      scene,
      target: 'castmatch-prod-replica-1',
      poolers: own,
      write: () => probe.heartbeat(),
      go: () => {
        began = performance.now()
      },
    })
    // A side that fails before its go must not leave this waiting for it.
    await Promise.race([until(async () => began > 0, 2), work])
    const works = (what: Promise<unknown>) =>
      what.then(
        () => true,
        () => false,
      )
    await until(
      async () =>
        (await works(probe.heartbeat())) &&
        (await Promise.all(watching.map((one) => one.pools()))).every((pools) => !pools.paused),
      10,
    )
    const took = performance.now() - began
    await work
    return took
  } finally {
    await Promise.all([probe.close(), ...[...own, ...watching].map((one) => one.close())])
    await scene.end()
  }
}

function needed<T>(what: T | null | undefined): T {
  if (what === null || what === undefined) throw new Error('the lab has it')
  return what
}

async function warRoom({ scene, target, go }: Stage): Promise<void> {
  const runner = scene.startRunner()
  const approver = await scene.as('approver')
  const id = await scene.startFailover({ mode: 'real', target })
  await scene.reaches(id, ['waiting'])
  go()
  await scene.approveOpen(id, approver)
  const run = await scene.reaches(id, ['done', 'needs-person'], 90_000)
  if (run.state !== 'done') throw new Error(run.sentence)
  await runner.stop()
}

async function bareScript(
  { scene, target, go, poolers, write }: Stage,
  waitsUntil: 'available' | 'named',
): Promise<void> {
  const facts = readLabConnection(scene.lab.lab.context.dataDir)
  const {
    aws,
    poolers: [pool],
    kubernetes,
  } = scene.environment
  const { database } = needed(pool)
  const rds = createRds({
    region: aws.region,
    drRegion: aws.drRegion,
    endpointUrl: aws.endpointUrl,
    credentials: { accessKeyId: facts.secrets.awsAccessKeyId, secretAccessKey: facts.secrets.awsSecretAccessKey },
  })
  const { namespace, deployments, hostVariable, ...cluster } = needed(kubernetes)
  const workloads = createKubernetes({ ...cluster, hostVariable })
  go()
  await Promise.all(
    poolers.map(async (pooler) => {
      if ((await pooler.pause(database, 20_000)) === 'timed-out') await pooler.kill(database)
    }),
  )
  await rds.control.execute({
    kind: 'aws',
    service: 'rds',
    operation: 'FailoverDBCluster',
    region: aws.region,
    input: { DBClusterIdentifier: aws.clusterId, TargetDBInstanceIdentifier: target },
  })
  await until(async () => {
    const { members, status } = await rds.cluster(aws.clusterId)
    return members.some((m) => m.isWriter && m.id === target) && (waitsUntil === 'named' || status === 'available')
  }, 50)
  await until(
    async () =>
      await write().then(
        () => true,
        () => false,
      ),
    50,
  )
  for (const pooler of poolers) {
    await pooler.reconnect(database)
    await pooler.resume(database)
  }
  for (const deployment of deployments) await workloads.read(namespace, deployment)
  await write()
  rds.close()
}

async function runbookCommands({ scene, target, go }: Stage): Promise<void> {
  const { environment } = readConnection(scene)
  const env = { ...process.env, ...environment } as NodeJS.ProcessEnv
  const { aws, kubernetes } = scene.environment
  if (!kubernetes) throw new Error('the lab has Kubernetes')
  const rds = (...args: string[]) =>
    command('aws', ['--endpoint-url', environment.AWS_ENDPOINT_URL ?? '', 'rds', ...args, '--region', aws.region], {
      env,
    })
  const cluster = ['--db-cluster-identifier', aws.clusterId]
  go()
  await rds('describe-db-clusters', ...cluster)
  await rds('describe-db-instances', '--filters', `Name=db-cluster-id,Values=${aws.clusterId}`)
  await rds('failover-db-cluster', ...cluster, '--target-db-instance-identifier', target)
  await until(async () => (await rds('describe-db-clusters', ...cluster)).stdout.includes('"Status": "available"'), 50)
  const kubectl = (...args: string[]) =>
    command('kubectl', ['--context', kubernetes.context, '-n', kubernetes.namespace, ...args], { env })
  const deployment = `deployment/${kubernetes.deployments[0]}`
  await kubectl('set', 'env', deployment, `${kubernetes.hostVariable}=${environment.PGHOST}`)
  await kubectl('rollout', 'status', deployment, '--timeout=60s')
  await command('psql', ['-X', '-c', 'SELECT pg_is_in_recovery()'], { env })
}

function readConnection(scene: Scene): { environment: Record<string, string> } {
  return JSON.parse(readFileSync(join(scene.lab.lab.context.dataDir, 'connection.json'), 'utf8'))
}

async function until(what: () => Promise<boolean>, everyMs = 40, limitMs = 90_000): Promise<void> {
  const end = Date.now() + limitMs
  while (!(await what())) {
    if (Date.now() > end) throw new Error('it did not happen in time')
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
