// Damage that others tell of, on real servers: what the writer's log reports of the application's statements, and what amcheck finds
// on a reader. A failover under load is no damage.
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { loadSecrets } from '../../lab/secrets'
import { dismissDamage } from '../commands/damage/dismiss'
import { type Scene, stageScene } from '../runner/testing/scene'

let scene: Scene
beforeAll(async () => {
  scene = await stageScene(23_900)
  scene.startRunner()
  await vi.waitFor(
    () => {
      expect(watched(/^Critical tables: 4 of 4 counted$/)).toBe(true)
      expect(watched(/^Writer's log: broken constraints as usual/)).toBe(true)
    },
    { timeout: 120_000, interval: 250 },
  )
}, 200_000)
afterAll(() => scene?.end())

const diagnosis = () => scene.snapshot()?.diagnosis
const watched = (line: RegExp) => diagnosis()?.evidence.some((one) => line.test(one)) ?? false
const signs = () => (diagnosis()?.damage?.findings ?? []).flatMap((finding) => finding.signs)

async function as<T>(user: 'application' | 'platform', work: (client: Client) => Promise<T>): Promise<T> {
  const { context } = scene.lab.lab
  const secrets = loadSecrets(context.dataDir)
  const client = new Client({
    ...context.cluster.writerEndpoint,
    database: context.cluster.databaseName,
    ...(user === 'application'
      ? { user: 'castmatch_app', password: secrets.applicationPassword }
      : { user: 'rdsadmin', password: secrets.platformPassword }),
  })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function dismissAll(): Promise<void> {
  await scene.lab.lab.heal(null)
  const commander = await scene.as('commander')
  for (const { kind, foundAt } of diagnosis()?.damage?.findings ?? [])
    await dismissDamage(commander, { kind, foundAt, reason: 'the exercise is over' })
  await expect.poll(() => diagnosis()?.kind, { timeout: 20_000 }).toBe('healthy')
}

test('a missing relation and a burst of broken constraints are told by the log, and are too little for a finding', {
  timeout: 240_000,
}, async () => {
  await as('application', async (client) => {
    const fails = (sql: string) =>
      client.query(sql).then(
        () => expect.unreachable(sql),
        () => {},
      )
    await fails('SELECT 1 FROM jobs_of_yesterday')
    await fails('SELECT 1 FROM jobs_of_yesterday')
    await fails('SELECT 1 FROM jobs_of_yesterday')
    await expect.poll(() => watched(/^Writer's log: .*, 1 missing relation named$/), { timeout: 20_000 }).toBe(true)
    // Compared is with what is usual, which must be known for a while before it begins.
    const quiet = Date.now()
    await expect.poll(() => Date.now() - quiet > 55_000, { timeout: 60_000, interval: 500 }).toBe(true)
    let stop = false
    const burst = (async () => {
      while (!stop) {
        await fails(`INSERT INTO castings (owner_id, title, status) VALUES (-1, 'x', 'open')`)
        await fails(`INSERT INTO castings (owner_id, title, status) VALUES (1, 'x', 'no such status')`)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    })()
    await expect
      .poll(() => watched(/^Writer's log: far more broken constraints than usual/), { timeout: 120_000, interval: 250 })
      .toBe(true)
    stop = true
    await burst
  })
  expect(diagnosis()?.kind).toBe('healthy')
})

test('a page that only the application met is confirmed by the log', { timeout: 90_000 }, async () => {
  await scene.lab.lab.startFault('corrupt-page', 'castings', {})
  await as('application', (client) => client.query('SELECT count(title) FROM castings').catch(() => {}))
  await expect
    .poll(() => signs().map(({ says }) => says), { timeout: 30_000, interval: 250 })
    .toContainEqual(
      expect.stringMatching(/^The writer's log reports damaged data \(XX001\): block 1 of base\/\d+\/\d+\.$/),
    )
  expect(`${diagnosis()?.kind} ${diagnosis()?.certainty}`).toBe('corruption confirmed')
  await dismissAll()
})

test('an index that is out of order is found on a reader, since it was last sound, and blocks a failover', {
  timeout: 180_000,
}, async () => {
  expect(watched(/^Indexes \(amcheck\): unknown\. The extension amcheck is not installed/)).toBe(true)
  await as('platform', (client) =>
    client.query(`CREATE EXTENSION amcheck; GRANT EXECUTE ON FUNCTION bt_index_check(regclass) TO warroom;
      CREATE FUNCTION fickle(a int8, b int8) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN $1 = $2 THEN 0 WHEN $1 > $2 THEN 1 ELSE -1 END';
      CREATE OPERATOR CLASS int8_fickle FOR TYPE int8 USING btree AS OPERATOR 1 < (int8, int8), OPERATOR 2 <= (int8, int8),
        OPERATOR 3 = (int8, int8), OPERATOR 4 >= (int8, int8), OPERATOR 5 > (int8, int8), FUNCTION 1 fickle(int8, int8);
      CREATE INDEX castings_fickle ON castings USING btree (id int8_fickle)`),
  )
  await expect
    .poll(() => diagnosis()?.evidence.find((line) => line.startsWith('Indexes (amcheck)')), {
      timeout: 90_000,
      interval: 250,
    })
    .toMatch(/: (\d+) of \1 sound$/)
  const before = Date.now()
  await as('platform', (client) =>
    client.query(`CREATE OR REPLACE FUNCTION fickle(a int8, b int8) RETURNS int LANGUAGE sql IMMUTABLE AS
      'SELECT CASE WHEN $1 = $2 THEN 0 WHEN $1 < $2 THEN 1 ELSE -1 END'`),
  )
  await expect
    .poll(() => signs(), { timeout: 90_000, interval: 250 })
    .toMatchObject([
      {
        rule: 'index',
        subject: 'castings_fickle',
        says: expect.stringMatching(/amcheck on castmatch-prod-replica-\d answered XX002/),
      },
    ])
  expect(signs()[0]?.lastGoodAt).toBeLessThanOrEqual(before)
  const run = await scene.reaches(await scene.startFailover({ mode: 'real' }), ['waiting', 'aborted', 'needs-person'])
  expect(run.state).toBe('aborted')
  expect(run.checks.find(({ id }) => id === 'PF6')).toMatchObject({
    result: 'block',
    message: expect.stringMatching(/castings_fickle is damaged/),
  })
  await as('platform', (client) => client.query('DROP INDEX castings_fickle'))
  await dismissAll()
})

test('a failover under load is no damage, and the log of the new writer is read', { timeout: 180_000 }, async () => {
  const writer = scene.snapshot()?.writerId
  const seen = new Set<string>()
  let stop = false
  const watching = (async () => {
    while (!stop) {
      for (const sign of signs()) seen.add(sign.says)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })()
  await scene.lab.lab.startFault('kill-writer', null, {})
  await expect.poll(() => diagnosis()?.kind, { timeout: 30_000 }).toBe('primary-down')
  const run = await scene.startFailover({ mode: 'real' })
  await scene.reaches(run, ['waiting'], 60_000)
  await scene.approveOpen(run, await scene.as('approver'))
  await scene.reaches(run, ['done'], 120_000)
  const from = Date.now()
  await expect
    .poll(() => Date.now() - from > 40_000 && watched(/^Writer's log: broken constraints as usual/), {
      timeout: 90_000,
    })
    .toBe(true)
  stop = true
  await watching
  expect([...seen]).toEqual([])
  expect(scene.snapshot()?.writerId).not.toBe(writer)
})
