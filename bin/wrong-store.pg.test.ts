// A start names the wrong store: that of another environment, of the lab, one that nobody prepared. Web and runner refuse it
// with one sentence and end as wrongly configured, before anything is written there; a store that is only away is waited for.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { EnvironmentStamp } from '../lib/domain/store-environments'
import { readStamps, stampStore, WrongStoreError } from '../lib/store/environments'
import { databasePerTest } from '../lib/store/testing/database'

const root = join(import.meta.dirname, '..')
const database = databasePerTest()
const secret = randomBytes(32).toString('hex')
const lab = { name: 'lab', kind: 'lab' } as const
const staging = { name: 'staging', kind: 'staging' } as const
const programs = ['bin/web.ts', 'bin/runner.ts']
let files = ''
const started: ChildProcess[] = []

beforeAll(() => {
  files = mkdtempSync(join(tmpdir(), 'wr-store-'))
})
beforeEach(() => database().owner.pool.query('DELETE FROM environment'))
afterEach(async () => {
  for (const child of started.splice(0))
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
})
afterAll(() => rmSync(files, { recursive: true, force: true }))

/** Runs a program of ours against a store, as an environment. */
async function run(program: string, as: EnvironmentStamp, url: string) {
  const port = await getPort({ host: '127.0.0.1' })
  const config = join(files, `${as.name}-${as.kind}.json`)
  writeFileSync(
    config,
    JSON.stringify({
      ...as,
      aws: {
        accountId: '000000000000',
        region: 'us-west-2',
        drRegion: 'us-east-1',
        clusterId: 'cluster',
        endpointUrl: 'http://127.0.0.1:9',
      },
      database: { name: 'd', user: 'u', passwordVariable: 'DB_PASSWORD', applicationRoles: ['app'], tls: 'disable' },
      kubernetes: null,
      poolers: [],
      metrics: null,
    }),
  )
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, program)], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_ENV: 'production',
      WARROOM_CONFIG: config,
      WARROOM_DATA: files,
      WARROOM_FEED_SECRET: secret,
      NEXTAUTH_SECRET: secret,
      NEXTAUTH_URL: `http://127.0.0.1:${port}`,
      RUNNER_URLS: 'http://127.0.0.1:9',
      RUNNER_PORT: String(port),
      PORT: String(port),
      DATABASE_URL: url,
      DB_PASSWORD: 'x',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  started.push(child)
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, said }))
  return { child, port, ended, said: () => said }
}

describe.each(programs)('%s', { timeout: 90_000 }, (program) => {
  test.each([
    [
      'of another environment',
      { name: 'other', kind: 'staging' },
      staging,
      /belongs to other \(staging\), not to staging/,
    ],
    ['of production, as a lab', { name: 'production', kind: 'production' }, lab, /a lab never uses such a store/],
  ] as const)('does not start on a store %s', async (_which, stamp, as, why) => {
    await stampStore(database().ownerUrl, stamp)
    const { code, said } = await (await run(program, as, database()[program === 'bin/web.ts' ? 'webUrl' : 'runnerUrl']))
      .ended
    expect(said.trim()).toMatch(why)
    expect(said.trim().split('\n'), 'it says it on one line').toHaveLength(1)
    expect(code).toBe(78)
    const { rows } = await database().web.pool.query('SELECT 1 FROM lease')
    expect(rows, 'nothing was written there').toEqual([])
  })
})

test.each([
  ['that nobody stamped', 'SELECT 1', 'belongs to no environment yet, not to staging (staging)'],
  ['that no migration has prepared', 'DROP TABLE environment CASCADE', 'was not prepared for this version'],
])(
  'the runner does not start on a store %s, and says how it is done',
  async (_which, sql, why) => {
    const owner = new pg.Client({ connectionString: database().ownerUrl })
    await owner.connect()
    await owner.query(sql)
    await owner.end()
    const { code, said } = await (await run('bin/runner.ts', staging, database().runnerUrl)).ended
    expect(said).toContain(why)
    expect(said).toContain('npm run migrate')
    expect(code).toBe(78)
  },
  90_000,
)

test('the runner starts on its own store, and waits for one that is away', async () => {
  await stampStore(database().ownerUrl, staging)
  const leads = async ({ port }: { port: number }) => {
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => null)
    return answer && ((await answer.json()) as { leader: boolean; epoch: number })
  }
  const own = await run('bin/runner.ts', staging, database().runnerUrl)
  await expect.poll(() => leads(own), { timeout: 60_000 }).toMatchObject({ leader: true, epoch: 1 })
  // Watching goes on without a store; acting does not: epoch 0 is nobody's turn.
  const away = await run('bin/runner.ts', staging, 'postgresql://nobody:x@127.0.0.1:9/none')
  await expect.poll(() => leads(away), { timeout: 60_000 }).toMatchObject({ leader: true, epoch: 0 })
  expect([own.child.exitCode, away.child.exitCode]).toEqual([null, null])
}, 150_000)

describe('stamping', () => {
  test('is repeated without harm, and adds environments that may share a store', async () => {
    for (let i = 0; i < 2; i++) await stampStore(database().ownerUrl, staging)
    await stampStore(database().ownerUrl, { name: 'production', kind: 'production' })
    expect(await readStamps(database().web)).toEqual([{ name: 'production', kind: 'production' }, staging])
    await expect(stampStore(database().ownerUrl, lab)).rejects.toBeInstanceOf(WrongStoreError)
  })

  test('is refused to a lab on a store from before there were stamps that holds runs of production', async () => {
    const owner = new pg.Client({ connectionString: database().ownerUrl })
    await owner.connect()
    await owner.query(`INSERT INTO environment (name) VALUES ('production')`)
    await owner.query(`INSERT INTO run (id, procedure_id, procedure_version, title, mode, environment, environment_kind, cluster,
        reason, two_persons, inputs, facts, checks, state, sentence, started_by_id, started_by_name, started_at)
      VALUES ('r', 'p', 1, 't', 'real', 'production', 'production', 'c', '', true, '{}', '{}', '[]', 'done', '', 'a', 'a', now())`)
    await owner.end()
    await expect(stampStore(database().ownerUrl, lab)).rejects.toThrow(/belongs to production \(production\)/)
    await stampStore(database().ownerUrl, { name: 'production', kind: 'production' })
  })

  test('is the owner’s: the roles of web and runner cannot do it', async () => {
    for (const role of ['web', 'runner'] as const)
      await expect(
        database()[role].pool.query(`INSERT INTO environment (name, kind) VALUES ('lab', 'lab')`),
      ).rejects.toThrow(/permission denied/)
  })
})
