import * as route53 from '@aws-sdk/client-route-53'
import * as s3 from '@aws-sdk/client-s3'
import type { NamesCall, Route53Changes, SwitchChanges } from '../../domain/procedure/names-call'
import type { Misfits, Proved } from '../../ports/fits'
import type { NamesControl } from '../../ports/names'
import { unreadableAnswer } from '../../ports/outcome'
import { fromAwsError } from '../aws/errors'
import type { Clients } from './clients'

type Route53Input<O extends keyof Route53Changes> = ConstructorParameters<(typeof route53)[`${O}Command`]>[0]
type S3Input<O extends keyof SwitchChanges> = ConstructorParameters<(typeof s3)[`${O}Command`]>[0]
/** Every operation is one of the SDK's, and every member of its input is one of that operation's own. */
export type Route53InputsFit = Proved<
  { [O in keyof Route53Changes]: Misfits<Route53Changes[O], Route53Input<O>> }[keyof Route53Changes]
>
export type SwitchInputsFit = Proved<
  { [O in keyof SwitchChanges]: Misfits<SwitchChanges[O], S3Input<O>> }[keyof SwitchChanges]
>

interface Sent {
  $metadata: { requestId?: string; httpStatusCode?: number }
  changeId: string | null
}

async function send(clients: Clients, call: NamesCall, abortSignal: AbortSignal): Promise<Sent> {
  const options = { abortSignal }
  switch (call.operation) {
    case 'ChangeResourceRecordSets': {
      const command = new route53.ChangeResourceRecordSetsCommand(call.input)
      const { $metadata, ChangeInfo } = await clients.route53(call.region).send(command, options)
      return { $metadata, changeId: ChangeInfo?.Id?.replace('/change/', '') ?? null }
    }
    case 'UpdateHealthCheck': {
      const command = new route53.UpdateHealthCheckCommand(call.input)
      const { $metadata } = await clients.route53(call.region).send(command, options)
      return { $metadata, changeId: null }
    }
    case 'PutObject': {
      // Its being there is all that counts.
      const command = new s3.PutObjectCommand({ ...call.input, Body: '' })
      const { $metadata, ETag } = await clients.s3(call.region).send(command, options)
      return { $metadata: own($metadata, ETag !== undefined, call), changeId: null }
    }
    case 'DeleteObject': {
      const { $metadata } = await clients.s3(call.region).send(new s3.DeleteObjectCommand(call.input), options)
      return { $metadata: own($metadata, $metadata.requestId !== undefined, call), changeId: null }
    }
  }
}

/** S3 answers a change by its headers alone: any 2xx would do for the SDK, also one that something in between has made. */
function own(metadata: Sent['$metadata'], isOwn: boolean, call: NamesCall): Sent['$metadata'] {
  if (!isOwn) throw unreadableAnswer(whoOf(call), metadata.httpStatusCode ?? null, true)
  return metadata
}

const whoOf = ({ service, region }: NamesCall) => (service === 'route53' ? 'Route 53' : `S3 in ${region}`)

/** Sends each call once: with more attempts the SDK repeats a mutation whose answer was lost (procedures, section 0). */
export function controlOf(clients: Clients): NamesControl {
  return {
    async execute(call, signal) {
      const limit = AbortSignal.timeout(clients.limits.socketMs)
      const abortSignal = signal ? AbortSignal.any([signal, limit]) : limit
      try {
        const { $metadata, changeId } = await send(clients, call, abortSignal)
        return { requestId: $metadata.requestId ?? null, httpStatus: $metadata.httpStatusCode ?? null, changeId }
      } catch (error) {
        // A limit that strikes in the middle of an answer looks like a connection that was reset.
        throw fromAwsError(abortSignal.aborted ? abortSignal.reason : error, whoOf(call), true)
      }
    },
  }
}
