import { nodeKey, nodeWords, readNodeKey } from '../../domain/cluster/node-key'
import { judgeReplication, type ReaderAnswer, readersWords } from '../../domain/cluster/replication'
import { compareTables, rangesOf, sequencesBehind, slotsMissing, type TableVerdict } from '../../domain/cluster/survey'
import { counted, plural } from '../../domain/units'
import type { Database } from '../../ports/database'
import { addressed, found, judged, limits, type Probe, type Probes, quantileOf, words } from './kit'

const steadySeconds = 30

/** Item 1: a heartbeat each second through the endpoint, for half a minute; the first error ends it. */
const connectivity: Probe = async (context) => {
  const { ports, environment, now, wait } = context
  const request = `heartbeat through the writer endpoint of ${environment.aws.clusterId}, once a second for ${steadySeconds} s`
  const { endpoint: writerEndpoint } = await addressed(context)
  const probe = ports.database.probe('warroom-checklist', writerEndpoint, limits)
  const beats: { seq: number | null; at: number; ms: number }[] = []
  try {
    const position = await probe.position()
    if (position.standby || position.readOnly)
      return found('fail', 'The endpoint resolves to a node that accepts no writes.', request, position)
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
    const pools = await Promise.all(ports.poolers.map(async (one) => ({ name: one.name, ...(await one.pools()) })))
    const led = await Promise.all(ports.poolers.map((one) => one.target(environment.database.name).catch(() => null)))
    const troubles = pools.flatMap(({ name, paused, serversActive, serversIdle, clientsWaiting }, i) => {
      if (paused) {
        const to = led[i]
        const left = context.cutOver && to && to.host !== writerEndpoint.host
        return [`The pooler ${name} is paused${left ? `, and its configuration points to ${to.host}` : ''}.`]
      }
      // Servers are opened when a client has something to ask: without any, nobody may be waiting.
      return clientsWaiting > 0 && serversActive + serversIdle === 0
        ? [`${counted(clientsWaiting, 'client')} of the pooler ${name} wait, and it has no server connection.`]
        : []
    })
    const p95Ms = quantileOf(
      beats.map(({ ms }) => ms),
      0.95,
    )
    const well = `${steadySeconds} writes in a row succeeded, 95 % of them within ${p95Ms ?? 0} ms.`
    return judged(troubles, well, request, { writerEndpoint, readOnly: position.readOnly, p95Ms, beats, pools })
  } finally {
    await probe.close().catch(() => {})
  }
}

/** Counting ends after this, ms: what is left then is unprovable, and the database has other work. */
const countingMs = 60_000

/**
 * Item 3: what the database holds now against what the run wrote down before it changed anything. What was not counted
 * then cannot be proved now; sequences and indexes need no earlier figure.
 */
const dataIntegrity: Probe = async (context, { baseline }) => {
  const { ports, environment } = context
  const tables = environment.database.criticalTables
  const before = baseline?.survey ?? null
  const { endpoint: writerEndpoint } = await addressed(context)
  const now = await ports.database.survey(
    writerEndpoint,
    // Counting costs the database a scan of each table: only where there is something to compare with.
    before
      ? { tables, indexes: true, withinMs: countingMs, upTo: rangesOf(before) }
      : { tables: [], withinMs: countingMs },
    { connectMs: limits.connectMs, queryMs: 20_000 },
  )
  const verdicts = before ? compareTables(before, now, tables) : []
  const by = (verdict: TableVerdict['verdict']) => verdicts.filter((table) => table.verdict === verdict)
  const behind = sequencesBehind(now)
  const logical = before ? slotsMissing(before, now).filter(({ kind }) => kind === 'logical') : []
  const broken = now.indexes?.broken ?? []
  const troubles = [
    ...by('lost').map(({ says }) => says),
    ...behind.map(({ name, table }) => `${name} would give out a key that ${table} has already.`),
    ...(now.invalidIndexes.length ? [`Invalid: ${now.invalidIndexes.join(', ')}.`] : []),
    ...(broken.length ? [`Damaged: ${broken.join(', ')}.`] : []),
    ...logical.map(({ name }) => `The slot ${name} is gone; what reads from it has stopped or skips.`),
  ]
  const indexes = now.indexes
    ? `${now.indexes.checked} ${plural(now.indexes.checked, 'index', 'indexes')} checked`
    : before
      ? 'indexes not checked (amcheck is not installed or not allowed)'
      : 'tables and indexes are not checked'
  const doubts = [
    ...(tables.length === 0
      ? ['No critical tables are configured, so contents cannot be verified.']
      : before
        ? []
        : [
            baseline
              ? 'Not verifiable: nothing could be counted before the recovery.'
              : 'Not verifiable: no run of this incident recorded a baseline.',
          ]),
    ...by('unprovable').map(({ says }) => says),
    ...by('changed').map(({ says }) => says),
  ]
  const well = `${verdicts.length} critical ${plural(verdicts.length, 'table')} hold what was there before, sequences are ahead of their keys, no index is invalid; ${indexes}.`
  const sampled = baseline?.beforeDamage
  const against = baseline
    ? `, against the baseline of ${new Date(baseline.takenAt).toISOString()}${sampled ? `, and ${sampled.tables.join(', ')} against ${sampled.copy}, a validated copy from before the damage` : ''}`
    : ''
  const request = `counts, checksums, sequences and indexes of ${tables.join(', ') || 'no table'} on the writer${against}`
  return judged(
    troubles,
    well,
    request,
    { verdicts, sequencesBehind: behind, now, before },
    doubts.length ? [...doubts, `Sequences are ahead of their keys and no index is invalid; ${indexes}.`] : [],
  )
}

/** A reader further behind than this is no reader, s. */
const latestSeconds = 30

/** Item 7: every expected reader replicates from this writer and is close behind. */
const replication: Probe = async (context, { baseline }) => {
  const { ports, environment, cutOver } = context
  const { instances, writerId, topology, endpoint } = await addressed(context)
  if (topology === 'aurora')
    return found('impossible', 'Aurora’s readers share the storage: nothing streams.', 'pg_stat_replication', topology)
  const { crossRegionReplicaId: away, drRegion, region } = environment.aws
  const key = away === null ? null : nodeKey(away, drRegion, region)
  const elsewhere =
    away === null || instances.some(({ id }) => id === key)
      ? []
      : [await ports.fleet.instance(away, drRegion).catch(() => ({ id: key ?? away, address: null }))]
  const expected = [...instances.filter(({ id }) => id !== writerId), ...elsewhere]
  const probe = ports.database.probe('warroom-checklist', endpoint, limits)
  try {
    const [writer, rows, slots] = [await probe.position(), await probe.replication(), await probe.slots()]
    const readers = await Promise.all(expected.map((one) => askReader(ports.database, one)))
    const verdict = judgeReplication(readers, rows, writer, latestSeconds)
    // After a cutover the picture is of the database that was left: its readers are none of this writer's.
    const lags = (cutOver ? [] : (ports.snapshot()?.nodes ?? [])).flatMap(({ id, lag }) =>
      lag.value?.known ? [{ id, seconds: lag.value.seconds, observedAt: lag.observedAt }] : [],
    )
    const had = readersAtHome(baseline?.cluster?.instances ?? [])
    const has = readersAtHome(instances)
    const late = lags.filter(({ seconds }) => seconds >= latestSeconds)
    const lost = slots.filter(({ walStatus }) => walStatus === 'lost')
    const troubles = [
      ...verdict.troubles,
      ...late.map(({ id, seconds }) => `${nodeWords(id)} is ${Math.round(seconds)} s behind.`),
      ...lost.map(({ name }) => `The slot ${name} has lost its WAL.`),
      ...(cutOver && has < had ? [`The new writer has ${has} of the ${had} readers of the database before.`] : []),
    ]
    const names = readers.map(({ name }) => name)
    const well =
      names.length === 0
        ? 'No reader is expected.'
        : `${readersWords(names)} ${names.length === 1 ? 'replicates and is' : 'replicate and are'} less than ${latestSeconds} s behind.`
    return judged(
      troubles,
      well,
      'pg_stat_wal_receiver on each reader, pg_stat_replication and pg_replication_slots on the writer',
      { readers, rows, countedAsNoReader: verdict.others, slots, lags },
      verdict.doubts,
    )
  } finally {
    await probe.close().catch(() => {})
  }
}

/** All but the writer, in the region of the writer. */
const readersAtHome = (instances: readonly { id: string }[]): number =>
  Math.max(0, instances.filter(({ id }) => readNodeKey(id).elsewhere === null).length - 1)

async function askReader(
  database: Database,
  { id, address }: { id: string; address: { host: string; port: number } | null },
): Promise<ReaderAnswer> {
  const reader = { id, name: nodeWords(id), instance: readNodeKey(id).name }
  if (!address) return { ...reader, position: null, why: 'The API gives no address of it.' }
  const probe = database.probe('warroom-checklist-reader', address, limits)
  try {
    return { ...reader, position: await probe.position(), why: null }
  } catch (error) {
    return { ...reader, position: null, why: words(error) }
  } finally {
    await probe.close().catch(() => {})
  }
}

export const databaseProbes: Probes<'connectivity' | 'data-integrity' | 'replication'> = {
  connectivity,
  'data-integrity': dataIntegrity,
  replication,
}
