import { describe, expect, test } from 'vitest'
import { differences, type Expected } from './compare'
import type { RestoreAttributes } from './restorable'

const source: RestoreAttributes = {
  engine: 'postgres',
  engineVersion: '15.18',
  port: 5432,
  subnetGroup: 'db-subnets',
  parameterGroup: 'prod-pg15',
  securityGroupIds: ['sg-app', 'sg-ops'],
  encrypted: true,
  kmsKeyId: 'key/1',
  storageType: 'gp3',
  iops: 12_000,
  storageGiB: 500,
  iamAuthentication: true,
  logExports: ['postgresql', 'upgrade'],
  deletionProtection: true,
  copyTagsToSnapshots: true,
  backupRetentionDays: 7,
  multiAz: true,
}
const member = { instanceClass: 'db.r6g.2xlarge', parameterGroup: 'prod-pg15', publiclyAccessible: false }
const made = {
  ...member,
  id: 'c-1',
  isWriter: true,
  status: 'available',
  address: null,
  zone: 'a',
  promotionTier: 1,
  multiAz: false,
  tags: {},
}
const tags = { service: 'castmatch', 'dr-run': 'run-1' }
const quarantined: Expected = { source, quarantine: ['sg-rec'], tags, instances: [member] }
const serving: Expected = { ...quarantined, quarantine: null }
const copy = (attributes: Partial<RestoreAttributes> = {}, more: object = {}) => ({
  kind: 'cluster' as const,
  attributes: { ...source, securityGroupIds: ['sg-rec'], deletionProtection: false, ...attributes },
  tags,
  instances: [made],
  ...more,
})

describe('a copy in quarantine', () => {
  test('is as its source but for its group and its protection', () => {
    expect(differences(quarantined, copy())).toEqual([])
    expect(differences(quarantined, copy({ logExports: ['upgrade', 'postgresql'] }))).toEqual([])
  })

  test.each(
    Object.entries({ ...source, multiAz: undefined }).flatMap(([key, value]) =>
      value === undefined
        ? []
        : [[key, Array.isArray(value) ? ['other'] : typeof value === 'boolean' ? null : 'other'] as const],
    ),
  )('that differs in its %s is told', (key, other) => {
    const now = copy()
    const is = (now.attributes as Record<string, unknown>)[key]
    const changed = { ...now, attributes: { ...now.attributes, [key]: other ?? !is } as RestoreAttributes }
    expect(differences(quarantined, changed)).toHaveLength(1)
  })

  test('that lacks a tag, or has members of another class, is told', () => {
    expect(differences(quarantined, copy({}, { tags: { service: 'castmatch' } }))).toEqual([
      { what: 'Tag dr-run', source: 'run-1', copy: 'none' },
    ])
    expect(differences(quarantined, copy({}, { instances: [{ ...made, instanceClass: 'db.t3.micro' }] }))).toEqual([
      { what: 'Class of c-1', source: 'db.r6g.2xlarge', copy: 'db.t3.micro' },
    ])
  })
})

test('a copy that serves has the groups and the protection of its source', () => {
  expect(differences(serving, copy()).map(({ what }) => what)).toEqual(['Security groups', 'Deletion protection'])
  expect(differences(serving, copy({ securityGroupIds: ['sg-ops', 'sg-app'], deletionProtection: true }))).toEqual([])
})
