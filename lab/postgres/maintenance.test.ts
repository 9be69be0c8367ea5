import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { backupTimes, prune } from './maintenance'

const directory = mkdtempSync(join(tmpdir(), 'wr-prune-'))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

it('keeps the two newest backups, the WAL they need, and every history', () => {
  const [backups, archive] = [join(directory, 'backups'), join(directory, 'archive')]
  const [first, second, third] = [1_000_000_000_000, 1_000_100_000_000, 1_000_200_000_000]
  for (const time of [third, first, second]) {
    mkdirSync(join(backups, `base-${time}`), { recursive: true })
    writeFileSync(join(backups, `base-${time}.json`), '{}')
  }
  mkdirSync(archive)
  const archived = (name: string, at: number) => {
    writeFileSync(join(archive, name), '')
    utimesSync(join(archive, name), at / 1000, at / 1000)
  }
  archived('000000010000000000000001', first)
  archived('000000010000000000000002.partial', first)
  archived('00000002.history', first)
  archived('000000020000000000000003', second + 1)
  archived('000000020000000000000004', third)

  prune(backups, [archive, join(directory, 'absent')])
  expect(backupTimes(backups)).toEqual([second, third])
  expect(readdirSync(backups)).not.toContain(`base-${first}`)
  expect(readdirSync(archive).sort()).toEqual([
    '00000002.history',
    '000000020000000000000003',
    '000000020000000000000004',
  ])
})
