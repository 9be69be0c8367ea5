/** What the store remembers of the backups, and what the view makes of it: judged as of now, not as of the reading. */
import { expect, test } from 'vitest'
import { leastLab } from '../config/testing/lab'
import type { CatalogueSample, StoredObject } from '../domain/backups/types'
import { hours } from '../domain/units'
import { readBackups } from '../views/backups'
import { viewSource } from '../views/testing/source'
import { backupStore, readCatalogueSample } from './backups'
import { databasePerTest } from './testing/database'

const database = databasePerTest()
const now = Date.parse('2026-09-08T14:00:00Z')
const environment = leastLab({
  backups: { bucket: 'backups', prefix: 'daily/', source: 'production', decryptionKeyFile: '/k', everyHours: 24 },
})
const source = (at = now, seen = environment) => viewSource(database().web, { environment: seen, now: () => at })
const object: StoredObject = {
  key: 'daily/a.sql.gz.gpg',
  size: 10,
  uploadedAt: now - hours(11),
  etag: '"e"',
  storageClass: 'STANDARD',
  head: {
    versionId: 'v',
    metadata: { 'source-environment': 'production', database: 'castmatch' },
    checksum: null,
    replication: 'completed',
    retrieved: null,
    archiveTier: null,
  },
}
const sample = (at = now, objects = [object]): CatalogueSample => ({
  at,
  own: { bucket: 'backups', region: 'us-west-2', objects, older: 0, error: null, headError: null },
  copy: null,
})

test('before the buckets were read nothing is known, and nothing is where none are configured', async () => {
  expect(await readBackups(source())).toEqual({ state: 'not-read', place: 's3://backups/daily/' })
  expect(await readBackups(source(now, { ...environment, backups: null }))).toEqual({ state: 'not-configured' })
})

test('the runner writes what it read, the web reads it, and an older reading changes nothing', async () => {
  const store = backupStore(database().runner)
  await store.save('lab', sample())
  await store.save('lab', sample(now - 1, []))
  expect(await readCatalogueSample(database().web, 'lab')).toEqual(sample())
  const view = await readBackups(source())
  expect(view).toMatchObject({
    state: 'read',
    catalogue: { recommended: object.key },
    recoveryPoint: { lossMs: hours(11), verdict: 'breached' },
    troubles: [],
  })
  const later = await readBackups(source(now + hours(48)))
  expect(later).toMatchObject({ troubles: [expect.stringContaining('one is due every 24 h')] })
})

test('what was found of a version is remembered by that version, the last finding of it', async () => {
  const store = backupStore(database().runner)
  const check = { bucket: 'backups', key: object.key, etag: object.etag, at: now, ok: true, says: 'Whole.' }
  await store.saveCheck('lab', check)
  await store.saveCheck('lab', { ...check, at: now + 1, ok: false, says: 'It is truncated.' })
  await store.saveCheck('lab', { ...check, etag: '"other"' })
  expect((await store.checks('lab')).sort((a, b) => b.at - a.at)).toEqual([
    { ...check, at: now + 1, ok: false, says: 'It is truncated.' },
    { ...check, etag: '"other"' },
  ])
  await store.save('lab', sample())
  expect(await readBackups(source())).toMatchObject({
    catalogue: { recommended: null, rows: [{ reasons: [{ kind: 'check-failed' }] }] },
  })
})

test('the web cannot write what the runner found', async () => {
  await expect(backupStore(database().web).save('lab', sample())).rejects.toMatchObject({ code: '42501' })
})

test('a reading of another version of the program is as good as none', async () => {
  await database().owner.pool.query("INSERT INTO backup_catalogue VALUES ('lab', now(), $1)", [{ at: 1 }])
  expect(await readCatalogueSample(database().web, 'lab')).toBeNull()
})
