/** The AWS CLI, as an independent client of the lab's Route 53: its answers, its refusals and its faults. */
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Cli, cliOf } from '../aws/cli-testing'
import { apiName, checkIds, databaseName, privateZone, publicZone, switchObject } from './seed'
import { dug, eventually, listenAt, type NamesTestRoom, startNamesRoom } from './testing'

// The client takes seconds to start on a busy machine, and a test asks it many times.
vi.setConfig({ testTimeout: 180_000 })

let room: NamesTestRoom
let cli: Cli
beforeAll(async () => {
  room = await startNamesRoom()
  cli = cliOf(room)
})
afterAll(async () => {
  await room?.end()
  cli?.end()
})

const route53 = (...args: string[]) => ['route53', ...args]
const json = (...args: string[]) => cli.json(...route53(...args))
const zoneArg = (id: string) => ['--hosted-zone-id', id]
const internal = zoneArg(privateZone.id)
const name = (host: string) => `${host}.${privateZone.name}`
const aRecord = (host: string, ...values: string[]) => ({
  Name: name(host),
  Type: 'A',
  TTL: 1,
  ResourceRecords: values.map((Value) => ({ Value })),
})
const batch = (...changes: [action: string, set: object][]) => [
  '--change-batch',
  JSON.stringify({
    Comment: 'rehearsal <1> & more',
    Changes: changes.map(([Action, ResourceRecordSet]) => ({ Action, ResourceRecordSet })),
  }),
]
const change = (...changes: [action: string, set: object][]) =>
  cli.run(route53('change-resource-record-sets', ...internal, ...batch(...changes)))
const inSync = (id: string) =>
  eventually(async () => expect((await json('get-change', '--id', id)).ChangeInfo.Status).toBe('INSYNC'))
const authoritative = (host: string, ...args: string[]) => dug(room.resolvers.authoritative, room.port, host, ...args)

test('the CLI reads a zone and its failover pair, page by page', async () => {
  const zone = await json('get-hosted-zone', '--id', privateZone.id)
  expect(zone).toMatchObject({
    HostedZone: { Id: `/hostedzone/${privateZone.id}`, Name: privateZone.name, Config: { PrivateZone: true } },
    VPCs: [{ VPCRegion: 'us-west-2' }],
  })
  const listed = await json('list-resource-record-sets', ...internal, '--page-size', '2')
  const names = listed.ResourceRecordSets.map((set: { Name: string; Type: string }) => `${set.Name} ${set.Type}`)
  expect(names.slice(0, 4)).toEqual([
    `${privateZone.name} NS`,
    `${privateZone.name} SOA`,
    `${databaseName} CNAME`,
    `${databaseName} CNAME`,
  ])
  expect(names).toHaveLength(zone.HostedZone.ResourceRecordSetCount)
  expect(listed.ResourceRecordSets.filter((set: { Name: string }) => set.Name === databaseName)).toMatchObject([
    { SetIdentifier: 'us-east-1', Failover: 'SECONDARY', TTL: 10 },
    { SetIdentifier: 'us-west-2', Failover: 'PRIMARY', TTL: 10, HealthCheckId: checkIds.switch },
  ])
  const from = await json(
    'list-resource-record-sets',
    ...internal,
    '--start-record-name',
    name('replica.us-east-1'),
    '--max-items',
    '1',
  )
  expect(from.ResourceRecordSets).toMatchObject([{ Name: name('replica.us-east-1') }])
})

test('a change is shown at once, and answered when it is in sync', async () => {
  const submitted = await json(
    'change-resource-record-sets',
    ...internal,
    ...batch(['CREATE', aRecord('new', '127.0.0.9')]),
  )
  expect(submitted.ChangeInfo).toMatchObject({ Status: 'PENDING', Comment: 'rehearsal <1> & more' })
  expect(submitted.ChangeInfo.Id).toMatch(/^\/change\/C/)
  await inSync(submitted.ChangeInfo.Id)
  expect(await authoritative(name('new'))).toEqual(['127.0.0.9'])

  await room.startFault('names-change-pending')
  const held = await json(
    'change-resource-record-sets',
    ...internal,
    ...batch(['UPSERT', aRecord('new', '127.0.0.10')]),
  )
  const listed = await json(
    'list-resource-record-sets',
    ...internal,
    '--start-record-name',
    name('new'),
    '--max-items',
    '1',
  )
  expect(listed.ResourceRecordSets[0].ResourceRecords).toEqual([{ Value: '127.0.0.10' }])
  expect((await json('get-change', '--id', held.ChangeInfo.Id)).ChangeInfo.Status).toBe('PENDING')
  expect(await authoritative(name('new'))).toEqual(['127.0.0.9'])
  await room.heal('names-change-pending')
  await inSync(held.ChangeInfo.Id)
  expect(await authoritative(name('new'))).toEqual(['127.0.0.10'])
})

test('an UPSERT that leaves the health check out loses it', async () => {
  const full = {
    ...aRecord('pair', '127.0.0.2'),
    SetIdentifier: 'west',
    Failover: 'PRIMARY',
    HealthCheckId: checkIds.database,
  }
  expect((await change(['CREATE', full])).code).toBe(0)
  const { HealthCheckId: _, ...less } = full
  expect((await change(['UPSERT', { ...less, TTL: 5 }])).code).toBe(0)
  const listed = await json(
    'list-resource-record-sets',
    ...internal,
    '--start-record-name',
    name('pair'),
    '--max-items',
    '1',
  )
  expect(listed.ResourceRecordSets[0]).toMatchObject({ TTL: 5, Failover: 'PRIMARY' })
  expect(listed.ResourceRecordSets[0].HealthCheckId).toBeUndefined()
})

test('a batch that cannot be made is refused with every reason, and nothing of it is made', async () => {
  expect((await change(['CREATE', aRecord('whole', '127.0.0.3')])).code).toBe(0)
  const before = room.log.list().length
  const refused = await change(
    ['CREATE', aRecord('part', '127.0.0.4')],
    ['CREATE', aRecord('whole', '127.0.0.5')],
    ['DELETE', aRecord('gone', '127.0.0.6')],
    ['DELETE', aRecord('whole', '127.0.0.7')],
    ['UPSERT', { ...aRecord('elsewhere', '127.0.0.8'), Name: 'www.example.com' }],
    ['UPSERT', aRecord('wrong', '300.0.0.1')],
    ['UPSERT', { Name: privateZone.name, Type: 'CNAME', TTL: 1, ResourceRecords: [{ Value: 'a.b' }] }],
    ['UPSERT', { ...aRecord('db', '127.0.0.9') }],
  )
  expect(refused.code).toBeGreaterThan(0)
  for (const reason of [
    '(InvalidChangeBatch)',
    `Tried to create resource record set [name='${name('whole')}', type='A'] but it already exists`,
    `Tried to delete resource record set [name='${name('gone')}', type='A'] but it was not found`,
    `Tried to delete resource record set [name='${name('whole')}', type='A'] but the values provided do not match`,
    'RRSet with DNS name www.example.com. is not permitted in zone castmatch.internal.',
    'Value is not a valid IPv4 address',
    'not permitted at apex',
    'a conflicting RRSet of type CNAME with the same DNS name already exists',
  ])
    expect(refused.stderr).toContain(reason)
  expect(await authoritative(name('part'))).toEqual([])
  expect(room.log.list().slice(before)).toMatchObject([
    { service: 'route53', operation: 'ChangeResourceRecordSets', effective: false, answered: 'error', status: 400 },
  ])
})

test.each([
  ['NoSuchHostedZone', ['get-hosted-zone', '--id', 'Z0NONE']],
  ['NoSuchChange', ['get-change', '--id', 'C0NONE']],
  ['NoSuchHealthCheck', ['get-health-check-status', '--health-check-id', 'none']],
  [
    'NoSuchHealthCheck',
    [
      'change-resource-record-sets',
      ...internal,
      ...batch(['CREATE', { ...aRecord('x', '127.0.0.1'), HealthCheckId: 'none' }]),
    ],
  ],
  ['InvalidInput', ['change-resource-record-sets', ...internal, ...batch(['CREATE', { Name: name('x'), Type: 'A' }])]],
  [
    'InvalidInput',
    [
      'change-resource-record-sets',
      ...internal,
      ...batch(['CREATE', { ...aRecord('x', '127.0.0.1'), Failover: 'PRIMARY' }]),
    ],
  ],
  ['InvalidInput', ['test-dns-answer', ...internal, '--record-name', databaseName, '--record-type', 'CNAME']],
])('%s reaches the CLI by its name', async (code, args) => {
  const { stderr } = await cli.run(route53(...args))
  expect(stderr).toContain(`(${code})`)
})

test('a health check is changed by its version, and a stale version is refused', async () => {
  const id = ['--health-check-id', checkIds.database]
  const first = (await json('get-health-check', ...id)).HealthCheck
  expect(first).toMatchObject({
    HealthCheckVersion: 1,
    HealthCheckConfig: { Type: 'TCP', Inverted: false, Disabled: false, FailureThreshold: 3 },
  })
  await room.startFault('names-check-contested', checkIds.database)
  const update = ['update-health-check', ...id, '--failure-threshold', '2', '--health-check-version']
  const lost = await cli.run(route53(...update, '1'))
  expect(lost.stderr).toContain('(HealthCheckVersionMismatch)')
  const again = (await json('get-health-check', ...id)).HealthCheck
  expect(again).toMatchObject({ HealthCheckVersion: 2, HealthCheckConfig: { FailureThreshold: 3 } })
  expect((await json(...update, '2')).HealthCheck).toMatchObject({
    HealthCheckVersion: 3,
    HealthCheckConfig: { FailureThreshold: 2, Inverted: false },
  })
})

test('the checks look at their endpoints, and tell what each checker saw', async () => {
  const status = async (id: string) => {
    const { HealthCheckObservations } = await json('get-health-check-status', '--health-check-id', id)
    return HealthCheckObservations.map((one: { StatusReport: { Status: string } }) => one.StatusReport.Status)
  }
  await eventually(async () => expect((await status(checkIds.database))[0]).toMatch(/^Failure: Connection refused/))
  const database = await listenAt(room.writerEndpoint)
  await eventually(async () =>
    expect(await status(checkIds.database)).toEqual(Array(3).fill('Success: TCP connection established')),
  )
  database.close()
  await once(database, 'close')
  await eventually(async () => expect((await status(checkIds.database))[0]).toMatch(/^Failure/))
  expect((await status(checkIds.api))[0]).toBe('Success: HTTP Status Code 200, OK')
})

test('the switch object moves the name of the database, and back when it is deleted', async () => {
  const [west, east] = ['writer.us-west-2.castmatch.internal', 'replica.us-east-1.castmatch.internal']
  const leadsTo = async () => (await authoritative(databaseName, 'CNAME'))[0]
  await eventually(async () => expect(await leadsTo()).toBe(west))
  const place = ['--bucket', switchObject.bucket, '--key', switchObject.key, '--region', switchObject.region]
  await cli.json('s3api', 'put-object', ...place)
  await eventually(async () => expect(await leadsTo()).toBe(east))
  await cli.run(['s3api', 'delete-object', ...place])
  await eventually(async () => expect(await leadsTo()).toBe(west))
})

test('a disabled check counts as healthy, and one that is inverted too as unhealthy', async () => {
  const [west, east] = ['127.0.20.1', '127.0.20.2']
  const answered = async () => {
    const asked = ['--record-name', apiName, '--record-type', 'A']
    return (await json('test-dns-answer', ...zoneArg(publicZone.id), ...asked)).RecordData.at(-1)
  }
  const update = (...flags: string[]) => json('update-health-check', '--health-check-id', checkIds.api, ...flags)
  await eventually(async () => expect(await answered()).toBe(west))
  room.ready.set('us-west-2', 0)
  await eventually(async () => expect(await answered()).toBe(east))
  await update('--disabled')
  expect(await answered()).toBe(west)
  await update('--inverted')
  expect(await answered()).toBe(east)
  await update('--no-disabled', '--no-inverted')
  room.ready.set('us-west-2', 6)
  await eventually(async () => expect(await answered()).toBe(west))
})

test('throttling, a busy zone and an API that is down are told by their names, and the DNS servers go on', async () => {
  const get = ['get-hosted-zone', '--id', privateZone.id]
  room.apiFaults.arm('api-throttle', ['route53'], { kind: 'throttle', calls: 1, operation: null })
  expect((await cli.run(route53(...get))).stderr).toContain('(Throttling)')
  await room.startFault('names-change-refused', null, { calls: 1 })
  expect((await change(['UPSERT', aRecord('busy', '127.0.0.2')])).stderr).toContain('(PriorRequestNotComplete)')
  await room.startFault('names-api-down')
  expect((await cli.run(route53(...get))).stderr).toContain('(ServiceUnavailable)')
  expect(await authoritative(databaseName, 'CNAME')).toHaveLength(1)
  await room.heal('names-api-down')
  expect((await cli.run(route53(...get))).code).toBe(0)
})

test('a reply that is lost after the change leaves the change made, once', async () => {
  room.apiFaults.arm('api-reply-lost', ['route53'], {
    kind: 'reset',
    when: 'after',
    calls: 1,
    operation: 'ChangeResourceRecordSets',
  })
  const before = room.log.list().length
  expect((await change(['UPSERT', aRecord('lost', '127.0.0.2')])).code).toBeGreaterThan(0)
  expect(room.log.list().slice(before)).toMatchObject([
    { operation: 'ChangeResourceRecordSets', effective: true, answered: 'none' },
  ])
  await eventually(async () => expect(await authoritative(name('lost'))).toEqual(['127.0.0.2']))
})

test('a signature that does not match is refused', async () => {
  const wrong = await cli.run(route53('get-hosted-zone', '--id', privateZone.id), { AWS_SECRET_ACCESS_KEY: 'wrong' })
  expect(wrong.stderr).toContain('(SignatureDoesNotMatch)')
})
