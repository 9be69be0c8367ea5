/** An encrypted dump is loaded as one stream into an empty database; what is not proved to be whole is never said to be loaded. */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pgDumpVersion } from '../../lab/backups/programs'
import { gpgVersion } from '../adapters/openpgp/gpg'
import { programVersion } from '../adapters/postgres/loading/program'
import type { LoadProgress, LoadSource } from '../ports/backup-loader'
import { dumpOf, flipped } from './testing/dumps'
import { type LoadingRoom, startLoading } from './testing/loading'

const [gpg, psql, pgRestore] = await Promise.all([gpgVersion(), programVersion('psql'), programVersion('pg_restore')])

let room: LoadingRoom
let sealed: Buffer
let good: LoadSource

beforeAll(async () => {
  room = await startLoading()
  sealed = await room.sealed(room.text)
  good = await room.put(sealed)
})
afterAll(() => room?.end())

describe('a whole backup', () => {
  test.each<['library' | 'gpg', 'programs' | 'connection']>([
    ['library', 'connection'],
    ...(psql ? [['library', 'programs'] as ['library', 'programs']] : []),
    ...(gpg ? [['gpg', psql ? 'programs' : 'connection'] as ['gpg', 'programs']] : []),
  ])('decrypted by %s and loaded by %s is in the database, row by row', async (decryptedBy, by) => {
    const told: LoadProgress[] = []
    const opener = await room.openers[decryptedBy]()
    const { result, database } = await room.load(good, { opener, by, progress: (one) => told.push(one) })
    expect(result).toMatchObject({
      kind: 'loaded',
      sha256: good.sha256,
      plainBytes: Buffer.byteLength(room.text),
      tables: 3,
      decryptedBy,
      loadedBy: by === 'connection' ? 'connection' : 'psql',
    })
    expect(await room.contents(database)).toEqual(await room.contents('source'))
    expect(told[0]).toMatchObject({ phase: 'checking', bytesRead: 0, bytesTotal: good.size })
    expect(told.at(-1)).toMatchObject({ phase: 'building', bytesRead: good.size, percent: 100 })
    expect(await room.sessions()).toBe(0)
  })

  test.skipIf(!pgRestore || !pgDumpVersion(15))('that is a custom archive is loaded by pg_restore', async () => {
    const { host, port } = room.address
    const where = ['--host', host, '--port', String(port), '--username', 'postgres', '--format=custom', 'source']
    const archive = execFileSync('pg_dump', where, { env: { ...process.env, PGPASSWORD: room.password } })
    const source = await room.put(await room.sealed(one(archive)))
    const { result, database } = await room.load(source)
    expect(result).toMatchObject({ kind: 'loaded', loadedBy: 'pg_restore', tables: null })
    expect(await room.contents(database)).toEqual(await room.contents('source'))

    const without = await room.load(source, { by: 'connection' })
    expect(without.result).toMatchObject({
      kind: 'refused',
      reason: 'program-missing',
      missing: ['pg_restore'],
      touched: false,
    })
    const cut = await room.put(await room.sealed(one(archive.subarray(0, archive.length - 3_000))))
    expect((await room.load(cut)).result).toMatchObject({ kind: expect.not.stringMatching('loaded') })
  })

  test('of a version under which another lies by now is that version', async () => {
    const source = await room.put(sealed)
    await room.room.store.put(
      { ...source.version, metadata: {} },
      await room.room.store.receive(one(Buffer.from('other'))),
    )
    expect((await room.load(source)).result).toMatchObject({ kind: 'loaded' })
  })
})

async function* one(data: Buffer) {
  yield data
}

describe('a backup that is not whole, or cannot be loaded,', () => {
  test('for a full disk is said so', async () => {
    const body = "CREATE TABLE a ();\nDO $$BEGIN RAISE disk_full USING MESSAGE = 'could not extend file'; END$$;"
    const { result } = await room.load(await room.put(await room.sealed(dumpOf(body))))
    expect(result).toMatchObject({ kind: 'failed', sqlState: '53100', touched: true })
  })

  test('with a wrong byte at its end is damaged, although all of it was loaded', async () => {
    const { result } = await room.load(await room.put(flipped(sealed, sealed.length - 1)))
    expect(result).toMatchObject({ kind: 'damaged', touched: true })
    expect(await room.sessions()).toBe(0)
  })
})
