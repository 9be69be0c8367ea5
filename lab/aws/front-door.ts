/**
 * One Query call from request to reply: who signed it and what it asks.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { LabContext, LabSecrets, LabShape } from '../contract'
import type { RdsCall } from './call'
import type { ClusterAttributeStore } from './cluster-attributes'
import { AwsError, asAwsError } from './errors'
import type { ViewHistory } from './history'
import { simulatePrincipalPolicy } from './iam'
import { labAccountId, labCallerArn, labCallerUserId } from './names'
import { Parameters } from './parameters'
import { rdsOperations } from './rds'
import { protocols, type Service, sendError, sendResult } from './reply'
import { answerSecret, getSecretValueTarget } from './secrets-manager'
import { readBody, serve, tooLarge } from './serve'
import { assumeRole, sessionsOf } from './sessions'
import { type Authorization, readAuthorization, verifySignature } from './signature'
import { captureView } from './view'
import type { XmlStructure } from './xml'

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
    sendError(response, isServed(service) ? service : 'rds', requestId, tooLarge())
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
  const operation = operationOf(door, service, name, authorization)
  const effect = operation?.effect ?? 'read'
  const logged = { service, operation: name, parameters: parameters.toObject() }
  const send = (error: AwsError) => sendError(response, service, requestId, error)
  const refuse = (error: AwsError) => {
    if (effect === 'write')
      door.context.log.append({ ...logged, effective: false, answered: 'error', status: error.status })
    send(error)
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
  await serve<XmlStructure | null>(door.context, response, {
    ...logged,
    effect,
    resource: operation.resource(parameters),
    run: () => operation.run(authorization.region, parameters),
    send: (result) => sendResult(response, service, name, requestId, result),
    refuse: send,
  })
}

export function keysOf(secrets: Pick<LabSecrets, 'awsAccessKeyId' | 'awsSecretAccessKey'>) {
  const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secretAccessKey } = secrets
  return { accessKeyId, secretAccessKey, sessions: sessionsOf(secrets) }
}

function operationOf(
  door: FrontDoor,
  service: Service,
  name: string,
  { accessKeyId }: Authorization,
): Operation | null {
  if (service === 'sts') {
    const sessions = sessionsOf(door.secrets)
    const { arn, userId } = sessions.get(accessKeyId) ?? { arn: labCallerArn, userId: labCallerUserId }
    const caller = { Arn: arn, UserId: userId, Account: labAccountId }
    if (name === 'GetCallerIdentity') return { effect: 'read', resource: () => '*', run: () => caller }
    if (name !== 'AssumeRole') return null
    return {
      effect: 'read',
      resource: (parameters) => parameters.text('RoleArn') ?? '*',
      run: (_, parameters) => assumeRole(sessions, parameters, Date.now()),
    }
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
