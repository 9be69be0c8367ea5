/** Names are read, changed and asked for as a recovery does it, against the lab's Route 53 and its DNS servers. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { privateZone, publicZone, switchObject } from '../../../lab/names/seed'
import { eventually, type NamesTestRoom, startNamesRoom } from '../../../lab/names/testing'
import { countedHealth } from '../../domain/names/health'
import type { NameHealthCheck } from '../../domain/names/types'
import type { NamesCall, RecordSetInput } from '../../domain/procedure/names-call'
import type { ResolverAddress, Resolvers } from '../../ports/names'
import { createResolvers } from '../dns/index'
import { createRoute53 } from './index'

vi.setConfig({ testTimeout: 60_000 })

const [west, east] = ['writer.us-west-2.castmatch.internal', 'replica.us-east-1.castmatch.internal']
const database = 'db.castmatch.internal'
let room: NamesTestRoom
let names: ReturnType<typeof createRoute53>
let resolvers: Resolvers
const of = (kind: ResolverAddress['kind'], n = 0): ResolverAddress => {
  const found = resolvers.all.filter((one) => one.kind === kind)[n]
  if (!found) throw new Error(`no ${kind} resolver`)
  return found
}
beforeAll(async () => {
  room = await startNamesRoom({ basePort: 25_500 })
  names = createRoute53({
    endpointUrl: room.url,
    credentials: { accessKeyId: room.secrets.awsAccessKeyId, secretAccessKey: room.secrets.awsSecretAccessKey },
  })
  const at = (host: string) => `${host}:${room.port}`
  resolvers = createResolvers([
    { kind: 'authoritative', address: at(room.resolvers.authoritative) },
    { kind: 'cluster', address: at(room.resolvers.cluster) },
    ...room.resolvers.public.map((host) => ({ kind: 'public' as const, address: at(host) })),
  ])
})
afterAll(async () => {
  names?.close()
  await room?.end()
})

const request = { kind: 'names', service: 'route53', region: 'us-east-1' } as const
const upsert = (set: RecordSetInput): NamesCall => ({
  ...request,
  operation: 'ChangeResourceRecordSets',
  input: {
    HostedZoneId: privateZone.id,
    ChangeBatch: { Comment: 'run r-1', Changes: [{ Action: 'UPSERT', ResourceRecordSet: set }] },
  },
})
const update = ({ id, version }: NameHealthCheck, flags: { Disabled: boolean; Inverted: boolean }): NamesCall => ({
  ...request,
  operation: 'UpdateHealthCheck',
  input: { HealthCheckId: id, HealthCheckVersion: version, ...flags },
})
const leadsTo = async (resolver = of('authoritative')) => {
  const answer = await resolvers.ask(resolver, database)
  return answer.kind === 'answer' ? answer.alias : answer.kind
}
const primary = async () => {
  const found = (await names.records(privateZone.id, database)).find(({ set }) => set.Failover === 'PRIMARY')
  if (!found) throw new Error('no primary record')
  return found
}

test('the pair of a name is read whole, and every kind of resolver answers for it', async () => {
  expect(await names.zone(privateZone.id)).toEqual({ id: privateZone.id, name: 'castmatch.internal', isPrivate: true })
  expect(await names.zone(publicZone.id)).toMatchObject({ isPrivate: false })
  const records = await names.records(privateZone.id, database)
  expect(records).toMatchObject([
    { name: database, set: { Failover: 'SECONDARY', SetIdentifier: 'us-east-1', TTL: 10 } },
    {
      name: database,
      set: { Failover: 'PRIMARY', HealthCheckId: expect.any(String), ResourceRecords: [{ Value: `${west}.` }] },
    },
  ])
  for (const resolver of [of('authoritative'), of('cluster')])
    expect(await resolvers.ask(resolver, database)).toEqual({
      kind: 'answer',
      alias: west,
      addresses: ['127.0.11.1'],
      // The shortest of the chain: that of the address.
      ttlSeconds: expect.toSatisfy((ttl: number) => ttl > 0 && ttl <= 5),
    })
  expect(await resolvers.ask(of('public'), 'api.castmatch.test')).toMatchObject({ addresses: ['127.0.20.1'] })
  expect(await resolvers.ask(of('public'), database)).toEqual({ kind: 'no-such-name' })
  expect(await resolvers.ask(of('authoritative'), privateZone.name)).toEqual({ kind: 'no-address' })
})

test('a changed record is in sync, then answered, and put back whole', async () => {
  const before = await primary()
  const rewritten = upsert({ ...before.set, ResourceRecords: [{ Value: east }] })
  const { changeId, httpStatus } = await names.control.execute(rewritten)
  expect(httpStatus).toBe(200)
  if (changeId === null) throw new Error('no change id')
  await eventually(async () => expect(await names.changeStatus(changeId)).toBe('in-sync'))
  expect(await leadsTo()).toBe(east)
  expect((await primary()).set).toEqual({ ...before.set, ResourceRecords: [{ Value: east }] })
  await names.control.execute(upsert(before.set))
  await eventually(async () => expect(await leadsTo()).toBe(west))
  expect(await primary()).toEqual(before)
})

test('an update by a version that somebody else has changed is refused, and the one that is read again goes through', async () => {
  const id = (await primary()).set.HealthCheckId ?? ''
  const read = await names.healthCheck(id)
  await room.startFault('names-check-contested', id)
  const forced = { Disabled: true, Inverted: true }
  await expect(names.control.execute(update(read, forced))).rejects.toMatchObject({
    errorClass: 'state',
    detail: { code: 'HealthCheckVersionMismatch', outcome: 'rejected' },
  })
  expect(await leadsTo()).toBe(west)
  const again = await names.healthCheck(id)
  expect(again.version).toBeGreaterThan(read.version)
  await names.control.execute(update(again, forced))
  await eventually(async () => expect(await leadsTo()).toBe(east))
  const now = await names.healthCheck(id)
  expect(countedHealth(now, await names.observations(id))).toBe('unhealthy')
  await names.control.execute(update(now, { Disabled: again.disabled, Inverted: again.inverted }))
  await eventually(async () => expect(await leadsTo()).toBe(west))
})

test('the switch object moves the name while the API of Route 53 is down', async () => {
  const { bucket: Bucket, key: Key, region } = switchObject
  await room.startFault('names-api-down')
  await expect(names.zone(privateZone.id)).rejects.toMatchObject({ errorClass: 'transient' })
  expect(await names.switchIsSet(switchObject)).toBe(false)
  const at = { kind: 'names', service: 's3api', region } as const
  await names.control.execute({ ...at, operation: 'PutObject', input: { Bucket, Key, Metadata: { 'dr-run': 'r-1' } } })
  expect(await names.switchIsSet(switchObject)).toBe(true)
  await eventually(async () => expect(await leadsTo()).toBe(east))
  await names.control.execute({ ...at, operation: 'DeleteObject', input: { Bucket, Key } })
  expect(await names.switchIsSet(switchObject)).toBe(false)
  await eventually(async () => expect(await leadsTo()).toBe(west))
  await room.heal('names-api-down')
})

test('a change whose answer is lost is in doubt, and was made once', async () => {
  const before = await primary()
  room.apiFaults.arm('api-reply-lost', ['route53'], {
    kind: 'reset',
    when: 'after',
    calls: 1,
    operation: 'ChangeResourceRecordSets',
  })
  const logged = room.log.list().length
  await expect(names.control.execute(upsert({ ...before.set, TTL: 9 }))).rejects.toMatchObject({
    detail: { outcome: 'unknown' },
  })
  expect(room.log.list().slice(logged)).toMatchObject([{ effective: true, answered: 'none' }])
  expect((await primary()).set.TTL).toBe(9)
})

test.each([
  ['names-change-refused', 'transient', 'PriorRequestNotComplete'],
  ['names-api-down', 'transient', 'ServiceUnavailable'],
])('%s is told by its class', async (fault, errorClass, code) => {
  await room.startFault(fault, null, { calls: 1 })
  const set = { Name: 'x.castmatch.internal', Type: 'A', TTL: 1, ResourceRecords: [{ Value: '127.0.0.9' }] } as const
  await expect(
    names.control.execute(upsert({ ...set, ResourceRecords: [...set.ResourceRecords] })),
  ).rejects.toMatchObject({
    errorClass,
    detail: { code },
  })
  await room.heal(fault)
})

test('a resolver that keeps its old answer is the one that differs', async () => {
  const answers = async () => {
    const found = await Promise.all(
      resolvers.all.filter(({ kind }) => kind === 'public').map((one) => resolvers.ask(one, 'api.castmatch.test')),
    )
    return found.map((answer) => (answer.kind === 'answer' ? answer.addresses[0] : answer.kind))
  }
  await eventually(async () => expect(await answers()).toEqual(Array(3).fill('127.0.20.1')))
  await room.startFault('names-resolver-stale', 'public-2')
  room.ready.set('us-west-2', 0)
  await eventually(async () => expect(await answers()).toEqual(['127.0.20.2', '127.0.20.1', '127.0.20.2']))
  await room.heal('names-resolver-stale')
  await eventually(async () => expect(await answers()).toEqual(Array(3).fill('127.0.20.2')))
  room.ready.set('us-west-2', 6)
})

test('a resolver that is not there, or refuses the name, is no answer', async () => {
  const nobody = { kind: 'public', address: `127.0.53.9:${room.port}` } as const
  await expect(createResolvers([nobody], 200).ask(nobody, database)).rejects.toMatchObject({
    message: expect.stringMatching(/^The DNS resolver 127\.0\.53\.9:\d+ /),
  })
  await expect(resolvers.ask(of('authoritative'), 'example.com')).rejects.toMatchObject({
    errorClass: 'config',
    detail: { code: 'EREFUSED' },
  })
})
