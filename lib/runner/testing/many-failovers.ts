import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lab } from '../../../lab/contract'
import { spoils } from '../../../lab/faults/spoilt-reply'
import { applicationUser } from '../../../lab/postgres/seed'
import { measureLoss } from '../../../lab/workload/loss'
import { type Range, withoutNumbers } from '../../../lab/workload/ranges'
import { roomsOf } from '../../../lab/workload/rooms'
import { baselineOf } from '../../domain/run/baseline'
import type { Run } from '../../domain/run/run'
import { readRun } from '../../store/run'
import { startDoomedRunner } from './crash-matrix'
import { LabUnfit } from './drives/drive'
import { readersStream } from './readers-stream'
import { seeded } from './sample'
import type { Scene } from './scene'
import { until } from './until'
import { twoWriters, type WriterWitness, witnessWriters } from './writer-witness'

/** What becomes of the writer before the failover, and what goes wrong on its way. */
interface Fate {
  writer: (typeof writerFates)[number]
  way: (typeof wayFates)[number]
  /** Is the reader chosen that was cut off shortly before? Then something is lost. */
  behind: boolean
  /** At which of its journal writes a runner dies, when one does. */
  dies: number
}

const writerFates = ['healthy', 'killed', 'frozen'] as const
const wayFates = [
  'clear',
  'runner killed',
  'reply lost',
  'answers 500 before the effect',
  'answers 500 after the effect',
  'hangs after the effect',
  'throttled',
  'Kubernetes answers 500',
  'another reader killed',
  ...spoils.flatMap(({ how }) => [`reply of RDS ${how}`, `reply of PAUSE ${how}`, `reply of RESUME ${how}`] as const),
] as const

/** What one failover came to. */
export interface Outcome {
  fate: Fate
  state: string
  /** How often people had to say "try again". */
  retries: number
  failovers: number
  /** By endpoint and pooler: the ways that the application goes. */
  twoWriters: boolean
  /** Writes that a server took by its own name after it had been succeeded, until it was closed. */
  byOwnName: number
  /** What was shown before the promotion at most, and what numbered commits say; null when it is not known. */
  shownLossSeconds: number | null
  lossSeconds: number
  lostCommits: number
  ms: number
  says?: string[]
  ok: boolean
}

/** The same fates for the same seed. */
export function fates(seed: number): () => Fate {
  const next = seeded(seed)
  const one = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T
  return () => {
    const luck = one(writerFates)
    const way = one(wayFates)
    // A runner in a process of its own has no collector: it may drive drills only.
    const writer = way === 'runner killed' ? 'healthy' : luck
    return { writer, way, behind: writer === 'killed' && next() < 0.3, dies: 1 + Math.floor(next() * 40) }
  }
}

export function witnessLab(lab: Lab): WriterWitness {
  const { cluster } = lab.context
  const { pooler } = roomsOf(lab)
  return witnessWriters(
    [
      { way: 'endpoint', address: cluster.writerEndpoint },
      ...(pooler.address ? [{ way: 'pooler', address: pooler.address }] : []),
      ...cluster.nodes().map(({ id, address }) => ({ way: id, address })),
    ],
    { database: cluster.databaseName, user: applicationUser, password: lab.secrets.applicationPassword },
  )
}

/** Lets the fate have its way with one failover, whose people do what the run asks of them. Throws LabUnfit before it. */
export async function failOver(scene: Scene, witness: WriterWitness, fate: Fate): Promise<Outcome> {
  const { lab } = scene.lab
  const { cluster } = lab.context
  const ready = async () => readersStream(scene) && scene.snapshot()?.diagnosis.kind === 'healthy'
  if (!(await until(ready, 60_000))) throw new LabUnfit('The lab is not whole')
  const old = cluster.writerId()
  const lostBefore = await lostNumbers(lab)
  // In the end people choose the reader that has received less, and say why: what it lacks is lost, as was shown.
  const readers = cluster.nodes().filter(({ role }) => role === 'reader')
  const chosen = fate.behind || fate.writer === 'healthy' ? readers[0]?.id : undefined
  if (fate.behind) {
    await lab.startFault('cut-link', chosen ?? null, {})
    await new Promise((resolve) => setTimeout(resolve, 1_500))
  }
  if (fate.writer === 'killed') await lab.startFault('kill-writer', null, {})
  if (fate.writer === 'frozen') await lab.startFault('freeze-writer', null, {})
  if (fate.writer !== 'healthy') {
    const noticed = async () => {
      const { diagnosis, candidates } = scene.snapshot() ?? {}
      return diagnosis?.certainty === 'confirmed' && candidates?.some((c) => c.best) === true
    }
    if (!(await until(noticed, 20_000))) throw new Error(`A ${fate.writer} writer was not confirmed`)
  }
  witness.take()
  const begun = Date.now()
  const failoversBefore = scene.effects('FailoverDBCluster')
  const doomed =
    fate.way === 'runner killed' ? startDoomedRunner(scene, { at: 'write', n: fate.dies, when: 'after' }) : null
  const runner = doomed ? null : scene.startRunner()
  let heir: ReturnType<Scene['startRunner']> | null = null
  void doomed?.exited.then(() => {
    heir = scene.startRunner()
  })
  try {
    const id = await scene.startFailover({
      mode: fate.writer === 'healthy' ? 'drill' : 'real',
      target: chosen,
      inputs: {
        connectionMode: 'auto',
        maxLossSeconds: 600,
        overrideReason: fate.behind ? 'The other reader is kept as it is.' : '',
      },
    })
    const blow = blowOf(lab, fate.way, (await readRun(scene.store, id)).inputs.target)
    if (blow) await lab.startFault(...blow)
    const { run, retries } = await lead(scene, id)
    // What came back by itself meanwhile, and was succeeded, is seen before the lab is mended.
    const accepted = witness.take()
    const ways = accepted.filter(({ way }) => way === 'endpoint' || way === 'pooler')
    const heirs = ways.at(-1)?.server
    const from = ways.find(({ server }) => server === heirs)?.at ?? Number.POSITIVE_INFINITY
    // Without an end nothing is known of the loss yet; the outcome is bad all the same.
    const lost: Numbers = run.state === 'done' ? newlyLost(lostBefore, await lostNumbers(lab)) : new Map()
    const loss = await secondsOf(lab, lost)
    const shown = baselineOf(run.facts)?.losses.find(({ nodeId }) => nodeId === cluster.writerId())
    const failovers = scene.effects('FailoverDBCluster') - failoversBefore
    const split = twoWriters(ways) !== null
    const shownLossSeconds = shown?.atMostSeconds ?? null
    const honest = shownLossSeconds === null || loss.seconds <= shownLossSeconds
    return {
      fate,
      state: run.state,
      retries,
      failovers,
      twoWriters: split,
      byOwnName: accepted.filter(({ server, at }) => server !== heirs && at > from).length,
      shownLossSeconds,
      lossSeconds: loss.seconds,
      lostCommits: loss.commits,
      ms: Date.now() - begun,
      ...(run.state === 'done'
        ? {}
        : { says: [run.sentence, ...run.steps.map((s) => `${s.stepId} ${s.state}: ${s.sentence}`)] }),
      ok: run.state === 'done' && failovers === 1 && !split && honest && cluster.writerId() !== old,
    }
  } finally {
    doomed?.child.kill('SIGKILL')
    await doomed?.exited
    await runner?.stop()
    await (heir as ReturnType<Scene['startRunner']> | null)?.stop()
    await lab.heal(null)
  }
}

type Blow = Parameters<Lab['startFault']>

/** What strikes on the way of a failover to this target, if anything of the lab does. */
function blowOf(lab: Lab, way: Fate['way'], target: unknown): Blow | null {
  const failover = { calls: 1, operation: 'FailoverDBCluster' }
  switch (way) {
    case 'clear':
    case 'runner killed':
      return null
    case 'reply lost':
      return ['api-reply-lost', 'rds', failover]
    case 'answers 500 before the effect':
      return ['api-500', 'rds', { ...failover, when: 'before' }]
    case 'answers 500 after the effect':
      return ['api-500', 'rds', { ...failover, when: 'after' }]
    case 'hangs after the effect':
      return ['api-hang', 'rds', { ...failover, when: 'after' }]
    case 'throttled':
      return ['api-throttle', 'rds', { calls: 3, operation: '' }]
    case 'Kubernetes answers 500':
      return ['api-500', 'kubernetes', { calls: 2, operation: '', when: 'before' }]
    case 'another reader killed': {
      const other = lab.context.cluster.nodes().find(({ id, role }) => role === 'reader' && id !== target)
      return ['kill-reader', other?.id ?? null, {}]
    }
    case 'reply of RDS cut':
    case 'reply of RDS garbage':
    case 'reply of RDS empty':
      return [`api-reply-${spoilOf(way)}`, 'rds', failover]
    case 'reply of PAUSE cut':
    case 'reply of PAUSE garbage':
    case 'reply of PAUSE empty':
      return [`pooler-reply-${spoilOf(way)}`, null, { calls: 1, operation: 'PAUSE' }]
    case 'reply of RESUME cut':
    case 'reply of RESUME garbage':
    case 'reply of RESUME empty':
      return [`pooler-reply-${spoilOf(way)}`, null, { calls: 1, operation: 'RESUME' }]
    default:
      return way satisfies never
  }
}

const spoilOf = (way: Fate['way']) => way.split(' ').at(-1)

/** The people of a run: they approve what is asked, and say "try again" when it fails, as long as it makes sense. */
async function lead(scene: Scene, id: string): Promise<{ run: Run; retries: number }> {
  const approver = await scene.as('approver')
  let retries = 0
  await until(async () => {
    const run = await readRun(scene.store, id)
    if (run.approvals.at(-1)?.state === 'open') await scene.approveOpen(id, approver).catch(() => {})
    if (run.state === 'needs-person' && retries < 8) {
      retries += 1
      await scene.steer(id, 'retry').catch(() => {})
    }
    return ['done', 'aborted', 'stopped'].includes(run.state) || (run.state === 'needs-person' && retries >= 8)
  }, 120_000)
  return { run: await readRun(scene.store, id), retries }
}

type Numbers = Map<string, Range[]>

/** Acknowledged numbers that the present writer does not hold. Its endpoint may still be on its way to it. */
async function lostNumbers(lab: Lab): Promise<Numbers> {
  const { cluster } = lab.context
  const login = {
    database: cluster.databaseName,
    user: applicationUser,
    password: lab.secrets.applicationPassword,
  }
  for (const end = Date.now() + 20_000; ; )
    try {
      const { byPod } = await measureLoss(roomsOf(lab).ledger.acknowledged, cluster.writerEndpoint, login)
      return new Map(byPod.map(({ pod, lost }) => [pod, lost]))
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
}

const newlyLost = (before: Numbers, after: Numbers): Numbers =>
  new Map([...after].map(([pod, lost]) => [pod, withoutNumbers(lost, before.get(pod) ?? [])]))

/** From the first of the lost commits to the last of them, by the application's own log of acknowledgements. */
async function secondsOf(lab: Lab, lost: Numbers): Promise<{ seconds: number; commits: number }> {
  const lines = (await readFile(join(lab.context.dataDir, 'acknowledged.jsonl'), 'utf8')).split('\n').filter(Boolean)
  const at = lines
    .map((line) => JSON.parse(line) as { pod: string; n: number; at: number })
    .filter(({ pod, n }) => lost.get(pod)?.some(([from, to]) => from <= n && n <= to))
    .map((line) => line.at)
  return { seconds: at.length === 0 ? 0 : (Math.max(...at) - Math.min(...at)) / 1000, commits: at.length }
}
