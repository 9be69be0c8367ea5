import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { readLabConnection } from '../../../bin/starting/lab-environment'
import { readRun } from '../../store/run'
import type { Doom, Point } from './doomed-runner'
import type { Scene } from './scene'

export interface Verdict {
  point: Point
  how: 'kill' | 'freeze'
  /** False when the run ended before the point was reached: the matrix is through. */
  struck: boolean
  /** How the run ended after another runner had taken it up. */
  state: string
  /** Failovers sent though one had taken effect, failovers that took effect, and whether the target is the writer. */
  repeated: number
  effective: number
  targetIsWriter: boolean
  /** Ms from the end of the doomed runner to the end of the run. */
  finishedMs: number
  ok: boolean
}

/**
 * One run of a drill failover whose first runner is killed (or frozen past its lease and thawed) at a point, and taken up
 * by another. The lab's own log of calls is the truth about effects.
 */
export async function strike(
  scene: Scene,
  point: Point,
  how: 'kill' | 'freeze' = 'kill',
  fence: 'on' | 'off' = 'on',
): Promise<Verdict> {
  const { context } = scene.lab.lab
  await until(async () => readersStream(scene), 60_000, 'the readers do not stream')
  const target = context.cluster.nodes().find((n) => n.role === 'reader' && n.status === 'available')?.id
  if (!target) throw new Error('no reader to fail over to')
  const sentBefore = context.log.list().length
  const approver = await scene.as('approver')
  const facts = readLabConnection(context.dataDir)
  const doom: Doom = {
    storeUrl: scene.storeUrl,
    environment: scene.environment,
    secrets: {
      awsAccessKeyId: facts.secrets.awsAccessKeyId,
      awsSecretAccessKey: facts.secrets.awsSecretAccessKey,
      database: facts.secrets.warroomPassword,
      recovery: facts.secrets.adminPassword,
      pooler: facts.pooler?.password ?? null,
    },
    point,
    how,
    fence,
  }
  const id = await scene.startFailover({ target, inputs: { connectionMode: 'auto' } })
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'doomed-runner.ts')], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DOOM: JSON.stringify(doom),
      NODE_NO_WARNINGS: '1',
    } as unknown as NodeJS.ProcessEnv,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  let gone: NodeJS.Signals | null | undefined
  void exited.then(([, signal]) => {
    gone = signal
  })
  const over = async () =>
    ['done', 'stopped', 'aborted', 'needs-person'].includes((await readRun(scene.store, id)).state)
  const approveWhenAsked = async () => {
    const run = await readRun(scene.store, id)
    if (run.approvals.at(-1)?.state === 'open') await scene.approveOpen(id, approver).catch(() => {})
  }
  const frozen = async () => how === 'freeze' && (await isStopped(child.pid))
  await until(
    async () => {
      await approveWhenAsked()
      return gone !== undefined || (await frozen()) || (await over())
    },
    60_000,
    `the doomed runner neither died nor ended the run (${point.at} ${point.n} ${point.when})`,
  )
  const struck = gone === 'SIGKILL' || (how === 'freeze' && (await isStopped(child.pid)))
  const endedAt = Date.now()
  const second = scene.startRunner()
  try {
    await until(
      async () => {
        await approveWhenAsked()
        return await over()
      },
      60_000,
      `the run is stuck after ${point.at} ${point.n} ${point.when}`,
    )
    if (how === 'freeze') {
      process.kill(child.pid as number, 'SIGCONT')
      // It needs a moment to notice; whatever it would send, it sends within it.
      await new Promise((resolve) => setTimeout(resolve, 1_500))
    }
  } finally {
    if (gone === undefined) child.kill('SIGKILL')
    await exited
    await second.stop()
  }
  const run = await readRun(scene.store, id)
  const sent = context.log
    .list()
    .slice(sentBefore)
    .filter((e) => e.operation === 'FailoverDBCluster')
  const first = sent.findIndex((e) => e.effective)
  const repeated = first < 0 ? 0 : sent.length - first - 1
  const effective = sent.filter((e) => e.effective).length
  const targetIsWriter = context.cluster.writerId() === target
  return {
    point,
    how,
    struck,
    state: run.state,
    repeated,
    effective,
    targetIsWriter,
    finishedMs: Date.now() - endedAt,
    ok: run.state === 'done' && repeated === 0 && effective === 1 && targetIsWriter,
  }
}

/** Strikes at every write and every effect until a run ends unstruck. Throws when not even the first of a kind is met. */
export async function* matrix(scene: Scene, stepOver = 1): AsyncGenerator<Verdict> {
  for (const at of ['effect', 'write'] as const)
    for (const when of ['before', 'after'] as const)
      for (let n = 1; ; n += at === 'write' ? stepOver : 1) {
        const verdict = await strike(scene, { at, n, when })
        yield verdict
        if (!verdict.struck && n === 1) throw new Error(`No ${at} was ever met: nothing is proved about any`)
        if (!verdict.struck) break
      }
}

async function isStopped(pid: number | undefined): Promise<boolean> {
  const { readFile } = await import('node:fs/promises')
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return / T /.test(stat.slice(stat.lastIndexOf(')')))
}

/** A writer and two readers that stream, in the lab's truth and in what the collector has heard of it. */
export function readersStream(scene: Scene): boolean {
  const snapshot = scene.snapshot()
  const { cluster } = scene.lab.lab.context
  if (cluster.status !== 'available') return false
  const readers = cluster.nodes().filter((n) => n.role === 'reader')
  return (
    snapshot !== null &&
    snapshot.writerId === cluster.writerId() &&
    readers.length === 2 &&
    snapshot.nodes.every((n) => n.rdsStatus.value === 'available') &&
    readers.every((r) => r.status === 'available' && snapshot.nodes.find((n) => n.id === r.id)?.stream.alive === true)
  )
}

async function until(what: () => Promise<boolean>, limitMs: number, otherwise: string): Promise<void> {
  const end = Date.now() + limitMs
  while (!(await what())) {
    if (Date.now() > end) throw new Error(otherwise)
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
}
