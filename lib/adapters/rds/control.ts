import * as rds from '@aws-sdk/client-rds'
import type { AwsCall, AwsChanges, AwsQuestions } from '../../domain/procedure/call'
import type { Misfits, Proved } from '../../ports/fits'
import type { FleetControl } from '../../ports/fleet-control'
import { fromAwsError } from '../aws/errors'
import type { Clients } from './clients'

type Inputs = AwsChanges & AwsQuestions
type SdkInput<Operation extends keyof Inputs> = Extract<
  ConstructorParameters<(typeof rds)[`${Operation}Command`]>,
  [unknown]
>[0]
/** Every operation is one of the SDK's, and every member of its input is one of that operation's own. */
export type InputsFit = Proved<{ [O in keyof Inputs]: Misfits<Inputs[O], SdkInput<O>> }[keyof Inputs]>

function send(
  client: rds.RDSClient,
  call: AwsCall,
  options: { abortSignal: AbortSignal },
): Promise<{ $metadata: rds.RDSServiceException['$metadata'] }> {
  switch (call.operation) {
    case 'FailoverDBCluster':
      return client.send(new rds.FailoverDBClusterCommand(call.input), options)
    case 'PromoteReadReplica':
      return client.send(new rds.PromoteReadReplicaCommand(call.input), options)
    case 'RebootDBInstance':
      return client.send(new rds.RebootDBInstanceCommand(call.input), options)
    case 'ModifyDBInstance':
      return client.send(new rds.ModifyDBInstanceCommand(call.input), options)
    case 'ModifyDBCluster':
      return client.send(new rds.ModifyDBClusterCommand(call.input), options)
    case 'RestoreDBClusterToPointInTime': {
      const { RestoreToTime, ...input } = call.input
      const time = RestoreToTime === undefined ? {} : { RestoreToTime: new Date(RestoreToTime) }
      return client.send(new rds.RestoreDBClusterToPointInTimeCommand({ ...input, ...time }), options)
    }
    case 'RestoreDBInstanceToPointInTime': {
      const { RestoreTime, ...input } = call.input
      const time = RestoreTime === undefined ? {} : { RestoreTime: new Date(RestoreTime) }
      return client.send(new rds.RestoreDBInstanceToPointInTimeCommand({ ...input, ...time }), options)
    }
    case 'CreateDBInstance':
      return client.send(new rds.CreateDBInstanceCommand(call.input), options)
    case 'CreateDBInstanceReadReplica':
      return client.send(new rds.CreateDBInstanceReadReplicaCommand(call.input), options)
    case 'DeleteDBInstance':
      return client.send(new rds.DeleteDBInstanceCommand(call.input), options)
    case 'DeleteDBCluster':
      return client.send(new rds.DeleteDBClusterCommand(call.input), options)
    case 'AddTagsToResource':
      return client.send(new rds.AddTagsToResourceCommand(call.input), options)
  }
}

/** Sends each call once: with more attempts the SDK repeats a mutation whose answer was lost (procedures, section 0). */
export function controlOf(clients: Clients): FleetControl {
  return {
    async execute(call, signal) {
      const who = `RDS in ${call.region}`
      const limit = AbortSignal.timeout(clients.limits.socketMs)
      const abortSignal = signal ? AbortSignal.any([signal, limit]) : limit
      try {
        const { $metadata, ...output } = await send(clients.rds(call.region), call, { abortSignal })
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
