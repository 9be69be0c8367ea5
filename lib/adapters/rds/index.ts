import {
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  type DescribeDBInstancesCommandInput,
  DescribeEventsCommand,
  DescribePendingMaintenanceActionsCommand,
  type Event,
  type SourceType,
} from '@aws-sdk/client-rds'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import type { ClusterEvent } from '../../domain/cluster/types'
import type { Fleet, FleetInstance } from '../../ports/fleet'
import type { FleetControl } from '../../ports/fleet-control'
import { PortError } from '../../ports/port-error'
import { Clients, type RdsSettings } from './clients'
import { controlOf } from './control'
import { toCluster, toEvent, toInstance } from './describe'
import { fromAwsError } from './errors'

export type { RdsLimits, RdsSettings } from './clients'

/** The API keeps events for 14 days and shows one hour unless asked. */
const maxPages = 20

const missing = (what: string) =>
  new PortError('missing', `${what} is not known there.`, { outcome: 'rejected', probe: 'api' })

/** Reading side of Amazon RDS: three attempts, short limits. Every method throws PortError. */
export function createRds(settings: RdsSettings): Fleet & { control: FleetControl; close(): void } {
  const reads = new Clients(settings, 3)
  const mutations = new Clients(settings, 1)

  /** Runs a read within its total limit and the caller's signal. */
  async function read<T>(who: string, signal: AbortSignal | undefined, call: (signal: AbortSignal) => Promise<T>) {
    const limit = AbortSignal.timeout(reads.limits.readTotalMs)
    try {
      return await call(signal ? AbortSignal.any([signal, limit]) : limit)
    } catch (error) {
      throw fromAwsError(error, who, false)
    }
  }

  async function instancesOf(region: string, input: DescribeDBInstancesCommandInput, signal?: AbortSignal) {
    return read(`RDS in ${region}`, signal, async (abortSignal) => {
      const found: FleetInstance[] = []
      let Marker: string | undefined
      for (let page = 0; page < maxPages; page++) {
        const answer = await reads
          .rds(region)
          .send(new DescribeDBInstancesCommand({ ...input, Marker }), { abortSignal })
        for (const instance of answer.DBInstances ?? []) found.push(toInstance(instance, region))
        Marker = answer.Marker
        if (!Marker) break
      }
      return found
    })
  }

  async function eventsOf(region: string, sourceType: SourceType, since: number, signal?: AbortSignal) {
    return read(`RDS in ${region}`, signal, async (abortSignal) => {
      const found: Event[] = []
      let Marker: string | undefined
      for (let page = 0; page < maxPages; page++) {
        const answer = await reads
          .rds(region)
          .send(
            new DescribeEventsCommand({ SourceType: sourceType, StartTime: new Date(since), MaxRecords: 100, Marker }),
            {
              abortSignal,
            },
          )
        found.push(...(answer.Events ?? []))
        Marker = answer.Marker
        if (!Marker) break
      }
      return found
    })
  }

  const api: Fleet & { control: FleetControl; close(): void } = {
    control: controlOf(mutations),
    close() {
      reads.destroy()
      mutations.destroy()
    },

    identity: (signal) =>
      read('AWS STS', signal, async (abortSignal) => {
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
        const answer = await reads.sts().send(command, { abortSignal })
        return { account: answer.Account ?? '', arn: answer.Arn ?? '', serverAt }
      }),

    async credentials() {
      try {
        return { expiresAt: await reads.sessionEnd() }
      } catch (error) {
        throw fromAwsError(error, 'The sign-in to AWS', false)
      }
    },

    maintenance: (ids, signal) =>
      read(`RDS in ${settings.region}`, signal, async (abortSignal) => {
        const wanted = new Set(ids)
        const answer = await reads
          .rds(settings.region)
          .send(new DescribePendingMaintenanceActionsCommand({ MaxRecords: 100 }), { abortSignal })
        return (answer.PendingMaintenanceActions ?? []).flatMap(
          ({ ResourceIdentifier, PendingMaintenanceActionDetails }) => {
            const resource = ResourceIdentifier?.split(':').at(-1) ?? ''
            return wanted.has(resource)
              ? (PendingMaintenanceActionDetails ?? []).map(({ Action }) => ({
                  resource,
                  action: Action ?? 'maintenance',
                }))
              : []
          },
        )
      }),

    async cluster(id, signal) {
      const { region } = settings
      const answer = await read(`RDS in ${region}`, signal, (abortSignal) =>
        reads.rds(region).send(new DescribeDBClustersCommand({ DBClusterIdentifier: id }), { abortSignal }),
      )
      const found = answer.DBClusters?.[0]
      if (!found) throw missing(`Cluster ${id}`)
      return toCluster(found)
    },

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

    async instance(id, region, signal) {
      const [found] = await instancesOf(region, { DBInstanceIdentifier: id }, signal)
      if (!found) throw missing(`Instance ${id}`)
      return found
    },

    async events(sourceIds, since, signal) {
      const wanted = new Set(sourceIds)
      // Our own region must answer; the other region's events are added when it does.
      const [clusters, instances, elsewhere] = await Promise.all([
        eventsOf(settings.region, 'db-cluster', since, signal),
        eventsOf(settings.region, 'db-instance', since, signal),
        settings.drRegion === settings.region
          ? []
          : eventsOf(settings.drRegion, 'db-instance', since, signal).catch((): Event[] => []),
      ])
      const each = new Map<string, ClusterEvent>()
      for (const raw of [...clusters, ...instances, ...elsewhere]) {
        const event = toEvent(raw)
        if (event && wanted.has(event.source)) each.set(`${event.at} ${event.source} ${event.message}`, event)
      }
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
