/**
 * One Query call from request to reply: who signed it, what it asks, which fault strikes it, what it changed and what
 * the caller was told. The last two are written down apart, because they differ when a reply is lost.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiFault, EffectLogEntry, LabContext, LabSecrets, LabShape } from '../contract'
import { sendSpoilt } from '../faults/spoilt-reply'
import type { RdsCall } from './call'
import type { ClusterAttributeStore } from './cluster-attributes'
import { AwsError, asAwsError } from './errors'
import type { ViewHistory } from './history'
import { accessDenied, simulatePrincipalPolicy } from './iam'
import { labAccountId, labCallerArn, labCallerUserId } from './names'
import { Parameters } from './parameters'
import { rdsOperations } from './rds'
import { protocols, type Service, sendError, sendResult } from './reply'
import { answerSecret, getSecretValueTarget } from './secrets-manager'
import { type Authorization, readAuthorization, verifySignature } from './signature'
import { captureView } from './view'
import type { XmlStructure } from './xml'

/** More than any call of ours needs. */
const bodyLimitBytes = 1_048_576

export interface FrontDoor {
  context: LabContext
  secrets: LabSecrets
  shape: LabShape
  clusterAttributes: ClusterAttributeStore
  history: ViewHistory
}

interface Operation {
  effect: 'read' | 'write'
  /** What a refusal names. */
  resource(parameters: Parameters): string
  run(region: string, parameters: Parameters): XmlStructure | null | Promise<XmlStructure | null>
}

/** Answers true when the request was for RDS, STS or IAM. */
export async function answer(door: FrontDoor, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  if (request.method !== 'POST' || (request.url ?? '').split('?')[0] !== '/') return false
  const requestId = randomUUID()
  let authorization: Authorization | null
  try {
    authorization = readAuthorization(request.headers.authorization)
  } catch (error) {
    sendError(response, 'rds', requestId, asAwsError(error))
    return true
  }
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false
  if (!authorization) {
    if (!isForm) return false
    sendError(
      response,
      'rds',
      requestId,
      new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token'),
    )
    return true
  }
  const { service } = authorization
  const forSecrets = service === 'secretsmanager' && request.headers['x-amz-target'] === getSecretValueTarget
  if (!isServed(service) && !forSecrets) return false
  const body = await readBody(request)
  if (!body) {
    sendError(
      response,
      isServed(service) ? service : 'rds',
      requestId,
      new AwsError('RequestEntityTooLarge', 'The request is too large.', 413),
    )
    return true
  }
  if (isServed(service)) {
    await answerCall(door, request, response, { requestId, service, authorization, body })
    return true
  }
  try {
    verifySignature(request, body, authorization, keysOf(door.secrets), Date.now())
    answerSecret(door.context, authorization.region, body, response)
  } catch (error) {
    const { code, message, status } = asAwsError(error)
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify({ __type: code, message }))
  }
  return true
}

const isServed = (service: string): service is Service => Object.hasOwn(protocols, service)

interface SignedCall {
  requestId: string
  service: Service
  authorization: Authorization
  body: Buffer
}

async function answerCall(
  door: FrontDoor,
  request: IncomingMessage,
  response: ServerResponse,
  call: SignedCall,
): Promise<void> {
  const { requestId, service, authorization, body } = call
  const form = new URLSearchParams(body.toString('utf8'))
  const parameters = new Parameters(form)
  const name = form.get('Action') ?? ''
  const operation = operationOf(door, service, name)
  const record = (effective: boolean, answered: EffectLogEntry['answered'], status: number | null) => {
    if (operation?.effect !== 'write') return
    door.context.log.append({
      service,
      operation: name,
      parameters: parameters.toObject(),
      effective,
      answered,
      status,
    })
  }
  const refuse = (error: AwsError, effective = false) => {
    record(effective, 'error', error.status)
    sendError(response, service, requestId, error)
  }

  try {
    verifySignature(request, body, authorization, keysOf(door.secrets), Date.now())
  } catch (error) {
    return refuse(asAwsError(error))
  }
  if (!operation || form.get('Version') !== protocols[service].version) {
    const version = form.get('Version') ?? protocols[service].version
    return refuse(new AwsError('InvalidAction', `Could not find operation ${name} for version ${version}`))
  }

  // Taken once: the fault itself says on which side of the effect it strikes.
  const fault = door.context.apiFaults.take(service, name)
  if (fault && strikesBefore(fault)) return strike(fault, response, record, refuse, false)
  let result: XmlStructure | null
  try {
    const action = `${service}:${name}`
    const denial = door.context.apiFaults.denied(action)
    if (denial) throw accessDenied(action, operation.resource(parameters), denial)
    result = await operation.run(authorization.region, parameters)
  } catch (error) {
    const refusal = asAwsError(error)
    if (refusal.code === 'InternalFailure') console.error('The lab could not answer', name, error)
    if (fault && strikesAfter(fault)) return strike(fault, response, record, refuse, false)
    return refuse(refusal)
  }
  if (fault && strikesAfter(fault)) return strike(fault, response, record, refuse, true)
  record(true, 'ok', 200)
  sendResult(response, service, name, requestId, result)
}

function keysOf({ awsAccessKeyId, awsSecretAccessKey }: LabSecrets) {
  return { accessKeyId: awsAccessKeyId, secretAccessKey: awsSecretAccessKey }
}

function operationOf(door: FrontDoor, service: Service, name: string): Operation | null {
  if (service === 'sts') {
    const caller = { Arn: labCallerArn, UserId: labCallerUserId, Account: labAccountId }
    return name === 'GetCallerIdentity' ? { effect: 'read', resource: () => '*', run: () => caller } : null
  }
  if (service === 'iam') {
    if (name !== 'SimulatePrincipalPolicy') return null
    return {
      effect: 'read',
      resource: (parameters) => parameters.text('PolicySourceArn') ?? '*',
      run: (_, parameters) => simulatePrincipalPolicy(door.context.apiFaults, parameters),
    }
  }
  const known = rdsOperations.get(name)
  if (!known) return null
  return {
    effect: known.effect,
    resource: namedResource,
    run(region, parameters) {
      const live = () => captureView(door.context, door.shape, door.clusterAttributes.get(), Date.now())
      const view = live()
      door.history.add(view)
      const staleSince = known.effect === 'read' ? door.context.apiFaults.staleSince() : null
      const call: RdsCall = {
        region,
        parameters,
        view: staleSince === null ? view : (door.history.asOf(staleSince) ?? view),
        live,
        context: door.context,
        clusterAttributes: door.clusterAttributes,
      }
      return known.run(call)
    },
  }
}

/** The first identifier of a call; the CLI and the SDK show it, nothing is decided by it. */
const namedResource = (parameters: Parameters): string =>
  ['DBClusterIdentifier', 'DBInstanceIdentifier', 'ResourceName'].flatMap((name) => parameters.text(name) ?? [])[0] ??
  '*'

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

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    // Read to the end all the same, or the answer could not be received.
    if (length <= bodyLimitBytes) chunks.push(chunk)
  }
  return length <= bodyLimitBytes ? Buffer.concat(chunks) : null
}
