/** The program that loads a backup is cancelled, killed, or loses its runner: nothing of it goes on, here or at the server. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { LoadCall } from '../lib/domain/procedure/call'
import { dumpOf } from '../lib/runner/testing/dumps'
import { backupLoader } from './starting/backup-loader'
import { isAlive, loadersOf } from './testing/loaders'
import { loadingProgram } from './testing/loading-program'
import { restorerOf } from './testing/restorer'

const { room, requestOf } = loadingProgram()
const loader = backupLoader()
/** Loads that go on until they are ended. */
const endless = () => requestOf(dumpOf('CREATE TABLE a ();\nSELECT pg_sleep(3600);'))
const asleep = () => expect.poll(() => room().sessions('asleep'), { timeout: 40_000 }).toBe(1)
const nothingLeft = () => expect.poll(() => room().sessions(), { timeout: 20_000 }).toBe(0)

/** A runner in a process of its own that has begun with this order. */
async function doomed(program: string, order: object): Promise<ChildProcess> {
  const runner = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'testing', program)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(runner, 'message')
  runner.send(order)
  return runner
}

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
    const runner = await doomed('doomed-loader.ts', await endless())
    await asleep()
    const loaders = loadersOf(runner.pid ?? 0)
    expect(loaders).toHaveLength(1)
    runner.kill('SIGKILL')
    await nothingLeft()
    await expect.poll(() => loaders.filter(isAlive), { timeout: 20_000 }).toEqual([])
  })
})

test('a runner that is killed while it loads leaves its master a member of the owners; the next attempt takes that back', {
  timeout: 120_000,
}, async () => {
  const password = 'of the master of this test'
  await room().root.query(`CREATE ROLE loading_master LOGIN CREATEDB CREATEROLE PASSWORD '${password}'`)
  const memberOf = async () =>
    (
      await room().root.query<{ role: string }>(
        "SELECT roleid::regrole::text AS role FROM pg_auth_members WHERE member = 'loading_master'::regrole",
      )
    ).rows.map(({ role }) => role)
  const databases = async () =>
    (
      await room().root.query<{ name: string }>(
        "SELECT datname AS name FROM pg_database WHERE datname LIKE 'restored%'",
      )
    ).rows
  const callOf = async (more: string): Promise<LoadCall> => {
    const { source } = await requestOf(dumpOf(`CREATE TABLE a ();\nALTER TABLE a OWNER TO loading_owner;\n${more}`))
    const { signature: _, ...backup } = source
    return {
      kind: 'load',
      run: 'run-1',
      backup: { place: 'own', ...backup },
      roles: null,
      target: {
        instance: 'copy',
        region: 'us-west-2',
        ...room().address,
        user: 'loading_master',
        database: 'restored',
      },
      needs: { roles: ['loading_owner'], own: [], extensions: [] },
      rest: { outbox: null, by: null },
      limitMs: 60_000,
    }
  }
  const runner = await doomed('doomed-restorer.ts', { call: await callOf('SELECT pg_sleep(3600);'), password })
  await asleep()
  runner.kill('SIGKILL')
  await nothingLeft()
  expect(await memberOf()).toContain('loading_owner')
  expect(await databases()).toEqual([{ name: expect.stringMatching(/^restored_partial_/) }])

  const call = await callOf('')
  const options = { mayGoOn: () => {}, signal: new AbortController().signal, progress: () => {} }
  await restorerOf(password).execute(call, options)
  expect(await memberOf()).toEqual([])
  expect(await databases()).toEqual([{ name: 'restored' }])
  const restored = await room().open('restored')
  const { rows } = await restored.query("SELECT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relname = 'a'")
  await restored.end()
  expect(rows).toEqual([{ owner: 'loading_owner' }])
})
