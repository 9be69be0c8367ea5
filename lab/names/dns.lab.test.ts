/** Debian's `dig`, as an independent client of the lab's DNS servers: what is there, what is not, sizes and caches. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChangeResourceRecordSetsCommand, Route53Client } from '@aws-sdk/client-route-53'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { apiName, databaseName, privateZone, publicZone } from './seed'
import { dig, dug, eventually, type NamesTestRoom, startNamesRoom } from './testing'

vi.setConfig({ testTimeout: 90_000 })

let room: NamesTestRoom
let client: Route53Client
beforeAll(async () => {
  room = await startNamesRoom({ basePort: 24_700 })
  client = clientOf(room)
})
afterAll(async () => {
  client?.destroy()
  await room?.end()
})

const clientOf = ({ url, secrets }: NamesTestRoom) =>
  new Route53Client({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: secrets.awsAccessKeyId, secretAccessKey: secrets.awsSecretAccessKey },
  })

const upsert = (zone: string, name: string, ttl: number, values: string[]) =>
  client.send(
    new ChangeResourceRecordSetsCommand({
      HostedZoneId: zone,
      ChangeBatch: {
        Changes: [
          {
            Action: 'UPSERT',
            ResourceRecordSet: { Name: name, Type: 'A', TTL: ttl, ResourceRecords: values.map((Value) => ({ Value })) },
          },
        ],
      },
    }),
  )

const authoritative = (...args: string[]) => dig(room.resolvers.authoritative, room.port, ...args)
const statusIn = (text: string) => /status: (\w+)/.exec(text)?.[1]
const flagsIn = (text: string) => /flags: ([a-z ]*);/.exec(text)?.[1]?.split(' ') ?? []

test('the authoritative server answers a CNAME with the address behind it and their TTLs', async () => {
  const text = await authoritative(databaseName, 'A')
  expect(statusIn(text)).toBe('NOERROR')
  expect(flagsIn(text)).toContain('aa')
  expect(flagsIn(text)).not.toContain('ra')
  expect(text).toMatch(/db\.castmatch\.internal\.\s+10\s+IN\s+CNAME\s+writer\.us-west-2\.castmatch\.internal\./)
  expect(text).toMatch(/writer\.us-west-2\.castmatch\.internal\.\s+5\s+IN\s+A\s+127\.0\.11\.1/)
  expect(await dug(room.resolvers.authoritative, room.port, databaseName.toUpperCase())).toContain('127.0.11.1')
})

test('what is not there is told as no such name, as no such record, or as none of ours', async () => {
  const none = await authoritative('nobody.castmatch.internal')
  expect(statusIn(none)).toBe('NXDOMAIN')
  expect(none).toMatch(/castmatch\.internal\.\s+30\s+IN\s+SOA\s+ns-1\.castmatch\.internal\./)
  const otherType = await authoritative('writer.us-west-2.castmatch.internal', 'AAAA')
  expect(statusIn(otherType)).toBe('NOERROR')
  expect(otherType).toMatch(/ANSWER: 0, AUTHORITY: 1/)
  expect(statusIn(await authoritative('us-west-2.castmatch.internal'))).toBe('NOERROR')
  expect(statusIn(await authoritative('example.com'))).toBe('REFUSED')
})

test('the zone has its SOA and name servers', async () => {
  expect(await dug(room.resolvers.authoritative, room.port, privateZone.name, 'SOA')).toEqual([
    'ns-1.castmatch.internal. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 30',
  ])
  expect(await dug(room.resolvers.authoritative, room.port, privateZone.name, 'NS')).toEqual([
    'ns-1.castmatch.internal',
    'ns-2.castmatch.internal',
  ])
})

test('an answer that is too large for a datagram is cut, and comes whole by TCP', async () => {
  const many = Array.from({ length: 100 }, (_, i) => `127.1.0.${i + 1}`)
  const name = `many.${privateZone.name}`
  await upsert(privateZone.id, name, 1, many)
  await eventually(async () => expect(await dug(room.resolvers.authoritative, room.port, name)).toHaveLength(100))
  const cut = await authoritative(name, '+ignore')
  expect(flagsIn(cut)).toContain('tc')
  expect(cut).toMatch(/ANSWER: 0/)
  expect(await authoritative(name)).toContain('(TCP)')
  // Without EDNS the limit is 512 bytes: these fit with it, and not without.
  await upsert(privateZone.id, `some.${privateZone.name}`, 1, many.slice(0, 25))
  const some = async (...args: string[]) => await authoritative(`some.${privateZone.name}`, '+ignore', ...args)
  await eventually(async () => expect(await some()).toMatch(/ANSWER: 25/))
  expect(flagsIn(await some('+noedns'))).toContain('tc')
  expect(await dug(room.resolvers.cluster, room.port, name, '+tcp')).toHaveLength(100)
})

test('a resolver keeps an answer for its TTL, and one that is stubborn keeps it for longer', async () => {
  const name = `moving.${publicZone.name}`
  const asked = (server: string) => dug(server, room.port, name)
  const [stubborn, other] = room.resolvers.public
  await upsert(publicZone.id, name, 3, ['127.2.0.1'])
  await eventually(async () => expect(await asked(room.resolvers.authoritative)).toEqual(['127.2.0.1']))
  expect(await asked(stubborn)).toEqual(['127.2.0.1'])
  expect(await asked(other)).toEqual(['127.2.0.1'])
  const answered = await dig(other, room.port, name)
  expect(flagsIn(answered)).toContain('ra')
  expect(flagsIn(answered)).not.toContain('aa')
  expect(answered).toMatch(/moving\.castmatch\.test\.\s+[1-3]\s+IN\s+A/)
  await room.startFault('names-resolver-stale', 'public-1')
  await upsert(publicZone.id, name, 3, ['127.2.0.2'])
  await eventually(async () => expect(await asked(other)).toEqual(['127.2.0.2']))
  expect(await asked(stubborn)).toEqual(['127.2.0.1'])
  await room.heal('names-resolver-stale')
  await eventually(async () => expect(await asked(stubborn)).toEqual(['127.2.0.2']))
})

test('a private zone exists for the resolver of the cluster and for no public one', async () => {
  expect(await dug(room.resolvers.cluster, room.port, databaseName)).toContain('127.0.11.1')
  for (const server of room.resolvers.public) {
    expect(statusIn(await dig(server, room.port, databaseName))).toBe('NXDOMAIN')
    expect(await dug(server, room.port, apiName)).toContain('127.0.20.1')
  }
})

test('what was changed is remembered over a restart of the lab', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'wr-names-'))
  const first = await startNamesRoom({ dataDir, basePort: 25_100 })
  const changing = clientOf(first)
  const name = `kept.${privateZone.name}`
  const set = { Name: name, Type: 'A', TTL: 1, ResourceRecords: [{ Value: '127.3.0.1' }] } as const
  await changing.send(
    new ChangeResourceRecordSetsCommand({
      HostedZoneId: privateZone.id,
      ChangeBatch: {
        Changes: [{ Action: 'CREATE', ResourceRecordSet: { ...set, ResourceRecords: [...set.ResourceRecords] } }],
      },
    }),
  )
  changing.destroy()
  await first.end(true)
  const second = await startNamesRoom({ dataDir, basePort: 25_100 })
  try {
    expect(await dug(second.resolvers.authoritative, second.port, name)).toEqual(['127.3.0.1'])
  } finally {
    await second.end()
    rmSync(dataDir, { recursive: true, force: true })
  }
})
