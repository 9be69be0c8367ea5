// Rows are deleted under load. A responder starts a point-in-time recovery, an approver says yes to what was shown, and a copy
// beside the source holds what was committed before the point and nothing since: proved by SQL, outside the product.
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { answerStep } from '../commands/run/answer-step'
import { revise } from '../commands/run/revise'
import { startRun } from '../commands/run/start-run'
import { stopRun } from '../commands/run/steer'
import { obligationsOf } from '../domain/run/obligation'
import type { Run } from '../domain/run/run'
import type { RunState } from '../domain/run/states'
import { comparisonOf } from '../procedures/point-in-time/reconcile-facts'
import { readRun } from '../store/run'
import { readOutput } from '../store/run-output'
import { copiesOf } from '../views/copies'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
beforeAll(async () => {
  scene = await stageScene(27_300)
  scene.startRunner()
  await vi.waitFor(() => expect(scene.snapshot()?.diagnosis.kind).toBe('healthy'), { timeout: 60_000 })
}, 120_000)
afterAll(async () => {
  await scene?.end()
})

const cluster = () => scene.lab.lab.context.cluster

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
/** As the picture on which the form is checked shows it. */
const archivedBeyond = (at: number) =>
  expect
    .poll(() => scene.snapshot()?.backups.value?.latestRestorableAt ?? 0, { timeout: 90_000, interval: 200 })
    .toBeGreaterThan(at)

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
/** Approves what waits, and sees the run go on. */
async function approveNow(id: string): Promise<void> {
  await scene.approveOpen(id, await scene.as('approver'))
  await scene.reaches(id, ['running', ...ended], 20_000)
}
/** Approves whatever waits until the run is in one of these states. */
async function approveUntil(id: string, states: RunState[], limitMs = 180_000): Promise<Run> {
  for (;;) {
    const run = await scene.reaches(id, ['waiting', ...states], limitMs)
    if (run.state !== 'waiting') return run
    await approveNow(id)
  }
}
const stop = async (id: string) => {
  await stopRun(await scene.as('responder'), { runId: id, reason: 'The test has seen what it wanted.' })
  await scene.reaches(id, ['stopped', 'aborted', 'done'], 30_000)
}
const addressOf = (run: Run) => run.facts.endpoint as { host: string; port: number }

describe('rows are deleted under load', () => {
  let inspected: Run | null = null
  let before = 0
  let good = 0
  let bad = 0

  test('a table that was dropped is created again from the copy, with all that belongs to it', {
    timeout: 300_000,
  }, async () => {
    const source = cluster().writerEndpoint
    // What the table is, by the catalogue of the source itself.
    const described = `SELECT d FROM (
      SELECT format('%s %s %s %s', attname, format_type(atttypid, atttypmod), attnotnull, attidentity) AS d FROM pg_attribute
        WHERE attrelid = 'audit_logs'::regclass AND attnum > 0
      UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'audit_logs'::regclass
      UNION ALL SELECT indexdef FROM pg_indexes WHERE tablename = 'audit_logs'
      UNION ALL SELECT relowner::regrole || relacl::text FROM pg_class WHERE oid IN ('audit_logs'::regclass, 'audit_logs_id_seq'::regclass)) x ORDER BY 1`
    const [was, rows] = [await sql(source, described), await sql(source, 'SELECT * FROM audit_logs ORDER BY id')]
    expect(rows.length).toBeGreaterThan(0)
    const point = await momentNow()
    await scene.lab.lab.startFault('drop-table', 'audit_logs', {})
    await sql(source, "INSERT INTO commits (worker, n) VALUES ('test', 10)")
    await archivedBeyond(await momentNow())

    const id = await start({ goal: 'extract', at: new Date(point).toISOString(), damagedTables: 'audit_logs' })
    const asked = await scene.reaches(id, ['waiting', ...ended], 60_000)
    expect(asked.state, `${asked.sentence}\n${await said(id)}`).toBe('waiting')
    await approveNow(id)
    const stepIs = (stepId: string, state: string) =>
      vi.waitFor(
        async () => {
          const run = await readRun(scene.store, id)
          expect(ended, `${run.sentence}\n${await said(id)}`).not.toContain(run.state)
          expect(run.steps.find((step) => step.stepId === stepId)?.state).toBe(state)
        },
        { timeout: 120_000, interval: 200 },
      )
    await stepIs('choose-rows', 'verifying')
    const comparison = comparisonOf((await readRun(scene.store, id)).facts)
    expect(comparison?.tables).toMatchObject([
      { table: 'public.audit_logs', onlySource: rows.length, onlyTarget: 0, creation: { leftOut: [] } },
    ])
    expect(await sql(source, "SELECT to_regclass('audit_logs') AS there")).toEqual([{ there: null }])
    await answerStep(await scene.as('commander'), scene.environment, {
      runId: id,
      stepId: 'choose-rows',
      answer: {
        batch: comparison?.batch ?? '',
        tables: [{ table: 'public.audit_logs', policy: { kind: 'insert-missing' }, triggers: 'on' }],
      },
    })
    const merging = await scene.reaches(id, ['waiting', ...ended], 60_000)
    expect(merging.state, `${merging.sentence}\n${await said(id)}`).toBe('waiting')
    // The second person sees the very statements that are sent.
    expect(merging.approvals.at(-1)?.title).toContain('1 table re-created')
    expect(merging.approvals.at(-1)?.shown.commands[0]?.cli).toContain('CREATE TABLE public.audit_logs')
    await approveNow(id)
    const run = await approveUntil(id, ended)
    expect(run.state, `${run.sentence}\n${await said(id)}`).toBe('done')

    expect(await sql(source, described)).toEqual(was)
    expect(await sql(source, `SELECT * FROM audit_logs WHERE id <= ${rows.length} ORDER BY id`)).toEqual(rows)
    // Nothing else was touched, and the next number is free.
    expect(await count(source, "commits WHERE worker = 'test' AND n = 10")).toBe(1)
    const [next] = await sql<{ id: string }>(
      source,
      "INSERT INTO audit_logs (actor_id, action, subject) VALUES (1, 'casting.update', 'After') RETURNING id",
    )
    expect(Number(next?.id)).toBeGreaterThan(rows.length)
    await sql(source, "DELETE FROM commits WHERE worker = 'test' AND n = 10")
    if (process.env.SHOW_OUTPUT) console.log(await said(id))
  })

  test('the copy of an inspection holds the rows, and not what came after the point', {
    timeout: 240_000,
  }, async () => {
    const restores = scene.effects('RestoreDBClusterToPointInTime')
    const instances = scene.effects('CreateDBInstance')
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
    expect(scene.effects('RestoreDBClusterToPointInTime') - restores).toBe(1)
    expect(scene.effects('CreateDBInstance') - instances).toBe(2)
    expect(run.facts.findings).toContainEqual(expect.objectContaining({ title: 'Table castings', result: 'passed' }))
    expect(run.facts.obligations).toContainEqual(expect.objectContaining({ state: 'open' }))
    if (process.env.SHOW_OUTPUT) console.log(await said(id))
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
    const asked = await scene.reaches(id, ['waiting', ...ended], 60_000)
    expect(asked.state, `${asked.sentence}\n${await said(id)}`).toBe('waiting')
    expect(asked.approvals.at(-1)).toMatchObject({ title: `Delete ${copy}`, typeToConfirm: copy })
    const run = await approveUntil(id, ended)
    expect(run.state, `${run.sentence}\n${await said(id)}`).toBe('done')
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
    const failed = await approveUntil(id, ended)
    expect(failed.state, `${failed.sentence}\n${await said(id)}`).toBe('needs-person')
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
    const then = await approveUntil(id, ended)
    if (then.state === 'needs-person') expect(then.sentence).toContain('is before the restore window')
    else {
      expect(then.state, `${then.sentence}\n${await said(id)}`).toBe('done')
      expect(await count(addressOf(then), 'castings')).toBe(before)
    }
    expect(then.facts.formerCopies).toEqual([first])
    expect((await scene.lab.lab.context.estate.clusters()).map((one) => one.id)).toContain(first)
    if (then.state === 'needs-person') await stop(id)
  })

  test('rows that were deleted go back into the source, as they were chosen, and the source keeps serving', {
    timeout: 300_000,
  }, async () => {
    const source = cluster().writerEndpoint
    await sql(source, "INSERT INTO castings (owner_id, title, status) VALUES (1, 'Written since', 'open')")
    const now = await count(source, 'castings')
    const id = await start({ goal: 'extract', at: new Date(good).toISOString(), damagedTables: 'castings' })
    const asked = await scene.reaches(id, ['waiting', ...ended], 60_000)
    expect(asked.state, `${asked.sentence}\n${await said(id)}`).toBe('waiting')
    await approveNow(id)
    await vi.waitFor(
      async () => {
        const run = await readRun(scene.store, id)
        expect(ended, `${run.sentence}\n${await said(id)}`).not.toContain(run.state)
        expect(run.steps.find(({ stepId }) => stepId === 'choose-rows')?.state).toBe('verifying')
      },
      { timeout: 120_000, interval: 200 },
    )
    const compared = await readRun(scene.store, id)
    const comparison = comparisonOf(compared.facts)
    expect(comparison?.tables).toMatchObject([
      { table: 'public.castings', onlySource: before - now + 1, onlyTarget: 1 },
    ])
    await answerStep(await scene.as('commander'), scene.environment, {
      runId: id,
      stepId: 'choose-rows',
      answer: {
        batch: comparison?.batch ?? '',
        tables: [{ table: 'public.castings', policy: { kind: 'insert-missing' }, triggers: 'on' }],
      },
    })
    const merging = await scene.reaches(id, ['waiting', ...ended], 60_000)
    expect(merging.state, `${merging.sentence}\n${await said(id)}`).toBe('waiting')
    expect(merging.approvals.at(-1)?.shown.facts).toContainEqual({
      label: 'public.castings',
      value: expect.stringContaining(String(before - now + 1)),
    })
    // The yes to the restore is no yes to the merge.
    expect(await count(source, 'castings')).toBe(now)
    await approveNow(id)
    const run = await approveUntil(id, ended)
    expect(run.state, `${run.sentence}\n${await said(id)}`).toBe('done')

    // Every row of before is there again, and so is what was written since; nobody was cut off.
    expect(await count(source, 'castings')).toBe(before + 1)
    expect(await count(source, "castings WHERE title = 'Written since'")).toBe(1)
    expect(await count(source, "commits WHERE worker = 'test'")).toBe(2)
    const [next] = await sql<{ id: string }>(
      source,
      "INSERT INTO castings (owner_id, title, status) VALUES (1, 'After the merge', 'open') RETURNING id",
    )
    expect(Number(next?.id)).toBeGreaterThan(before)
    await sql(source, "DELETE FROM castings WHERE title IN ('Written since', 'After the merge')")
    // Damaged once more, for whoever comes next.
    await sql(source, 'DELETE FROM castings WHERE id % 5 < 3')
  })

  test('the cutover moves every pod, the old cluster is fenced and kept, and what is lost is counted', {
    timeout: 400_000,
  }, async () => {
    await sql(cluster().writerEndpoint, "INSERT INTO commits (worker, n) VALUES ('test', 3)")
    const id = await start({
      goal: 'cutover',
      at: new Date(good).toISOString(),
      // The rows went within two seconds.
      firstBadAt: new Date(good + 2_000).toISOString(),
      damagedTables: 'castings',
      maintenanceBy: 'Morgan Lee',
      maintenanceAt: new Date(good).toISOString(),
    })
    const asked = await scene.reaches(id, ['waiting', ...ended], 90_000)
    expect(asked.state, `${asked.sentence}\n${await said(id)}`).toBe('waiting')
    expect(asked.approvals.at(-1)?.shown.facts).toContainEqual({
      label: 'Maintenance window',
      value: expect.stringContaining('Morgan Lee'),
    })
    await approveNow(id)
    const again = await scene.reaches(id, ['waiting', ...ended], 200_000)
    expect(again.state, `${again.sentence}\n${await said(id)}`).toBe('waiting')
    // The yes to the restore is no yes to the point of no return.
    const second = again.approvals.at(-1)
    expect(second?.stepId).toBe('approve-cutover')
    expect(second?.shown.facts.map(({ label }) => label)).toContain('Point of no return')
    expect(second?.covers.map(({ stepId }) => stepId)).toContain('open-copy')
    await approveNow(id)
    const run = await approveUntil(id, ended, 200_000)
    expect(run.state, `${run.sentence}\n${await said(id)}`).toBe('done')

    const copy = addressOf(run)
    expect(await count(copy, 'castings')).toBe(before)
    expect(await count(copy, "commits WHERE worker = 'test'")).toBe(1)
    // Pods write to the copy, each with numbers of its own.
    const written = await count(copy, "commits WHERE worker <> 'test'")
    await expect.poll(() => count(copy, "commits WHERE worker <> 'test'"), { timeout: 20_000 }).toBeGreaterThan(written)
    // The old cluster is there, holds what was lost, and takes nothing from the application.
    expect(await count(cluster().writerEndpoint, "commits WHERE worker = 'test'")).toBe(3)
    expect(
      await sql(cluster().writerEndpoint, "SELECT rolcanlogin AS may FROM pg_roles WHERE rolname = 'castmatch_app'"),
    ).toEqual([{ may: false }])
    expect(run.facts.lossSeconds).toBeGreaterThan((bad - good) / 1000)
    expect(run.facts.lostCommits).toBeGreaterThan(0)
    const open = (run.facts.obligations as { id: string; state: string }[]).filter((o) => o.state === 'open')
    expect(open.map((o) => o.id)).toEqual(expect.arrayContaining(['retain-source', 'guard-copy']))
    expect(open.map((o) => o.id)).not.toContain('frozen-source')
    expect(scene.effects('DeleteDBCluster')).toBe(0)
    if (process.env.SHOW_OUTPUT) console.log(await said(id))
  })
})
