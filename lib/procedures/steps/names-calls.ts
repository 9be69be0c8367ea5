import type { NamesCall } from '../../domain/procedure/names-call'
import type { MovableName, StepContext, Surroundings } from '../contract'
import { needed } from '../facts'
import type { NameMove, NamesFacts } from './names-facts'

/* What steps that move names, there or home, send; and the names that they move. */

export const recordsOf = ({ names }: Surroundings): MovableName[] => names?.records ?? []
export const moveId = ({ name }: Pick<MovableName, 'name'>) => `move-${name}`
export const moveOf = ({ facts }: { facts: NamesFacts }, { name }: Pick<MovableName, 'name'>): NameMove | null =>
  facts.moves?.[name] ?? null
export const switchName = ({ bucket, key }: { bucket: string; key: string }) => `s3://${bucket}/${key}`

/** Route 53 itself has one endpoint, and it is in this region (procedures, fault 44). */
const route53 = { kind: 'names', service: 'route53', region: 'us-east-1' } as const

export function upsertCall(
  { runId }: Pick<StepContext<unknown>, 'runId'>,
  { zoneId }: NameMove,
  sets: NameMove['records'],
): NamesCall {
  const changes = sets.map((set) => ({ Action: 'UPSERT' as const, ResourceRecordSet: set }))
  const batch = { Comment: `dr-run ${runId}`, Changes: changes }
  return { ...route53, operation: 'ChangeResourceRecordSets', input: { HostedZoneId: zoneId, ChangeBatch: batch } }
}

export function updateCall(move: NameMove, flags: { Disabled: boolean; Inverted: boolean }): NamesCall {
  const { id } = needed(move.check, 'the health check')
  const version = needed(move.version, 'the version of the health check')
  return {
    ...route53,
    operation: 'UpdateHealthCheck',
    input: { HealthCheckId: id, HealthCheckVersion: version, ...flags },
  }
}

export function deleteSwitchCall(move: NameMove): NamesCall {
  const { bucket, key, region } = needed(move.switchObject, 'the switch object')
  return { kind: 'names', service: 's3api', region, operation: 'DeleteObject', input: { Bucket: bucket, Key: key } }
}
