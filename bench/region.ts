import { createResolvers } from '../lib/adapters/dns/index'
import { createPostgres } from '../lib/adapters/postgres/index'
import { createRds } from '../lib/adapters/rds/index'
import { createRoute53 } from '../lib/adapters/route53/index'
import { startRun } from '../lib/commands/run/start-run'
import { readLabConnection } from '../lib/config/lab-environment'
import { resolverList } from '../lib/config/names'
import { nodeKey } from '../lib/domain/cluster/node-key'
import { regionOfHost } from '../lib/domain/cluster/traffic'
import type { Call } from '../lib/domain/procedure/call'
import type { Run } from '../lib/domain/run/run'
import type { Database } from '../lib/ports/database'
import type { Fleet } from '../lib/ports/fleet'
import type { Resolvers } from '../lib/ports/names'
import { type SendCall, sendBy } from '../lib/runner/effects'
import { type Scene, stageScene } from '../lib/runner/testing/scene'
import { until } from '../lib/runner/testing/until'
import { readRun } from '../lib/store/run'
import { type Figure, quantile } from './figure'

const rounds = Number(process.env.REGION_ROUNDS ?? '2')
const limitMs = 300_000
const probing = { connectMs: 1_000, queryMs: 2_000 }

/**
 * Machine time from "go" (the approval; the first command) after the home region has died until the other region serves: its database
 * commits writes and has the protection that was chosen. The War Room; and a bare script that sends the very calls of that run over
 * the same adapters, in a lab of its own, and waits after each until it has taken effect. No journal, no approval, no record, and the
 * old writer is not fenced, which nobody can while its region is away. They take turns; medians. And the run by itself: from its
 * first step after the approval to its end, against the sum of those steps, which steps of one stage fall below.
 */
export async function run(): Promise<Figure[]> {
  const took: { ours: number[]; script: number[]; span: number[]; sum: number[] } = {
    ...{ ours: [], script: [], span: [], sum: [] },
  }
  let stages = 0
  for (let i = 0; i < rounds; i++) {
    const { ms, sent, run } = await inLab(warRoom)
    took.ours.push(ms)
    const { span, sum } = timesOf(run)
    took.span.push(span)
    took.sum.push(sum)
    stages = sent.stages
    took.script.push(await inLab((lab) => bareScript(lab, sent.groups)))
  }
  const [ours, theirs] = [quantile(took.ours, 0.5), quantile(took.script, 0.5)]
  const [span, sum] = [quantile(took.span, 0.5), quantile(took.sum, 0.5)]
  return [
    {
      ...{ bench: 'region', metric: 'go until the other region serves, p50, against a bare script', ours, theirs },
      ...{ unit: 'ms', n: rounds, goal: '<= 1.2x', met: ours <= 1.2 * theirs },
    },
    {
      ...{
        bench: 'region',
        metric: `the run after its approval, ${stages} parallel stages, against the sum of its steps`,
      },
      ...{ ours: span, theirs: sum, unit: 'ms', n: rounds },
      ...(stages > 0 ? { goal: '< 1x', met: span < sum } : { goal: 'no goal without a parallel stage', met: true }),
    },
  ]
}

interface Lab {
  scene: Scene
  fleet: Fleet
  send: SendCall
  resolvers: Resolvers
  /** The replica in the other region: its key, and where it is. */
  replica: { key: string; id: string; region: string; probe: ReturnType<Database['probe']> }
}

/** A lab whose home region has stopped responding, and that is recognised. */
async function inLab<T>(work: (lab: Lab) => Promise<T>): Promise<T> {
  const scene = await stageScene(32_600)
  const { context } = scene.lab.lab
  const { secrets, collectorUser } = readLabConnection(context.dataDir)
  const { aws, database: of } = scene.environment
  const fleet = createRds({
    region: aws.region,
    drRegion: aws.drRegion,
    endpointUrl: aws.endpointUrl,
    credentials: { accessKeyId: secrets.awsAccessKeyId, secretAccessKey: secrets.awsSecretAccessKey },
  })
  const resolvers = createResolvers(resolverList(scene.environment))
  const { id, address } = needed(context.cluster.nodes().find(({ role }) => role === 'cross-region'))
  const probe = createPostgres({
    ...{ user: collectorUser, password: secrets.warroomPassword, database: of.name, tls: 'disable' },
  }).probe('bench', address, probing)
  const credentials = { accessKeyId: secrets.awsAccessKeyId, secretAccessKey: secrets.awsSecretAccessKey }
  const route53 = createRoute53({ endpointUrl: aws.endpointUrl, credentials })
  const { application, workloads } = scene
  const send = sendBy(
    { fleet: fleet.control, workloads, poolers: [], control: null, application, names: route53.control },
    { holds: () => true },
  )
  try {
    await so(async () => scene.snapshot()?.diagnosis.kind === 'healthy')
    await scene.lab.lab.startFault('region-outage', 'region', { how: 'refuse' })
    await so(async () => scene.snapshot()?.diagnosis.certainty === 'confirmed')
    const key = nodeKey(id, aws.drRegion, aws.region)
    return await work({ scene, fleet, send, resolvers, replica: { key, id, region: aws.drRegion, probe } })
  } finally {
    await probe.close()
    route53.close()
    fleet.close()
    await scene.end()
  }
}

/** The other region serves: its database commits a write, is no replica any more, and nothing of its protection is pending. */
const serves = async (lab: Lab): Promise<boolean> => {
  const {
    fleet,
    replica: { id, region, probe },
  } = lab
  if (!(await done(probe.heartbeat())) || !(await settled(fleet, id, region))) return false
  return (await isProtected(fleet, id, region)) && (await ready(lab, true)) && (await namesMoved(lab))
}

/** The name servers answer every name with the other region. */
async function namesMoved({ scene, resolvers }: Lab): Promise<boolean> {
  const { names, aws } = scene.environment
  const servers = resolvers.all.filter(({ kind }) => kind === 'authoritative')
  const regions = { environment: aws, nodes: [] }
  const answers = await Promise.all(
    servers.flatMap((server) => (names?.records ?? []).map(({ name }) => resolvers.ask(server, name))),
  )
  return answers.every((one) => one.kind === 'answer' && regionOfHost(one.alias ?? '', regions) === aws.drRegion)
}

/** The application runs in the other region: every pod that was applied is ready, and those are all that are configured where `all` is asked. */
async function ready({ scene }: Lab, all = false): Promise<boolean> {
  const { namespace, deployments, drApplication } = needed(scene.environment.kubernetes)
  const there = await Promise.all(
    deployments.map(async (name) => ({ name, state: await needed(scene.application).deployment(namespace, name) })),
  )
  return there.every(({ name, state }) => {
    const wanted = (all ? drApplication?.replicas[name] : null) ?? Math.max(1, state?.replicas ?? 0)
    return state !== null && state.ready >= wanted
  })
}

const settled = async (fleet: Fleet, id: string, region: string) => {
  const { status, replicaSourceId } = await fleet.instance(id, region)
  return status === 'available' && replicaSourceId === null
}
const isProtected = async (fleet: Fleet, id: string, region: string) => {
  const { backupRetentionDays, deletionProtection } = await fleet.instance(id, region)
  return deletionProtection && backupRetentionDays > 0
}

interface Sent {
  /** In their order; those of one parallel stage are sent together. */
  groups: Call[][]
  stages: number
}

async function warRoom(lab: Lab): Promise<{ ms: number; sent: Sent; run: Run }> {
  const { scene, replica } = lab
  const { environment } = scene
  const runner = scene.startRunner()
  const { id } = await startRun(
    await scene.as('responder'),
    environment,
    {
      ...{ slug: 'region-recovery', mode: 'real', reason: 'A measurement of the whole procedure' },
      ...{ typedEnvironment: environment.name, inputs: { target: replica.key } },
    },
    scene.snapshot(),
  )
  await scene.reaches(id, ['waiting'], limitMs)
  const approver = await scene.as('approver')
  const began = performance.now()
  await scene.approveOpen(id, approver)
  const served = so(() => serves(lab)).then(() => performance.now() - began)
  // Whatever else is asked meanwhile is answered at once.
  const ended = await until(async () => {
    const { state, sentence, approvals } = await readRun(scene.store, id)
    if (state === 'needs-person' || state === 'aborted') throw new Error(sentence)
    if (state === 'waiting' && approvals.at(-1)?.state === 'open')
      await scene.approveOpen(id, await scene.as('approver'))
    return state === 'done'
  }, limitMs)
  if (!ended) throw new Error('the run did not end in time')
  const ms = await served
  const run = await readRun(scene.store, id)
  await runner.stop()
  const { rows } = await scene.owner.pool.query<{ stepId: string; call: Call }>(
    `SELECT step_id AS "stepId", call FROM effect_journal WHERE run_id = $1 AND outcome = 'accepted' ORDER BY intended_at`,
    [id],
  )
  const stageOf = (stepId: string) => run.steps.find((step) => step.stepId === stepId)?.stage?.id ?? null
  const groups: Call[][] = []
  let before: string | null = null
  for (const { stepId, call } of rows) {
    const stage = stageOf(stepId)
    if (stage !== null && stage === before) groups.at(-1)?.push(call)
    else groups.push([call])
    before = stage
  }
  const stages = new Set(run.steps.flatMap(({ stage }) => stage?.id ?? []))
  return { ms, run, sent: { groups, stages: stages.size } }
}

/** The calls of a run, each group waited for: the promotion until the database commits writes, the application until its pods are ready. */
async function bareScript(lab: Lab, groups: readonly Call[][]): Promise<number> {
  const { fleet, send, replica } = lab
  const { signal } = new AbortController()
  const promoted = async () =>
    (await settled(fleet, replica.id, replica.region)) && (await done(replica.probe.heartbeat()))
  const began = performance.now()
  for (const group of groups) {
    await Promise.all(group.map((call) => send(call, signal)))
    if (group.some((call) => call.kind === 'aws' && call.operation === 'PromoteReadReplica')) await so(promoted)
    if (group.some((call) => call.kind === 'apply')) await so(() => ready(lab))
  }
  await so(() => serves(lab))
  return performance.now() - began
}

/** From the first step that began after the approval to the end, and what those steps took each by itself, ms. */
function timesOf({ steps, approvals }: Run): { span: number; sum: number } {
  const from = needed(approvals[0]?.decidedAt)
  const after = steps.flatMap(({ startedAt, finishedAt }) =>
    startedAt !== null && finishedAt !== null && startedAt >= from ? { startedAt, finishedAt } : [],
  )
  const end = Math.max(...after.map(({ finishedAt }) => finishedAt))
  const start = Math.min(...after.map(({ startedAt }) => startedAt))
  return { span: end - start, sum: after.reduce((ms, one) => ms + one.finishedAt - one.startedAt, 0) }
}

const done = (what: Promise<unknown>): Promise<boolean> =>
  what.then(
    () => true,
    () => false,
  )

function needed<T>(what: T | null | undefined): T {
  if (what === null || what === undefined) throw new Error('the lab has it')
  return what
}

async function so(what: () => Promise<boolean>): Promise<void> {
  if (!(await until(() => what().catch(() => false), limitMs))) throw new Error('it did not happen in time')
}
