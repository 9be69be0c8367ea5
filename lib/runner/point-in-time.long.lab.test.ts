// Rows are deleted under load. A responder starts a point-in-time recovery, an approver says yes to what was shown, and a copy
// beside the source holds what was committed before the point and nothing since: proved by SQL, outside the product.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { refuse } from '../commands/run/decide'
import { revise } from '../commands/run/revise'
import { startRun } from '../commands/run/start-run'
import { undoStep } from '../commands/run/steer'
import { obligationsOf } from '../domain/run/obligation'
import type { Run } from '../domain/run/run'
import { readRun } from '../store/run'
import { copiesOf } from '../views/copies'
import { addressOf, recoveryIn } from './testing/recovery'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
let p2: ReturnType<typeof recoveryIn>
beforeAll(async () => {
  scene = await stageScene(27_300)
  p2 = recoveryIn(scene)
  scene.startRunner()
  await vi.waitFor(() => expect(scene.snapshot()?.diagnosis.kind).toBe('healthy'), { timeout: 60_000 })
}, 120_000)
afterAll(async () => {
  await scene?.end()
})

const writer = () => scene.lab.lab.context.cluster.writerEndpoint
const start = (inputs: Record<string, unknown>) => p2.start({ instanceCount: 1, ...inputs })
const deployment = () => scene.workloads.read('production', 'castmatch-api')
/** How many pods were asked for, in order. */
const scaledTo = () =>
  scene.lab.lab.context.log
    .list()
    .flatMap(({ operation, parameters }) => (operation === 'PatchDeploymentScale' ? [parameters.body] : []))

describe('rows are deleted under load', () => {
  let inspected: Run | null = null
  let before = 0
  let good = 0
  let bad = 0

  test('a table that was dropped is created again from the copy, with all that belongs to it', {
    timeout: 300_000,
  }, async () => {
    const source = writer()
    // What the table is, by the catalogue of the source itself.
    const described = `SELECT d FROM (
      SELECT format('%s %s %s %s', attname, format_type(atttypid, atttypmod), attnotnull, attidentity) AS d FROM pg_attribute
        WHERE attrelid = 'audit_logs'::regclass AND attnum > 0
      UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'audit_logs'::regclass
      UNION ALL SELECT indexdef FROM pg_indexes WHERE tablename = 'audit_logs'
      UNION ALL SELECT relowner::regrole || relacl::text FROM pg_class WHERE oid IN ('audit_logs'::regclass, 'audit_logs_id_seq'::regclass)) x ORDER BY 1`
    const [was, rows] = [await p2.sql(source, described), await p2.sql(source, 'SELECT * FROM audit_logs ORDER BY id')]
    expect(rows.length).toBeGreaterThan(0)
    const point = await p2.momentOn(writer())
    await scene.lab.lab.startFault('drop-table', 'audit_logs', {})
    await p2.sql(source, "INSERT INTO commits (worker, n) VALUES ('test', 10)")
    await p2.archivedBeyond(await p2.momentOn(writer()))

    const id = await start({ goal: 'extract', at: new Date(point).toISOString(), damagedTables: 'audit_logs' })
    await p2.asks(id)
    await p2.approveNow(id)
    await p2.stepIs(id, 'choose-rows', 'verifying')
    expect(await p2.sql(source, "SELECT to_regclass('audit_logs') AS there")).toEqual([{ there: null }])
    expect((await p2.chooseMissing(id, 'public.audit_logs')).tables).toMatchObject([
      { table: 'public.audit_logs', onlySource: rows.length, onlyTarget: 0, creation: { leftOut: [] } },
    ])
    const merging = await p2.asks(id)
    // The second person sees the very statements that are sent.
    expect(merging.approvals.at(-1)?.title).toContain('1 table re-created')
    expect(merging.approvals.at(-1)?.shown.commands[0]?.cli).toContain('CREATE TABLE public.audit_logs')
    await p2.done(id)

    expect(await p2.sql(source, described)).toEqual(was)
    expect(await p2.sql(source, `SELECT * FROM audit_logs WHERE id <= ${rows.length} ORDER BY id`)).toEqual(rows)
    // Nothing else was touched, and the next number is free.
    expect(await p2.count(source, "commits WHERE worker = 'test' AND n = 10")).toBe(1)
    const [next] = await p2.sql<{ id: string }>(
      source,
      "INSERT INTO audit_logs (actor_id, action, subject) VALUES (1, 'casting.update', 'After') RETURNING id",
    )
    expect(Number(next?.id)).toBeGreaterThan(rows.length)
    await p2.sql(source, "DELETE FROM commits WHERE worker = 'test' AND n = 10")
    if (process.env.SHOW_OUTPUT) console.log(await p2.said(id))
  })

  test('the copy of an inspection holds the rows, and not what came after the point', {
    timeout: 240_000,
  }, async () => {
    const restores = scene.effects('RestoreDBClusterToPointInTime')
    const instances = scene.effects('CreateDBInstance')
    before = await p2.count(writer(), 'castings')
    await p2.sql(writer(), "INSERT INTO commits (worker, n) VALUES ('test', 1)")
    good = await p2.momentOn(writer())
    await scene.lab.lab.startFault('delete-rows', 'castings', { percent: 60 })
    bad = await p2.momentOn(writer())
    await p2.sql(writer(), "INSERT INTO commits (worker, n) VALUES ('test', 2)")
    await p2.archivedBeyond(bad)
    expect(await p2.count(writer(), 'castings')).toBeLessThan(before)

    const id = await start({
      goal: 'inspect',
      at: new Date(good).toISOString(),
      damagedTables: 'castings',
      instanceCount: 2,
    })
    const asked = await p2.asks(id)
    const shown = asked.approvals.at(-1)?.shown
    expect(shown?.loss).toBeNull()
    expect(shown?.commands[0]?.cli).toContain('restore-db-cluster-to-point-in-time')
    const run = await p2.done(id)

    const copy = addressOf(run)
    expect(await p2.count(copy, 'castings')).toBe(before)
    expect(await p2.count(copy, "commits WHERE worker = 'test'")).toBe(1)
    expect(await p2.sql(copy, 'SELECT pg_is_in_recovery() AS standby')).toEqual([{ standby: false }])
    // The source goes on as it was.
    expect(await p2.count(writer(), "commits WHERE worker = 'test'")).toBe(2)
    expect(scene.effects('RestoreDBClusterToPointInTime') - restores).toBe(1)
    expect(scene.effects('CreateDBInstance') - instances).toBe(2)
    expect(run.facts.findings).toContainEqual(expect.objectContaining({ title: 'Table castings', result: 'passed' }))
    expect(run.facts.obligations).toContainEqual(expect.objectContaining({ state: 'open' }))
    if (process.env.SHOW_OUTPUT) console.log(await p2.said(id))
    inspected = run
  })

  test('that copy is deleted when one person asks and another approves, and its run owes nothing any more', {
    timeout: 240_000,
  }, async () => {
    const copy = String(inspected?.facts.copyId)
    const owed = async () => obligationsOf((await readRun(scene.store, inspected?.id ?? '')).facts)
    const ids = () => scene.lab.lab.context.estate.clusters().map((one) => one.id)
    const clusters = ids()
    expect(clusters).toContain(copy)
    const { doneBy } = copiesOf(inspected ? [inspected] : [])[0] ?? {}
    const { id } = await startRun(
      await scene.as('responder'),
      scene.environment,
      { slug: '', mode: 'drill', reason: 'Nobody needs this copy any more', ...doneBy, inputs: doneBy?.inputs ?? {} },
      scene.snapshot(),
    )
    const asked = await p2.asks(id, 60_000)
    expect(asked.approvals.at(-1)).toMatchObject({ title: `Delete ${copy}`, typeToConfirm: copy })
    const run = await p2.approveUntil(id)
    expect(run.state, `${run.sentence}\n${await p2.said(id)}`).toBe('done')
    // Through the journal, once each, and nothing else is gone.
    expect(run.effects.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted'])
    expect(ids()).toEqual(clusters.filter((one) => one !== copy))
    expect(scene.lab.lab.context.estate.instances().filter((one) => one.id.startsWith(copy))).toEqual([])
    await expect
      .poll(async () => (await owed()).find((one) => one.copy?.id === copy)?.state, { timeout: 60_000, interval: 200 })
      .toBe('met')
  })

  test('validation refuses a copy that still has the damage, and offers an earlier point beside it', {
    timeout: 240_000,
  }, async () => {
    const id = await start({ goal: 'inspect', at: new Date(bad).toISOString(), damagedTables: 'castings' })
    const failed = await p2.approveUntil(id)
    expect(failed.state, `${failed.sentence}\n${await p2.said(id)}`).toBe('needs-person')
    expect(failed.steps.find((s) => s.state === 'failed')).toMatchObject({ stepId: 'validate-copy' })
    expect(failed.sentence).toContain('the damage is in the copy')
    const first = String(failed.facts.copyId)
    const earlier = new Date(bad - 60_000).toISOString()
    const decide = (subject: string) =>
      scene.as('commander').then((who) =>
        revise(who, scene.environment, {
          runId: id,
          stepId: 'validate-copy',
          kind: 'anew',
          subject,
          reason: 'The damage began before this point.',
        }),
      )
    await decide(earlier)
    // A minute before is outside the window of a lab that has just begun, or inside and before the damage.
    const then = await p2.approveUntil(id)
    if (then.state === 'needs-person') expect(then.sentence).toContain('is before the restore window')
    else {
      expect(then.state, `${then.sentence}\n${await p2.said(id)}`).toBe('done')
      expect(await p2.count(addressOf(then), 'castings')).toBe(before)
    }
    expect(then.facts.formerCopies).toEqual([first])
    expect((await scene.lab.lab.context.estate.clusters()).map((one) => one.id)).toContain(first)
    if (then.state === 'needs-person') await p2.stop(id)
  })

  test('rows that were deleted go back into the source, as they were chosen, and the source keeps serving', {
    timeout: 300_000,
  }, async () => {
    const source = writer()
    await p2.sql(source, "INSERT INTO castings (owner_id, title, status) VALUES (1, 'Written since', 'open')")
    const now = await p2.count(source, 'castings')
    const id = await start({ goal: 'extract', at: new Date(good).toISOString(), damagedTables: 'castings' })
    await p2.asks(id)
    await p2.approveNow(id)
    await p2.stepIs(id, 'choose-rows', 'verifying')
    expect((await p2.chooseMissing(id, 'public.castings')).tables).toMatchObject([
      { table: 'public.castings', onlySource: before - now + 1, onlyTarget: 1 },
    ])
    const merging = await p2.asks(id)
    expect(merging.approvals.at(-1)?.shown.facts).toContainEqual({
      label: 'public.castings',
      value: expect.stringContaining(String(before - now + 1)),
    })
    // The yes to the restore is no yes to the merge.
    expect(await p2.count(source, 'castings')).toBe(now)
    await p2.done(id)

    // Every row of before is there again, and so is what was written since; nobody was cut off.
    expect(await p2.count(source, 'castings')).toBe(before + 1)
    expect(await p2.count(source, "castings WHERE title = 'Written since'")).toBe(1)
    expect(await p2.count(source, "commits WHERE worker = 'test'")).toBe(2)
    const [next] = await p2.sql<{ id: string }>(
      source,
      "INSERT INTO castings (owner_id, title, status) VALUES (1, 'After the merge', 'open') RETURNING id",
    )
    expect(Number(next?.id)).toBeGreaterThan(before)
    await p2.sql(source, "DELETE FROM castings WHERE title IN ('Written since', 'After the merge')")
    // Damaged once more, for whoever comes next.
    await p2.sql(source, 'DELETE FROM castings WHERE id % 5 < 3')
  })

  test('a cutover that is refused gives the source its pods and its writes back', { timeout: 200_000 }, async () => {
    const { replicas } = await deployment()
    const id = await start({
      goal: 'cutover',
      at: new Date(good).toISOString(),
      damagedTables: 'castings',
      maintenanceBy: 'Morgan Lee',
      maintenanceAt: new Date(good).toISOString(),
    })
    const asked = await p2.asks(id)
    expect(asked.facts.replicasBefore).toEqual({ 'castmatch-api': replicas })
    expect(await deployment()).toMatchObject({ replicas: 0, pods: [] })
    expect((asked.facts.workloads as { replicas: number }[])[0]?.replicas).toBe(replicas)
    const approvalId = asked.approvals.at(-1)?.id ?? ''
    await refuse(await scene.as('approver'), { runId: id, approvalId, reason: 'The damage is smaller than that.' })
    await scene.reaches(id, ['needs-person'], 30_000)
    const commander = await scene.as('commander')
    for (const stepId of ['freeze-source', 'scale-down-castmatch-api']) {
      await undoStep(commander, scene.environment, { runId: id, stepId })
      const state = async () => (await readRun(scene.store, id)).steps.find((step) => step.stepId === stepId)?.state
      await expect.poll(state, { timeout: 60_000, message: stepId }).toBe('undone')
    }
    const back = await readRun(scene.store, id)
    expect(back.facts.obligations).toEqual([])
    await expect.poll(async () => (await deployment()).ready, { timeout: 60_000 }).toBe(replicas)
    const written = await p2.count(writer(), "commits WHERE worker <> 'test'")
    await expect
      .poll(() => p2.count(writer(), "commits WHERE worker <> 'test'"), { timeout: 20_000 })
      .toBeGreaterThan(written)
    expect(scaledTo()).toEqual([{ spec: { replicas: 0 } }, { spec: { replicas } }])
    await p2.stop(id)
  })

  test('the cutover moves every pod, the old cluster is fenced and kept, and what is lost is counted', {
    timeout: 400_000,
  }, async () => {
    await p2.sql(writer(), "INSERT INTO commits (worker, n) VALUES ('test', 3)")
    const { replicas } = await deployment()
    const [scaled, deleted] = [scaledTo().length, scene.effects('DeleteDBCluster')]
    const id = await start({
      goal: 'cutover',
      at: new Date(good).toISOString(),
      // The rows went within two seconds.
      firstBadAt: new Date(good + 2_000).toISOString(),
      damagedTables: 'castings',
      maintenanceBy: 'Morgan Lee',
      maintenanceAt: new Date(good).toISOString(),
    })
    const asked = await p2.asks(id)
    expect(asked.approvals.at(-1)?.shown.facts).toContainEqual({
      label: 'Maintenance window',
      value: expect.stringContaining('Morgan Lee'),
    })
    await p2.approveNow(id)
    const again = await p2.asks(id)
    expect(await deployment()).toMatchObject({ replicas: 0, pods: [] })
    // The yes to the restore is no yes to the point of no return.
    const second = again.approvals.at(-1)
    expect(second?.stepId).toBe('approve-cutover')
    expect(second?.shown.facts.map(({ label }) => label)).toContain('Point of no return')
    expect(second?.covers.map(({ stepId }) => stepId)).toContain('open-copy')
    await p2.approveNow(id)
    const run = await p2.done(id)

    // One pod first, then as many as there were.
    expect(scaledTo().slice(scaled)).toEqual([0, 1, replicas].map((n) => ({ spec: { replicas: n } })))
    expect(await deployment()).toMatchObject({ replicas, ready: replicas })
    const open = await p2.expectMoved(run, writer(), before)
    for (const settled of ['frozen-source', 'scaled-down-castmatch-api']) expect(open).not.toContain(settled)
    expect(run.facts.lossSeconds).toBeGreaterThan((bad - good) / 1000)
    expect(run.facts.lostCommits).toBeGreaterThan(0)
    expect(scene.effects('DeleteDBCluster')).toBe(deleted)
    if (process.env.SHOW_OUTPUT) console.log(await p2.said(id))
  })
})
