// Rows are deleted under load. A responder starts a point-in-time recovery, an approver says yes to what was shown, and a copy
// beside the source holds what was committed before the point and nothing since: proved by SQL, outside the product.
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startRun } from '../commands/run/start-run'
import type { Run } from '../domain/run/run'
import type { RunState } from '../domain/run/states'
import { readOutput } from '../store/run-output'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
beforeAll(async () => {
  scene = await stageScene(27_300)
  scene.startRunner()
  await expect.poll(() => scene.snapshot()?.diagnosis.kind, { timeout: 60_000 }).toBe('healthy')
}, 120_000)
afterAll(async () => {
  await scene?.end()
})

const cluster = () => scene.lab.lab.context.cluster
const estate = () => scene.lab.lab.context.estate

async function sql<T extends object>(address: { host: string; port: number }, text: string): Promise<T[]> {
  const { databaseName: database, masterUsername: user } = cluster()
  const client = new Client({ ...address, database, user, password: scene.lab.lab.secrets.adminPassword })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<T>(text)).rows
  } finally {
    await client.end()
  }
}
const count = async (address: { host: string; port: number }, from: string) =>
  Number((await sql<{ n: string }>(address, `SELECT count(*) AS n FROM ${from}`))[0]?.n)

/** A moment of the source's own clock that lies after everything committed so far, and before anything that comes. */
async function momentNow(): Promise<number> {
  const [row] = await sql<{ at: string }>(
    cluster().writerEndpoint,
    'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS at',
  )
  return Math.ceil(Number(row?.at)) + 1
}
const archivedBeyond = (at: number) =>
  expect.poll(() => cluster().restorable().latest ?? 0, { timeout: 60_000, interval: 200 }).toBeGreaterThan(at)

const start = async (inputs: Record<string, unknown>) =>
  (
    await startRun(
      await scene.as('responder'),
      scene.environment,
      {
        slug: 'point-in-time-recovery',
        mode: 'drill',
        reason: 'A rehearsal of a point-in-time recovery',
        inputs: { instanceCount: 1, ...inputs },
      },
      scene.snapshot(),
    )
  ).id
const ended: RunState[] = ['done', 'needs-person', 'aborted', 'stopped']

async function said(id: string): Promise<string> {
  return (await readOutput(scene.store, scene.environment.name, id, 0))
    .map((line) => `${line.at % 1_000_000} ${line.stepId}: ${line.kind}: ${line.text}`)
    .join('\n')
}
/** Approves whatever waits until the run is in one of these states. */
async function approveUntil(id: string, states: RunState[], limitMs = 180_000): Promise<Run> {
  for (;;) {
    const run = await scene.reaches(id, ['waiting', ...states], limitMs)
    if (run.state !== 'waiting') return run
    await scene.approveOpen(id, await scene.as('approver'))
    await scene.reaches(id, ['running', ...ended], 20_000)
  }
}
const stop = async (id: string) => {
  const { stopRun } = await import('../commands/run/steer')
  await stopRun(await scene.as('responder'), { runId: id, reason: 'The test has seen what it wanted.' })
  await scene.reaches(id, ['stopped', 'aborted', 'done'], 30_000)
}
const addressOf = (run: Run) => run.facts.endpoint as { host: string; port: number }

describe('rows are deleted under load', () => {
  let before = 0
  let good = 0
  let bad = 0

  afterEach((context) => {
    if (context.task.result?.state === 'fail') console.error(context.task.name)
  })

  test('the copy of an inspection holds the rows, and not what came after the point', {
    timeout: 240_000,
  }, async () => {
    before = await count(cluster().writerEndpoint, 'castings')
    await sql(cluster().writerEndpoint, "INSERT INTO commits (worker, n) VALUES ('test', 1)")
    good = await momentNow()
    await scene.lab.lab.startFault('delete-rows', 'castings', { percent: 60 })
    bad = await momentNow()
    await sql(cluster().writerEndpoint, "INSERT INTO commits (worker, n) VALUES ('test', 2)")
    await archivedBeyond(bad)
    expect(await count(cluster().writerEndpoint, 'castings')).toBeLessThan(before)

    const id = await start({
      goal: 'inspect',
      at: new Date(good).toISOString(),
      damagedTables: 'castings',
      instanceCount: 2,
    })
    const asked = await scene.reaches(id, ['waiting', ...ended], 60_000)
    expect(asked.state, `${asked.sentence}\n${await said(id)}`).toBe('waiting')
    const shown = asked.approvals.at(-1)?.shown
    expect(shown?.loss).toBeNull()
    expect(shown?.commands[0]?.cli).toContain('restore-db-cluster-to-point-in-time')
    const run = await approveUntil(id, ended)
    expect(run.state, `${run.sentence}\n${await said(id)}`).toBe('done')

    const copy = addressOf(run)
    expect(await count(copy, 'castings')).toBe(before)
    expect(await count(copy, "commits WHERE worker = 'test'")).toBe(1)
    expect(await sql(copy, 'SELECT pg_is_in_recovery() AS standby')).toEqual([{ standby: false }])
    // The source goes on as it was.
    expect(await count(cluster().writerEndpoint, "commits WHERE worker = 'test'")).toBe(2)
    expect(scene.effects('RestoreDBClusterToPointInTime')).toBe(1)
    expect(scene.effects('CreateDBInstance')).toBe(2)
    expect(run.facts.findings).toContainEqual(expect.objectContaining({ title: 'Table castings', result: 'passed' }))
    expect(run.facts.obligations).toContainEqual(expect.objectContaining({ state: 'open' }))
    if (process.env.SHOW_OUTPUT) console.log(await said(id))
  })
})
