import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { stopRun } from '../../commands/run/steer'
import { ExpectedError } from '../../domain/errors'
import { type RunState, runIsOver } from '../../domain/run/states'
import { PortError } from '../../ports/port-error'
import { readRun } from '../../store/run'
import type { Counted, Doom, Fate, Point, Said } from './doomed-runner'
import type { LabDrive } from './drives/drive'
import type { Scene } from './scene'
import { until } from './until'

export interface Verdict {
  drive: string
  runId: string
  point: Point
  how: Fate
  /** False when the run ended before the point was reached: the matrix is through. */
  struck: boolean
  /** The step that was under way when it struck. */
  during: string | null
  /** How the run ended after another runner had taken it up. */
  state: RunState
  /** It neither ended nor asked a person, or could not be stopped. */
  stuck: boolean
  /** How often a person was asked, and tried again. */
  asked: number
  /** Calls that must take effect once and were sent though they had, that never took effect, and that did more than once. */
  repeated: number
  lost: string[]
  doubled: string[]
  /** What is wrong with the world afterwards. */
  wrong: string[]
  /** Did the pooler hold the clients when the first runner was struck, and does it still when all is over? */
  held: { whenStruck: boolean | null; after: boolean | null }
  /** Ms from the end of the doomed runner to the end of the run. */
  finishedMs: number
  /** How many writes and effects the first runner came to. */
  met: Counted
  /** How often each call that changes something took effect while the run was under way. */
  effects: Record<string, number>
  /** What a run that is not done says, and the steps that are not. */
  says?: string[]
  ok: boolean
}

/** Every nth write or effect, struck before or after it, from `from` on. */
export interface Leg extends Omit<Point, 'n'> {
  from: number
  how: Fate
}

/** A run that asks a person is tried again this often. */
const mostRetries = 3

/**
 * One run of a procedure whose first runner is killed, frozen past its lease and thawed, or loses its lease and goes on, at a
 * point; another takes it up. The lab's own log of calls is the truth about effects. Throws LabUnfit.
 */
export async function strike(
  scene: Scene,
  drive: LabDrive,
  point: Point,
  how: Fate = 'kill',
  fence: 'on' | 'off' = 'on',
): Promise<Verdict> {
  const { log } = scene.lab.lab.context
  const prepared = await drive.prepare(scene)
  const sentBefore = log.list().length
  const id = await prepared.start()
  const { child, exited } = startDoomedRunner(scene, point, how, fence)
  let gone: NodeJS.Signals | null | undefined
  void exited.then(([, signal]) => {
    gone = signal
  })
  let lapsed = false
  let met: Counted = { write: 0, effect: 0 }
  child.on('message', (said: Said) => {
    lapsed ||= said.struck === true
    met = said.met
  })
  let asked = 0
  /** Approves, chooses and retries, as people do; answers whether the run is over, or asks once too often. */
  const isOver = async (): Promise<boolean> => {
    // On a busy machine the store may miss an answer; it is asked again.
    const run = await readRun(scene.store, id).catch(() => null)
    if (!run) return false
    const approve = async () => scene.approveOpen(id, await scene.as('approver'))
    if (run.approvals.at(-1)?.state === 'open') await approve().catch(() => {})
    await prepared.people?.(run).catch(onlyExpected)
    if (runIsOver(run.state)) return true
    if (run.state !== 'needs-person') return false
    if (asked === mostRetries) return true
    asked += 1
    await scene.steer(id, 'retry').catch(() => {})
    return false
  }
  const frozen = async () => how === 'freeze' && (await isStopped(child.pid))
  await until(async () => (await isOver()) || gone !== undefined || lapsed || (await frozen()), drive.limitMs)
  const struck = gone === 'SIGKILL' || lapsed || (await frozen())
  const endedAt = Date.now()
  const whenStruck = await clientsHeld(scene)
  const during = (await readRun(scene.store, id)).currentStepId
  const second = scene.startRunner()
  let ended = false
  try {
    ended = await until(isOver, drive.limitMs)
    if (how === 'freeze') {
      process.kill(child.pid as number, 'SIGCONT')
      // It needs a moment to notice; whatever it would send, it sends within it.
      await new Promise((resolve) => setTimeout(resolve, 1_500))
    }
    ended = ended && (await canBeStopped(scene, id))
  } finally {
    if (gone === undefined) child.kill('SIGKILL')
    await exited
    await second.stop()
  }
  const finishedMs = Date.now() - endedAt
  const run = await readRun(scene.store, id)
  const calls = log.list().slice(sentBefore)
  const effects: Record<string, number> = {}
  for (const { operation } of calls.filter((e) => e.effective)) effects[operation] = (effects[operation] ?? 0) + 1
  const done = run.state === 'done'
  const tally = tallyOf(calls, prepared.once, done ? prepared.wanted(run) : [])
  const wrong = done ? await prepared.wrong(run) : []
  const held = { whenStruck, after: await clientsHeld(scene) }
  const says = [run.sentence, ...run.steps.map((s) => `${s.stepId} ${s.state}: ${s.sentence}`)]
  const good = [tally.lost, tally.doubled, wrong].every((list) => list.length === 0) && tally.repeated === 0
  if (done) await prepared.tidy?.(run)
  return {
    ...{ drive: drive.name, runId: id, point, how, struck, during: struck ? during : null, state: run.state },
    ...{ stuck: !ended, asked, ...tally, wrong, held, finishedMs, met, effects },
    ...(done ? {} : { says }),
    ok: done && good && (held.after ?? false) === drive.heldAfter,
  }
}

/** Null as well where the poolers are in a region that is away. */
async function clientsHeld(scene: Scene): Promise<boolean | null> {
  try {
    return await scene.clientsHeld()
  } catch (error) {
    if (error instanceof PortError) return null
    throw error
  }
}

/** What people say may come too late, or to a store that misses an answer: it is said again. */
function onlyExpected(error: unknown): void {
  if (!(error instanceof ExpectedError)) throw error
}

/** A run that rests with people ends when it is stopped. */
async function canBeStopped(scene: Scene, id: string): Promise<boolean> {
  if (!runIsOver((await readRun(scene.store, id)).state))
    await stopRun(await scene.as('responder'), { runId: id, reason: 'The matrix has seen what it wanted.' })
  return await until(async () => runIsOver((await readRun(scene.store, id)).state), 30_000)
}

type Call = ReturnType<Scene['lab']['lab']['context']['log']['list']>[number]

/** What became of the calls that must take effect once. */
function tallyOf(
  calls: readonly Call[],
  once: (call: Call) => string | null,
  wanted: string[],
): Pick<Verdict, 'repeated' | 'lost' | 'doubled'> {
  const sent = new Map<string, Call[]>(wanted.map((name) => [name, []]))
  for (const call of calls) {
    const name = once(call)
    if (name !== null) sent.set(name, [...(sent.get(name) ?? []), call])
  }
  const all = [...sent].map(([name, list]) => {
    const first = list.findIndex((e) => e.effective)
    const effective = list.filter((e) => e.effective).length
    return { name, effective, again: first < 0 ? 0 : list.length - first - 1 }
  })
  return {
    repeated: all.reduce((sum, { again }) => sum + again, 0),
    lost: all.filter(({ name, effective }) => effective === 0 && wanted.includes(name)).map(({ name }) => name),
    doubled: all.filter(({ effective }) => effective > 1).map(({ name }) => name),
  }
}

/** A runner in a process of its own that dies, or freezes, at the point. */
export function startDoomedRunner(
  scene: Scene,
  point: Point,
  how: Fate = 'kill',
  fence: 'on' | 'off' = 'on',
): { child: ChildProcess; exited: Promise<[number | null, NodeJS.Signals | null]> } {
  const doom: Doom = {
    storeUrl: scene.storeUrl,
    environment: scene.environment,
    labDir: scene.lab.lab.context.dataDir,
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
