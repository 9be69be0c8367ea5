/** Our reading of S3 against the lab's, which the AWS CLI holds to the protocol (lab/s3/s3.lab.test.ts). */
import { createHash, randomBytes } from 'node:crypto'
import { truncateSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { backupBucket, type ObjectVersion, replicaBucket } from '../../../lab/s3/object'
import { type S3Room, startS3Room } from '../../../lab/s3/testing'
import { createS3, type S3Settings } from './index'

let room: S3Room
beforeAll(async () => {
  room = await startS3Room()
})
afterAll(() => room?.end())

const keys = { accessKeyId: 'AKIATESTCASTMATCH001', secretAccessKey: 'a test key that signs nothing else' }
const places = {
  own: { bucket: backupBucket, region: 'us-west-2' },
  copy: { bucket: replicaBucket, region: 'us-east-1' },
}
const s3 = (prefix: string, more: Partial<S3Settings> = {}) =>
  createS3({ ...places, prefix, endpointUrl: room.url, credentials: keys, ...more })

async function put(key: string, data: Buffer, more: Partial<ObjectVersion> = {}): Promise<ObjectVersion> {
  const received = await room.store.receive(one(data))
  const value = createHash('sha256').update(data).digest('base64')
  return room.store.put(
    {
      bucket: backupBucket,
      key,
      storageClass: 'STANDARD',
      contentType: 'text/plain',
      metadata: { checksum: 'abc' },
      checksum: { algorithm: 'SHA256', type: 'FULL_OBJECT', value },
      ...more,
    },
    received,
  )
}
async function* one(data: Buffer) {
  yield data
}
async function bytes(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}
const listed = async (prefix: string, key: string) => {
  const found = (await s3(prefix).list('own')).find((object) => object.key === key)
  if (!found) throw new Error(`${key} is not listed`)
  return found
}
const versionOf = (object: Awaited<ReturnType<typeof listed>>) => ({ ...object, versionId: null })

describe('the list', () => {
  test('has every object of every page, and no version that was replaced', async () => {
    const names = Array.from({ length: 1_005 }, (_, n) => `pages/${String(n).padStart(5, '0')}`)
    for (const name of names) await put(name, Buffer.from('x'))
    await put('pages/00000', Buffer.from('longer'))
    const all = await s3('pages/').list('own')
    expect(all.map(({ key }) => key)).toEqual(names)
    expect(all[0]).toMatchObject({ size: 6, storageClass: 'STANDARD', head: null })
    await expect(s3('pages/', { limits: { maxPages: 1 } }).list('own')).rejects.toMatchObject({ errorClass: 'other' })
  })

  test('of an empty prefix is empty, and of a missing bucket is an error', async () => {
    expect(await s3('nothing/').list('own')).toEqual([])
    await expect(s3('', { own: { bucket: 'no-such-bucket', region: 'us-west-2' } }).list('own')).rejects.toMatchObject({
      errorClass: 'missing',
      detail: { code: 'NoSuchBucket' },
    })
  })

  test('of a bucket in another region than was said is an error', async () => {
    const wrong = s3('', { own: { ...places.own, region: 'eu-west-1' } })
    await expect(wrong.list('own')).rejects.toMatchObject({ errorClass: 'config' })
  })

  test.each([
    ['an empty answer', ''],
    [
      'a list of another bucket',
      '<ListBucketResult><Name>other</Name><IsTruncated>false</IsTruncated></ListBucketResult>',
    ],
    ['a page of a proxy', '<html><body>Welcome</body></html>'],
    [
      'a page without its continuation',
      `<ListBucketResult><Name>${backupBucket}</Name><IsTruncated>true</IsTruncated></ListBucketResult>`,
    ],
  ])('is not taken from %s', async (_, body) => {
    await withServer(
      (response) => response.writeHead(200, { 'content-type': 'application/xml' }).end(body),
      async (endpointUrl) => {
        await expect(s3('', { endpointUrl }).list('own')).rejects.toMatchObject({
          detail: { code: 'UnreadableAnswer' },
        })
      },
    )
  })

  test('of an API that hangs ends in time', async () => {
    await withServer(
      () => undefined,
      async (endpointUrl) => {
        const limits = { requestMs: 100, readTotalMs: 500 }
        await expect(s3('', { endpointUrl, limits }).list('own')).rejects.toMatchObject({ errorClass: 'timeout' })
      },
    )
  })

  test('is refused by name', async () => {
    const credentials = { ...keys, secretAccessKey: 'another' }
    await expect(s3('', { credentials }).list('own')).rejects.toMatchObject({ errorClass: 'auth' })
  })
})

describe('the head', () => {
  test('has metadata, sum, version and the state of the copy', async () => {
    const data = Buffer.from('a backup')
    const version = await put('heads/a', data)
    const object = await listed('heads/', 'heads/a')
    await vi.waitFor(async () => {
      expect(await s3('heads/').head('own', object)).toMatchObject({ replication: 'completed' })
    }, 10_000)
    expect(await s3('heads/').head('own', object)).toEqual({
      versionId: version.versionId,
      metadata: { checksum: 'abc' },
      checksum: {
        algorithm: 'SHA256',
        type: 'FULL_OBJECT',
        value: createHash('sha256').update(data).digest('base64'),
      },
      replication: 'completed',
      retrieved: null,
      archiveTier: null,
    })
    const copy = (await s3('heads/').list('copy')).find(({ key }) => key === 'heads/a')
    expect(copy && (await s3('heads/').head('copy', copy))).toMatchObject({ replication: 'replica' })
  })

  test('of an object that was replaced or deleted since it was listed is missing', async () => {
    await put('heads/b', Buffer.from('one'))
    const object = await listed('heads/', 'heads/b')
    await put('heads/b', Buffer.from('two'))
    await expect(s3('heads/').head('own', object)).rejects.toMatchObject({ errorClass: 'missing' })
    await room.store.delete(backupBucket, 'heads/b', null)
    await expect(s3('heads/').head('own', object)).rejects.toMatchObject({ errorClass: 'missing' })
  })

  test('says that an archived object is on its way, and until when it can be read', async () => {
    const version = await put('heads/c', Buffer.from('cold'), { storageClass: 'GLACIER' })
    const object = await listed('heads/', 'heads/c')
    expect(object.storageClass).toBe('GLACIER')
    await room.store.change(version, { restoredUntil: 0 })
    expect(await s3('heads/').head('own', object)).toMatchObject({ retrieved: { until: null } })
    const until = 4_000_000_000_000
    await room.store.change(version, { restoredUntil: until })
    expect(await s3('heads/').head('own', object)).toMatchObject({ retrieved: { until } })
  })
})

describe('the bytes', () => {
  test('come once, whole, from the version that was seen', async () => {
    const data = randomBytes(3_000_000)
    await put('reads/a', data)
    const object = await listed('reads/', 'reads/a')
    const before = room.requests.length
    expect((await bytes(s3('reads/').read('own', versionOf(object)))).equals(data)).toBe(true)
    expect(room.requests.slice(before).map(({ method }) => method)).toEqual(['GET'])
  })

  test('go on where a connection broke', async () => {
    const data = randomBytes(3_000_000)
    await put('reads/b', data)
    const object = await listed('reads/', 'reads/b')
    let calls = 0
    await withServer(
      (response, headers) => {
        calls += 1
        const from = Number(/bytes=(\d+)-/.exec(String(headers.range ?? ''))?.[1] ?? 0)
        expect(headers['if-match']).toBe(object.etag)
        const length = { 'content-length': String(data.length - from), etag: object.etag }
        response.writeHead(from ? 206 : 200, length)
        const end = Math.min(data.length, from + 1_200_000)
        response.write(data.subarray(from, end), () => (end === data.length ? response.end() : response.destroy()))
      },
      async (endpointUrl) => {
        expect((await bytes(s3('reads/', { endpointUrl }).read('own', versionOf(object)))).equals(data)).toBe(true)
      },
    )
    expect(calls).toBe(3)
  })

  test('of an object that is replaced half way end there, by name', async () => {
    const data = randomBytes(200_000)
    const version = await put('reads/c', data)
    const object = await listed('reads/', 'reads/c')
    // The file is shorter than what was promised, so the connection breaks; then there is another object under the key.
    truncateSync(room.store.dataOf(version), 100_000)
    await put('reads/c', Buffer.from('other'))
    const stream = s3('reads/').read('own', { ...versionOf(object), versionId: null })
    await expect(bytes(stream)).rejects.toMatchObject({ errorClass: 'missing', detail: { code: 'PreconditionFailed' } })
    const ofVersion = s3('reads/').read('own', { ...versionOf(object), versionId: version.versionId })
    const taken: number[] = []
    await expect(
      (async () => {
        for await (const chunk of ofVersion) {
          taken.push(chunk.byteLength)
          await room.store.delete(backupBucket, 'reads/c', version.versionId)
        }
      })(),
    ).rejects.toMatchObject({ errorClass: 'missing' })
    expect(taken.length).toBeGreaterThan(0)
  })

  test('of an archived object are refused', async () => {
    await put('reads/d', Buffer.from('cold'), { storageClass: 'DEEP_ARCHIVE' })
    const object = await listed('reads/', 'reads/d')
    await expect(bytes(s3('reads/').read('own', versionOf(object)))).rejects.toMatchObject({ errorClass: 'state' })
  })

  test('that stop coming are given up, but a reader that rests is waited for', async () => {
    const data = randomBytes(4_000_000)
    let calls = 0
    const limits = { silentMs: 150 }
    const seen = { key: 'k', versionId: null, etag: '"e"', size: data.length }
    await withServer(
      (response) => {
        calls += 1
        response.writeHead(calls === 1 ? 200 : 206, { 'content-length': String(data.length), etag: '"e"' })
        response.write(Buffer.alloc(0))
      },
      async (endpointUrl) => {
        await expect(bytes(s3('', { endpointUrl, limits }).read('own', seen))).rejects.toMatchObject({
          errorClass: 'timeout',
        })
      },
    )
    expect(calls).toBe(4)
    await withServer(
      (response) => response.writeHead(200, { 'content-length': String(data.length), etag: '"e"' }).end(data),
      async (endpointUrl) => {
        const taken: Uint8Array[] = []
        for await (const chunk of s3('', { endpointUrl, limits }).read('own', seen)) {
          if (taken.length === 0) await new Promise((done) => setTimeout(done, 3 * limits.silentMs))
          taken.push(chunk)
        }
        expect(Buffer.concat(taken).equals(data)).toBe(true)
      },
    )
  })
})

async function withServer(
  handle: (response: ServerResponse, headers: Record<string, unknown>) => void,
  run: (url: string) => Promise<void>,
) {
  const server = createServer((request, response) => handle(response, request.headers))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
