/** The program that loads a backup is cancelled, killed, or loses its runner: nothing of it goes on, here or at the server. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dumpOf } from '../lib/runner/testing/dumps'
import { backupLoader } from './starting/backup-loader'
import { isAlive, loadersOf } from './testing/loaders'
import { loadingProgram } from './testing/loading-program'

const { room, requestOf } = loadingProgram()
const loader = backupLoader()
/** Loads that go on until they are ended. */
const endless = () => requestOf(dumpOf('CREATE TABLE a ();\nSELECT pg_sleep(3600);'))
const asleep = () => expect.poll(() => room().sessions('asleep'), { timeout: 40_000 }).toBe(1)
const nothingLeft = () => expect.poll(() => room().sessions(), { timeout: 20_000 }).toBe(0)

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
