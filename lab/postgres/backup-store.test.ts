import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { BackupStore } from './backup-store'

const directory = mkdtempSync(join(tmpdir(), 'wr-prune-'))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const [first, second, third] = [1_000_000_000_000, 1_000_100_000_000, 1_000_200_000_000]

it('finds the first segment behind the newest base backup, on the newest timeline that has it', () => {
  const store = new BackupStore(join(directory, 'archive'), join(directory, 'backups'))
  for (const made of [store.archiveDir, store.backupDir]) mkdirSync(made, { recursive: true })
  expect(store.firstNeeded()).toBeNull()
  const facts = { startedAt: first, stoppedAt: first + 500, startLsn: '1/E00028', stopLsn: '1/E00100' }
  writeFileSync(join(store.backupDir, `base-${first}.json`), JSON.stringify(facts))
  const archived = (...names: string[]) => {
    for (const name of names) writeFileSync(join(store.archiveDir, name), '')
    utimesSync(store.archiveDir, names.length, names.length)
  }
  archived('00000001000000010000000E', '00000001000000010000000E.00000028.backup', '00000001000000000000000F')
  expect(store.firstNeeded()).toBeNull()
  archived('000000010000000100000010', '00000001000000010000000F', '00000002000000010000000F', '00000002.history')
  expect(store.firstNeeded()).toBe('00000002000000010000000F')
})

it('keeps the two newest backups, the WAL they need, and every history', () => {
  const store = new BackupStore(join(directory, 'archive'), join(directory, 'backups'))
  for (const time of [third, first, second]) {
    mkdirSync(join(store.backupDir, `base-${time}`), { recursive: true })
    const facts = { startedAt: time, stoppedAt: time + 500, startLsn: '0/1000028', stopLsn: '0/1000100' }
    writeFileSync(join(store.backupDir, `base-${time}.json`), JSON.stringify(facts))
  }
  // A copy that was broken off, and one that may be under way.
  const now = Date.now()
  for (const time of [first + 1, now]) mkdirSync(join(store.backupDir, `base-${time}`))
  mkdirSync(store.archiveDir)
  const archived = (name: string, at: number) => {
    writeFileSync(join(store.archiveDir, name), '')
    utimesSync(join(store.archiveDir, name), at / 1000, at / 1000)
  }
  archived('000000010000000000000001', first)
  archived('000000010000000000000002.partial', first)
  archived('00000002.history', first)
  archived('000000020000000000000003', second + 1)
  archived('000000020000000000000004', third)

  store.prune()
  expect(store.backups().map((backup) => backup.startedAt)).toEqual([second, third])
  expect(readdirSync(store.backupDir).sort()).toEqual(
    [`base-${second}`, `base-${second}.json`, `base-${third}`, `base-${third}.json`, `base-${now}`].sort(),
  )
  expect(readdirSync(store.archiveDir).sort()).toEqual([
    '00000002.history',
    '000000020000000000000003',
    '000000020000000000000004',
  ])
})
