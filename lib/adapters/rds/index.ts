import {
  type DBInstance,
  DescribeDBClustersCommand,
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBInstancesCommand,
  type DescribeDBInstancesCommandInput,
  DescribeEventsCommand,
  DescribePendingMaintenanceActionsCommand,
  type SourceType,
} from '@aws-sdk/client-rds'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { readNodeKey } from '../../domain/cluster/node-key'
import type { ClusterEvent } from '../../domain/cluster/types'
import type { Fleet, FleetInstance } from '../../ports/fleet'
import type { FleetControl } from '../../ports/fleet-control'
import { unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import { fromAwsError } from '../aws/errors'
import { Clients, type RdsSettings } from './clients'
import { controlOf } from './control'
import { toCluster, toEvent, toInstance } from './describe'
import { restorableCluster, restorableInstance } from './restorable'
import { simulateRights } from './rights'
import { readServerLog } from './server-log'

export type { RdsSettings } from './clients'

/** The API keeps events for 14 days and shows one hour unless asked. */
const maxPages = 20

/** The list of an answer, which is there even when it is empty: an answer without it says nothing of what exists. */
function listed<T>(list: T[] | undefined, who: string): T[] {
  if (!list) throw unreadableAnswer(who, 200, false)
  return list
}

/** The one that was named: where there is none, the API refuses by its own fault instead of showing nothing. */
function named<T>(list: T[] | undefined, who: string): T {
  const [found] = listed(list, who)
  if (!found) throw unreadableAnswer(who, 200, false)
  return found
}

const tooMany = (who: string) =>
  new PortError('other', `${who} has more of it than ${maxPages} pages.`, { outcome: 'rejected', probe: 'api' })

/** Does this region not answer, or answer that it cannot? */
const isAway = (error: unknown): boolean =>
  error instanceof PortError && ['timeout', 'unreachable', 'transient'].includes(error.errorClass)

/** Every page of a list. One that does not end is not shown as far as it was read, as if the rest did not exist. */
async function allPages<T>(
  who: string,
  page: (marker: string | undefined) => Promise<{ items: T[]; next: string | undefined }>,
): Promise<T[]> {
  const found: T[] = []
  let marker: string | undefined
  for (let n = 0; n < maxPages; n++) {
    const { items, next } = await page(marker)
    found.push(...items)
    if (!next) return found
    marker = next
  }
  throw tooMany(who)
}

/** Reading side of Amazon RDS: three attempts, short limits. Every method throws PortError. */
export function createRds(settings: RdsSettings): Fleet & { control: FleetControl; close(): void } {
  const reads = new Clients(settings, 3)
  const mutations = new Clients(settings, 1)

  /** Runs a read within its total limit and the caller's signal. */
  async function read<T>(who: string, signal: AbortSignal | undefined, call: (signal: AbortSignal) => Promise<T>) {
    const limit = AbortSignal.timeout(reads.limits.readTotalMs)
    const abortSignal = signal ? AbortSignal.any([signal, limit]) : limit
    try {
      return await call(abortSignal)
    } catch (error) {
      throw fromAwsError(abortSignal.aborted ? abortSignal.reason : error, who, false)
    }
  }

  async function described(
    region: string,
    input: DescribeDBInstancesCommandInput,
    signal?: AbortSignal,
  ): Promise<DBInstance[]> {
    const who = `RDS in ${region}`
    return read(who, signal, (abortSignal) =>
      allPages(who, async (Marker) => {
        const command = new DescribeDBInstancesCommand({ ...input, Marker })
        const answer = await reads.rds(region).send(command, { abortSignal })
        return { items: listed(answer.DBInstances, who), next: answer.Marker }
      }),
    )
  }
  const instancesOf = async (region: string, input: DescribeDBInstancesCommandInput, signal?: AbortSignal) =>
    (await described(region, input, signal)).map((i) => toInstance(i, region, settings.region))

  async function describedCluster(id: string, signal?: AbortSignal) {
    const { region } = settings
    const who = `RDS in ${region}`
    const answer = await read(who, signal, (abortSignal) =>
      reads.rds(region).send(new DescribeDBClustersCommand({ DBClusterIdentifier: id }), { abortSignal }),
    )
    return named(answer.DBClusters, who)
  }

  /** Of an instance without backups there is none, which RDS calls a fault. */
  async function automatedBackup(id: string, signal?: AbortSignal) {
    const { region } = settings
    const who = `RDS in ${region}`
    try {
      const answer = await read(who, signal, (abortSignal) =>
        reads
          .rds(region)
          .send(new DescribeDBInstanceAutomatedBackupsCommand({ DBInstanceIdentifier: id }), { abortSignal }),
      )
      return listed(answer.DBInstanceAutomatedBackups, who)[0]
    } catch (error) {
      if (error instanceof PortError && error.detail.code?.startsWith('DBInstanceAutomatedBackupNotFound'))
        return undefined
      throw error
    }
  }

  async function eventsOf(
    region: string,
    sourceType: SourceType,
    since: number,
    signal?: AbortSignal,
  ): Promise<ClusterEvent[]> {
    const who = `RDS in ${region}`
    return read(who, signal, (abortSignal) =>
      allPages(who, async (Marker) => {
        const input = { SourceType: sourceType, StartTime: new Date(since), MaxRecords: 100, Marker }
        const answer = await reads.rds(region).send(new DescribeEventsCommand(input), { abortSignal })
        const events = listed(answer.Events, who).flatMap((e) => toEvent(e, region, settings.region) ?? [])
        return { items: events, next: answer.Marker }
      }),
    )
  }

  /** Who we are, by STS in this region, and what time it is there. */
  const whoIn = (region: string, signal?: AbortSignal) =>
    read(`AWS STS in ${region}`, signal, async (abortSignal) => {
      let serverAt: number | null = null
      const command = new GetCallerIdentityCommand({})
      command.middlewareStack.add(
        (next) => async (args) => {
          const result = await next(args)
          const date = (result.response as { headers?: Record<string, string> } | undefined)?.headers?.date
          const at = date ? Date.parse(date) : Number.NaN
          serverAt = Number.isNaN(at) ? null : at
          return result
        },
        { step: 'deserialize', name: 'readServerDate', priority: 'low' },
      )
      const answer = await reads.sts(region).send(command, { abortSignal })
      if (!answer.Account || !answer.Arn) throw unreadableAnswer('AWS STS', 200, false)
      return { account: answer.Account, arn: answer.Arn, serverAt }
    })

  const api: Fleet & { control: FleetControl; close(): void } = {
    control: controlOf(mutations),
    close() {
      reads.destroy()
      mutations.destroy()
    },

    async identity(signal) {
      try {
        return await whoIn(settings.region, signal)
      } catch (error) {
        // Who we are is the same in every region, and must be known when ours is away.
        if (!isAway(error) || settings.drRegion === settings.region) throw error
        return await whoIn(settings.drRegion, signal)
      }
    },

    async credentials() {
      try {
        return await reads.session()
      } catch (error) {
        throw fromAwsError(error, 'The sign-in to AWS', false)
      }
    },

    simulate: (principal, asked, signal) =>
      read('AWS IAM', signal, (abortSignal) => simulateRights(reads.iam(), principal, asked, abortSignal)),

    maintenance: (ids, signal) =>
      read(`RDS in ${settings.region}`, signal, async (abortSignal) => {
        const wanted = new Set(ids)
        const who = `RDS in ${settings.region}`
        const actions = await allPages(who, async (Marker) => {
          const command = new DescribePendingMaintenanceActionsCommand({ MaxRecords: 100, Marker })
          const answer = await reads.rds(settings.region).send(command, { abortSignal })
          return { items: listed(answer.PendingMaintenanceActions, who), next: answer.Marker }
        })
        return actions.flatMap(({ ResourceIdentifier, PendingMaintenanceActionDetails }) => {
          const resource = ResourceIdentifier?.split(':').at(-1) ?? ''
          return wanted.has(resource)
            ? (PendingMaintenanceActionDetails ?? []).map(({ Action }) => ({
                resource,
                action: Action ?? 'maintenance',
              }))
            : []
        })
      }),

    cluster: async (id, signal) => toCluster(await describedCluster(id, signal)),

    instances: (clusterId, signal) =>
      instancesOf(settings.region, { Filters: [{ Name: 'db-cluster-id', Values: [clusterId] }] }, signal),

    async guarded(id, known, signal) {
      try {
        const [found, instances] = await Promise.all([api.cluster(id, signal), api.instances(id, signal)])
        return { cluster: found, instances }
      } catch (error) {
        if (!(error instanceof PortError) || error.errorClass !== 'missing') throw error
        const instances = relatives(await instancesOf(settings.region, {}, signal), id, known)
        if (instances.length === 0) throw error
        return { cluster: null, instances }
      }
    },

    async instance(name, region, signal) {
      return named(await instancesOf(region, { DBInstanceIdentifier: name }, signal), `RDS in ${region}`)
    },

    async restorable(id, signal) {
      const { region } = settings
      try {
        const members = { Filters: [{ Name: 'db-cluster-id', Values: [id] }] }
        const [found, instances] = await Promise.all([describedCluster(id, signal), described(region, members, signal)])
        return restorableCluster(found, instances)
      } catch (error) {
        if (!(error instanceof PortError) || error.errorClass !== 'missing') throw error
        const [instance, backup] = await Promise.all([
          described(region, { DBInstanceIdentifier: id }, signal),
          automatedBackup(id, signal),
        ])
        return restorableInstance(named(instance, `RDS in ${region}`), backup)
      }
    },

    serverLog(node, from, signal) {
      const { name, elsewhere } = readNodeKey(node)
      const region = elsewhere ?? settings.region
      return read(`RDS in ${region}`, signal, (abortSignal) =>
        readServerLog(reads.rds(region), name, from, abortSignal),
      )
    },

    async events(sourceIds, since, signal) {
      const wanted = new Set(sourceIds)
      // Our own region must answer; the other region's events are added when it does.
      const [clusters, instances, elsewhere] = await Promise.all([
        eventsOf(settings.region, 'db-cluster', since, signal),
        eventsOf(settings.region, 'db-instance', since, signal),
        settings.drRegion === settings.region
          ? []
          : eventsOf(settings.drRegion, 'db-instance', since, signal).catch((): ClusterEvent[] => []),
      ])
      const each = new Map<string, ClusterEvent>()
      for (const event of [...clusters, ...instances, ...elsewhere])
        if (wanted.has(event.source)) each.set(`${event.at} ${event.source} ${event.message}`, event)
      return [...each.values()].sort((a, b) => a.at - b.at)
    },
  }
  return api
}

/** The named instance with its source and all replicas of that; those known by name keep their place in the picture. */
function relatives(all: FleetInstance[], id: string, known: readonly string[]): FleetInstance[] {
  const named = all.find((i) => i.id === id)
  if (!named) return []
  const root = all.find((i) => i.id === named.replicaSourceId) ?? named
  const also = new Set(known)
  const near = all.filter(
    (i) =>
      i !== named &&
      (i === root || i.replicaSourceId === root.id || i.replicaSourceId === named.id || also.has(i.id)) &&
      i.clusterId === null,
  )
  // Replicas of what is known, such as those made anew of a promoted one.
  const more = all.filter((i) => !near.includes(i) && i !== named && near.some((n) => n.id === i.replicaSourceId))
  return [named, ...near, ...more]
}
