// The writer is killed under load. A responder starts the procedure, an approver says yes to what was shown, and the run
// goes green only when probes have seen it: one failover, pods writing to the new writer, the loss no more than shown.

import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareTables, rangesOf, sequencesBehind } from '../domain/cluster/survey'
import { verifyChain } from '../domain/record/chain'
import { baselineOf } from '../domain/run/baseline'
import type { Run } from '../domain/run/run'
import { readRecord, readRecordHead } from '../store/record'
import { listRuns, readRun } from '../store/run'
import { readOutput } from '../store/run-output'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
beforeAll(async () => {
  scene = await stageScene(21_700)
})
afterAll(async () => {
  await scene.end()
})

describe('a primary failover', () => {
  test('does not start while a policy denies its operation, and says which one', { timeout: 60_000 }, async () => {
    scene.startRunner()
    await expect.poll(() => scene.snapshot()?.diagnosis.kind, { timeout: 30_000 }).toBe('healthy')
    await scene.lab.lab.startFault('permission-denied', null, { how: 'explicit' })
    const run = await scene.reaches(await scene.startFailover(), ['waiting', 'aborted', 'needs-person'])
    await scene.lab.lab.heal('permission-denied')
    expect(run.checks.filter((c) => c.result === 'block')).toMatchObject([
      {
        id: 'PF3',
        message: expect.stringMatching(
          /^FailoverDBCluster is denied on arn:aws:rds:.*: a policy denies it explicitly\./,
        ),
      },
    ])
    expect(scene.effects('FailoverDBCluster')).toBe(0)
  })

  test('goes from a killed writer to proved recovery, with exactly one failover', { timeout: 120_000 }, async () => {
    const approver = await scene.as('approver')
    await expect.poll(() => scene.snapshot()?.diagnosis.kind, { timeout: 30_000 }).toBe('healthy')
    await scene.lab.lab.startFault('kill-writer', null, {})
    await expect.poll(() => scene.snapshot()?.diagnosis.certainty, { timeout: 30_000 }).toBe('confirmed')
    const id = await scene.startFailover({ mode: 'real' })
    const waiting = await scene.reaches(id, ['waiting', 'aborted', 'needs-person'])
    expect(waiting.state, waiting.sentence).toBe('waiting')
    const asked = waiting.approvals.at(-1)
    expect(asked?.shown.facts).toContainEqual({ label: 'Tables that will be emptied', value: 'sessions (unlogged)' })
    expect(asked?.covers.map((c) => c.stepId)).toEqual(['fail-over', 'fence', 'fence'])
    const checks = Object.fromEntries(waiting.checks.map((c) => [c.id, c]))
    expect([checks.PF2, checks.PF7, checks['P1-g']].map((c) => `${c?.id} ${c?.result}`)).toEqual([
      'PF2 pass',
      'PF7 pass',
      'P1-g pass',
    ])
    expect(checks['P1-f']).toMatchObject({ result: 'warn', message: expect.stringContaining('sessions') })
    // Nothing was accepted from this identity before, and the policies are known all the same.
    expect(checks.PF3).toMatchObject({ result: 'pass', message: expect.stringMatching(/allow FailoverDBCluster/) })
    await scene.approveOpen(id, approver)
    const done = await scene.reaches(id, ['done', 'needs-person', 'aborted'], 55_000)
    const said = (await readOutput(scene.store, scene.environment.name, id, 0))
      .map((l) => `${l.at % 100_000} ${l.stepId}: ${l.kind}: ${l.text}`)
      .join('\n')
    expect(done.state, `${done.sentence}\n${said}`).toBe('done')
    expect(scene.effects('FailoverDBCluster')).toBe(1)
    expect(done.steps.find((s) => s.stepId === 'fail-over')?.state).toBe('confirmed')
    // The threshold that was used, not the runbook's.
    expect(done.steps.find((s) => s.stepId === 'verify-recovery')?.sentence).toMatch(
      /without an error; required: [\d.]+ s \(30 s at the pace of this environment\)\. All pods are ready\./,
    )
    const head = await readRecordHead(scene.store)
    expect(await verifyChain(readRecord(scene.store, { upTo: head.n }), head)).toMatchObject({ whole: true })
    if (process.env.SHOW_OUTPUT) console.log(said)
  })

  test('what was counted before is all there afterwards, row by row, and no sequence lags', async () => {
    const { before, now } = await surveys(scene)
    const verdicts = compareTables(before, now, scene.environment.database.criticalTables)
    expect(
      verdicts.map(({ table, verdict, says }) => ({
        table,
        whole: !['lost', 'changed', 'unprovable'].includes(verdict),
        says,
      })),
    ).toEqual(
      scene.environment.database.criticalTables.map((table) => ({ table, whole: true, says: expect.any(String) })),
    )
    expect(sequencesBehind(now)).toEqual([])
  })

  test('no password and no key of the environment stands in anything that was kept', async () => {
    const secrets = Object.entries(scene.lab.lab.secrets)
    const kept = await everythingKept(scene)
    expect(kept).toContain('ALTER ROLE')
    expect(secrets.filter(([, secret]) => kept.includes(secret)).map(([name]) => name)).toEqual([])
  })

  test('the old writer that comes back is seen once, and refuses the application', { timeout: 60_000 }, async () => {
    const run = await newestRun(scene)
    const old = scene.lab.lab.context.cluster.node(String((run.facts.writerBefore as { id: string }).id))
    if (!old) throw new Error('the run names no old writer')
    await expect.poll(() => old.status, { timeout: 30_000 }).toBe('available')
    await scene.lab.lab.startFault('return-old-writer', old.id, {})
    const login = () => applicationLogin(scene, old.address)
    await expect.poll(login, { timeout: 20_000 }).toBe('28000')
    await expect.poll(async () => (await newestRun(scene)).facts.fence, { timeout: 20_000 }).toBe('fenced')
    expect(await applicationLogin(scene, scene.lab.lab.context.cluster.writerEndpoint)).toBe('in')
    const told = await recorded(scene, run.id)
    expect(told.filter((text) => text.includes('two take writes'))).toHaveLength(1)
    expect(told.filter((text) => text.includes('was refused (25006)'))).toHaveLength(1)
    const after = await newestRun(scene)
    expect(after.effects.filter((e) => e.stepId === 'fence')).toMatchObject([{ outcome: 'accepted' }])
    expect(after.facts.obligations).toContainEqual(expect.objectContaining({ id: 'rejoin-old-writer', state: 'open' }))
    await expect.poll(() => scene.snapshot()?.diagnosis.kind, { timeout: 20_000 }).not.toBe('split-brain')
  })
})

async function newestRun({ store }: Scene): Promise<Run> {
  const [run] = await listRuns(store, { procedureId: 'primary-failover', limit: 1 })
  if (!run) throw new Error('there is no run')
  return await readRun(store, run.id)
}

/** The baseline of the newest run, and the same ranges counted again through the writer endpoint. */
async function surveys(of: Scene) {
  const before = baselineOf((await newestRun(of)).facts)?.survey
  if (!before) throw new Error('the run kept no survey')
  const { environment, lab } = of
  const now = await of.database.survey(
    lab.lab.context.cluster.writerEndpoint,
    { tables: environment.database.criticalTables, upTo: rangesOf(before) },
    { connectMs: 3_000, queryMs: 10_000 },
  )
  return { before, now }
}

/** What the application's own role meets at an address: "in", or why not. */
async function applicationLogin({ lab, environment }: Scene, address: { host: string; port: number }): Promise<string> {
  const [user] = environment.database.applicationRoles
  const client = new Client({
    ...address,
    user,
    database: environment.database.name,
    password: lab.lab.secrets.applicationPassword,
    connectionTimeoutMillis: 2_000,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.end()
    return 'in'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

/** Every row of every table of the store, but for people and sessions, as text. */
async function everythingKept({ owner }: Scene): Promise<string> {
  const { rows: tables } = await owner.pool.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname !~ '^(_|account|session|web_key|decoy_key)'",
  )
  const texts = await Promise.all(
    tables.map(
      async ({ name }) => (await owner.pool.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`)).rows,
    ),
  )
  return texts
    .flat()
    .map(({ row }) => row)
    .join('\n')
}

async function recorded({ store }: Scene, runId: string): Promise<string[]> {
  const { rows } = await store.pool.query<{ text: string }>(
    "SELECT text FROM record_entry WHERE run_id = $1 AND kind = 'incident.detection' ORDER BY n",
    [runId],
  )
  return rows.map((row) => row.text)
}
