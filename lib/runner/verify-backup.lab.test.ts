/** Backups that were sealed by another program are read to their end; each way in which they can be bad has its name. */
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { prepareKeys, seal } from '../../lab/backups/seal'
import { backupBucket, type ObjectVersion } from '../../lab/s3/object'
import { type S3Room, startS3Room } from '../../lab/s3/testing'
import { createOpenpgp } from '../adapters/openpgp/index'
import { createS3 } from '../adapters/s3/index'
import type { BackupDamage, StoredObject } from '../domain/backups/types'
import type { BackupOpener } from '../ports/backups'
import { dumpOf, flipped } from './testing/dumps'
import { verifyBackup } from './verify-backup'

const rows = Array.from({ length: 3_000 }, (_, n) => `${n}\t${randomBytes(60).toString('hex')}`).join('\n')
const good = dumpOf(`COPY public.users (id, name) FROM stdin;\n${rows}\n\\.\n`)

let room: S3Room
let home: string
let opener: BackupOpener
let sealed: Buffer
const keys = (name: string) => join(home, name)

beforeAll(async () => {
  room = await startS3Room()
  home = mkdtempSync(join(tmpdir(), 'wr-verify-'))
  await prepareKeys(keys('ours'))
  await prepareKeys(keys('theirs'))
  opener = await openerOf('ours')
  sealed = await sealedBy('ours', good)
})
afterAll(async () => {
  await room?.end()
  if (home) rmSync(home, { recursive: true, force: true })
})

const openerOf = (decryption: string, signing: string | null = decryption) =>
  createOpenpgp({
    decryptionKeyFile: join(keys(decryption), 'decryption-private.asc'),
    passphrase: null,
    signingKeyFile: signing && join(keys(signing), 'signing-public.asc'),
  })
async function* one(data: Buffer | string) {
  yield Buffer.from(data)
}
async function sealedBy(name: string, text: string): Promise<Buffer> {
  const { file } = await seal(room.store, keys(name), one(text))
  return readFileSync(file)
}
const sumOf = (data: Buffer) => createHash('sha256').update(data)

let n = 0
async function put(data: Buffer, more: Partial<ObjectVersion> = {}): Promise<ObjectVersion> {
  n += 1
  return room.store.put(
    {
      bucket: backupBucket,
      key: `daily/${n}.sql.gz.gpg`,
      storageClass: 'STANDARD',
      contentType: 'application/pgp-encrypted',
      metadata: { checksum: sumOf(data).digest('hex') },
      checksum: { algorithm: 'SHA256', type: 'FULL_OBJECT', value: sumOf(data).digest('base64') },
      ...more,
    },
    await room.store.receive(one(data)),
  )
}

function s3() {
  return createS3({
    own: { bucket: backupBucket, region: 'us-west-2' },
    copy: null,
    prefix: 'daily/',
    endpointUrl: room.url,
    credentials: { accessKeyId: room.secrets.awsAccessKeyId, secretAccessKey: room.secrets.awsSecretAccessKey },
  })
}
async function listed({ key }: ObjectVersion): Promise<StoredObject> {
  const object = (await s3().list('own')).find((other) => other.key === key)
  if (!object) throw new Error(`${key} is not listed`)
  return { ...object, head: await s3().head('own', object) }
}
const verify = async (version: ObjectVersion, with_: BackupOpener | null = opener) =>
  verifyBackup({ backups: s3(), opener: with_, place: 'own', object: await listed(version) })

/** The bytes are others; what the backup job wrote about them is what it was. */
const tampered = (data: Buffer) => put(data, { metadata: { checksum: sumOf(sealed).digest('hex') } })

describe('a good backup', () => {
  test('is whole, by both sums, its signature and its end, and its dump is known', async () => {
    const version = await put(sealed)
    expect(await verify(version)).toMatchObject({
      ok: true,
      damage: null,
      says: expect.stringMatching(/^Whole: .* of SQL, 1 table with rows\.$/),
      sha256: version.metadata.checksum,
      bytes: sealed.length,
      dump: { format: 'plain', serverVersion: '15.13', bytes: Buffer.byteLength(good), refused: null },
    })
  })

  test('is read once', async () => {
    const object = await listed(await put(sealed))
    const before = room.requests.length
    await verifyBackup({ backups: s3(), opener, place: 'own', object })
    expect(room.requests.slice(before).map(({ method }) => method)).toEqual(['GET'])
  })

  test('by gpg is one too, and without a signature it is named so', async () => {
    const gpg = (args: string[], input?: Buffer) =>
      spawnSync('gpg', ['--homedir', home, '--batch', '--no-tty', '--trust-model', 'always', ...args], {
        input,
        maxBuffer: 64 << 20,
      }).stdout
    for (const name of ['decryption-public.asc', 'signing-private.asc']) gpg(['--import', join(keys('ours'), name)])
    const encrypt = ['--encrypt', '--recipient', 'decryption@castmatch.example']
    const signed = gpg([...encrypt, '--sign', '--local-user', 'signing@castmatch.example'], gzipSync(good))
    const unsigned = gpg(encrypt, gzipSync(good))
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'])
    expect(await verify(await put(signed))).toMatchObject({ ok: true })
    expect(await verify(await put(unsigned))).toMatchObject({ damage: 'unsigned' })
    expect(await verify(await put(unsigned), await openerOf('ours', null))).toMatchObject({ ok: true })
  })

  test('that was uploaded in parts is held against the sum of its parts', async () => {
    const size = Math.ceil(sealed.length / 3)
    const parts = [0, 1, 2].map((part) => sealed.subarray(part * size, (part + 1) * size))
    const sums = Buffer.concat(parts.map((part) => sumOf(part).digest()))
    const composite = (of: Buffer) =>
      ({ algorithm: 'SHA256', type: 'COMPOSITE', value: `${sumOf(of).digest('base64')}-3` }) as const
    const inParts = { parts: parts.map((part) => part.length), metadata: {} }
    expect(await verify(await put(sealed, { ...inParts, checksum: composite(sums) }))).toMatchObject({ ok: true })
    const wrong = await put(sealed, { ...inParts, checksum: composite(sums.subarray(1)) })
    expect(await verify(wrong)).toMatchObject({ ok: false, damage: 'object-sum-differs' })
  })

  test('that is not encrypted is one where none is', async () => {
    expect(await verify(await put(gzipSync(good)), null)).toMatchObject({ ok: true })
    expect(await verify(await put(Buffer.from(good)), null)).toMatchObject({ ok: true })
  })
})

const bad: [
  name: string,
  damage: BackupDamage,
  put: () => Promise<ObjectVersion>,
  opener?: () => Promise<BackupOpener | null>,
][] = [
  ['cut off half way', 'truncated', () => tampered(sealed.subarray(0, sealed.length >> 1))],
  ['cut off in its head', 'truncated', () => tampered(sealed.subarray(0, 60))],
  ['with a wrong byte in the middle', 'checksum-differs', () => tampered(flipped(sealed, sealed.length >> 1))],
  ['with a wrong byte in its head', 'checksum-differs', () => tampered(flipped(sealed, 4))],
  // Its very last byte: one before it may be the length of the last part, and the whole ends too early then.
  ['with a wrong byte at its end', 'checksum-differs', () => tampered(flipped(sealed, sealed.length - 1))],
  ['changed, with sums that were changed too', 'damaged', () => put(flipped(sealed, sealed.length >> 1))],
  ['whose job wrote another sum', 'checksum-differs', () => put(sealed, { metadata: { checksum: 'ab'.repeat(32) } })],
  [
    'that S3 itself has another sum of',
    'object-sum-differs',
    async () => {
      const version = await put(sealed)
      writeFileSync(room.store.dataOf(version), flipped(sealed, 9_000))
      return version
    },
  ],
  ['of another key', 'wrong-key', async () => put(await sealedBy('theirs', good))],
  ['without a key configured', 'wrong-key', () => put(sealed), async () => null],
  ['signed by somebody else', 'wrong-signature', () => put(sealed), () => openerOf('ours', 'theirs')],
  ['not encrypted', 'not-encrypted', () => put(gzipSync(good))],
  ['of no dump', 'not-a-dump', async () => put(await sealedBy('ours', 'hello'))],
  ['that is empty inside', 'not-a-dump', async () => put(await sealedBy('ours', ''))],
  ['with a meta-command', 'meta-command', async () => put(await sealedBy('ours', dumpOf('SELECT 1 \\! id')))],
  ['of a pg_dump that did not finish', 'incomplete', async () => put(await sealedBy('ours', good.slice(0, -100)))],
  ['in an archive class', 'archived', () => put(sealed, { storageClass: 'GLACIER' })],
]

describe('a backup', () => {
  test.each(bad)('%s: %s', async (_, damage, make, how) => {
    const found = await verify(await make(), how ? await how() : opener)
    expect(found).toMatchObject({ ok: false, damage })
    expect(found.says).toMatch(/^\S.*\S$/)
  })

  test('that is deleted half way is missing', async () => {
    const version = await put(sealed)
    const object = await listed(version)
    await room.store.delete(backupBucket, version.key, version.versionId)
    expect(await verifyBackup({ backups: s3(), opener, place: 'own', object })).toMatchObject({ damage: 'missing' })
  })

  test('whose bucket is away is not called bad', async () => {
    const object = await listed(await put(sealed))
    const backups = createS3({
      own: { bucket: backupBucket, region: 'us-west-2' },
      copy: null,
      prefix: '',
      endpointUrl: 'http://127.0.0.1:9',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    })
    expect(await verifyBackup({ backups, opener, place: 'own', object })).toMatchObject({
      damage: 'unreachable',
      sha256: null,
    })
  })
})

test('a key that cannot be used is said before anything is read', async () => {
  const file = join(home, 'no-key.asc')
  writeFileSync(file, 'nothing')
  await expect(createOpenpgp({ decryptionKeyFile: file, passphrase: null, signingKeyFile: null })).rejects.toThrow(
    /decryption key .* cannot be used/,
  )
})
