/** Route 53 on the lab's HTTP port: REST with XML, signed for the service `route53`. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AwsError, asAwsError } from '../aws/errors'
import { keysOf } from '../aws/front-door'
import { readBody, serve, tooLarge } from '../aws/serve'
import { readAuthorization, verifySignature } from '../aws/signature'
import { element, members, type XmlStructure, xmlList } from '../aws/xml'
import type { LabContext, LabSecrets } from '../contract'
import { type Answer, answerFor } from './answers'
import type { HealthCheck, HealthChecks } from './health-checks'
import { readChangeBatch, readHealthCheckUpdate } from './read-requests'
import { canonicalName, inOrder, isFrom, isRecordType, type RecordSet } from './records'
import type { ChangeInfo, Zones } from './zones'

const namespace = 'https://route53.amazonaws.com/doc/2013-04-01/'

/** Statuses of the Route 53 model; what is not here answers 400. */
const statuses: Record<string, number> = {
  NoSuchHostedZone: 404,
  NoSuchChange: 404,
  NoSuchHealthCheck: 404,
  HealthCheckVersionMismatch: 409,
}

export interface NamesRoom {
  context: Pick<LabContext, 'apiFaults' | 'log'>
  secrets: Pick<LabSecrets, 'awsAccessKeyId' | 'awsSecretAccessKey'>
  zones: Zones
  checks: HealthChecks
  /** Refuses the next calls, by operation; what a fault of the names does to the API. Null when nothing is the matter. */
  refusal(operation: string): AwsError | null
  /** To be written down: records or checks are not what they were. */
  changed(): void
}

interface Operation {
  name: string
  effect: 'read' | 'write'
  resource: string
  parameters: Record<string, unknown>
  run(): XmlStructure
}

/** Answers true when the request was for Route 53. */
export async function answerRoute53(
  room: NamesRoom,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (!/\/route53\/aws4_request/.test(request.headers.authorization ?? '')) return false
  const requestId = randomUUID()
  const refuse = (error: AwsError) => {
    const status = statuses[error.code] ?? error.status
    const body = element('Error', { Type: error.type, Code: error.code, Message: error.message })
    send(response, status, requestId, 'ErrorResponse', `${body}${element('RequestId', requestId)}`)
  }
  try {
    const body = await readBody(request)
    if (!body) throw tooLarge()
    const authorization = readAuthorization(request.headers.authorization)
    if (!authorization) return false
    verifySignature(request, body, authorization, keysOf(room.secrets), Date.now())
    const operation = operationOf(room, request, body.toString('utf8'))
    await serve<XmlStructure>(room.context, response, {
      service: 'route53',
      operation: operation.name,
      effect: operation.effect,
      resource: operation.resource,
      parameters: operation.parameters,
      run() {
        const refusal = room.refusal(operation.name)
        if (refusal) throw refusal
        return operation.run()
      },
      send: (result) => send(response, 200, requestId, `${operation.name}Response`, members(result)),
      refuse,
    })
  } catch (error) {
    refuse(asAwsError(error))
  }
  return true
}

function send(response: ServerResponse, status: number, requestId: string, root: string, content: string): void {
  const body = `<?xml version="1.0"?>\n<${root} xmlns="${namespace}">${content}</${root}>`
  response.writeHead(status, {
    'content-type': 'text/xml',
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': requestId,
  })
  response.end(body)
}

function operationOf(room: NamesRoom, request: IncomingMessage, body: string): Operation {
  const [path = '/', search = ''] = (request.url ?? '/').split('?', 2)
  const query = new URLSearchParams(search)
  const [, version, kind, id = '', part = ''] = path.split('/').map(decodeURIComponent)
  const { zones, checks } = room
  const asked = `${request.method} ${[kind, id && 'id', part].filter(Boolean).join('/')}`
  const zoneArn = `arn:aws:route53:::hostedzone/${id}`
  const checkArn = `arn:aws:route53:::healthcheck/${id}`
  const read = (name: string, resource: string, run: Operation['run']): Operation => ({
    name,
    effect: 'read',
    resource,
    parameters: {},
    run,
  })
  if (version === '2013-04-01')
    switch (asked) {
      case 'POST hostedzone/id/rrset':
        return changeRecordSets(room, id, body, zoneArn)
      case 'GET hostedzone/id/rrset':
        return read('ListResourceRecordSets', zoneArn, () => listRecordSets(zones.get(id).records, query))
      case 'GET hostedzone/id':
        return read('GetHostedZone', zoneArn, () => renderZone(zones, id))
      case 'GET change/id':
        return read('GetChange', `arn:aws:route53:::change/${id}`, () => renderChange(zones.status(id)))
      case 'GET healthcheck/id':
        return read('GetHealthCheck', checkArn, () => renderCheck(checks.get(id)))
      case 'GET healthcheck/id/status':
        return read('GetHealthCheckStatus', checkArn, () => renderStatus(checks, id))
      case 'POST healthcheck/id':
        return updateCheck(room, id, body, checkArn)
      case 'GET testdnsanswer':
        return read('TestDNSAnswer', '*', () => testAnswer(room, query))
    }
  throw new AwsError('InvalidAction', 'The lab has no such operation of Route 53.')
}

function changeRecordSets(room: NamesRoom, id: string, body: string, resource: string): Operation {
  const { changes, comment } = readChangeBatch(body)
  return {
    name: 'ChangeResourceRecordSets',
    effect: 'write',
    resource,
    parameters: { HostedZoneId: id, Comment: comment, Changes: changes },
    run() {
      room.zones.get(id)
      for (const { set } of changes) if (set.healthCheckId !== null) room.checks.get(set.healthCheckId)
      return renderChange(room.zones.change(id, changes, comment))
    },
  }
}

function updateCheck(room: NamesRoom, id: string, body: string, resource: string): Operation {
  const { version, changes } = readHealthCheckUpdate(body)
  return {
    name: 'UpdateHealthCheck',
    effect: 'write',
    resource,
    parameters: { HealthCheckId: id, HealthCheckVersion: version, ...changes },
    run() {
      const check = room.checks.update(id, version, changes)
      room.changed()
      return renderCheck(check)
    },
  }
}

const renderChange = ({ id, status, submittedAt, comment }: ChangeInfo): XmlStructure => ({
  ChangeInfo: { Id: `/change/${id}`, Status: status, SubmittedAt: new Date(submittedAt), Comment: comment },
})

function renderZone(zones: Zones, id: string): XmlStructure {
  const zone = zones.get(id)
  return {
    HostedZone: {
      Id: `/hostedzone/${id}`,
      Name: zone.name,
      CallerReference: id,
      Config: { PrivateZone: zone.isPrivate },
      ResourceRecordSetCount: zone.records.length,
    },
    ...(zone.isPrivate
      ? { VPCs: xmlList('VPC', [{ VPCRegion: 'us-west-2', VPCId: 'vpc-0ca57ca57ca57ca50' }]) }
      : {
          DelegationSet: {
            NameServers: xmlList('NameServer', zone.records.find(({ type }) => type === 'NS')?.values ?? []),
          },
        }),
  }
}

const maxItems = 300

function listRecordSets(records: readonly RecordSet[], query: URLSearchParams): XmlStructure {
  const [name, type, identifier] = [query.get('name'), query.get('type'), query.get('identifier')]
  const wanted = query.get('maxitems')
  const max = wanted === null ? maxItems : Number(wanted)
  if (!Number.isInteger(max) || max < 1) throw new AwsError('InvalidInput', `Invalid value ${wanted} for maxitems.`)
  if ((type && !name) || (identifier && !type))
    throw new AwsError('InvalidInput', 'A type needs a name, and an identifier needs a type.')
  const sorted = inOrder(records)
  const from = name ? { name: canonicalName(name), type, identifier } : null
  const found = from ? sorted.filter((set) => isFrom(set, from)) : sorted
  const limit = Math.min(max, maxItems)
  const next = found[limit]
  return {
    ResourceRecordSets: xmlList('ResourceRecordSet', found.slice(0, limit).map(renderSet)),
    IsTruncated: next !== undefined,
    NextRecordName: next?.name,
    NextRecordType: next?.type,
    NextRecordIdentifier: next?.failover?.identifier,
    MaxItems: String(limit),
  }
}

const renderSet = ({ name, type, ttl, values, failover, healthCheckId }: RecordSet): XmlStructure => ({
  // Route 53 writes an asterisk in its octal form.
  Name: name.replace('*', '\\052'),
  Type: type,
  SetIdentifier: failover?.identifier,
  Failover: failover?.role,
  TTL: ttl,
  ResourceRecords: xmlList(
    'ResourceRecord',
    values.map((Value) => ({ Value })),
  ),
  HealthCheckId: healthCheckId,
})

const renderCheck = (check: HealthCheck): XmlStructure => ({
  HealthCheck: {
    Id: check.id,
    CallerReference: check.callerReference,
    HealthCheckConfig: {
      IPAddress: check.ipAddress,
      Port: check.port,
      Type: check.type,
      ResourcePath: check.resourcePath,
      FullyQualifiedDomainName: check.domainName,
      RequestInterval: check.requestInterval,
      FailureThreshold: check.failureThreshold,
      MeasureLatency: false,
      Inverted: check.inverted,
      Disabled: check.disabled,
    },
    HealthCheckVersion: check.version,
  },
})

const renderStatus = (checks: HealthChecks, id: string): XmlStructure => ({
  HealthCheckObservations: xmlList(
    'HealthCheckObservation',
    checks.observations(id).map(({ region, address, status, at }) => ({
      Region: region,
      IPAddress: address,
      StatusReport: { Status: status, CheckedTime: new Date(at) },
    })),
  ),
})

/** Of public zones only, as AWS says; it is what the authoritative servers answer. */
function testAnswer({ zones, checks }: NamesRoom, query: URLSearchParams): XmlStructure {
  const zone = zones.get((query.get('hostedzoneid') ?? '').replace('/hostedzone/', ''))
  if (zone.isPrivate) throw new AwsError('InvalidInput', 'This operation can be used only with public hosted zones.')
  const [name, type] = [query.get('recordname') ?? '', query.get('recordtype') ?? '']
  if (name === '' || !isRecordType(type)) throw new AwsError('InvalidInput', 'Invalid RecordName or RecordType.')
  const question = { name: canonicalName(name), type }
  const answer: Answer = answerFor(zones.served(), question, (id) => checks.isHealthy(id))
  return {
    Nameserver: zone.records.find((set) => set.type === 'NS')?.values[0] ?? zone.name,
    RecordName: question.name,
    RecordType: type,
    RecordData: xmlList(
      'RecordDataEntry',
      answer.answers.map(({ value }) => value),
    ),
    ResponseCode: answer.code,
    Protocol: 'UDP',
  }
}
