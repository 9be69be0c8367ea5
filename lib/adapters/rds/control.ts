import * as rds from '@aws-sdk/client-rds'
import type { AwsCall, AwsOperation, AwsValue, FleetControl } from '../../ports/fleet-control'
import type { Clients } from './clients'
import { fromAwsError } from './errors'

type Input = Record<string, unknown>
type Send = (
  client: rds.RDSClient,
  input: Input,
  abortSignal: AbortSignal,
) => Promise<{ $metadata: rds.RDSServiceException['$metadata'] }>

/**
 * A stored call is data, so its members are not known to the compiler; the API checks them. What our own code builds is
 * typed by its builder in lib/ports/fleet-control.ts.
 */
const sends: Record<AwsOperation, Send> = {
  FailoverDBCluster: (c, i, abortSignal) => c.send(new rds.FailoverDBClusterCommand(i as never), { abortSignal }),
  PromoteReadReplica: (c, i, abortSignal) => c.send(new rds.PromoteReadReplicaCommand(i as never), { abortSignal }),
  RebootDBInstance: (c, i, abortSignal) => c.send(new rds.RebootDBInstanceCommand(i as never), { abortSignal }),
  ModifyDBInstance: (c, i, abortSignal) => c.send(new rds.ModifyDBInstanceCommand(i as never), { abortSignal }),
  ModifyDBCluster: (c, i, abortSignal) => c.send(new rds.ModifyDBClusterCommand(i as never), { abortSignal }),
  RestoreDBClusterToPointInTime: (c, i, abortSignal) =>
    c.send(new rds.RestoreDBClusterToPointInTimeCommand(i as never), { abortSignal }),
  CreateDBInstance: (c, i, abortSignal) => c.send(new rds.CreateDBInstanceCommand(i as never), { abortSignal }),
  CreateDBInstanceReadReplica: (c, i, abortSignal) =>
    c.send(new rds.CreateDBInstanceReadReplicaCommand(i as never), { abortSignal }),
  DeleteDBInstance: (c, i, abortSignal) => c.send(new rds.DeleteDBInstanceCommand(i as never), { abortSignal }),
  DeleteDBCluster: (c, i, abortSignal) => c.send(new rds.DeleteDBClusterCommand(i as never), { abortSignal }),
  AddTagsToResource: (c, i, abortSignal) => c.send(new rds.AddTagsToResourceCommand(i as never), { abortSignal }),
}

/** Members that the SDK wants as a Date. */
const timeMembers = new Set(['RestoreToTime'])

const toInput = (input: Record<string, AwsValue>): Input =>
  Object.fromEntries(
    Object.entries(input).map(([member, value]) => [
      member,
      timeMembers.has(member) && typeof value === 'string' ? new Date(value) : value,
    ]),
  )

/** Sends each call once: with more attempts the SDK repeats a mutation whose answer was lost (procedures, section 0). */
export function controlOf(clients: Clients): FleetControl {
  return {
    async execute(call: AwsCall, signal) {
      const who = `RDS in ${call.region}`
      const limit = AbortSignal.timeout(clients.limits.socketMs)
      const abortSignal = signal ? AbortSignal.any([signal, limit]) : limit
      try {
        const { $metadata, ...output } = await sends[call.operation](
          clients.rds(call.region),
          toInput(call.input),
          abortSignal,
        )
        return {
          requestId: $metadata.requestId ?? null,
          httpStatus: $metadata.httpStatusCode ?? null,
          output: JSON.parse(JSON.stringify(output)) as unknown,
        }
      } catch (error) {
        // A limit that strikes in the middle of an answer looks like a connection that was reset.
        throw fromAwsError(abortSignal.aborted ? abortSignal.reason : error, who, true)
      }
    },
  }
}
