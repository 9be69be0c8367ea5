/** The catalogue is read within a budget, and one bucket or one object that fails costs the others nothing. */
import { describe, expect, test } from 'vitest'
import type { ObjectHead, Place, StoredObject } from '../domain/backups/types'
import type { Backups } from '../ports/backups'
import { PortError } from '../ports/port-error'
import { readBuckets } from './buckets'

const failure = (errorClass: 'missing' | 'auth' | 'unreachable') =>
  new PortError(errorClass, `S3 says ${errorClass}.`, { outcome: 'rejected', probe: 'api' })
const object = (key: string, uploadedAt = 1): StoredObject => ({
  key,
  size: 1,
  uploadedAt,
  etag: '"e"',
  storageClass: 'STANDARD',
  head: null,
})
const head: ObjectHead = {
  versionId: 'v',
  metadata: {},
  checksum: null,
  replication: null,
  retrieved: null,
  archiveTier: null,
}

function port(objects: Partial<Record<Place, StoredObject[] | PortError>>, fails: Record<string, PortError> = {}) {
  const asked: string[] = []
  let running = 0
  let most = 0
  const backups: Backups = {
    buckets: {
      own: { bucket: 'own', region: 'us-west-2' },
      ...(objects.copy ? { copy: { bucket: 'dr', region: 'us-east-1' } } : {}),
    },
    async list(place) {
      const all = objects[place] ?? []
      if (all instanceof PortError) throw all
      return all
    },
    async head(_, { key }) {
      asked.push(key)
      running += 1
      most = Math.max(most, running)
      await Promise.resolve()
      running -= 1
      const error = fails[key]
      if (error) throw error
      return head
    },
    async partSize() {
      return 0
    },
    async *read() {},
  }
  return { backups, asked, most: () => most }
}
const read = (of: ReturnType<typeof port>) => readBuckets(of.backups, 5, AbortSignal.timeout(5_000))
const keysOf = (objects: StoredObject[]) => objects.map(({ key }) => key).sort()

describe('reading both buckets', () => {
  test('heads the newest sixty backups and nothing else, four at a time', async () => {
    const dumps = Array.from({ length: 70 }, (_, n) => object(`d/${n}.sql.gz.gpg`, n))
    const all = dumps.flatMap((dump) => [object(`${dump.key}.sha256`, 999), dump])
    const bucket = port({ own: [...all, object('d/readme')] })
    const { own, copy, at } = await read(bucket)
    expect([at, copy]).toEqual([5, null])
    expect(bucket.asked.toSorted()).toEqual(keysOf(dumps.slice(10)))
    expect(bucket.most()).toBe(4)
    expect(own).toMatchObject({ older: 10, error: null, headError: null })
    expect(own.objects).toHaveLength(120)
  })

  test('a bucket that cannot be listed says so, and the other one is there', async () => {
    const { own, copy } = await read(port({ own: failure('unreachable'), copy: [object('a.sql')] }))
    expect(own).toMatchObject({ error: 'S3 says unreachable.', objects: [] })
    expect(copy).toMatchObject({ error: null, objects: [{ key: 'a.sql', head }] })
  })

  test('an object that was deleted since the list is none; one that may not be read is not examined', async () => {
    const objects = ['a.sql', 'b.sql', 'c.sql'].map((key) => object(key))
    const gone = await read(port({ own: objects }, { 'b.sql': failure('missing') }))
    expect(keysOf(gone.own.objects)).toEqual(['a.sql', 'c.sql'])
    const denied = await read(port({ own: objects }, { 'c.sql': failure('auth') }))
    expect(denied.own).toMatchObject({ headError: 'S3 says auth.', error: null })
    expect(denied.own.objects.find(({ key }) => key === 'c.sql')?.head).toBeNull()
  })

  test('after a refusal nothing more is asked', async () => {
    const objects = Array.from({ length: 40 }, (_, n) => object(`${n}.sql`, n))
    const fails = Object.fromEntries(objects.map(({ key }) => [key, failure('auth')]))
    const bucket = port({ own: objects }, fails)
    const { own } = await read(bucket)
    expect(own.objects).toHaveLength(40)
    expect(bucket.asked.length).toBeLessThanOrEqual(4)
  })
})
