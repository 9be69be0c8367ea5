/** The program that loads a backup is cancelled, killed, or loses its runner: nothing of it goes on, here or at the server. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { LoadRequest } from '../lib/ports/backup-loader'
import { type LoadingRoom, startLoading } from '../lib/runner/testing/loading'
import { loadingEnv } from '../lib/runner/testing/loading-config'
import { backupLoader } from './starting/backup-loader'
import { isAlive, loadersOf } from './testing/loaders'

let room: LoadingRoom
const loader = backupLoader()

beforeAll(async () => {
  room = await startLoading()
  const { home } = room
  const env = {
    home,
    s3Url: room.room.url,
    credentials: room.room.secrets,
    keys: join(home, 'ours'),
    decryptWith: 'gpg' as const,
  }
  for (const [name, value] of Object.entries(loadingEnv(env))) vi.stubEnv(name, value)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await room?.end()
})

const dumpOf = (body: string) =>
  `--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.13\n-- Dumped by pg_dump version 15.13\n\n${body}\n--\n-- PostgreSQL database dump complete\n--\n\n`
const requestOf = async (dump: string): Promise<LoadRequest> => {
  const { version: _, ...source } = await room.put(await room.sealed(dump))
  return { source, target: await room.emptyDatabase(), needs: { roles: [], extensions: [] } }
}
/** Loads that go on until they are ended. */
const endless = () => requestOf(dumpOf('CREATE TABLE a ();\nSELECT pg_sleep(3600);'))
const asleep = () => expect.poll(() => room.sessions('asleep'), { timeout: 40_000 }).toBe(1)
const nothingLeft = () => expect.poll(() => room.sessions(), { timeout: 20_000 }).toBe(0)

describe('the loading program', () => {
  test('is cancelled, and ends what it began', async () => {
    const stop = new AbortController()
    const loading = loader.load(await endless(), { signal: stop.signal, progress: () => {} })
    await asleep()
    stop.abort()
    expect(await loading).toMatchObject({ kind: 'cancelled', touched: true })
    await nothingLeft()
    expect(loadersOf(process.pid)).toEqual([])
  })

  test('is killed: the load has died, and what it started dies with it', async () => {
    const loading = loader.load(await endless(), { signal: new AbortController().signal, progress: () => {} })
    await asleep()
    for (const pid of loadersOf(process.pid)) process.kill(pid, 'SIGKILL')
    expect(await loading).toMatchObject({ kind: 'died', touched: true })
    await nothingLeft()
  })

  test('ends with its runner, however that dies', async () => {
    const program = join(import.meta.dirname, 'testing', 'doomed-loader.ts')
    const runner = spawn(process.execPath, ['--import', 'tsx', program], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    await once(runner, 'message')
    runner.send(await endless())
    await asleep()
    const loaders = loadersOf(runner.pid ?? 0)
    expect(loaders).toHaveLength(1)
    runner.kill('SIGKILL')
    await nothingLeft()
    await expect.poll(() => loaders.filter(isAlive), { timeout: 20_000 }).toEqual([])
  })
})
