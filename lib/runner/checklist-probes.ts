import type { ChecklistKey, ProbeState } from '../domain/checklist/items'
import type { Snapshot } from '../domain/cluster/types'
import type { Database } from '../ports/database'
import type { Fleet } from '../ports/fleet'
import type { Metrics } from '../ports/metrics'
import type { Pooler } from '../ports/pooler'
import { PortError } from '../ports/port-error'
import { type Standing, standingOf } from '../ports/standing'
import type { Workloads } from '../ports/workloads'
import type { Surroundings } from '../procedures/contract'

/** What a probe asked, got and made of it. */
export interface ProbeResult {
  state: ProbeState
  says: string
  request: string
  result: string
}

export interface ProbePorts {
  database: Database
  fleet: Fleet
  workloads: Workloads | null
  pooler: Pooler | null
  metrics: Metrics | null
  snapshot: () => Snapshot | null
}

export interface ProbeContext {
  ports: ProbePorts
  environment: Surroundings
  now(): number
  wait(ms: number): Promise<void>
}

const limits = { connectMs: 3_000, queryMs: 2_000 }
const readable = (value: unknown): string =>
  JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? v.toString() : v), 2)
const found = (state: ProbeState, says: string, request: string, result: unknown): ProbeResult => ({
  state,
  says,
  request,
  result: typeof result === 'string' ? result : readable(result),
})
const judged = (troubles: string[], well: string, request: string, result: unknown): ProbeResult =>
  troubles.length ? found('fail', troubles.join(' '), request, result) : found('pass', well, request, result)

type Probe = (context: ProbeContext) => Promise<ProbeResult>

/** The cloud's API did not say where the database is: nothing is known of the database itself. */
class AddressUnknown extends Error {}
async function standing({ ports, environment }: Pick<ProbeContext, 'ports' | 'environment'>): Promise<Standing> {
  const { clusterId, region } = environment.aws
  const snapshot = ports.snapshot()
  const known = snapshot?.nodes.map((n) => n.id) ?? []
  return standingOf(await ports.fleet.guarded(clusterId, known), snapshot?.writerId ?? null, region)
}

/** Where clients reach the writer. Throws AddressUnknown. */
async function addressed(context: ProbeContext): Promise<Standing & { endpoint: { host: string; port: number } }> {
  const found = await standing(context).catch((error) => {
    throw new AddressUnknown(words(error))
  })
  if (!found.endpoint) throw new AddressUnknown('The API gives no address of the writer.')
  return { ...found, endpoint: found.endpoint }
}

const steadySeconds = 30

/** Item 1: a heartbeat each second through the endpoint, for half a minute; the first error ends it. */
const connectivity: Probe = async (context) => {
  const { ports, environment, now, wait } = context
  const request = `heartbeat through the writer endpoint of ${environment.aws.clusterId}, once a second for ${steadySeconds} s`
  const { endpoint: writerEndpoint } = await addressed(context)
  const probe = ports.database.probe('warroom-checklist', writerEndpoint, limits)
  const beats: { seq: number; at: number; ms: number }[] = []
  try {
    const position = await probe.position()
    if (position.standby || position.readOnly)
      return found('fail', 'The endpoint leads to a node that takes no writes.', request, position)
    for (let i = 0; i < steadySeconds; i++) {
      const begun = now()
      try {
        const beat = await probe.heartbeat()
        beats.push({ seq: beat.seq, at: beat.at, ms: now() - begun })
      } catch (error) {
        return found('fail', `Write ${i + 1} of ${steadySeconds} failed: ${words(error)}`, request, { beats })
      }
      if (i < steadySeconds - 1) await wait(1000)
    }
    const pool = ports.pooler ? await ports.pooler.pools() : null
    const troubles =
      pool?.present && (pool.paused || pool.serversActive + pool.serversIdle === 0)
        ? [pool.paused ? 'The pooler is paused.' : 'The pooler has no server connection.']
        : []
    return judged(troubles, `${steadySeconds} writes in a row succeeded.`, request, { writerEndpoint, beats, pool })
  } finally {
    await probe.close().catch(() => {})
  }
}

/** Item 2: every replica of every deployment available, the rollout complete. */
const appHealth: Probe = async ({ ports, environment }) => {
  const { kubernetes } = environment
  if (!ports.workloads || !kubernetes)
    return found('impossible', 'No Kubernetes is configured for this environment.', 'deployments', 'not configured')
  const states = await Promise.all(
    kubernetes.deployments.map(async (name) => ({
      name,
      state: await ports.workloads?.read(kubernetes.namespace, name),
    })),
  )
  const troubles = states.flatMap(({ name, state }) =>
    !state
      ? []
      : state.replicas === 0
        ? [`${name} is scaled to nothing.`]
        : state.ready < state.replicas
          ? [`${state.ready} of ${state.replicas} pods of ${name} are ready.`]
          : state.rollout !== 'complete'
            ? [`The rollout of ${name} is ${state.rollout}: ${state.rolloutDetail}.`]
            : [],
  )
  const request = `GET deployments ${kubernetes.deployments.join(', ')} in ${kubernetes.namespace}`
  const kept = states.map(({ name, state }) => ({
    name,
    replicas: state?.replicas,
    ready: state?.ready,
    rollout: state?.rollout,
    pods: state?.pods,
  }))
  return judged(troubles, 'All pods are ready and no rollout is under way.', request, kept)
}

const dataIntegrity: Probe = async () =>
  found(
    'impossible',
    'The War Room may not read the application’s tables. Compare counts, references and sequences by hand, and tick with what you saw.',
    'counts, references and sequences of critical tables',
    'not allowed to read',
  )

/** Item 4: errors are judged; how slow is too slow needs a usual value, and none is known here. */
const performance: Probe = async ({ ports }) => {
  if (!ports.metrics)
    return found('impossible', 'No metrics are configured for this environment.', 'overview', 'not configured')
  const overview = await ports.metrics.overview()
  const request = 'error ratio and 95th percentile of the application'
  if (overview.errorRatio === null) return found('unknown', 'The error ratio is not known.', request, overview)
  const errors = `${(overview.errorRatio * 100).toFixed(2)} % errors`
  if (overview.errorRatio >= 0.005) return found('fail', `${errors}, more than 0.5 %.`, request, overview)
  const p95 = overview.p95Ms === null ? 'unknown' : `${Math.round(overview.p95Ms)} ms`
  return found(
    'unknown',
    `${errors}; the 95th percentile is ${p95}. The usual value is not known here: judge it and tick by hand.`,
    request,
    overview,
  )
}

const alerts: Probe = async ({ ports }) => {
  if (!ports.metrics)
    return found('impossible', 'No metrics are configured for this environment.', 'alerts', 'not configured')
  const { alertsFiring } = await ports.metrics.overview()
  const names = alertsFiring.map(({ name }) => name)
  return judged(
    names.length ? [`${names.length} firing: ${[...new Set(names)].slice(0, 5).join(', ')}.`] : [],
    'No alert is firing.',
    'ALERTS{alertstate="firing"}',
    alertsFiring,
  )
}

const backups: Probe = async ({ ports, environment, now }) => {
  const { backupRetentionDays, latestRestorableAt, earliestRestorableAt, cluster } = await standing({
    ports,
    environment,
  })
  const ageMs = latestRestorableAt === null ? null : now() - latestRestorableAt
  const troubles = [
    ...(backupRetentionDays < 1 ? ['Backups are not kept.'] : []),
    ...(ageMs === null
      ? ['No restorable time is known.']
      : ageMs >= 600_000
        ? [`The newest restorable time is ${Math.round(ageMs / 60_000)} min old.`]
        : []),
  ]
  const well = `Kept for ${backupRetentionDays} days; the newest restorable time is ${Math.round((ageMs ?? 0) / 1000)} s old.`
  return judged(
    troubles,
    well,
    `${cluster ? 'DescribeDBClusters' : 'DescribeDBInstances'} ${environment.aws.clusterId}`,
    {
      backupRetentionDays,
      earliestRestorableAt,
      latestRestorableAt,
    },
  )
}

const replication: Probe = async (context) => {
  const { ports, environment } = context
  const { instances, writerId, topology, endpoint } = await addressed(context)
  if (topology === 'aurora')
    return found('impossible', 'Aurora’s readers share the storage: nothing streams.', 'pg_stat_replication', topology)
  const expected = instances.filter(({ id }) => id !== writerId).length + (environment.aws.crossRegionReplicaId ? 1 : 0)
  const probe = ports.database.probe('warroom-checklist', endpoint, limits)
  try {
    const rows = await probe.replication()
    const streaming = rows.filter(({ state }) => state === 'streaming')
    const late = rows.filter(({ replySeconds }) => replySeconds !== null && replySeconds >= 30)
    const troubles = [
      ...(streaming.length < expected ? [`${streaming.length} of ${expected} readers stream.`] : []),
      ...late.map(({ application }) => `${application} has been silent for 30 s or more.`),
    ]
    return judged(troubles, `All ${expected} readers stream.`, 'pg_stat_replication on the writer', { expected, rows })
  } finally {
    await probe.close().catch(() => {})
  }
}

async function writerInstance(context: ProbeContext) {
  const { instances, writerId: writer, securityGroupIds } = await standing(context)
  return { writer, securityGroupIds, instance: instances.find(({ id }) => id === writer) ?? null }
}

const securityGroups: Probe = async (context) => {
  const { instance, securityGroupIds, writer } = await writerInstance(context)
  const request = 'DescribeDBInstances of the writer'
  if (!instance) return found('unknown', 'The API names no writer.', request, { writer })
  const own = instance.securityGroupIds.length ? instance.securityGroupIds : securityGroupIds
  const quarantine = context.environment.aws.quarantineSecurityGroupId ?? null
  if (own.length === 0) return found('fail', 'The writer has no security group.', request, { writer, own })
  return judged(
    quarantine && own.includes(quarantine) ? ['The writer is in the quarantine group.'] : [],
    `The writer has ${own.length} security ${own.length === 1 ? 'group' : 'groups'}, none of them the quarantine group.`,
    request,
    { writer, securityGroupIds: own, quarantine },
  )
}

const dayMs = 86_400_000
const tls: Probe = async (context) => {
  const { instance, writer } = await writerInstance(context)
  const request = 'certificate of the writer, by DescribeDBInstances'
  const till = instance?.certificateValidTill ?? null
  if (till === null)
    return found('unknown', 'The API does not say until when the certificate is valid.', request, { writer })
  const days = Math.floor((till - context.now()) / dayMs)
  return judged(
    days <= 30 ? [`The certificate ends in ${days} days.`] : [],
    `The certificate is valid for ${days} more days.`,
    request,
    { writer, certificateValidTill: new Date(till).toISOString() },
  )
}

/** Item 10: the endpoint must answer as the writer that the API names. */
const dns: Probe = async ({ ports, environment, now }) => {
  const { endpoint, writerId: writer } = await standing({ ports, environment })
  const reading = ports.snapshot()?.network ?? null
  const request = `resolve and ask ${endpoint?.host ?? environment.aws.clusterId}`
  const age = reading?.observedAt == null ? null : now() - reading.observedAt
  const answersAs = reading?.value?.answersAs ?? null
  if (age === null || age > Math.max(60_000, 3 * (reading?.everyMs ?? 0)) || answersAs === null)
    return found('unknown', 'It is not known which node answers at the endpoint.', request, reading ?? 'no picture')
  return judged(
    answersAs !== writer ? [`The endpoint answers as ${answersAs}, but ${writer ?? 'nobody'} is the writer.`] : [],
    `The endpoint answers as the writer, ${answersAs}.`,
    request,
    { writer, ...reading?.value },
  )
}

const probes: Record<ChecklistKey, Probe> = {
  connectivity,
  'app-health': appHealth,
  'data-integrity': dataIntegrity,
  performance,
  alerts,
  backups,
  replication,
  'security-groups': securityGroups,
  tls,
  dns,
}

const words = (error: unknown): string =>
  error instanceof PortError || error instanceof AddressUnknown ? error.message : 'it failed in a way not known.'

/** Looks at one item. Never throws: what could not be asked is unknown, a refused database is a failure. */
export async function probeItem(key: ChecklistKey, context: ProbeContext): Promise<ProbeResult> {
  try {
    return await probes[key](context)
  } catch (error) {
    const says = words(error)
    const database = key === 'connectivity' || key === 'replication'
    const state = database && error instanceof PortError && error.errorClass !== 'auth' ? 'fail' : 'unknown'
    return found(state, state === 'fail' ? says : `It could not be looked at: ${says}`, key, says)
  }
}
