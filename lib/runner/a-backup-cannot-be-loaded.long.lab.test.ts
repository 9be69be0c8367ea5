/** A backup that is bad, a server that refuses it, a load that is broken off: each has its own answer, and nothing goes on behind it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backupBucket } from '../../lab/s3/object'
import { gpgVersion } from '../adapters/openpgp/gpg'
import { programVersion } from '../adapters/postgres/loading/program'
import type { LoadSource, NotLoaded } from '../ports/backup-loader'
import { dumpOf, flipped } from './testing/dumps'
import { type LoadingRoom, startLoading } from './testing/loading'

const [gpg, psql] = await Promise.all([gpgVersion(), programVersion('psql')])

let room: LoadingRoom
let sealed: Buffer
let good: LoadSource

beforeAll(async () => {
  room = await startLoading()
  sealed = await room.sealed(room.text)
  good = await room.put(sealed)
})
afterAll(() => room?.end())

type Case = [name: string, result: Partial<NotLoaded>, source: () => Promise<LoadSource>]
const plain = (body: string, version?: string) => async () => room.put(await room.sealed(dumpOf(body, version)))
/** Other bytes; what the job and S3 say of them is what they were. */
const changed = (change: (data: Buffer) => Buffer) => async () => {
  const source = await room.put(change(sealed))
  return { ...source, sha256: good.sha256 }
}

const bad: Case[] = [
  [
    'encrypted to another key',
    { kind: 'damaged', damage: 'wrong-key', touched: false },
    async () => room.put(await room.sealed(room.text, 'theirs')),
  ],
  [
    'cut off half way',
    { kind: 'damaged', touched: true },
    async () => room.put(sealed.subarray(0, sealed.length - 20_000)),
  ],
  [
    'with a wrong byte in the middle',
    { kind: 'damaged', touched: true },
    async () => room.put(flipped(sealed, sealed.length >> 1)),
  ],
  [
    'with a wrong byte at its end',
    { kind: 'damaged', touched: true },
    async () => room.put(flipped(sealed, sealed.length - 1)),
  ],
  [
    'that is not the one that was agreed',
    { kind: 'damaged', damage: 'checksum-differs', touched: false },
    changed((data) => Buffer.concat([data, data])),
  ],
  ['that is not encrypted', { kind: 'damaged', damage: 'not-encrypted' }, async () => room.put(gzipSync(room.text))],
  [
    'of a pg_dump that did not finish',
    { kind: 'damaged', damage: 'incomplete', touched: true },
    async () => room.put(await room.sealed(room.text.slice(0, -200))),
  ],
  [
    'of no dump',
    { kind: 'damaged', damage: 'not-a-dump', touched: false },
    async () => room.put(await room.sealed('hello')),
  ],
  [
    'that is empty inside',
    { kind: 'damaged', damage: 'not-a-dump', touched: false },
    async () => room.put(await room.sealed('')),
  ],
  ['of a newer server', { kind: 'refused', reason: 'too-new', touched: false }, plain('SELECT 1;', '19.1')],
  [
    'that goes on in another database',
    { kind: 'refused', reason: 'names-database' },
    plain('CREATE DATABASE other;\n\\connect other\n'),
  ],
  [
    'for a full disk',
    { kind: 'failed', sqlState: '53100', touched: true },
    plain("CREATE TABLE a ();\nDO $$BEGIN RAISE disk_full USING MESSAGE = 'could not extend file'; END$$;"),
  ],
  [
    'for a role that is not there',
    { kind: 'failed', sqlState: '42704' },
    plain('CREATE TABLE a ();\nALTER TABLE a OWNER TO nobody_here;'),
  ],
  [
    'for an extension that is not there',
    { kind: 'failed', sqlState: '0A000' },
    plain('CREATE EXTENSION none_of_that_name;'),
  ],
]

describe.each<'programs' | 'connection'>(psql ? ['programs', 'connection'] : ['connection'])(
  'by %s, a backup',
  (by) => {
    test.each(bad)('%s is not loaded', async (_, expected, source) => {
      const { result } = await room.load(await source(), { by })
      expect(result).toMatchObject(expected)
      expect((result as NotLoaded).says).toMatch(/^\S.*\.$|^It contains/)
      expect(await room.sessions()).toBe(0)
    })

    test('whose rows break a rule is not loaded, and no row is told', async () => {
      const body = `CREATE TABLE a (t text UNIQUE);\nCOPY a (t) FROM stdin;\nsecret-1\nsecret-1\n\\.\n`
      const { result } = await room.load(await plain(body)(), { by })
      expect(result).toMatchObject({ kind: 'failed', sqlState: '23505', touched: true })
      expect(JSON.stringify(result)).not.toContain('secret')
    })

    test('with a meta-command does nothing of it', async () => {
      const marker = join(room.home, `marker-${by}`)
      const body = `CREATE TABLE a (t text);\nSELECT (1; COPY a FROM stdin;\n\\! touch ${marker}\n\\.\n`
      const { result } = await room.load(await plain(body)(), { by })
      expect(result).toMatchObject({ kind: 'damaged', damage: 'meta-command' })
      expect(existsSync(marker)).toBe(false)
    })

    test('is cancelled half way, and nothing of it goes on', async () => {
      const stop = new AbortController()
      const source = await plain('CREATE TABLE a ();\nSELECT pg_sleep(600);\n')()
      const loading = room.load(source, { by, signal: stop.signal })
      await expect.poll(() => room.sessions('asleep'), { timeout: 20_000 }).toBe(1)
      stop.abort()
      // At the end of a stream that was read, the server is still at work.
      expect((await loading).result).toMatchObject({ kind: 'cancelled', touched: true })
      expect(await room.sessions()).toBe(0)
    })
  },
)

describe.runIf(gpg)('with gpg, a backup', () => {
  test.each(bad.slice(0, 4))('%s is not loaded', async (_, expected, source) => {
    const { result } = await room.load(await source(), { opener: await room.openers.gpg() })
    expect(result).toMatchObject(expected)
  })

  test('signed by somebody else is not loaded', async () => {
    const { result } = await room.load(good, { opener: await room.openers.gpg('ours', 'theirs') })
    expect(result).toMatchObject({ kind: 'damaged', damage: 'wrong-signature', touched: true })
  })
})

describe('before the first statement', () => {
  test('roles and extensions that are missing are named', async () => {
    const roles = await room.load(good, { needs: { roles: ['postgres', 'missing_one'], extensions: [] } })
    expect(roles.result).toMatchObject({
      kind: 'refused',
      reason: 'role-missing',
      missing: ['missing_one'],
      touched: false,
    })
    const extensions = await room.load(good, { needs: { roles: [], extensions: ['plpgsql', 'missing_one'] } })
    expect(extensions.result).toMatchObject({ kind: 'refused', reason: 'extension-missing', missing: ['missing_one'] })
  })

  test('a database that is not empty is left alone', async () => {
    const target = await room.emptyDatabase()
    const client = await room.open(target.database)
    await client.query('CREATE TABLE theirs ()')
    await client.end()
    expect((await room.load(good, { target })).result).toMatchObject({
      kind: 'refused',
      reason: 'not-empty',
      touched: false,
    })
  })

  test('a signature that is required needs a key that it is held against', async () => {
    const opener = await room.openers.library('ours', null)
    expect((await room.load(good, { opener })).result).toMatchObject({ kind: 'refused', reason: 'not-configured' })
    expect((await room.load({ ...good, signature: 'not-looked-at' }, { opener })).result).toMatchObject({
      kind: 'loaded',
    })
    const other = await room.openers.library('ours', 'theirs')
    expect((await room.load(good, { opener: other })).result).toMatchObject({ damage: 'wrong-signature' })
  })

  test('a bucket that is not configured is not read', async () => {
    const before = room.room.requests.length
    expect((await room.load({ ...good, bucket: 'another' })).result).toMatchObject({ reason: 'not-configured' })
    expect(room.room.requests.length).toBe(before)
  })

  test('a server that refuses us, or is not there, is said so', async () => {
    const target = await room.emptyDatabase()
    expect((await room.load(good, { target: { ...target, password: 'x' } })).result).toMatchObject({
      kind: 'failed',
      sqlState: '28P01',
      touched: false,
    })
    expect((await room.load(good, { target: { ...target, port: 9 } })).result).toMatchObject({
      kind: 'unreachable',
      who: 'server',
    })
  })
})

describe('half way', () => {
  test('the version is deleted: it is missing', async () => {
    const source = await room.put(sealed)
    await room.room.store.delete(backupBucket, source.key, source.versionId ?? '')
    expect((await room.load(source)).result).toMatchObject({ kind: 'damaged', damage: 'missing', touched: false })
  })

  test('the server goes away: it is unreachable, and the database is not to be trusted', async () => {
    const source = await plain('CREATE TABLE a ();\nSELECT pg_sleep(600);\n')()
    const loading = room.load(source)
    await expect.poll(() => room.sessions('asleep'), { timeout: 20_000 }).toBe(1)
    await room.root.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'castmatch-warroom-load-%'",
    )
    expect((await loading).result).toMatchObject({ kind: 'unreachable', who: 'server', touched: true })
  })
})
