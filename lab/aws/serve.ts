/** One call of an AWS API from its permission to its reply, whichever protocol it came in: faults, log and refusals. */
import type { ServerResponse } from 'node:http'
import type { ApiFault, EffectLogEntry, LabContext } from '../contract'
import { sendSpoilt } from '../faults/spoilt-reply'
import { AwsError, asAwsError } from './errors'
import { accessDenied } from './iam'

export interface ServedCall<Result> {
  service: 'rds' | 'sts' | 'iam' | 'route53' | 'health'
  operation: string
  effect: 'read' | 'write'
  /** What a refusal names. */
  resource: string
  /** For the log of effects. */
  parameters: Record<string, unknown>
  run(): Result | Promise<Result>
  send(result: Result): void
  refuse(error: AwsError): void
}

/**
 * What the call changed and what its caller was told are written down apart, because they differ when a reply is lost. A call
 * that reads is not logged.
 */
export async function serve<Result>(
  context: Pick<LabContext, 'apiFaults' | 'log'>,
  response: ServerResponse,
  call: ServedCall<Result>,
): Promise<void> {
  const { service, operation, effect, parameters } = call
  const record = (effective: boolean, answered: EffectLogEntry['answered'], status: number | null) => {
    if (effect === 'write') context.log.append({ service, operation, parameters, effective, answered, status })
  }
  const refuse = (error: AwsError, effective = false) => {
    record(effective, 'error', error.status)
    call.refuse(error)
  }
  // Taken once: the fault itself says on which side of the effect it strikes.
  const fault = context.apiFaults.take(service, operation)
  if (fault && strikesBefore(fault)) return strike(fault, response, record, refuse, false)
  let result: Result
  try {
    const action = `${service}:${operation}`
    const denial = context.apiFaults.denied(action)
    if (denial) throw accessDenied(action, call.resource, denial)
    result = await call.run()
  } catch (error) {
    const refusal = asAwsError(error)
    if (refusal.code === 'InternalFailure') console.error('The lab could not answer', operation, error)
    if (fault && strikesAfter(fault)) return strike(fault, response, record, refuse, false)
    return refuse(refusal)
  }
  if (fault && strikesAfter(fault)) return strike(fault, response, record, refuse, true)
  record(true, 'ok', 200)
  call.send(result)
}

function strikesBefore(fault: ApiFault): boolean {
  if (fault.kind === 'throttle' || fault.kind === 'expired-token') return true
  return fault.kind !== 'stale-describes' && fault.when === 'before'
}

function strikesAfter(fault: ApiFault): boolean {
  return 'when' in fault && fault.when === 'after'
}

function strike(
  fault: ApiFault,
  response: ServerResponse,
  record: (effective: boolean, answered: EffectLogEntry['answered'], status: number | null) => void,
  refuse: (error: AwsError, effective: boolean) => void,
  effective: boolean,
): void {
  switch (fault.kind) {
    case 'hang':
      // The connection stays open and silent until the caller or the lab ends it.
      record(effective, 'none', null)
      break
    case 'reset':
      record(effective, 'none', null)
      response.socket?.resetAndDestroy()
      break
    case 'spoilt-reply':
      record(effective, 'none', 200)
      sendSpoilt(response, fault.how)
      break
    case 'error-500':
      refuse(asAwsError(null), effective)
      break
    case 'throttle':
      refuse(new AwsError('Throttling', 'Rate exceeded'), effective)
      break
    case 'expired-token':
      refuse(new AwsError('ExpiredToken', 'The security token included in the request is expired'), effective)
      break
    case 'stale-describes':
      break
  }
}

/** More than any call of ours needs. */
const bodyLimitBytes = 1_048_576

/** Null when it is too large. */
export async function readBody(request: AsyncIterable<Buffer>): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    // Read to the end all the same, or the answer could not be received.
    if (length <= bodyLimitBytes) chunks.push(chunk)
  }
  return length <= bodyLimitBytes ? Buffer.concat(chunks) : null
}

export const tooLarge = () => new AwsError('RequestEntityTooLarge', 'The request is too large.', 413)
