import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readLabConnection } from '../bin/starting/lab-environment'
import { createPostgres } from '../lib/adapters/postgres/index'
import { createRds } from '../lib/adapters/rds/index'
import { failoverCluster } from '../lib/ports/fleet-control'
import { type Scene, stageScene } from '../lib/runner/testing/scene'
import type { Figure } from './figure'

const command = promisify(execFile)

/**
 * Machine time from "go" (the approval; the first command) to the first write that commits through the cluster endpoint,
 * each time after a kill of the writer: the War Room, a bare script of the same calls, and the runbook's own commands by
 * the aws command line, kubectl and psql with no thinking time.
 */
export async function run(): Promise<Figure[]> {
  const ours = await measured(warRoom)
  const script = await measured(bareScript)
  const runbook = await measured(runbookCommands)
  const figure = (metric: string, theirs: number, goal: string, met: boolean): Figure => ({
    bench: 'failover',
    metric,
    ours,
    theirs,
    unit: 'ms',
    n: 1,
    goal,
    met,
  })
  return [
    figure('go to first committed write, against a bare script', script, '<= 2.0x', ours <= 2 * script),
    figure('go to first committed write, against the runbook by hand', runbook, '< 1x', ours < runbook),
  ]
}

/** Each in a lab of its own: go is what starts the clock, the first commit through the endpoint stops it. */
async function measured(how: (scene: Scene, target: string, go: () => void) => Promise<void>): Promise<number> {
  const scene = await stageScene(21_780)
  const facts = readLabConnection(scene.lab.lab.context.dataDir)
  const database = createPostgres({
    user: facts.collectorUser,
    password: facts.secrets.warroomPassword,
    database: facts.database,
    tls: 'disable',
  })
  const probe = database.probe('bench', scene.lab.lab.context.cluster.writerEndpoint, { connectMs: 300, queryMs: 300 })
  try {
    await until(async () => scene.snapshot()?.diagnosis.kind === 'healthy')
    await scene.lab.lab.startFault('kill-writer', null, {})
    await until(async () => scene.snapshot()?.diagnosis.certainty === 'confirmed')
    let began = 0
    const work = how(scene, 'castmatch-prod-replica-1', () => {
      began = performance.now()
    })
    await until(async () => began > 0, 2)
    await until(
      async () =>
        await probe.heartbeat().then(
          () => true,
          () => false,
        ),
      10,
    )
    const took = performance.now() - began
    await work
    return took
  } finally {
    await probe.close()
    await scene.end()
  }
}

async function warRoom(scene: Scene, target: string, go: () => void): Promise<void> {
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

async function bareScript(scene: Scene, target: string, go: () => void): Promise<void> {
  const facts = readLabConnection(scene.lab.lab.context.dataDir)
  const { aws } = scene.environment
  const rds = createRds({
    region: aws.region,
    drRegion: aws.drRegion,
    endpointUrl: aws.endpointUrl,
    credentials: { accessKeyId: facts.secrets.awsAccessKeyId, secretAccessKey: facts.secrets.awsSecretAccessKey },
  })
  go()
  await rds.control.execute(failoverCluster(aws.region, aws.clusterId, target))
  await until(async () => (await rds.cluster(aws.clusterId)).members.some((m) => m.isWriter && m.id === target), 50)
  rds.close()
}

async function runbookCommands(scene: Scene, target: string, go: () => void): Promise<void> {
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
