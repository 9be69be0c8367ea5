import type { ResourceRecordSet } from '@aws-sdk/client-route-53'
import type { NameRecord } from '../../domain/names/types'
import { type RecordSetInput, recordSetTypes } from '../../domain/procedure/names-call'
import { PortError } from '../../ports/port-error'

/** `\052.Castmatch.Internal.` -> `*.castmatch.internal` */
export const bareName = (name: string): string => name.toLowerCase().replace(/\.$/, '').replace('\\052', '*')

/** Members of a record set that a call of ours can carry. */
const carried: Record<keyof RecordSetInput, true> = {
  Name: true,
  Type: true,
  SetIdentifier: true,
  Weight: true,
  Failover: true,
  MultiValueAnswer: true,
  TTL: true,
  ResourceRecords: true,
  AliasTarget: true,
  HealthCheckId: true,
}

/**
 * A record set as it can be written again; nothing for a type that leads to no address, such as TXT. Throws `config` for one with
 * settings that a call of ours cannot carry: an UPSERT without them would drop them (procedures, fault 41).
 */
export function recordOf(set: ResourceRecordSet, name: string): NameRecord[] {
  const type = recordSetTypes.find((one) => one === set.Type)
  if (!type) return []
  const strange = Object.entries(set).flatMap(([member, value]) =>
    value === undefined || member in carried ? [] : member,
  )
  if (strange.length > 0)
    throw new PortError('config', `The record ${name} uses ${strange.join(', ')}, which a change would lose.`, {
      outcome: 'rejected',
      probe: 'other',
    })
  const { SetIdentifier, Weight, Failover, MultiValueAnswer, TTL, ResourceRecords, AliasTarget, HealthCheckId } = set
  const values = ResourceRecords?.flatMap(({ Value }) => (Value === undefined ? [] : { Value }))
  const { HostedZoneId, DNSName, EvaluateTargetHealth } = AliasTarget ?? {}
  return [
    {
      name,
      set: {
        Name: set.Name ?? name,
        Type: type,
        ...(SetIdentifier !== undefined && { SetIdentifier }),
        ...(Weight !== undefined && { Weight }),
        ...(Failover !== undefined && { Failover }),
        ...(MultiValueAnswer !== undefined && { MultiValueAnswer }),
        ...(TTL !== undefined && { TTL }),
        // An alias has none, and an empty list of them would be refused.
        ...(values !== undefined && values.length > 0 && { ResourceRecords: values }),
        ...(HostedZoneId !== undefined &&
          DNSName !== undefined && {
            AliasTarget: { HostedZoneId, DNSName, EvaluateTargetHealth: EvaluateTargetHealth ?? false },
          }),
        ...(HealthCheckId !== undefined && { HealthCheckId }),
      },
    },
  ]
}
