import { describe, expect, test } from 'vitest'
import type { RecordSetInput } from '../procedure/names-call'
import {
  checkIdOf,
  chooseWay,
  isWritten,
  leadOf,
  type MoveWay,
  moveWays,
  type NameSeen,
  rewritten,
  type Seen,
  whereTo,
} from './move'
import type { NameHealthCheck } from './types'

const name = 'db.castmatch.internal'
const set = (more: Partial<RecordSetInput> = {}): RecordSetInput => ({
  Name: `${name}.`,
  Type: 'CNAME',
  TTL: 30,
  ResourceRecords: [{ Value: 'west.castmatch.internal.' }],
  ...more,
})
const primary = set({ SetIdentifier: 'west', Failover: 'PRIMARY', HealthCheckId: 'h1' })
const secondary = set({
  SetIdentifier: 'east',
  Failover: 'SECONDARY',
  TTL: 20,
  ResourceRecords: [{ Value: 'east.castmatch.internal.' }],
})
const pair = [primary, secondary]
const known = <T>(value: T): Seen<T> => ({ known: true, value })
const away = { known: false, why: 'Route 53 cannot serve the request right now (ServiceUnavailable).' } as const
const check = (more: Partial<NameHealthCheck> = {}): NameHealthCheck => ({
  id: 'h1',
  version: 3,
  type: 'HTTP',
  endpoint: { host: 'bucket.s3.us-east-1.amazonaws.com', port: 80, path: '/failover/database' },
  disabled: false,
  inverted: true,
  ...more,
})
const seen = (more: Partial<NameSeen> = {}): NameSeen => ({
  use: 'database',
  name,
  home: 'us-west-2',
  records: known(pair),
  check: known(check()),
  health: 'healthy',
  switchObject: { bucket: 'bucket', key: 'failover/database', isSet: known(false) },
  leads: 'from',
  value: 'replica.us-east-1.rds.amazonaws.com',
  ...more,
})
const none = { switchObject: null }

describe('the way', () => {
  test.each<[string, MoveWay | null, Partial<NameSeen>]>([
    ['the switch object before all others', 'switch-object', {}],
    ['the switch object also while Route 53 is away', 'switch-object', { records: away, check: away }],
    [
      'no switch object whose check looks elsewhere',
      'forced',
      { check: known(check({ endpoint: { host: 'h', port: 1, path: '/healthz' } })) },
    ],
    ['no switch object whose check is not inverted', 'forced', { check: known(check({ inverted: false })) }],
    ['no switch object whose check is disabled', 'forced', { check: known(check({ disabled: true })) }],
    ['no switch object that S3 does not show', 'forced', { switchObject: { bucket: 'b', key: 'k', isSet: away } }],
    ['nothing, where the check has moved it', 'observed', { ...none, leads: 'to', health: 'unhealthy' }],
    [
      'nothing, where it has moved and Route 53 is away',
      'observed',
      { ...none, leads: 'to', records: away, check: away },
    ],
    ['not nothing while the check is healthy', 'forced', { ...none, leads: 'to', health: 'healthy' }],
    ['the health check, forced', 'forced', none],
    [
      'the record, where the pair has no check',
      'rrset',
      { ...none, records: known([{ ...primary, HealthCheckId: undefined }, secondary]), check: known(null) },
    ],
    ['the record, where there is one only', 'rrset', { ...none, records: known([set()]), check: known(null) }],
    [
      'none, where a single record has no value for the other region',
      null,
      { ...none, records: known([set()]), check: known(null), value: null },
    ],
    ['none, where Route 53 is away and nothing has moved', null, { ...none, records: away, check: away }],
    ['none, where the name has no record', null, { ...none, records: known([]), check: known(null) }],
    [
      'none, where the records are weighted',
      null,
      {
        ...none,
        records: known([set({ SetIdentifier: 'a', Weight: 1 }), set({ SetIdentifier: 'b', Weight: 0 })]),
        check: known(null),
      },
    ],
  ])('is %s', (_what, way, more) => {
    const choice = chooseWay(seen(more), 'auto')
    expect([choice.way, choice.closed]).toEqual([way, expect.any(Array)])
    for (const { why } of choice.closed) expect(why).toMatch(/\.$/)
    if (way !== null) expect(choice.closed.map((one) => one.way)).not.toContain(way)
  })

  test('is the one that was chosen while it is open, and the most robust one otherwise', () => {
    expect(chooseWay(seen(), 'rrset').way).toBe('rrset')
    expect(chooseWay(seen({ records: away, check: away }), 'rrset').way).toBe('switch-object')
    expect(chooseWay(seen(none), 'switch-object').way).toBe('forced')
  })

  test('is never a change where nothing was to be changed', () => {
    for (const leads of ['from', 'to', 'other', 'unknown'] as const)
      expect(chooseWay(seen({ leads }), 'observed').way).toBe('observed')
  })

  test('that is closed says why, each of them', () => {
    const { closed } = chooseWay(seen({ ...none, records: away, check: away, leads: 'unknown' }), 'auto')
    expect(closed.map(({ way }) => way)).toEqual([...moveWays])
    expect(closed.map(({ why }) => why)).toEqual([
      `No switch object is configured for ${name}.`,
      `Where ${name} points is unknown.`,
      away.why,
      away.why,
    ])
  })
})

describe('a record set that is written again', () => {
  test('keeps everything but where it leads', () => {
    expect(rewritten(name, pair, null)).toEqual({ sets: [{ ...primary, ResourceRecords: secondary.ResourceRecords }] })
    expect(rewritten(name, [set({ HealthCheckId: 'h9' })], 'east.example')).toEqual({
      sets: [set({ HealthCheckId: 'h9', ResourceRecords: [{ Value: 'east.example' }] })],
    })
  })

  test('takes an alias over as a whole, in every type', () => {
    const alias = (zone: string) => ({ HostedZoneId: zone, DNSName: `${zone}.elb.`, EvaluateTargetHealth: true })
    const of = (Type: 'A' | 'AAAA', role: 'PRIMARY' | 'SECONDARY', zone: string): RecordSetInput => ({
      Name: 'api.test.',
      Type,
      SetIdentifier: role,
      Failover: role,
      AliasTarget: alias(zone),
    })
    const all = (['A', 'AAAA'] as const).flatMap((type) => [of(type, 'PRIMARY', 'w'), of(type, 'SECONDARY', 'e')])
    expect(rewritten('api.test', all, null)).toEqual({
      sets: [
        { ...of('A', 'PRIMARY', 'w'), AliasTarget: alias('e') },
        { ...of('AAAA', 'PRIMARY', 'w'), AliasTarget: alias('e') },
      ],
    })
    // An alias that leads to plain values gets a TTL, and values that lead to an alias lose theirs.
    const values = {
      ...of('A', 'SECONDARY', 'e'),
      AliasTarget: undefined,
      TTL: 15,
      ResourceRecords: [{ Value: '192.0.2.1' }],
    }
    const [first] = all
    if (!first) throw new Error('there are records')
    expect(rewritten('api.test', [first, values], null)).toEqual({
      sets: [
        {
          Name: 'api.test.',
          Type: 'A',
          SetIdentifier: 'PRIMARY',
          Failover: 'PRIMARY',
          TTL: 15,
          ResourceRecords: values.ResourceRecords,
        },
      ],
    })
  })

  test.each([
    ['an address in a CNAME', [set()], '192.0.2.1'],
    ['a name in an A record', [set({ Type: 'A' })], 'east.example'],
    [
      'a single alias',
      [set({ AliasTarget: { HostedZoneId: 'z', DNSName: 'd', EvaluateTargetHealth: false } })],
      'x.example',
    ],
  ])('is refused for %s', (_what, sets, value) => {
    expect(rewritten(name, sets as RecordSetInput[], value)).toEqual({ why: expect.any(String) })
  })

  test('is recognised, whatever the order of its settings, and not where any differs', () => {
    const made = [{ ...primary, ResourceRecords: secondary.ResourceRecords }]
    const { Name, ...rest } = made[0] ?? primary
    expect(isWritten([{ ...rest, Name: Name.toUpperCase() }, secondary], made)).toBe(true)
    expect(isWritten(pair, made)).toBe(false)
    expect(isWritten([{ ...(made[0] ?? primary), TTL: 31 }], made)).toBe(false)
  })
})

test('a name has one health check or none that could be forced', () => {
  expect(checkIdOf(name, pair)).toEqual({ id: 'h1' })
  expect(checkIdOf(name, [set()])).toEqual({ why: `${name} is no failover pair.` })
  const second = { ...primary, Type: 'AAAA' as const, HealthCheckId: 'h2' }
  expect(checkIdOf(name, [...pair, second])).toEqual({ why: `The records of ${name} have different health checks.` })
})

test('an answer leads where its name or all of its addresses do', () => {
  const leads = {
    from: { names: ['west.castmatch.internal'], addresses: ['10.0.0.1'] },
    to: { names: ['east.castmatch.internal'], addresses: ['10.1.0.1', '10.1.0.2'] },
  }
  const at = (alias: string | null, ...addresses: string[]) => ({
    kind: 'answer' as const,
    alias,
    addresses,
    ttlSeconds: 5,
  })
  expect(whereTo(at('East.castmatch.internal.', '10.9.9.9'), leads)).toBe('to')
  expect(whereTo(at(null, '10.1.0.2'), leads)).toBe('to')
  expect(whereTo(at(null, '10.1.0.2', '10.0.0.1'), leads)).toBe('other')
  expect(whereTo(at('west.castmatch.internal', '10.0.0.1'), leads)).toBe('from')
  expect(whereTo({ kind: 'no-such-name' }, leads)).toBe('other')
  expect(whereTo(null, leads)).toBe('unknown')
  expect(whereTo(at(null, '10.9.9.9'), { from: leads.from, to: null })).toBe('unknown')
  expect(leadOf(pair)).toEqual({ names: ['west.castmatch.internal', 'east.castmatch.internal'], addresses: [] })
})
