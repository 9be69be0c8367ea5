import { describe, expect, test } from 'vitest'
import type { RecordSetInput } from '../procedure/names-call'
import { chooseReturn, hostLedTo, ledHome, type ReturnSeen } from './return'
import type { NameHealthCheck } from './types'

const name = 'db.castmatch.internal'
const pair = (primary: string, secondary: string): RecordSetInput[] => [
  {
    ...{ Name: name, Type: 'CNAME', SetIdentifier: 'west', Failover: 'PRIMARY', TTL: 5, HealthCheckId: 'c' },
    ResourceRecords: [{ Value: primary }],
  },
  {
    ...{ Name: name, Type: 'CNAME', SetIdentifier: 'east', Failover: 'SECONDARY', TTL: 5 },
    ResourceRecords: [{ Value: secondary }],
  },
]
const check = (more: Partial<NameHealthCheck> = {}): NameHealthCheck =>
  ({
    ...{ id: 'c', version: 1, disabled: false, inverted: true, endpoint: { path: '/bucket/failover/database' } },
    ...more,
  }) as unknown as NameHealthCheck
const known = <T>(value: T) => ({ known: true as const, value })
const seen = (more: Partial<ReturnSeen> = {}): ReturnSeen => ({
  ...{ name, records: known(pair('old.west', 'promoted.east')), check: known(check()), value: 'new.west' },
  ...{ switchObject: { key: 'failover/database', isSet: known(true) }, ...more },
})

describe('a name comes home', () => {
  const unset = { key: 'failover/database', isSet: known(false) }
  const api = { switchObject: null, value: null }
  const plain = { endpoint: { path: '/healthz' }, inverted: false } as Partial<NameHealthCheck>
  test.each<[string, Partial<ReturnSeen>, string | null]>([
    ['by deleting the switch object', {}, 'switch-object'],
    ['by releasing a forced check', { switchObject: unset, check: known(check({ disabled: true })) }, 'forced'],
    ['by itself where nothing keeps it away', { switchObject: unset }, 'observed'],
    [
      'by releasing the forced check of an API',
      { ...api, check: known(check({ ...plain, disabled: true, inverted: true })) },
      'forced',
    ],
    ['by the health check of an API', { ...api, check: known(check(plain)) }, 'observed'],
    ['not while two things keep it away', { check: known(check({ disabled: true })) }, null],
    ['not while its records cannot be read', { records: { known: false, why: 'Route 53 is silent.' } }, null],
    ['not while its check cannot be read', { check: { known: false, why: 'Route 53 is silent.' } }, null],
    [
      'not while the switch object cannot be read',
      { switchObject: { key: 'failover/database', isSet: { known: false, why: 'S3 is silent.' } } },
      null,
    ],
    ['not where both records lead away', { ...api, records: known(pair('api.east', 'api.east')) }, null],
    ['not where nothing says where home is', { ...api, records: known(pair('a', 'b').slice(0, 1).map(alone)) }, null],
  ])('%s', (_name, more, way) => {
    const found = chooseReturn(seen(more))
    expect(found.way).toBe(way)
    expect(found.closed.length > 0).toBe(way === null)
  })
})
function alone({ Failover: _role, SetIdentifier: _id, HealthCheckId: _check, ...set }: RecordSetInput): RecordSetInput {
  return set
}

describe('the record at home', () => {
  const away = pair('old.west', 'promoted.east')
  test('of a pair is written whole, and the second one stays', () => {
    expect(ledHome(name, away, null, 'new.west')).toEqual({
      sets: [{ ...away[0], ResourceRecords: [{ Value: 'new.west' }] }],
    })
  })
  test('is not written again where it leads there already', () => {
    expect(ledHome(name, pair('new.west', 'promoted.east'), null, 'new.west')).toEqual({ sets: [] })
  })
  test('is the one that the name leads on by, where the zone has it', () => {
    expect(hostLedTo(away)).toBe('old.west')
    const sets: RecordSetInput[] = [{ Name: 'old.west', Type: 'A', TTL: 5, ResourceRecords: [{ Value: '10.0.0.1' }] }]
    expect(ledHome(name, away, { host: 'old.west', sets }, '10.0.0.9')).toEqual({
      sets: [{ ...sets[0], ResourceRecords: [{ Value: '10.0.0.9' }] }],
    })
  })
  test('is not guessed where its type does not fit', () => {
    expect(ledHome(name, away, null, '10.0.0.9')).toMatchObject({ why: expect.stringContaining('cannot point to') })
  })
})
