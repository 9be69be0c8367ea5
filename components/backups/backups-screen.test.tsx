/** What the page says of backups is in its first HTML, and what is not known is never called none. */
import { renderToStaticMarkup } from 'react-dom/server'
import { describe, expect, test } from 'vitest'
import type { BackupCatalogue, BackupRow, BucketState } from '../../lib/domain/backups/types'
import type { BackupsView } from '../../lib/domain/backups/view'
import { BackupsScreen } from './backups-screen'

const now = Date.parse('2026-09-08T14:00:00Z')
const own: BucketState = { bucket: 'backups', region: 'us-west-2', older: 0, error: null, headError: null }
const row = (change: Partial<BackupRow> = {}): BackupRow => ({
  key: 'daily/a.sql.gz.gpg',
  takenAt: now - 11 * 3_600_000,
  takenBy: 'job',
  size: 38_400_000_000,
  medianBytes: 38_100_000_000,
  sizes: [38e9, 38.4e9],
  checksum: 'matches',
  encryption: 'openpgp',
  storageClass: 'STANDARD',
  place: 'own',
  etag: '"e"',
  versionId: 'v1',
  copy: 'same',
  verdict: 'recommended',
  reasons: [],
  warnings: [],
  check: null,
  ...change,
})
const catalogue = (change: Partial<BackupCatalogue> = {}): BackupCatalogue => ({
  at: now,
  own,
  copy: { ...own, bucket: 'backups-dr', region: 'us-east-1' },
  rows: [row()],
  recommended: 'daily/a.sql.gz.gpg',
  others: { sidecars: 9, roles: 1, unknown: 0 },
  ...change,
})
const read = (change: Partial<Extract<BackupsView, { state: 'read' }>> = {}): BackupsView => ({
  state: 'read',
  place: 's3://backups/daily/',
  catalogue: catalogue(),
  readEveryMs: 900_000,
  troubles: [],
  unknown: [],
  recoveryPoint: {
    takenAt: now - 11 * 3_600_000,
    lossMs: 11 * 3_600_000,
    until: 'now',
    targetMs: 900_000,
    maximumMs: 3_600_000,
    verdict: 'breached',
  },
  ...change,
})
/** The text of the page, as somebody without scripts reads it. */
const text = (view: BackupsView) =>
  renderToStaticMarkup(<BackupsScreen view={view} />)
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')

describe('the backups', () => {
  test('show the recommended one, what a restore from it loses, and both buckets', () => {
    const says = text(read())
    for (const part of [
      'RPO BREACHED',
      '11 h of writes, up to now (target 15 min, maximum 60 min)',
      '2026-09-08 03:00 UTC',
      'daily/a.sql.gz.gpg',
      'us-west-2',
      'backups-dr',
      'Read at 2026-09-08 14:00 UTC.',
      'RECOMMENDED',
      '9 sidecar files and 1 file of roles are not offered as backups.',
    ])
      expect(says).toContain(part)
  })

  test('show the reason of a rejected one', () => {
    const bad = row({
      key: 'daily/b.sql.gz.gpg',
      verdict: 'rejected',
      checksum: 'differs',
      reasons: [{ kind: 'checksum-differs', says: 'SHA-256 differs from the metadata.' }],
    })
    const says = text(read({ catalogue: catalogue({ rows: [bad, row()] }) }))
    expect(says).toContain('REJECTED SHA-256 differs from the metadata.')
    expect(says).toContain('DIFFERS')
  })

  test('without one that can be used say so', () => {
    const bad = row({ verdict: 'rejected', reasons: [{ kind: 'empty', says: 'It is empty.' }] })
    const says = text(read({ catalogue: catalogue({ rows: [bad], recommended: null }), recoveryPoint: null }))
    expect(says).toContain('No backup can be used.')
  })

  test('of an empty bucket are none; of buckets that cannot be read they are unknown', () => {
    const none = { rows: [], recommended: null }
    expect(text(read({ catalogue: catalogue(none), recoveryPoint: null }))).toContain('The bucket contains no backup')
    const away = { ...own, error: 'S3 in us-west-2 cannot be reached.' }
    const says = text(read({ catalogue: catalogue({ ...none, own: away, copy: null }), recoveryPoint: null }))
    expect(says).toContain('it is unknown which backups exist')
    expect(says).toContain('S3 in us-west-2 cannot be reached.')
    expect(says).not.toContain('contains no backup')
  })

  test('that are not configured, or not read yet, are not called none', () => {
    expect(text({ state: 'not-configured' })).toContain('No bucket with backups is configured, so nothing is known')
    expect(text({ state: 'not-read', place: 's3://backups/daily/' })).toContain('have not been read yet')
  })
})
