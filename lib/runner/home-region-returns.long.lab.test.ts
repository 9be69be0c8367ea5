// The regions lose each other, the home region goes on writing and then falls silent. The replica elsewhere is promoted and takes
// writes of its own. When the home region returns, its writer is fenced in time, and what only one side has is counted and listed by
// writer and by key; nothing of it is merged or discarded. Then the database comes home: a new replica there streams from the other
// region, and a planned switchover moves the application's writes to it without losing one that was acknowledged.
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dug } from '../../lab/names/testing'
import { labResolvers } from '../../lab/ports'
import { startRun } from '../commands/run/start-run'
import { nodeKey } from '../domain/cluster/node-key'
import type { FailBackFacts } from '../procedures/fail-back/facts'
import type { RebuildFacts } from '../procedures/rebuild-replica/facts'
import type { RegionFacts } from '../procedures/region-recovery/facts'
import { mergedRowsOf } from '../views/merged-rows'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
let runId: string
beforeAll(async () => {
  scene = await stageScene(33_000)
  scene.startRunner()
})
afterAll(async () => {
  await scene?.end()
})
const patience = { timeout: 300_000 }

type Address = { host: string; port: number }
const cluster = () => scene.lab.lab.context.cluster
const replica = () => {
  const found = cluster()
    .nodes()
    .find(({ role }) => role === 'cross-region')
  if (!found) throw new Error('the lab has no replica elsewhere')
  return found
}
const factsOf = async (id = runId) => (await scene.reaches(id, ['done'], 1_000)).facts as RegionFacts

/** As the application's own role, or as the platform behind the network, which no outage keeps out. */
async function ask<T>(address: Address, sql: string, user?: { user: string; password: string }): Promise<T[]> {
  const client = new Client({
    ...address,
    user: scene.environment.database.applicationRoles[0],
    password: scene.lab.lab.secrets.applicationPassword,
    database: scene.environment.database.name,
    connectionTimeoutMillis: 3_000,
    ...user,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows as T[]
  } finally {
    await client.end().catch(() => {})
  }
}
const commitsAt = async (address: Address, user?: { user: string; password: string }) =>
  Number((await ask<{ n: string }>(address, 'SELECT count(*) AS n FROM commits', user))[0]?.n)
const recovery = () => ({
  user: scene.environment.database.recovery?.user ?? '',
  password: scene.lab.lab.secrets.adminPassword,
})

async function start(slug: string, inputs: Record<string, unknown>): Promise<string> {
  const { environment } = scene
  const wish = {
    ...{ slug, inputs, mode: 'real' as const, typedEnvironment: environment.name },
    reason: 'A test of the whole way there and back',
  }
  return (await startRun(await scene.as('responder'), environment, wish, scene.snapshot())).id
}
/** Runs a procedure to its end; whatever it asks is approved. */
async function finish(id: string, limitMs = 150_000) {
  let run = await scene.reaches(id, ['waiting', 'aborted', 'needs-person'], 90_000)
  const blocks = run.checks.filter(({ result }) => result === 'block')
  expect([run.state, run.sentence, blocks]).toEqual(['waiting', expect.any(String), []])
  const approver = await scene.as('approver')
  while (run.state === 'waiting') {
    await scene.approveOpen(id, approver)
    await scene.reaches(id, ['running', 'done', 'needs-person', 'aborted'], 30_000)
    run = await scene.reaches(id, ['waiting', 'done', 'needs-person', 'aborted'], limitMs)
  }
  expect(run.state, run.steps.map((s) => `${s.stepId}: ${s.state} (${s.sentence})`).join('\n')).toBe('done')
  return run
}

/** How many pods the application has at home. */
let podsBefore = 0
/** What the home region committed while nothing of it reached the other one. */
let onlyAtHome = 0

test('the regions lose each other, the home region falls silent, and the replica is promoted', patience, async () => {
  const { lab } = scene.lab
  const { region, drRegion } = scene.environment.aws
  await expect.poll(() => scene.snapshot()?.diagnosis.kind, { timeout: 90_000 }).toBe('healthy')
  podsBefore = (await scene.workloads.read('production', 'castmatch-api')).replicas
  expect(podsBefore).toBeGreaterThan(0)
  await lab.startFault('region-partition', null, { seconds: 0 })
  const there = await commitsAt(replica().address)
  const home = cluster().writerEndpoint
  await expect.poll(() => commitsAt(home), { timeout: 30_000 }).toBeGreaterThan(there + 20)
  await lab.startFault('region-outage', 'region', { how: 'refuse' })
  await expect.poll(() => scene.snapshot()?.diagnosis.certainty, { timeout: 90_000 }).toBe('confirmed')
  runId = await start('region-recovery', { target: nodeKey(replica().id, drRegion, region), multiAz: 'off' })
  await finish(runId)
  onlyAtHome = there
  // The screen follows: the writer is elsewhere and writes, so that nothing is recommended, and its pods are seen.
  const seen = () => {
    const { writerId, diagnosis, workloadElsewhere } = scene.snapshot() ?? {}
    return [writerId, diagnosis?.recommend, workloadElsewhere?.value?.ready]
  }
  await expect.poll(seen, { timeout: 60_000 }).toEqual([promotedKey(), false, 4])
  for (let n = 1; n <= 5; n++)
    await ask(replica().address, `INSERT INTO commits (worker, n) VALUES ('written-elsewhere', ${n})`)
})

test('the home region returns: it is fenced in time, and what only one side has is listed', patience, async () => {
  const { lab } = scene.lab
  await lab.heal('region-partition')
  const returnedAt = Date.now()
  await lab.heal('region-outage')
  await expect.poll(async () => (await factsOf()).fence, { timeout: 60_000, interval: 200 }).toBe('fenced')
  expect(Date.now() - returnedAt).toBeLessThan(30_000)
  const sent = async () => {
    const { facts, effects } = await scene.reaches(runId, ['done'], 1_000)
    return (facts as RegionFacts).oneSided ? 'listed' : JSON.stringify(effects.at(-1))
  }
  await expect.poll(sent, { timeout: 60_000 }).toBe('listed')
  const facts = await factsOf()
  const old = facts.writerBefore
  if (!old?.host || !old.port || !facts.oneSided) throw new Error('the run names no old writer')
  const home = { host: old.host, port: old.port }
  const { old: atHome, promoted } = facts.oneSided
  // By the lab's own look at both servers.
  const key = "worker || ' ' || n"
  const keysAt = async (address: Address) =>
    new Set((await ask<{ k: string }>(address, `SELECT ${key} AS k FROM commits`, recovery())).map(({ k }) => k))
  const [homeKeys, thereKeys] = [await keysAt(home), await keysAt(replica().address)]
  const missing = [...homeKeys].filter((k) => !thereKeys.has(k))
  expect(missing.length).toBeGreaterThan(0)
  expect(atHome.commits).toBe(missing.length)
  expect(atHome.listed.reduce((sum, { from, to }) => sum + to - from + 1, 0)).toBe(missing.length)
  expect(promoted.listed).toContainEqual({ writer: 'written-elsewhere', from: 1, to: 5 })
  const commits = facts.comparison?.tables.find(({ table }) => table.endsWith('commits'))
  expect(commits).toMatchObject({ onlySource: missing.length })
  expect(commits?.onlyTarget).toBeGreaterThanOrEqual(5)
  expect(facts.obligations?.find(({ id }) => id === 'one-sided-commits')?.state).toBe('open')
  const rows = mergedRowsOf({ id: runId, facts: JSON.parse(JSON.stringify(facts)) })
  expect(rows.find(({ table }) => table.endsWith('commits'))).toMatchObject({ merged: 'nothing merged' })
  // Nothing was touched on either side.
  expect((await keysAt(home)).size).toBe(homeKeys.size)
  expect(onlyAtHome).toBeLessThan(homeKeys.size)
})

const promotedKey = () => {
  const { region, drRegion } = scene.environment.aws
  return nodeKey(replica().id, drRegion, region)
}
let rebuildId: string
let home: Address & { id: string }

test('a new replica at home streams from the promoted database; the old members stay', patience, async () => {
  const before = cluster()
    .nodes()
    .map(({ id, status, replicaSourceId }) => [id, status, replicaSourceId])
  rebuildId = await start('rebuild-replica', { source: promotedKey() })
  const run = await finish(rebuildId, 200_000)
  const facts = run.facts as RebuildFacts
  if (!facts.replica?.host || !facts.replica.port) throw new Error('the run names no replica')
  home = { id: facts.replica.id, host: facts.replica.host, port: facts.replica.port }
  expect(home.id).toContain(rebuildId)
  expect(scene.effects('CreateDBInstanceReadReplica')).toBe(1)
  await ask(replica().address, `INSERT INTO commits (worker, n) VALUES ('written-elsewhere', 6)`)
  const there = () => ask<{ n: string }>(home, `SELECT max(n) AS n FROM commits WHERE worker = 'written-elsewhere'`)
  await expect.poll(async () => (await there())[0]?.n, { timeout: 30_000 }).toBe('6')
  const status = cluster()
    .nodes()
    .map(({ id, status, replicaSourceId }) => [id, status, replicaSourceId])
  expect(status).toEqual(before)
  // Whoever made it: the item of the recovery is met by what is seen.
  const owed = async (id: string, duty: string) =>
    ((await scene.reaches(id, ['done'], 1_000)).facts as RegionFacts).obligations?.find((o) => o.id === duty)?.state
  await expect.poll(() => owed(runId, 'replica-home'), { timeout: 60_000 }).toBe('met')
  expect(await owed(rebuildId, 'fail-back')).toBe('open')
})

test(
  'the way home loses no commit that was acknowledged, and leaves one database that takes writes',
  patience,
  async () => {
    let last = 6
    let refused = ''
    const writes = (async () => {
      while (refused === '')
        try {
          await ask(replica().address, `INSERT INTO commits (worker, n) VALUES ('written-elsewhere', ${last + 1})`)
          last += 1
        } catch (error) {
          refused = String((error as { code?: string }).code ?? error)
        }
    })()
    const id = await start('fail-back', { source: promotedKey(), target: home.id, multiAz: 'off' })
    const run = await finish(id, 200_000)
    await writes
    const facts = run.facts as FailBackFacts
    expect(refused).not.toBe('')
    expect(last).toBeGreaterThan(6)
    // By the application's own count: every number that it was told is committed is at home.
    const [held] = await ask<{ n: string; last: string }>(
      home,
      `SELECT count(*) AS n, max(n) AS last FROM commits WHERE worker = 'written-elsewhere'`,
    )
    expect(Number(held?.n)).toBeGreaterThanOrEqual(last)
    expect(Number(held?.last)).toBe(Number(held?.n))
    expect(facts.lostCommits).toBe(0)
    // Pods at home commit on it, as many as there were; those of the other region are at rest.
    const pods = async () =>
      (await ask<{ worker: string; n: string }>(home, 'SELECT worker, max(n) AS n FROM commits GROUP BY worker')).map(
        ({ worker, n }) => [worker, Number(n)] as const,
      )
    const atHome = await scene.workloads.read('production', 'castmatch-api')
    expect(atHome.replicas).toBe(podsBefore)
    expect(atHome.containers.map(({ env }) => env.DATABASE_HOST)).toContain(`${home.host}:${home.port}`)
    const before = new Map(await pods())
    const going = async () => {
      const now = new Map(await pods())
      return atHome.running.filter(({ name }) => (now.get(name) ?? 0) > (before.get(name) ?? 0)).length
    }
    await expect.poll(going, { timeout: 30_000 }).toBe(podsBefore)
    expect(await scene.application?.deployment('production', 'castmatch-api')).toMatchObject({ replicas: 0, ready: 0 })
    // Its name servers, by an independent resolver.
    const { http } = scene.lab.lab.context.ports
    expect(await dug(labResolvers.authoritative, http, 'db.castmatch.internal', 'A')).toContain(home.host)
    expect(await dug(labResolvers.authoritative, http, 'api.castmatch.test', 'CNAME')).toEqual([
      'api.us-west-2.castmatch.test',
    ])
    expect([scene.effects('DeleteObject'), scene.effects('ChangeResourceRecordSets')]).toEqual([1, 1])
    const open = (facts.obligations ?? []).filter(({ state }) => state === 'open').map((o) => o.id)
    expect(open).toEqual(expect.arrayContaining(['configuration', 'replica-elsewhere', 'left-database']))
    for (const id of ['names', 'application', 'application-elsewhere']) expect(open).not.toContain(id)
    await ask(home, `INSERT INTO commits (worker, n) VALUES ('written-at-home', 1)`)
    await expect(ask(replica().address, 'SELECT 1')).rejects.toMatchObject({ code: '28000' })
    const owed = async () =>
      ((await scene.reaches(rebuildId, ['done'], 1_000)).facts as RebuildFacts).obligations?.find(
        (o) => o.id === 'fail-back',
      )?.state
    await expect.poll(owed, { timeout: 60_000 }).toBe('met')
  },
)
