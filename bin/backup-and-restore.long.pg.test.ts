/*
 * What an operator types: npm run backup and npm run restore on the embedded store of a copy, running and stopped, whole and
 * damaged.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { portsFrom } from '../lab/ports'
import { localSecrets } from './starting/secrets'
import { startStore } from './starting/store'

const root = join(import.meta.dirname, '..')
let dir = ''
let base = 0
let running: Awaited<ReturnType<typeof startStore>> | null = null
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'wr backup '))
  base = await getPort({ port: Array.from({ length: 40 }, (_, i) => 24_000 + 20 * i), host: '127.0.0.1' })
})
afterEach(async () => {
  await running?.stop()
  running = null
  rmSync(dir, { recursive: true, force: true })
})

async function run(
  program: string,
  args: string[],
  more: Record<string, string> = {},
): Promise<{ code: number | null; said: string }> {
  const { DATABASE_OWNER_URL: _, DATABASE_URL: __, WARROOM_CONFIG: ___, ...env } = process.env
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, program), ...args], {
    cwd: root,
    env: { ...env, WARROOM_DATA: dir, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, said }
}
const backup = (...args: string[]) => run('bin/backup.ts', args)
const restore = (...args: string[]) => run('bin/restore.ts', args)

/** As `npm start` leaves it while it runs: the store, and the note of who runs it. */
async function start() {
  running = await startStore(join(dir, 'store'), portsFrom(base).store, localSecrets(dir))
  const note = { pid: process.pid, address: `http://localhost:${base}`, children: {} }
  writeFileSync(join(dir, 'running.json'), JSON.stringify(note))
}
async function stop() {
  await running?.stop()
  running = null
  rmSync(join(dir, 'running.json'))
}
async function marks(add?: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: running?.ownerUrl })
  await client.connect()
  try {
    if (add) await client.query(`INSERT INTO mark VALUES ('lab', clock_timestamp(), 'event', $1)`, [add])
    return (await client.query<{ text: string }>('SELECT text FROM mark ORDER BY at')).rows.map(({ text }) => text)
  } finally {
    await client.end()
  }
}

test('is backed up while it runs, is restored when it is stopped, and a damaged store as well', {
  timeout: 180_000,
}, async () => {
  await start()
  await marks('before')
  const taken = await backup()
  expect(taken).toMatchObject({ code: 0 })
  expect(taken.said).toMatch(/SHA-256 [0-9a-f]{64}\n {2}Environments: lab\. The record ends with entry 0/)
  const [name = ''] = readdirSync(join(dir, 'backups'))
  const file = join(dir, 'backups', name)
  expect(statSync(file).mode & 0o077).toBe(0)
  await marks('after')
  const refused = await restore(file)
  expect(refused).toMatchObject({ code: 1 })
  expect(refused.said).toBe(
    `The War Room is in use (http://localhost:${base}). Stop it first (Ctrl-C in its terminal), then restore.\n`,
  )
  await stop()

  const restored = await restore(file)
  expect(restored.said).toContain('0 active runs paused.')
  expect(restored.said).toContain('hash chain is intact')
  expect(restored.code).toBe(0)
  await start()
  expect(await marks()).toEqual(['before'])
  await stop()

  // A store that cannot start is the reason for most restores. Its files are put aside and kept.
  truncateSync(join(dir, 'store/data/global/pg_control'), 10)
  const mended = await restore(file)
  expect(mended.said).toMatch(/The previous data is kept as .*store\/data\.\d{14}\./)
  expect(mended.code).toBe(0)
  await start()
  expect(await marks('again')).toEqual(['before', 'again'])
  await stop()

  // And a stopped one is backed up too.
  const other = join(dir, 'stopped.backup')
  expect(await backup(other)).toMatchObject({ code: 0 })
  truncateSync(other, 5_000)
  const damaged = await restore(other)
  expect(damaged.said).toMatch(/is damaged: .* Nothing was changed\. Use another backup\.\n$/)
  expect(damaged.code).toBe(1)
  await start()
  expect(await marks()).toEqual(['before', 'again'])
})

test('a store of somebody’s own is backed up, restored and settled by its owner’s address', {
  timeout: 180_000,
}, async () => {
  await start()
  await marks('before')
  const owner = { DATABASE_OWNER_URL: running?.ownerUrl ?? '' }
  const file = join(dir, 'own.backup')
  expect(await run('bin/backup.ts', [file], owner)).toMatchObject({ code: 0 })
  await marks('after')
  const restored = await run('bin/restore.ts', [file], owner)
  expect(restored.said).toMatch(/The previous data is kept as warroom_replaced_\d{8}t\d{6}z\./)
  expect(restored.code).toBe(0)
  expect(await marks()).toEqual(['before'])
  const settled = await run('bin/restore.ts', ['--already-restored-to', '2026-11-28T03:12:00Z'], owner)
  expect(settled.said).toContain('0 active runs paused.')
  expect(settled.code).toBe(0)
  // What the product signs in with is unchanged.
  const verified = await run('bin/verify-record.ts', [], { DATABASE_URL: running?.ownerUrl ?? '' })
  expect(verified.said).toContain('hash chain is intact: 2 entries')
})

test('says what is missing, and how it is called', { timeout: 180_000 }, async () => {
  expect((await backup()).said).toBe(`There is no store in ${dir}. "npm start" makes one.\n`)
  expect((await restore()).said).toBe(
    'Usage: npm run restore -- FILE, or npm run restore -- --already-restored-to TIME\n',
  )
  expect((await restore('--already-restored-to', 'yesterday')).said).toContain('Write it as 2026-11-28T03:12:00Z.')
  expect((await restore('--already-restored-to', '2026-11-28T03:12:00Z')).said).toContain(
    'DATABASE_OWNER_URL is missing',
  )
})
