import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readEnvironmentFile } from '../lib/config/environment'
import { counted } from '../lib/domain/units'
import type { Settled } from '../lib/store/copy/after-restore'
import { BackupError } from '../lib/store/copy/file'
import { checkBackup, type RestoreReport, restoreBackup, settleStore } from '../lib/store/copy/restore'
import { migrate } from '../lib/store/migrate'
import { createDatabase, databaseUrl, prepareStore } from '../lib/store/prepare'
import { localDataDir, withStoreAlone } from './starting/embedded'

/*
 * restore FILE           puts a backup in the place of the store at DATABASE_OWNER_URL, else of the embedded one of this copy.
 *                        Refuses while anything uses the store. The present data is kept until the backup is in its place.
 * restore --already-restored-to TIME
 *                        for a store at DATABASE_OWNER_URL that was restored by other means, such as a snapshot: pauses
 *                        active runs, and ends approvals, leases and sessions, as a restore does.
 */
const args = process.argv.slice(2)
const owner = process.env.DATABASE_OWNER_URL
const dataDir = localDataDir()

async function main(): Promise<void> {
  const [first, second] = args
  if (first === '--already-restored-to' && second !== undefined && args.length === 2) await settle(second)
  else if (first !== undefined && !first.startsWith('-') && args.length === 1) await restore(resolve(first))
  else throw new Error('Usage: npm run restore -- FILE, or npm run restore -- --already-restored-to TIME')
}

async function settle(time: string): Promise<void> {
  const takenAt = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(time) ? Date.parse(time) : Number.NaN
  if (!Number.isFinite(takenAt))
    throw new Error(`"${time}" is not a time with its zone. Write it as 2026-11-28T03:12:00Z.`)
  if (!owner)
    throw new Error('DATABASE_OWNER_URL is missing: the address of the store with a user that owns its tables.')
  printSettled(await settleStore(owner, takenAt))
}

async function restore(path: string): Promise<void> {
  const backup = await checkBackup(path)
  const expected = environmentHere()
  const common = { backup, expected }
  if (owner) {
    const database = decodeURIComponent(new URL(owner).pathname.slice(1))
    const report = await restoreBackup({
      ...common,
      adminUrl: databaseUrl(owner, 'postgres'),
      database,
      create: async (name, migrations) => {
        await createDatabase(databaseUrl(owner, 'postgres'), name)
        await migrate(databaseUrl(owner, name), { only: migrations })
      },
    })
    return print(report, backup.header.takenAt, report.replaced)
  }
  const { result, aside } = await withStoreAlone(dataDir, ({ adminUrl, secrets }) =>
    restoreBackup({
      ...common,
      adminUrl,
      database: 'warroom',
      create: (database, migrations) =>
        prepareStore({
          adminUrl,
          passwords: { web: secrets.storeWebPassword, runner: secrets.storeRunnerPassword },
          database,
          only: migrations,
        }),
    }),
  )
  print(result, backup.header.takenAt, aside ?? result.replaced)
}

/** The environment of this copy; the embedded store is the lab's. */
function environmentHere(): string[] {
  const config = process.env.WARROOM_CONFIG ?? (owner ? null : join(dataDir, 'environment.json'))
  if (config && existsSync(config)) return [readEnvironmentFile(config).name]
  return owner ? [] : ['lab']
}

function print(
  { settled, rows, record, differences, migrated }: RestoreReport,
  takenAt: string,
  old: string | null,
): void {
  const all = Object.values(rows).reduce((sum, n) => sum + n, 0)
  console.log(`Restored ${all} rows as of ${takenAt}.`)
  if (migrated.length) console.log(`Migrated to this version: ${migrated.join(', ')}.`)
  if (record.whole)
    console.log(`The hash chain is intact: ${record.entries} entries in the backup, plus those added by this restore.`)
  else console.error(`WARNING: the hash chain in the backup is broken. ${record.why}`)
  if (differences.length)
    console.error(
      `WARNING: the store that was backed up had been changed manually. Restored (+) instead of what it had (-):\n${differences.join('\n')}`,
    )
  printSettled(settled)
  if (old) console.log(`The previous data is kept as ${old}. Delete it when you no longer need it.`)
}

function printSettled({ runs, approvals, sessions, messages }: Settled): void {
  console.log(
    [
      `${counted(runs.length, 'active run')} paused${runs.length ? `: ${runs.map(({ id, title }) => `${title} (${id})`).join(', ')}` : ''}.`,
      `${counted(approvals, 'approval')} invalidated, ${counted(sessions, 'session')} ended, ${counted(messages, 'queued message')} withdrawn.`,
      'Accounts, roles, passwords and wall links are those of the backup. Repeat later changes, above all disabled accounts.',
    ].join('\n'),
  )
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error))
  if (!(error instanceof BackupError) && (error as { code?: string }).code)
    console.error('The store that was there before is unchanged.')
  process.exitCode = 1
})
