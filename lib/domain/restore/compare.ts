import type { Restorable, RestoreAttributes } from './restorable'

/** One setting in which a copy is not what its source is. */
export type Difference = { what: string; source: string; copy: string }

const labels: Record<keyof RestoreAttributes, string> = {
  engine: 'Engine',
  engineVersion: 'Engine version',
  port: 'Port',
  subnetGroup: 'Subnet group',
  parameterGroup: 'Parameter group',
  securityGroupIds: 'Security groups',
  encrypted: 'Encryption',
  kmsKeyId: 'KMS key',
  storageType: 'Storage type',
  iops: 'IOPS',
  storageGiB: 'Storage, GiB',
  iamAuthentication: 'IAM authentication',
  logExports: 'Log exports',
  deletionProtection: 'Deletion protection',
  copyTagsToSnapshots: 'Tags copied to snapshots',
  backupRetentionDays: 'Backup retention, days',
  multiAz: 'Multi-AZ',
}

const shown = (value: RestoreAttributes[keyof RestoreAttributes]): string =>
  Array.isArray(value) ? value.toSorted().join(', ') || 'none' : value === null ? 'none' : String(value)

/** What the copy of a source is compared with: everything that was sent, and its tags. */
export interface Expected {
  source: RestoreAttributes
  /** Groups of the copy while it does not serve; null once it serves as the source did. */
  quarantine: string[] | null
  tags: Record<string, string>
  instances: { instanceClass: string; parameterGroup: string | null; publiclyAccessible: boolean }[]
}

/**
 * Every setting in which the copy is not as it must be. A cluster spans zones by its members, so its own Multi-AZ says nothing.
 */
export function differences(
  expected: Expected,
  copy: Pick<Restorable, 'kind' | 'attributes' | 'tags' | 'instances'>,
): Difference[] {
  const { source, quarantine } = expected
  const wanted: RestoreAttributes =
    quarantine === null
      ? source
      : { ...source, securityGroupIds: quarantine, deletionProtection: false, multiAz: copy.attributes.multiAz }
  const own = (Object.keys(labels) as (keyof RestoreAttributes)[]).flatMap((key) => {
    if (key === 'multiAz' && copy.kind === 'cluster') return []
    const [is, should] = [shown(copy.attributes[key]), shown(wanted[key])]
    return is === should ? [] : [{ what: labels[key], source: should, copy: is }]
  })
  const tags = Object.entries(expected.tags).flatMap(([key, value]) =>
    copy.tags[key] === value ? [] : [{ what: `Tag ${key}`, source: value, copy: copy.tags[key] ?? 'none' }],
  )
  const members = copy.instances.flatMap((instance, i) => {
    const should = expected.instances[i] ?? expected.instances.at(-1)
    if (!should) return []
    const of = (what: string, is: string, was: string) =>
      is === was ? [] : [{ what: `${what} of ${instance.id}`, source: was, copy: is }]
    return [
      ...of('Class', instance.instanceClass, should.instanceClass),
      ...of('Parameter group', instance.parameterGroup ?? 'none', should.parameterGroup ?? 'none'),
      ...of('Public access', String(instance.publiclyAccessible), String(should.publiclyAccessible)),
    ]
  })
  return [...own, ...tags, ...members]
}

export const differenceWords = ({ what, source, copy }: Difference): string => `${what} is ${copy}, not ${source}.`
