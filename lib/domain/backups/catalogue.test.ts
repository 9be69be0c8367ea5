import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { days, hours, minutes } from '../units'
import { type CatalogueContext, catalogueOf, medianOf } from './catalogue'
import { isRolesOf, isSidecarOf, kindOf } from './names'
import {
  type BucketListing,
  type CatalogueSample,
  copyStates,
  type ObjectHead,
  type Rejection,
  rejections,
  type StoredObject,
} from './types'

const now = Date.parse('2026-09-08T14:00:00Z')
const sumOf = (text: string) => createHash('sha256').update(text).digest()
const stamp = (at: number) => new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '')

type Change = Partial<Omit<StoredObject, 'head'>> & { head?: Partial<ObjectHead> | null; without?: string[] }

/** A good backup, so many days old, with what is different about it. */
function backup(ageDays: number, { head, without = [], ...change }: Change = {}): StoredObject {
  const begun = now - days(ageDays)
  const key = change.key ?? `daily/castmatch-${stamp(begun)}.sql.gz.gpg`
  const sum = sumOf(key)
  const metadata: Record<string, string> = {
    'source-environment': 'production',
    database: 'castmatch',
    'started-at': new Date(begun).toISOString(),
    'finished-at': new Date(begun + minutes(9)).toISOString(),
    checksum: sum.toString('hex'),
    ...head?.metadata,
  }
  for (const name of without) delete metadata[name]
  return {
    key,
    size: 1000,
    uploadedAt: begun + minutes(10),
    etag: `"${sum.toString('hex').slice(0, 32)}"`,
    storageClass: 'STANDARD',
    head:
      head === null
        ? null
        : {
            versionId: 'v1',
            checksum: { algorithm: 'SHA256', type: 'FULL_OBJECT', value: sum.toString('base64') },
            replication: 'completed',
            retrieved: null,
            archiveTier: null,
            ...head,
            metadata,
          },
    ...change,
  }
}
const sidecar = (of: StoredObject): StoredObject => ({
  ...of,
  key: `${of.key}.sha256`,
  size: 90,
  uploadedAt: now,
  head: null,
})
const roles = (of: StoredObject): StoredObject => ({ ...of, key: of.key.replace('.sql', '.globals.sql'), size: 50 })

const bucket = (objects: StoredObject[], error: string | null = null): BucketListing => ({
  bucket: 'backups',
  region: 'us-west-2',
  objects,
  older: 0,
  error,
  headError: null,
})
const copyBucket = (objects: StoredObject[], error: string | null = null): BucketListing => ({
  ...bucket(objects, error),
  bucket: 'backups-dr',
  region: 'us-east-1',
})
const sample = (objects: StoredObject[], copy: StoredObject[] | null = objects): CatalogueSample => ({
  at: now,
  own: bucket(objects),
  copy: copy && copyBucket(copy),
})
const context = (more: Partial<CatalogueContext> = {}): CatalogueContext => ({
  policy: {
    source: 'production',
    database: 'castmatch',
    encrypted: true,
    strict: false,
    everyMs: days(1),
    rpo: { targetSeconds: 900, maximumSeconds: 3_600 },
  },
  damage: null,
  checks: [],
  now,
  ...more,
})
const strict = context({ policy: { ...context().policy, strict: true } })
const week = () => [2, 3, 4, 5, 6, 7, 8].map((age) => backup(age))
const kinds = (all: { kind: string }[]) => all.map(({ kind }) => kind)
const first = (objects: StoredObject[], more?: CatalogueContext, copy?: StoredObject[] | null) => {
  const row = catalogueOf(sample(objects, copy), more ?? context()).rows[0]
  if (!row) throw new Error('there is no backup')
  return row
}

describe('names', () => {
  test.each([
    ['daily/x.sql.gz.gpg', 'backup'],
    ['x.sql', 'backup'],
    ['x.dump.gpg', 'backup'],
    ['x.SQL.GZ', 'backup'],
    ['x.sql.gpg.gz', 'backup'],
    ['x.sql.zst.gpg', 'backup'],
    ['x.globals.sql.gz.gpg', 'roles'],
    ['x.sql.gz.gpg.sha256', 'sidecar'],
    ['x.sql.gz.gpg.sig', 'sidecar'],
    ['x.sql.gz.gpg.asc', 'sidecar'],
    ['x.globals.sql.gz.gpg.sha256', 'sidecar'],
    ['x.dump.json', 'sidecar'],
    ['x/', 'unknown'],
    ['x.csv', 'unknown'],
    ['sql', 'unknown'],
  ])('%s is %s', (key, kind) => expect(kindOf(key)).toBe(kind))

  test('a sidecar and roles belong to the backup whose name they begin with, and to no other', () => {
    const [a, b] = ['d/a.sql.gz.gpg', 'd/ab.sql.gz.gpg']
    expect([isSidecarOf(`${a}.sha256`, a), isSidecarOf(`${b}.sha256`, a), isSidecarOf(a, a)]).toEqual([
      true,
      false,
      false,
    ])
    expect([isRolesOf('d/a.globals.sql.gz.gpg', a), isRolesOf('d/ab.globals.sql.gz.gpg', a)]).toEqual([true, false])
  })
})

/** One object that is rejected for each reason, beside a week of good ones. */
const rejected: Record<Rejection, { object: StoredObject; with?: CatalogueContext }> = {
  'not-examined': { object: backup(1, { head: null }) },
  empty: { object: backup(1, { size: 0 }) },
  'too-small': { object: backup(1, { size: 12 }) },
  unfinished: { object: backup(1, { without: ['finished-at'] }) },
  'checksum-differs': { object: backup(1, { head: { metadata: { checksum: '00' } } }) },
  'checksum-missing': { object: backup(1, { without: ['checksum'] }), with: strict },
  unsupported: { object: backup(1, { key: 'daily/new.sql.zst.gpg' }) },
  'not-encrypted': { object: backup(1, { key: 'daily/new.sql.gz' }) },
  'no-key': { object: backup(1), with: context({ policy: { ...context().policy, encrypted: false } }) },
  archived: { object: backup(1, { storageClass: 'GLACIER' }) },
  retrieving: { object: backup(1, { storageClass: 'DEEP_ARCHIVE', head: { retrieved: { until: null } } }) },
  'other-source': { object: backup(1, { head: { metadata: { 'source-environment': 'staging' } } }) },
  'source-unknown': { object: backup(1, { without: ['source-environment'] }), with: strict },
  'other-database': { object: backup(1, { head: { metadata: { database: 'other' } } }) },
  'after-damage': { object: backup(1), with: context({ damage: { lastGoodAt: null, firstBadAt: now - days(1) } }) },
  'in-future': { object: backup(-0.1) },
  'check-failed': {
    object: backup(1),
    with: context({
      checks: [{ bucket: 'backups', key: backup(1).key, etag: backup(1).etag, at: now, ok: false, says: 'Truncated.' }],
    }),
  },
}

describe('what is rejected, and why', () => {
  test.each(rejections)('%s', (kind) => {
    const { object, with: given } = rejected[kind]
    const catalogue = catalogueOf(sample([object, ...week()], null), given ?? context())
    const row = catalogue.rows.find(({ key }) => key === object.key)
    expect(row?.verdict).toBe('rejected')
    expect(kinds(row?.reasons ?? [])).toContain(kind)
    expect(catalogue.recommended).not.toBe(object.key)
    for (const { says } of row?.reasons ?? []) expect(says).toMatch(/^[A-Z].*\.$/)
  })

  test('a good backup is recommended, and every other one is usable or has a reason', () => {
    const objects = [...Object.values(rejected).map(({ object }) => object), ...week()]
    const { rows, recommended } = catalogueOf(sample(objects), context())
    for (const row of rows) expect(row.verdict === 'rejected').toBe(row.reasons.length > 0)
    expect(rows.filter(({ verdict }) => verdict === 'recommended').map(({ key }) => key)).toEqual([recommended])
  })

  test('the newest good one is recommended: 12 kB, a wrong byte and a sidecar are newer', () => {
    const good = backup(2)
    const objects = [
      backup(0.5, { size: 12 }),
      backup(1, { head: { metadata: { checksum: 'ab' } } }),
      sidecar(good),
      good,
      ...week().slice(1),
    ]
    expect(catalogueOf(sample(objects), context()).recommended).toBe(good.key)
  })

  test('nothing is recommended where nothing can be used, and where there is nothing', () => {
    expect(catalogueOf(sample([backup(1, { size: 0 })]), context()).recommended).toBeNull()
    expect(catalogueOf(sample([]), context())).toMatchObject({ recommended: null, rows: [] })
  })
})

describe('properties', () => {
  const random = (seed: number) => () => {
    seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32
    return seed / 2 ** 32
  }
  const shuffled = <T>(all: readonly T[], next: () => number): T[] =>
    all
      .map((one) => [next(), one] as const)
      .sort(([a], [b]) => a - b)
      .map(([, one]) => one)
  const whole = Object.values(rejected).map(({ object }) => object)

  test('the order of the listing changes nothing', () => {
    const next = random(7)
    const objects = [
      ...new Map(
        [...whole, ...week(), backup(9), backup(9, { key: 'daily/tie.sql.gz.gpg' })].map((o) => [o.key, o]),
      ).values(),
    ]
    const all = [...objects, ...objects.map(sidecar), ...objects.map(roles)]
    const expected = catalogueOf(sample(all), context())
    for (let n = 0; n < 60; n++)
      expect(catalogueOf(sample(shuffled(all, next), shuffled(all, next)), context())).toEqual(expected)
  })

  test('a sidecar, roles or anything unknown is never a backup, however new and large', () => {
    const next = random(11)
    const ends = [
      '.sha256',
      '.sha512',
      '.md5',
      '.sig',
      '.asc',
      '.json',
      '.manifest',
      '.txt',
      '.SHA256',
      '.gpg.sha256sum',
    ]
    for (let n = 0; n < 200; n++) {
      const good = week()
      const base = good[Math.floor(next() * good.length)]?.key ?? ''
      const key =
        next() < 0.5 ? `${base}${ends[Math.floor(next() * ends.length)]}` : base.replace('.sql', '.globals.sql')
      const lure = { ...backup(0.01), key, size: Math.floor(next() * 1e12) }
      const { rows, recommended } = catalogueOf(sample([...good, lure]), context())
      expect(rows.map((row) => row.key)).not.toContain(key)
      expect(recommended).toBe(good[0]?.key)
    }
  })

  test('an older good backup never replaces a newer one, and one bad object never rejects another', () => {
    for (const { object } of Object.values(rejected)) {
      const { rows, recommended } = catalogueOf(sample([object, ...week()]), context())
      const others = rows.filter(({ key }) => key !== object.key)
      expect(others.every(({ reasons }) => reasons.length === 0)).toBe(true)
      const usable = rows.filter(({ reasons }) => reasons.length === 0)
      expect(recommended).toBe(usable[0]?.key)
    }
  })
})

describe('size', () => {
  test.each([
    [699, ['too-small'], []],
    [700, [], []],
    [1300, [], []],
    [1301, [], ['too-large']],
  ])('%d of 1000: %j %j', (size, reasons, warnings) => {
    const row = first([backup(1, { size }), ...week()])
    expect(kinds(row.reasons)).toEqual(reasons)
    expect(kinds(row.warnings).filter((kind) => kind === 'too-large')).toEqual(warnings)
  })

  test('is compared with the seven before it, of the same database and environment', () => {
    const old = [9, 10, 11, 12, 13, 14, 15].map((age) => backup(age, { size: 9000 }))
    const staging = [1.1, 1.2, 1.3].map((age) =>
      backup(age, { size: 5, head: { metadata: { 'source-environment': 'staging' } } }),
    )
    const row = first([backup(1), ...staging, ...week(), ...old])
    expect(row.medianBytes).toBe(1000)
    expect(row.sizes).toEqual(Array.from({ length: 8 }, () => 1000))
  })

  test('of the only backup is compared with nothing', () => {
    expect(first([backup(1, { size: 12 })])).toMatchObject({ medianBytes: null, verdict: 'recommended' })
  })

  test('a tiny newest one of two is rejected, not the other', () => {
    const { rows } = catalogueOf(sample([backup(1, { size: 12 }), backup(2)]), context())
    expect(rows.map(({ verdict }) => verdict)).toEqual(['rejected', 'recommended'])
  })

  test('the median of none is unknown, and of two is between them', () => {
    expect([medianOf([]), medianOf([5]), medianOf([4, 2]), medianOf([9, 1, 5])]).toEqual([null, 5, 3, 5])
  })
})

describe('checksum and time', () => {
  test('a sum that can only be compared while reading is no reason against', () => {
    const value = `${sumOf('parts').toString('base64')}-3`
    const row = first([backup(1, { head: { checksum: { algorithm: 'SHA256', type: 'COMPOSITE', value } } })])
    expect(row).toMatchObject({ checksum: 'when-read', verdict: 'recommended' })
  })

  test('without the job’s word the upload is when it was taken at the latest', () => {
    const row = first([backup(1, { without: ['started-at'] })])
    expect(row).toMatchObject({ takenAt: now - days(1) + minutes(10), takenBy: 'upload' })
    expect(kinds(row.warnings)).toContain('time-of-upload')
  })

  test('a beginning after the end of the upload is not believed', () => {
    const lie = new Date(now).toISOString()
    expect(first([backup(1, { head: { metadata: { 'started-at': lie } } })])).toMatchObject({ takenBy: 'upload' })
  })
})

describe('position against the damage', () => {
  const damage = { lastGoodAt: now - days(3), firstBadAt: now - days(1.5) }
  test('the newest before it is recommended; one between the bounds is remarked on', () => {
    const { rows, recommended } = catalogueOf(sample([backup(1), backup(2), backup(4)]), context({ damage }))
    expect(recommended).toBe(backup(2).key)
    expect(kinds(rows[1]?.warnings ?? [])).toContain('maybe-damaged')
    expect(kinds(rows[2]?.warnings ?? [])).not.toContain('maybe-damaged')
  })
  test('a dump that was begun before and uploaded after it is of before', () => {
    const long = backup(2, { uploadedAt: now })
    expect(catalogueOf(sample([long]), context({ damage })).recommended).toBe(long.key)
  })
})

describe('archived objects', () => {
  test.each([
    ['GLACIER', null, null, false],
    ['GLACIER_IR', null, null, true],
    ['STANDARD_IA', null, null, true],
    ['INTELLIGENT_TIERING', null, null, true],
    ['INTELLIGENT_TIERING', null, 'ARCHIVE_ACCESS', false],
    ['GLACIER', { until: now + hours(1) }, null, true],
    ['GLACIER', { until: now - hours(1) }, null, false],
  ])('%s, retrieved %j, tier %s: usable is %s', (storageClass, retrieved, archiveTier, usable) => {
    const row = first([backup(1, { storageClass, head: { retrieved, archiveTier } })])
    expect(row.verdict).toBe(usable ? 'recommended' : 'rejected')
  })
})

describe('both buckets', () => {
  const good = () => backup(1)
  const states: Record<(typeof copyStates)[number], [own: StoredObject[], copy: BucketListing | null]> = {
    same: [[good()], copyBucket([good()])],
    differs: [[good()], copyBucket([{ ...good(), size: 999 }])],
    pending: [[backup(1, { head: { replication: 'pending' } })], copyBucket([])],
    failed: [[backup(1, { head: { replication: 'failed' } })], copyBucket([])],
    missing: [[good()], copyBucket([])],
    'only-copy': [[], copyBucket([good()])],
    unknown: [[good()], copyBucket([], 'It cannot be reached.')],
    none: [[good()], null],
  }
  test.each(copyStates)('a copy that is %s', (state) => {
    const [own, copy] = states[state]
    const { rows, recommended } = catalogueOf({ at: now, own: bucket(own), copy }, context())
    expect(rows[0]?.copy).toBe(state)
    expect(recommended).toBe(good().key)
    expect(kinds(rows[0]?.warnings ?? []).includes(`copy-${state}`)).toBe(state !== 'same' && state !== 'none')
  })

  test('a whole copy replaces a damaged original, and says so', () => {
    const damaged = backup(1, { head: { metadata: { checksum: '00' } } })
    const row = first([damaged, ...week()], context(), [good(), ...week()])
    expect(row).toMatchObject({ verdict: 'recommended', place: 'copy' })
    expect(kinds(row.warnings)).toContain('from-copy')
  })

  test('when its region is away the copies are offered, and the bucket’s failure is not taken for an empty one', () => {
    const away = { at: now, own: bucket([], 'S3 in us-west-2 cannot be reached.'), copy: copyBucket(week()) }
    const catalogue = catalogueOf(away, context())
    expect(catalogue).toMatchObject({
      recommended: backup(2).key,
      own: { error: 'S3 in us-west-2 cannot be reached.' },
    })
    expect(catalogue.rows.every(({ place, copy }) => place === 'copy' && copy === 'unknown')).toBe(true)
  })
})

describe('checks', () => {
  const check = (of: StoredObject, more = {}) => ({
    bucket: 'backups',
    key: of.key,
    etag: of.etag,
    at: now,
    ok: true,
    says: '',
    ...more,
  })
  test('a check counts for the version that was read, and the newest of them', () => {
    const one = backup(1)
    expect(first([one], context({ checks: [check(one)] })).check).toEqual({ at: now, ok: true })
    expect(first([one], context({ checks: [check(one, { etag: '"other"' })] })).check).toBeNull()
    const later = check(one, { at: now + 1, ok: false, says: 'Truncated.' })
    expect(first([one], context({ checks: [later, check(one)] }), null).reasons).toEqual([
      { kind: 'check-failed', says: 'Truncated.' },
    ])
  })
  test('a failed one of the original leaves the copy', () => {
    const one = backup(1)
    const checks = [check(one, { ok: false, says: 'Truncated.' })]
    expect(first([one], context({ checks }))).toMatchObject({ place: 'copy', verdict: 'recommended' })
  })
})
