import { describe, expect, test } from 'vitest'
import { days, hours } from '../units'
import { backupTroubles } from './summary'
import type { BackupSummary } from './types'

const now = Date.parse('2026-09-08T14:00:00Z')
const own = { bucket: 'backups', region: 'us-west-2', older: 0, error: null, headError: null }
const copy = { bucket: 'backups-dr', region: 'us-east-1', older: 0, error: null, headError: null }
const best = { key: 'a', takenAt: now - hours(11), copy: 'same', place: 'own', verifiedAt: null } as const
const well: BackupSummary = {
  at: now,
  everyMs: days(1),
  recent: [],
  rpo: { targetSeconds: 900, maximumSeconds: 3_600 },
  backups: 8,
  usable: 8,
  newest: { key: 'a', takenAt: now - hours(11), reason: null },
  recommended: best,
  own,
  copy,
}
const error = 'S3 in us-west-2 cannot be reached.'

describe('what is wrong with the backups in S3', () => {
  test('nothing', () => expect(backupTroubles(well, now)).toEqual({ troubles: [], unknown: [] }))

  test.each<[string, Partial<BackupSummary>, RegExp]>([
    [
      'the job has stopped',
      { recommended: { ...best, takenAt: now - days(1.6) } },
      /is 38 h 24 min old; one is due every 24 h/,
    ],
    [
      'the newest is bad',
      { newest: { key: 'b', takenAt: now, reason: 'Size 12 kB of 38 GB.' } },
      /rejected: Size 12 kB of 38 GB\.$/,
    ],
    ['none is good', { usable: 0, recommended: null }, /None of 8 backups/],
    ['there is none', { backups: 0, usable: 0, newest: null, recommended: null }, /contains no backup/],
    ['the copy is missing', { recommended: { ...best, copy: 'missing' } }, /other region has no good copy/],
    ['the original is gone', { recommended: { ...best, copy: 'only-copy' } }, /no longer has/],
  ])('%s', (_, change, says) => {
    const { troubles, unknown } = backupTroubles({ ...well, ...change }, now)
    expect(troubles).toEqual([expect.stringMatching(says)])
    expect(unknown).toEqual([])
  })

  test('a late one is late after half the time again', () => {
    const at = (age: number) =>
      backupTroubles({ ...well, recommended: { ...best, takenAt: now - age } }, now).troubles.length
    expect([at(days(1.5)), at(days(1.5) + 1)]).toEqual([0, 1])
  })

  test('a bucket that cannot be read is unknown, and never an empty one', () => {
    const none = { backups: 0, usable: 0, newest: null, recommended: null }
    const away = { ...well, ...none, own: { ...own, error } }
    expect(backupTroubles({ ...away, copy: { ...copy, error } }, now)).toEqual({
      troubles: [],
      unknown: expect.any(Array),
    })
    expect(backupTroubles({ ...away, copy: null }, now)).toEqual({
      troubles: [],
      unknown: [`Bucket backups: ${error}`],
    })
    expect(backupTroubles(away, now).troubles).toEqual([])
  })
})
