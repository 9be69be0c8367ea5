import {
  GetChangeCommand,
  GetHealthCheckCommand,
  GetHealthCheckStatusCommand,
  GetHostedZoneCommand,
  ListResourceRecordSetsCommand,
} from '@aws-sdk/client-route-53'
import { HeadObjectCommand } from '@aws-sdk/client-s3'
import type { NameRecord } from '../../domain/names/types'
import type { Names } from '../../ports/names'
import { unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'
import { fromAwsError } from '../aws/errors'
import type { AwsSettings } from '../aws/settings'
import { Clients } from './clients'
import { controlOf } from './control'
import { bareName, recordOf } from './record'

/** Route 53 has one endpoint, and it is in this region: the one to which a recovery leads (procedures, fault 44). */
const endpointRegion = 'us-east-1'
const who = 'Route 53'
/** Of a name and what is sorted behind it; the API shows 300 sets a page. */
const maxPages = 20

/** Reads names and their health with three attempts and short limits. Every method throws PortError. */
export function createRoute53(settings: AwsSettings): Names & { close(): void } {
  const reads = new Clients(settings, 3)
  const mutations = new Clients(settings, 1)
  const client = () => reads.route53(endpointRegion)

  async function read<T>(
    from: string,
    signal: AbortSignal | undefined,
    call: (options: { abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    const limit = AbortSignal.timeout(reads.limits.readTotalMs)
    const abortSignal = signal ? AbortSignal.any([signal, limit]) : limit
    try {
      return await call({ abortSignal })
    } catch (error) {
      throw fromAwsError(abortSignal.aborted ? abortSignal.reason : error, from, false)
    }
  }

  return {
    control: controlOf(mutations),
    close() {
      reads.destroy()
      mutations.destroy()
    },

    zone: (zoneId, signal) =>
      read(who, signal, async (options) => {
        const { HostedZone } = await client().send(new GetHostedZoneCommand({ Id: zoneId }), options)
        const isPrivate = HostedZone?.Config?.PrivateZone
        if (!HostedZone?.Name || isPrivate === undefined) throw unreadableAnswer(who, 200, false)
        return { id: zoneId, name: bareName(HostedZone.Name), isPrivate }
      }),

    records: (zoneId, name, signal) =>
      read(who, signal, async (options) => {
        const wanted = bareName(name)
        const found: NameRecord[] = []
        let from: Place = { StartRecordName: name }
        for (let page = 0; page < maxPages; page++) {
          const command = new ListResourceRecordSetsCommand({ HostedZoneId: zoneId, ...from })
          const answer = await client().send(command, options)
          if (!answer.ResourceRecordSets || answer.IsTruncated === undefined) throw unreadableAnswer(who, 200, false)
          const sets = answer.ResourceRecordSets.map((set) => ({ set, name: bareName(set.Name ?? '') }))
          for (const { set, name: its } of sets) if (its === wanted) found.push(...recordOf(set, its))
          // They are in order: behind the name, there is no more of it.
          const isBehind = sets.some((one) => one.name !== wanted)
          if (isBehind || !answer.IsTruncated || !answer.NextRecordName) return found
          from = {
            StartRecordName: answer.NextRecordName,
            StartRecordType: answer.NextRecordType,
            StartRecordIdentifier: answer.NextRecordIdentifier,
          }
        }
        throw new PortError('other', `${who} has more records of ${wanted} than ${maxPages} pages.`, {
          outcome: 'rejected',
          probe: 'api',
        })
      }),

    changeStatus: (changeId, signal) =>
      read(who, signal, async (options) => {
        const { ChangeInfo } = await client().send(new GetChangeCommand({ Id: changeId }), options)
        if (ChangeInfo?.Status === 'INSYNC') return 'in-sync'
        if (ChangeInfo?.Status === 'PENDING') return 'pending'
        throw unreadableAnswer(who, 200, false)
      }),

    healthCheck: (id, signal) =>
      read(who, signal, async (options) => {
        const { HealthCheck } = await client().send(new GetHealthCheckCommand({ HealthCheckId: id }), options)
        const config = HealthCheck?.HealthCheckConfig
        if (!config?.Type || HealthCheck?.HealthCheckVersion === undefined) throw unreadableAnswer(who, 200, false)
        return {
          id,
          version: HealthCheck.HealthCheckVersion,
          type: config.Type,
          endpoint: {
            host: config.FullyQualifiedDomainName ?? config.IPAddress ?? null,
            port: config.Port ?? null,
            path: config.ResourcePath ?? null,
          },
          disabled: config.Disabled ?? false,
          inverted: config.Inverted ?? false,
        }
      }),

    observations: (id, signal) =>
      read(who, signal, async (options) => {
        const command = new GetHealthCheckStatusCommand({ HealthCheckId: id })
        const { HealthCheckObservations } = await client().send(command, options)
        if (!HealthCheckObservations) throw unreadableAnswer(who, 200, false)
        return HealthCheckObservations.flatMap(({ Region, StatusReport }) =>
          StatusReport?.Status
            ? {
                region: Region ?? 'unknown',
                passed: StatusReport.Status.startsWith('Success'),
                says: StatusReport.Status,
                at: StatusReport.CheckedTime?.getTime() ?? null,
              }
            : [],
        )
      }),

    async switchIsSet({ bucket, key, region }, signal) {
      try {
        const command = new HeadObjectCommand({ Bucket: bucket, Key: key })
        const from = `S3 in ${region}`
        const { ETag } = await read(from, signal, (options) => reads.s3(region).send(command, options))
        if (ETag === undefined) throw unreadableAnswer(from, 200, false)
        return true
      } catch (error) {
        if (error instanceof PortError && error.detail.code === 'NotFound') return false
        throw error
      }
    },
  }
}

type Place = Pick<
  ConstructorParameters<typeof ListResourceRecordSetsCommand>[0],
  'StartRecordName' | 'StartRecordType' | 'StartRecordIdentifier'
>
