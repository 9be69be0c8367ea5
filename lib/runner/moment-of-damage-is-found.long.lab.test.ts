// Nobody knows when the rows went. Temporary copies are restored one after the other and asked; each answer halves the time in
// question, one yes covers them all, and none of them is left. Proved by SQL, outside the product.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Probe } from '../domain/restore-point/bisect'
import type { Narrowed } from '../domain/restore-point/narrowed'
import type { Run } from '../domain/run/run'
import { readRestorePoint } from '../views/restore-point'
import { type At, ended, recoveryIn } from './testing/recovery'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
let p2: ReturnType<typeof recoveryIn>
let damagedAt = 0
let rows = 0
beforeAll(async () => {
  scene = await stageScene(29_400)
  p2 = recoveryIn(scene)
  scene.startRunner()
  await vi.waitFor(() => expect(scene.snapshot()?.diagnosis.kind).toBe('healthy'), { timeout: 60_000 })
  const backups = () => scene.snapshot()?.backups.value
  await vi.waitFor(() => expect(backups()?.earliestRestorableAt).toBeTypeOf('number'), { timeout: 120_000 })
  // The damage lies in the midst of the window, not at its end.
  await p2.archivedBeyond((backups()?.earliestRestorableAt ?? 0) + 12_000)
  rows = await p2.count(source(), 'castings')
  await scene.lab.lab.startFault('delete-rows', 'castings', { percent: 60 })
  damagedAt = await p2.momentOn(source())
  await p2.archivedBeyond(damagedAt + 12_000)
}, 300_000)
afterAll(async () => {
  await scene?.end()
})

const source = (): At => scene.lab.lab.context.cluster.writerEndpoint
const estate = () => scene.lab.lab.context.estate
const search = (more: Record<string, unknown> = {}) =>
  p2.begin({
    goal: 'find',
    damageCheck: 'too-few-rows',
    checkTable: 'castings',
    checkRows: rows,
    instanceCount: 1,
    restores: 3,
    withinSeconds: 5,
    ...more,
  })
const probesOf = (run: Run) => (run.facts.probes ?? []) as Probe[]
const left = (run: Run) =>
  [...estate().clusters(), ...estate().instances()]
    .map(({ id }) => id)
    .filter((id) => id.includes(String(run.facts.nameSuffix)))

test('each copy answers as the data of that moment was, and none is left', { timeout: 600_000 }, async () => {
  const asked = await search()
  const { id } = asked
  expect(asked.state, asked.sentence).toBe('waiting')
  const { shown } = asked.approvals.at(-1) ?? {}
  expect(shown?.facts.map(({ label }) => label)).toEqual(
    expect.arrayContaining(['Check', 'Temporary copies', 'Deletion']),
  )
  // The removal of every copy that may come is shown by its name before the first is made.
  const removed = shown?.commands.flatMap(({ cli }) => (cli.includes('delete-db-cluster') ? [cli] : []))
  expect(removed).toHaveLength(3)
  expect(scene.effects('RestoreDBClusterToPointInTime')).toBe(0)
  await p2.approveNow(id)
  const run = await scene.reaches(id, ['waiting', ...ended], 500_000)
  expect(run.state, `${run.sentence}\n${await p2.said(id)}`).toBe('done')
  if (process.env.SHOW_OUTPUT) console.log(await p2.said(id))

  const asking = probesOf(run)
  expect(asking.length).toBeGreaterThan(1)
  for (const { at, verdict } of asking) expect(verdict).toBe(at >= damagedAt ? 'damaged' : 'sound')
  const { goodAt, badAt } = run.facts.narrowed as Narrowed
  const begun = run.facts.search as { fromAt: number; badAt: number }
  expect(goodAt ?? begun.fromAt).toBeLessThan(damagedAt)
  expect(badAt).toBeGreaterThanOrEqual(damagedAt - 1)
  expect(badAt - (goodAt ?? begun.fromAt)).toBeLessThan((begun.badAt - begun.fromAt) / 3)

  // One yes for all, each copy made once and deleted once, by its tag, and gone.
  expect(run.approvals.map(({ state }) => state)).toEqual(['approved'])
  expect(scene.effects('RestoreDBClusterToPointInTime')).toBe(asking.length)
  expect(scene.effects('CreateDBInstance')).toBe(asking.length)
  expect(scene.effects('DeleteDBInstance')).toBe(asking.length)
  expect(scene.effects('DeleteDBCluster')).toBe(asking.length)
  expect(left(run)).toEqual([])
  expect((run.facts.obligations as { state: string }[]).map(({ state }) => state)).toEqual(asking.map(() => 'met'))
  expect(await p2.count(source(), 'castings')).toBeLessThan(rows)

  // The restore point finder begins with what was found, and suggests a point that was seen good.
  const view = () =>
    readRestorePoint({
      store: scene.store,
      environment: scene.environment,
      snapshot: scene.snapshot,
      installation: {
        siteUrl: '',
        reviewZone: 'UTC',
        alertWebhook: { token: false, signature: false },
        printsPdf: false,
      },
      now: Date.now,
    })
  // A store that is slow for a moment is asked again, as the page does.
  const found = await vi.waitFor(view, { timeout: 60_000 })
  // What the War Room saw of the damage by itself may be narrower still.
  const { firstBadAt } = found.damage
  expect(firstBadAt).toBeGreaterThanOrEqual(damagedAt - 1)
  expect(firstBadAt).toBeLessThanOrEqual(badAt)
  expect(found.marks.filter(({ kind }) => kind === 'first-bad').map(({ at }) => at)).toEqual([firstBadAt])
})

test('a check that does not find the damage on the source restores nothing', { timeout: 300_000 }, async () => {
  const run = await search({ checkRows: 1 })
  expect(run.state, run.sentence).toBe('needs-person')
  expect(run.sentence).toContain('does not find the damage on the source')
  expect(run.effects).toEqual([])
  await p2.stop(run.id)
})

test('a typed query cannot write, although its role may', { timeout: 300_000 }, async () => {
  const run = await search({
    damageCheck: 'query',
    checkQuery: 'WITH beat AS (UPDATE dr_heartbeat SET seq = 0 RETURNING 1) SELECT count(*) FROM beat',
  })
  expect(run.state, run.sentence).toBe('needs-person')
  expect(run.sentence).toContain('Unknown whether the damage is there')
  await p2.stop(run.id)
  // As its own role reads it: nobody has set it back.
  const probe = scene.database.probe('test', source(), { connectMs: 10_000, queryMs: 10_000 })
  expect((await probe.position()).beat?.seq).toBeGreaterThan(0)
  await probe.close()
})

test('a name that somebody else has taken stops the search, and nothing of theirs is deleted', {
  timeout: 300_000,
}, async () => {
  const deleted = scene.effects('DeleteDBCluster')
  const asked = await search({ restores: 1 })
  const { id } = asked
  expect(asked.state, asked.sentence).toBe('waiting')
  const theirs = `${scene.environment.aws.clusterId}-${asked.facts.nameSuffix}`
  estate().restoreCluster({
    id: theirs,
    sourceId: scene.environment.aws.clusterId,
    at: null,
    attributes: { DeletionProtection: false, Tags: { 'dr-run': 'somebody else' } },
  })
  await scene.approveOpen(id, await scene.as('approver'))
  await scene.reaches(id, ['running', ...ended], 30_000)
  const run = await scene.reaches(id, ended, 60_000)
  expect(run.state).toBe('needs-person')
  expect(run.sentence).toContain('Nothing of it was touched')
  expect(scene.effects('DeleteDBCluster')).toBe(deleted)
  await p2.stop(id)
})
