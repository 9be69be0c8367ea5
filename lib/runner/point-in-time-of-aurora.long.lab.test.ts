// An Aurora cluster loses rows. RDS restores a cluster without instances, and the run creates them with the engine of the source: a
// copy is inspected, and the source keeps serving. Proved by SQL, outside the product.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type At, recoveryIn } from './testing/recovery'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
let p2: ReturnType<typeof recoveryIn>
beforeAll(async () => {
  scene = await stageScene(34_100, 'aurora')
  p2 = recoveryIn(scene)
  scene.startRunner()
  await vi.waitFor(() => expect(scene.snapshot()?.diagnosis.kind).toBe('healthy'), { timeout: 60_000 })
}, 120_000)
afterAll(async () => {
  await scene?.end()
})

test('an inspection restores the cluster, creates its instances with the engine of Aurora, and holds what was there before the point', {
  timeout: 300_000,
}, async () => {
  const source = scene.lab.lab.context.cluster.writerEndpoint
  const before = await p2.count(source, 'castings')
  await p2.sql(source, "INSERT INTO commits (worker, n) VALUES ('test', 1)")
  const good = await p2.momentOn(source)
  await scene.lab.lab.startFault('delete-rows', 'castings', { percent: 60 })
  const bad = await p2.momentOn(source)
  await p2.sql(source, "INSERT INTO commits (worker, n) VALUES ('test', 2)")
  await p2.archivedBeyond(bad)

  const id = await p2.start({
    goal: 'inspect',
    at: new Date(good).toISOString(),
    damagedTables: 'castings',
    instanceCount: 2,
  })
  const asked = await p2.asks(id)
  expect(asked.facts).toMatchObject({ topology: 'aurora', source: { kind: 'cluster' } })
  const commands = asked.approvals.at(-1)?.shown.commands.map(({ cli }) => cli) ?? []
  expect(commands).toEqual([
    expect.stringContaining('restore-db-cluster-to-point-in-time'),
    expect.stringContaining('--engine aurora-postgresql'),
    expect.stringContaining('--engine aurora-postgresql'),
  ])
  // Aurora's storage takes no number of IOPS, and its instances take none of what belongs to the cluster.
  expect(commands.join('\n')).not.toMatch(/--iops|--master-user|--allocated-storage/)
  const run = await p2.approveUntil(id)
  expect(run.state, `${run.sentence}\n${await p2.said(id)}`).toBe('done')

  const copy = run.facts.endpoint as At
  expect(await p2.count(copy, 'castings')).toBe(before)
  expect(await p2.count(copy, "commits WHERE worker = 'test'")).toBe(1)
  expect(await p2.sql(copy, 'SELECT pg_is_in_recovery() AS standby')).toEqual([{ standby: false }])
  expect(await p2.count(source, "commits WHERE worker = 'test'")).toBe(2)
  expect(run.facts.differences).toEqual([])
  expect(scene.effects('RestoreDBClusterToPointInTime')).toBe(1)
  expect(scene.effects('CreateDBInstance')).toBe(2)
  expect(scene.effects('RestoreDBInstanceToPointInTime')).toBe(0)
})
