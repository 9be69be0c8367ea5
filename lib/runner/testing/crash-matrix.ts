import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { readLabConnection } from '../../config/lab-environment'
import type { RunState } from '../../domain/run/states'
import { readRun } from '../../store/run'
import type { Doom, Fate, Point } from './doomed-runner'
import type { Scene } from './scene'

export interface Verdict {
  point: Point
  how: Fate
  /** False when the run ended before the point was reached: the matrix is through. */
  struck: boolean
  /** How the run ended after another runner had taken it up; a state in which nothing is over means that it is stuck. */
  state: RunState
  stuck: boolean
  /** Failovers sent though one had taken effect, failovers that took effect, and whether the target is the writer. */
  repeated: number
  effective: number
  targetIsWriter: boolean
  /** Did the pooler hold the clients when the first runner was struck, and does it still when all is over? */
  held: { whenStruck: boolean | null; after: boolean | null }
  /** Ms from the end of the doomed runner to the end of the run. */
  finishedMs: number
  /** How often each call that changes something took effect while the run was under way. */
  effects: Record<string, number>
  /** What a run that is not done says, and the steps that are not. */
  says?: string[]
  ok: boolean
}

/** The lab is not in the state from which a strike begins, which says nothing about the runner. */
export class LabUnfit extends Error {
  override name = 'LabUnfit'
}

/** Every nth write or effect, struck before or after it, from `from` on. */
export interface Leg extends Omit<Point, 'n'> {
  from: number
  how: Fate
}

const over: readonly RunState[] = ['done', 'stopped', 'aborted', 'needs-person']

/**
 * One run of a drill failover whose first runner is killed, frozen past its lease and thawed, or loses its lease and goes on,
 * at a point; another takes it up. The lab's own log of calls is the truth about effects.
 */
export async function strike(
  scene: Scene,
  point: Point,
  how: Fate = 'kill',
  fence: 'on' | 'off' = 'on',
): Promise<Verdict> {
  const { context } = scene.lab.lab
  if (!(await until(async () => readersStream(scene), 60_000))) throw new LabUnfit('The readers do not stream')
  const target = context.cluster.nodes().find((n) => n.role === 'reader' && n.status === 'available')?.id
  if (!target) throw new LabUnfit('There is no reader to fail over to')
  const sentBefore = context.log.list().length
  const approver = await scene.as('approver')
  const id = await scene.startFailover({ target, inputs: { connectionMode: 'auto' } })
  const { child, exited } = startDoomedRunner(scene, point, how, fence)
  let gone: NodeJS.Signals | null | undefined
  void exited.then(([, signal]) => {
    gone = signal
  })
  const isOver = async () => over.includes((await readRun(scene.store, id)).state)
  const approveWhenAsked = async () => {
    const run = await readRun(scene.store, id)
    if (run.approvals.at(-1)?.state === 'open') await scene.approveOpen(id, approver).catch(() => {})
  }
  let lapsed = false
  child.on('message', (said) => {
    lapsed ||= said === 'struck'
  })
  const frozen = async () => how === 'freeze' && (await isStopped(child.pid))
  await until(async () => {
    await approveWhenAsked()
    return gone !== undefined || lapsed || (await frozen()) || (await isOver())
  }, 60_000)
  const struck = gone === 'SIGKILL' || lapsed || (how === 'freeze' && (await isStopped(child.pid)))
  const endedAt = Date.now()
  const whenStruck = await scene.clientsHeld()
  const second = scene.startRunner()
  try {
    await until(async () => {
      await approveWhenAsked()
      return await isOver()
    }, 60_000)
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
  const calls = context.log.list().slice(sentBefore)
  const sent = calls.filter((e) => e.operation === 'FailoverDBCluster')
  const effects: Record<string, number> = {}
  for (const { operation } of calls.filter((e) => e.effective)) effects[operation] = (effects[operation] ?? 0) + 1
  const first = sent.findIndex((e) => e.effective)
  const repeated = first < 0 ? 0 : sent.length - first - 1
  const effective = sent.filter((e) => e.effective).length
  const targetIsWriter = context.cluster.writerId() === target
  const held = { whenStruck, after: await scene.clientsHeld() }
  return {
    point,
    how,
    struck,
    state: run.state,
    stuck: !over.includes(run.state),
    repeated,
    effective,
    targetIsWriter,
    held,
    finishedMs: Date.now() - endedAt,
    effects,
    ...(run.state === 'done'
      ? {}
      : { says: [run.sentence, ...run.steps.map((s) => `${s.stepId} ${s.state}: ${s.sentence}`)] }),
    ok: run.state === 'done' && repeated === 0 && effective === 1 && targetIsWriter && held.after !== true,
  }
}

/** A runner in a process of its own that dies, or freezes, at the point. */
export function startDoomedRunner(
  scene: Scene,
  point: Point,
  how: Fate = 'kill',
  fence: 'on' | 'off' = 'on',
): { child: ChildProcess; exited: Promise<[number | null, NodeJS.Signals | null]> } {
  const { secrets, poolers } = readLabConnection(scene.lab.lab.context.dataDir)
  const doom: Doom = {
    storeUrl: scene.storeUrl,
    environment: scene.environment,
    secrets: {
      awsAccessKeyId: secrets.awsAccessKeyId,
      awsSecretAccessKey: secrets.awsSecretAccessKey,
      database: secrets.warroomPassword,
      recovery: secrets.adminPassword,
      pooler: poolers[0]?.password ?? null,
    },
    point,
    how,
    fence,
  }
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'doomed-runner.ts')], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DOOM: JSON.stringify(doom),
      NODE_NO_WARNINGS: '1',
    } as unknown as NodeJS.ProcessEnv,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  return { child, exited: once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]> }
}

/** Every leg of the whole matrix: the runner dies, or its lease lapses, at every write and around every effect. */
export const wholeMatrix: readonly Leg[] = (['kill', 'lapse'] as const).flatMap((how) =>
  (['effect', 'write'] as const).flatMap((at) =>
    (['before', 'after'] as const).map((when) => ({ at, when, from: 1, how })),
  ),
)

/**
 * Strikes along a leg until a run ends unstruck; `stepOver` takes each nth write only. `strikeAt` may try again in
 * another lab. Throws when nothing of the kind is ever met: then nothing is proved about any.
 */
export async function* walk(
  leg: Leg,
  stepOver: number,
  strikeAt: (point: Point, how: Fate) => Promise<Verdict>,
): AsyncGenerator<Verdict> {
  const { at, when, from, how } = leg
  for (let n = from; ; n += at === 'write' ? stepOver : 1) {
    const verdict = await strikeAt({ at, when, n }, how)
    yield verdict
    // A run that ended unstruck but not well says nothing about what follows.
    if (verdict.struck || verdict.state !== 'done') continue
    if (n === 1) throw new Error(`No ${at} was ever met: nothing is proved about any`)
    return
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

/** Polls until the condition holds; answers whether it did in time. */
export async function until(condition: () => Promise<boolean>, limitMs: number): Promise<boolean> {
  const end = Date.now() + limitMs
  while (!(await condition())) {
    if (Date.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
  return true
}
