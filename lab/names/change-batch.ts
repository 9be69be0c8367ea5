import { isIPv4, isIPv6 } from 'node:net'
import { AwsError } from '../aws/errors'
import { isSameSet, isWithin, type RecordSet, type Zone } from './records'

export const actions = ['CREATE', 'UPSERT', 'DELETE'] as const
export interface Change {
  action: (typeof actions)[number]
  set: RecordSet
}

/** `[name='db.castmatch.internal.', type='A', set identifier='west']`, as Route 53 names a record set in its refusals. */
const named = ({ name, type, failover }: RecordSet) =>
  `[name='${name}', type='${type}'${failover ? `, set identifier='${failover.identifier}'` : ''}]`

/**
 * The records after the whole batch; nothing is changed when one of them cannot be. What an UPSERT leaves out is gone: it
 * replaces the set. Throws AwsError InvalidChangeBatch with every reason.
 */
export function applied(zone: Zone, changes: readonly Change[]): RecordSet[] {
  const problems: string[] = []
  let records = [...zone.records]
  changes.forEach(({ action, set }, index) => {
    if (changes.slice(0, index).some((other) => other.action === action && isSameSet(other.set, set))) {
      problems.push(
        `The request contains an invalid set of changes for a resource record set '${set.type} ${set.name}'`,
      )
      return
    }
    const there = records.find((other) => isSameSet(other, set))
    if (action === 'DELETE') {
      if (!there) problems.push(`Tried to delete resource record set ${named(set)} but it was not found`)
      else if (!isEqual(there, set))
        problems.push(
          `Tried to delete resource record set ${named(set)} but the values provided do not match the current values`,
        )
      else if (set.name === zone.name && set.type === 'SOA')
        problems.push('A HostedZone must contain exactly one SOA record.')
      else if (set.name === zone.name && set.type === 'NS')
        problems.push('A HostedZone must contain at least one NS record for the zone itself.')
      else records = records.filter((other) => other !== there)
      return
    }
    if (action === 'CREATE' && there) {
      problems.push(`Tried to create resource record set ${named(set)} but it already exists`)
      return
    }
    const others = records.filter((other) => other !== there)
    const refusals = [...misplaced(zone, set, others), ...set.values.flatMap((value) => misspelt(set, value))]
    problems.push(...refusals)
    if (refusals.length === 0) records = [...others, set]
  })
  if (problems.length > 0) throw new AwsError('InvalidChangeBatch', `[${problems.join(', ')}]`)
  return records
}

function misplaced(zone: Zone, set: RecordSet, others: readonly RecordSet[]): string[] {
  const { name, type, failover } = set
  if (!isWithin(name, zone.name)) return [`RRSet with DNS name ${name} is not permitted in zone ${zone.name}`]
  if (type === 'CNAME' && name === zone.name)
    return [`RRSet of type CNAME with DNS name ${name} is not permitted at apex in zone ${zone.name}`]
  const here = others.filter((other) => other.name === name)
  if (type === 'CNAME' && here.some((other) => other.type !== 'CNAME'))
    return [
      `RRSet of type CNAME with DNS name ${name} is not permitted as it conflicts with other records with the same DNS name in zone ${zone.name}`,
    ]
  if (type !== 'CNAME' && here.some((other) => other.type === 'CNAME'))
    return [
      `RRSet of type ${type} with DNS name ${name} is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone ${zone.name}`,
    ]
  const same = here.filter((other) => other.type === type)
  if (same.some((other) => (other.failover === null) !== (failover === null))) {
    const which = failover ? `, SetIdentifier ${failover.identifier}` : ''
    return [
      `RRSet with DNS name ${name}, type ${type}${which} cannot be created as other RRSets exist with the same name and type.`,
    ]
  }
  if (failover && same.some((other) => other.failover?.role === failover.role))
    return [
      `RRSet with DNS name ${name}, type ${type}, SetIdentifier ${failover.identifier}, and failover ${failover.role} cannot be created because another failover RRSet is already ${failover.role}.`,
    ]
  return []
}

function misspelt({ type }: RecordSet, value: string): string[] {
  const fatal = (rule: string, says: string) => [
    `Invalid Resource Record: 'FATAL problem: ${rule} (${says}) encountered with '${value}''`,
  ]
  if (type === 'A' && !isIPv4(value)) return fatal('ARRDATAIllegalIPv4Address', 'Value is not a valid IPv4 address')
  if (type === 'AAAA' && !isIPv6(value))
    return fatal('AAAARRDATAIllegalIPv6Address', 'Value is not a valid IPv6 address')
  if (type === 'CNAME' && !/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$/.test(value))
    return fatal('DomainLabelEmpty', 'Domain label is empty')
  return []
}

/** A DELETE must name everything as it is. */
const isEqual = (a: RecordSet, b: RecordSet): boolean =>
  isSameSet(a, b) &&
  a.ttl === b.ttl &&
  a.healthCheckId === b.healthCheckId &&
  a.failover?.role === b.failover?.role &&
  [...a.values].sort().join('\n') === [...b.values].sort().join('\n')
