/** The AWS CLI, as an independent client of the lab's S3. */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Cli, cliOf } from '../aws/cli-testing'
import { backupBucket, replicaBucket } from './object'
import type { ObjectStore } from './object-store'
import { type S3Room, startS3Room } from './testing'

// The client takes seconds to start on a busy machine, and a test asks it many times.
vi.setConfig({ testTimeout: 300_000 })

let cli: Cli
let room: S3Room
let store: ObjectStore

beforeAll(async () => {
  room = await startS3Room()
  store = room.store
  cli = cliOf(room)
})
afterAll(async () => {
  await room?.end()
  cli?.end()
})

const at = (key: string, bucket = backupBucket) => ['--bucket', bucket, '--key', key]
const file = (name: string, data: Buffer | string) => {
  const path = join(cli.home, name)
  writeFileSync(path, data)
  return path
}
const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('base64')

test('an object is written with its checksum and metadata, and read back byte by byte', async () => {
  const data = randomBytes(300_000)
  const put = ['s3api', 'put-object', ...at('daily/a b+c.sql.gz.gpg'), '--body', file('in', data)]
  const written = await cli.json(
    ...put,
    '--checksum-algorithm',
    'SHA256',
    '--metadata',
    'checksum=abc,source=production',
  )
  expect(written).toMatchObject({ ChecksumSHA256: sha256(data), VersionId: expect.any(String) })
  const head = await cli.json('s3api', 'head-object', ...at('daily/a b+c.sql.gz.gpg'), '--checksum-mode', 'ENABLED')
  expect(head).toMatchObject({
    ContentLength: data.length,
    ChecksumSHA256: sha256(data),
    Metadata: { checksum: 'abc', source: 'production' },
    VersionId: written.VersionId,
  })
  const out = join(cli.home, 'out')
  await cli.json('s3api', 'get-object', ...at('daily/a b+c.sql.gz.gpg'), '--checksum-mode', 'ENABLED', out)
  expect(readFileSync(out)).toEqual(data)
  const part = await cli.json('s3api', 'get-object', ...at('daily/a b+c.sql.gz.gpg'), '--range', 'bytes=100-199', out)
  expect(part).toMatchObject({ ContentLength: 100, ContentRange: `bytes 100-199/${data.length}` })
  expect(readFileSync(out)).toEqual(data.subarray(100, 200))
  await cli.json('s3api', 'get-object', ...at('daily/a b+c.sql.gz.gpg'), '--range', 'bytes=-7', out)
  expect(readFileSync(out)).toEqual(data.subarray(-7))
})

test('a wrong checksum, a wrong range, a missing object and a missing bucket are refused by name', async () => {
  const refused = async (code: string, ...args: string[]) => {
    const answer = await cli.run(args)
    expect(answer.code).toBeGreaterThan(0)
    expect(answer.stderr).toContain(`(${code})`)
  }
  const body = ['--body', file('in', 'abc')]
  await refused(
    'BadDigest',
    's3api',
    'put-object',
    ...at('bad'),
    ...body,
    '--checksum-sha256',
    sha256(Buffer.from('other')),
  )
  expect(store.find(backupBucket, 'bad', null)).toBeNull()
  await cli.json('s3api', 'put-object', ...at('small'), ...body)
  await refused('InvalidRange', 's3api', 'get-object', ...at('small'), '--range', 'bytes=3-', join(cli.home, 'out'))
  await refused('NoSuchKey', 's3api', 'get-object', ...at('none'), join(cli.home, 'out'))
  // HEAD has no body: the client knows no more than the status.
  await refused('404', 's3api', 'head-object', ...at('none'))
  await refused('NoSuchBucket', 's3api', 'list-objects-v2', '--bucket', 'somebody-elses')
  await refused('InvalidStorageClass', 's3api', 'put-object', ...at('bad'), ...body, '--storage-class', 'TAPE')
  const strange = await cli.run(['s3api', 'list-buckets'], { AWS_SECRET_ACCESS_KEY: 'wrong' })
  expect(strange.stderr).toContain('(SignatureDoesNotMatch)')
})

test('a listing has pages, prefixes and keys that need encoding', async () => {
  const received = async () => store.receive((async function* () {})())
  for (let n = 0; n < 25; n += 1) {
    const key = `list/${String(n).padStart(2, '0')} ü&<.gz`
    await store.put(
      { bucket: backupBucket, key, storageClass: 'STANDARD', contentType: '', metadata: {}, checksum: null },
      await received(),
    )
  }
  await store.put(
    {
      bucket: backupBucket,
      key: 'list/sub/x',
      storageClass: 'STANDARD',
      contentType: '',
      metadata: {},
      checksum: null,
    },
    await received(),
  )
  const list = ['s3api', 'list-objects-v2', '--bucket', backupBucket, '--prefix', 'list/']
  const { Contents, CommonPrefixes } = await cli.json(...list, '--delimiter', '/', '--page-size', '10')
  expect(Contents.map(({ Key }: { Key: string }) => Key)).toEqual(
    Array.from({ length: 25 }, (_, n) => `list/${String(n).padStart(2, '0')} ü&<.gz`),
  )
  expect(CommonPrefixes).toEqual([{ Prefix: 'list/sub/' }])
  const first = await cli.json(...list, '--max-items', '3')
  expect(first.Contents).toHaveLength(3)
  expect(first.NextToken).toBeDefined()
})

test('a large file goes up in parts and comes down whole', async () => {
  const data = randomBytes(18 * 1024 * 1024)
  const up = await cli.run(['s3', 'cp', file('big', data), `s3://${backupBucket}/big.bin`, '--quiet'])
  expect(up).toMatchObject({ code: 0, stderr: '' })
  expect(store.find(backupBucket, 'big.bin', null)).toMatchObject({
    size: data.length,
    etag: expect.stringMatching(/^[0-9a-f]{32}-3$/),
  })
  const down = await cli.run(['s3', 'cp', `s3://${backupBucket}/big.bin`, join(cli.home, 'down'), '--quiet'])
  expect(down).toMatchObject({ code: 0, stderr: '' })
  expect(readFileSync(join(cli.home, 'down')).equals(data)).toBe(true)
})

test('the sum of an object that was sent in parts is the one over the sums of the parts', async () => {
  const parts = [randomBytes(5 << 20), randomBytes(1000)]
  const create = ['s3api', 'create-multipart-upload', ...at('parts.bin'), '--checksum-algorithm', 'SHA256']
  const { UploadId } = await cli.json(...create)
  const upload = [...at('parts.bin'), '--upload-id', UploadId]
  const sent: { ETag: string; ChecksumSHA256: string; PartNumber: number }[] = []
  for (const [index, part] of parts.entries()) {
    const body = ['--body', file('part', part), '--checksum-algorithm', 'SHA256']
    const answer = await cli.json('s3api', 'upload-part', ...upload, '--part-number', String(index + 1), ...body)
    expect(answer.ChecksumSHA256).toBe(sha256(part))
    sent.push({ ETag: answer.ETag, ChecksumSHA256: answer.ChecksumSHA256, PartNumber: index + 1 })
  }
  const complete = ['s3api', 'complete-multipart-upload', ...upload, '--multipart-upload']
  const wrong = await cli.run([...complete, JSON.stringify({ Parts: [...sent].reverse() })])
  expect(wrong.stderr).toContain('(InvalidPartOrder)')
  const composite = createHash('sha256')
  for (const part of parts) composite.update(createHash('sha256').update(part).digest())
  const sum = `${composite.digest('base64')}-2`
  expect(await cli.json(...complete, JSON.stringify({ Parts: sent }))).toMatchObject({ ChecksumSHA256: sum })
  const head = await cli.json('s3api', 'head-object', ...at('parts.bin'), '--checksum-mode', 'ENABLED')
  expect(head).toMatchObject({ ContentLength: (5 << 20) + 1000, ChecksumSHA256: sum })
})

test('a deleted object keeps its versions, and an overwritten one too', async () => {
  for (const text of ['one', 'two'])
    await cli.json('s3api', 'put-object', ...at('versions/x'), '--body', file('in', text))
  const { VersionId: marker, DeleteMarker } = await cli.json('s3api', 'delete-object', ...at('versions/x'))
  expect(DeleteMarker).toBe(true)
  const versions = await cli.json('s3api', 'list-object-versions', '--bucket', backupBucket, '--prefix', 'versions/')
  expect(versions.Versions).toHaveLength(2)
  expect(versions.DeleteMarkers).toMatchObject([{ VersionId: marker, IsLatest: true }])
  const out = join(cli.home, 'out')
  expect((await cli.run(['s3api', 'get-object', ...at('versions/x'), out])).stderr).toContain('(NoSuchKey)')
  await cli.json('s3api', 'get-object', ...at('versions/x'), '--version-id', versions.Versions[1].VersionId, out)
  expect(readFileSync(out, 'utf8')).toBe('one')
})

test('an archived object cannot be read before it is asked back', async () => {
  await cli.json('s3api', 'put-object', ...at('archived'), '--body', file('in', 'cold'), '--storage-class', 'GLACIER')
  const out = join(cli.home, 'out')
  const refused = await cli.run(['s3api', 'get-object', ...at('archived'), out])
  expect(refused.stderr).toContain('(InvalidObjectState)')
  expect(await cli.json('s3api', 'head-object', ...at('archived'))).toMatchObject({ StorageClass: 'GLACIER' })
  await cli.json('s3api', 'restore-object', ...at('archived'), '--restore-request', 'Days=1')
  const restored = async () => (await cli.json('s3api', 'head-object', ...at('archived'))).Restore
  await expect.poll(restored, { timeout: 30_000, interval: 500 }).toMatch(/ongoing-request="false"/)
  await cli.json('s3api', 'get-object', ...at('archived'), out)
  expect(readFileSync(out, 'utf8')).toBe('cold')
})

test('every object has a copy in the other region, which answers there alone', async () => {
  const { ETag } = await cli.json(
    's3api',
    'put-object',
    ...at('copied'),
    '--body',
    file('in', 'far'),
    '--metadata',
    'checksum=x',
  )
  const status = async () => (await cli.json('s3api', 'head-object', ...at('copied'))).ReplicationStatus
  await expect.poll(status, { timeout: 20_000, interval: 300 }).toBe('COMPLETED')
  const there = ['s3api', 'head-object', ...at('copied', replicaBucket), '--region', 'us-east-1']
  expect(await cli.json(...there)).toMatchObject({ ETag, ReplicationStatus: 'REPLICA', Metadata: { checksum: 'x' } })
  await cli.json('s3api', 'head-bucket', '--bucket', replicaBucket, '--region', 'us-east-1')
})

test('a connection that breaks half way through an object is not taken for its end', async () => {
  await cli.json('s3api', 'put-object', ...at('half'), '--body', file('in', randomBytes(1 << 20)))
  room.apiFaults.arm('api-reply-lost', ['s3'], { kind: 'reset', when: 'after', calls: 1, operation: 'GetObject' })
  const cut = await cli.run(['s3api', 'get-object', ...at('half'), join(cli.home, 'out')])
  expect(cut.code).not.toBe(0)
})
