// A database without a cluster loses rows. RDS restores an instance that stands alone, by one call: a copy of it is inspected, and
// then the application is moved to another copy. Proved by SQL, outside the product.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readRun } from '../store/run'
import { type At, addressOf, ended, recoveryIn } from './testing/recovery'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
let p2: ReturnType<typeof recoveryIn>
beforeAll(async () => {
  scene = await stageScene(29_100, 'instance')
  p2 = recoveryIn(scene)
  scene.startRunner()
  await vi.waitFor(() => expect(scene.snapshot()?.diagnosis.kind).toBe('healthy'), { timeout: 60_000 })
}, 120_000)
afterAll(async () => {
  await scene?.end()
})

const source = (): At => {
  const address = scene.lab.lab.context.cluster.node('castmatch-prod-primary')?.address
  if (!address) throw new Error('The lab has a writer')
  return address
}

let before = 0
let good = 0
let bad = 0

test('an inspection makes one instance by one call, which holds what was committed before the point and nothing since', {
  timeout: 300_000,
}, async () => {
  before = await p2.count(source(), 'castings')
  await p2.sql(source(), "INSERT INTO commits (worker, n) VALUES ('test', 1)")
  good = await p2.momentOn(source())
  await scene.lab.lab.startFault('delete-rows', 'castings', { percent: 60 })
  bad = await p2.momentOn(source())
  await p2.sql(source(), "INSERT INTO commits (worker, n) VALUES ('test', 2)")
  await p2.archivedBeyond(bad)
  expect(await p2.count(source(), 'castings')).toBeLessThan(before)

  const id = await p2.start({
    goal: 'inspect',
    at: new Date(good).toISOString(),
    damagedTables: 'castings',
    instanceCount: 0,
  })
  const asked = await p2.asks(id)
  expect(asked.approvals.at(-1)?.shown.commands.map(({ cli }) => cli)).toEqual([
    expect.stringContaining('restore-db-instance-to-point-in-time'),
  ])
  const run = await p2.done(id)

  expect(await p2.count(addressOf(run), 'castings')).toBe(before)
  expect(await p2.count(addressOf(run), "commits WHERE worker = 'test'")).toBe(1)
  expect(await p2.sql(addressOf(run), 'SELECT pg_is_in_recovery() AS standby')).toEqual([{ standby: false }])
  expect(await p2.count(source(), "commits WHERE worker = 'test'")).toBe(2)
  expect(scene.effects('RestoreDBInstanceToPointInTime')).toBe(1)
  expect(scene.effects('CreateDBInstance')).toBe(0)
  expect(scene.effects('RestoreDBClusterToPointInTime')).toBe(0)
})

test('a cutover moves every pod to the restored instance; the old one is fenced and kept', {
  timeout: 400_000,
}, async () => {
  await p2.sql(source(), "INSERT INTO commits (worker, n) VALUES ('test', 3)")
  const id = await p2.start({
    goal: 'cutover',
    at: new Date(good).toISOString(),
    firstBadAt: new Date(good + 2_000).toISOString(),
    damagedTables: 'castings',
    instanceCount: 0,
    maintenanceBy: 'Morgan Lee',
    maintenanceAt: new Date(good).toISOString(),
  })
  await p2.asks(id)
  await p2.approveNow(id)
  const second = (await p2.asks(id)).approvals.at(-1)
  expect(second?.stepId).toBe('approve-cutover')
  expect(second?.shown.commands.map(({ cli }) => cli).join('\n')).toContain('modify-db-instance')
  // Whoever enters the copy at the poolers before that keeps the pods behind them.
  expect(second?.shown.facts.filter(({ label }) => label.startsWith('PgBouncer'))).toHaveLength(2)
  await scene.lab.lab.startFault('pooler-host', String((await readRun(scene.store, id)).facts.copyId), {})
  await p2.approveNow(id)
  const run = await scene.reaches(id, ended, 200_000)
  expect(run.state, `${run.sentence}\n${await p2.said(id)}`).toBe('done')

  const open = await p2.expectMoved(run, source(), before)
  expect(open.filter((one) => /pooler/.test(one))).toEqual([])
  // A restored instance stands alone: its readers are left to people, by number.
  expect(open).toContain('readers')
  expect(await scene.clientsHeld()).toBe(false)
  expect(scene.effects('RestoreDBInstanceToPointInTime')).toBe(2)
  expect(scene.effects('DeleteDBInstance')).toBe(0)
})
