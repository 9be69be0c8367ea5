/** What the bodies of Route 53's two mutations ask for. Throws AwsError InvalidInput. */
import { AwsError } from '../aws/errors'
import { actions, type Change } from './change-batch'
import type { HealthCheck } from './health-checks'
import { child, readXml, textOf, type XmlElement } from './read-xml'
import { canonicalName, isRecordType, type RecordSet } from './records'

const invalid = (message: string) => new AwsError('InvalidInput', message)

/** What the lab's DNS servers have no rule for is refused, rather than answered wrongly. */
const notServed = [
  'Weight',
  'Region',
  'GeoLocation',
  'GeoProximityLocation',
  'CidrRoutingConfig',
  'MultiValueAnswer',
  'AliasTarget',
  'TrafficPolicyInstanceId',
]

export function readChangeBatch(xml: string): { changes: Change[]; comment: string | null } {
  const root = readXml(xml)
  const batch = root.name === 'ChangeResourceRecordSetsRequest' ? child(root, 'ChangeBatch') : null
  const changes = batch && child(batch, 'Changes')?.children.filter(({ name }) => name === 'Change')
  if (!batch || !changes || changes.length === 0) throw invalid('Invalid request: Missing field Changes in ChangeBatch')
  return { changes: changes.map(readChange), comment: textOf(batch, 'Comment') }
}

function readChange(element: XmlElement): Change {
  const wanted = textOf(element, 'Action')
  const action = actions.find((one) => one === wanted)
  const set = child(element, 'ResourceRecordSet')
  if (!action || !set) throw invalid(`Invalid request: Action ${wanted} is none of ${actions.join(', ')}`)
  return { action, set: readRecordSet(action, set) }
}

function readRecordSet(action: string, element: XmlElement): RecordSet {
  const [name, type] = [textOf(element, 'Name') ?? '', textOf(element, 'Type') ?? '']
  const identifier = textOf(element, 'SetIdentifier')
  const where = `in Change with [Action=${action}, Name=${name}, Type=${type}, SetIdentifier=${identifier}]`
  if (name === '') throw invalid(`Invalid request: Missing field 'Name' ${where}`)
  if (!isRecordType(type)) throw invalid(`The lab serves no records of type ${type} ${where}`)
  const strange = notServed.find((member) => child(element, member))
  if (strange) throw invalid(`The lab has no rule for ${strange} ${where}`)
  const role = textOf(element, 'Failover')
  if (role !== null && role !== 'PRIMARY' && role !== 'SECONDARY')
    throw invalid(`Invalid request: Failover ${role} is none of PRIMARY, SECONDARY ${where}`)
  if (role !== null && !identifier) throw invalid(`Invalid request: Missing field 'SetIdentifier' ${where}`)
  if (role === null && identifier)
    throw invalid(
      `Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer], but found none ${where}`,
    )
  const ttl = textOf(element, 'TTL')
  const values = (child(element, 'ResourceRecords')?.children ?? []).flatMap((record) => textOf(record, 'Value') ?? [])
  if (ttl === null || values.length === 0)
    throw invalid(
      `Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none ${where}`,
    )
  if (!/^\d{1,10}$/.test(ttl) || Number(ttl) > 2_147_483_647) throw invalid(`Invalid request: TTL ${ttl} ${where}`)
  return {
    name: canonicalName(name),
    type,
    ttl: Number(ttl),
    values,
    failover: role !== null && identifier ? { role, identifier } : null,
    healthCheckId: textOf(element, 'HealthCheckId'),
  }
}

/** Members of a health check that the lab's checkers do not read. */
const notChecked = ['SearchString', 'HealthThreshold', 'ChildHealthChecks', 'AlarmIdentifier', 'ResetElements']

export function readHealthCheckUpdate(xml: string): { version: number | null; changes: Partial<HealthCheck> } {
  const root = readXml(xml)
  if (root.name !== 'UpdateHealthCheckRequest') throw invalid('Invalid request: expected UpdateHealthCheckRequest')
  const strange = notChecked.find((member) => (child(root, member)?.children.length ?? 0) > 0 || textOf(root, member))
  if (strange) throw invalid(`The lab's checkers have no rule for ${strange}`)
  const number = (name: string, from: number, to: number) => {
    const text = textOf(root, name)
    if (text === null) return undefined
    if (!/^\d+$/.test(text) || Number(text) < from || Number(text) > to)
      throw invalid(`Invalid request: ${name} must be from ${from} to ${to}`)
    return Number(text)
  }
  const flag = (name: string) => {
    const text = textOf(root, name)
    return text === null ? undefined : text === 'true'
  }
  const changes: Partial<HealthCheck> = {
    ipAddress: textOf(root, 'IPAddress') ?? undefined,
    port: number('Port', 1, 65_535),
    resourcePath: textOf(root, 'ResourcePath') ?? undefined,
    domainName: textOf(root, 'FullyQualifiedDomainName') ?? undefined,
    failureThreshold: number('FailureThreshold', 1, 10),
    inverted: flag('Inverted'),
    disabled: flag('Disabled'),
  }
  return {
    version: number('HealthCheckVersion', 1, Number.MAX_SAFE_INTEGER) ?? null,
    // A member that is left out keeps its value.
    changes: Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)),
  }
}
