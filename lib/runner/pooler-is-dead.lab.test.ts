// PgBouncer died before the failover, and nobody restarts it: it passes no traffic, so the run fails over and ends done, and
// owes that PgBouncer routes to the new writer when it returns. One that is restarted in the middle of a run has forgotten
// that it was paused: it is held again before the failover is sent. One that somebody else paused is named in the verdict.
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { poolerAdmin, poolerPassword } from '../../lab/pooler/index'
import { labPoolers } from '../../lab/ports'
import { applicationUser } from '../../lab/postgres/seed'
import type { Obligation } from '../domain/run/obligation'
import type { AnyProcedure, AnyStep } from '../procedures/contract'
import { procedureBySlug } from '../procedures/index'
import { readRun } from '../store/run'
import { readOutput } from '../store/run-output'
import { readersStream } from './testing/readers-stream'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
/** What happens once, right before the failover is sent. */
let beforeSending: (() => Promise<void>) | null = null

const catalogue = (slug: string): AnyProcedure | null => {
  const usual = procedureBySlug(slug)
  const disturbed = (step: AnyStep): AnyStep => {
    const { guard } = step
    if (step.id !== 'fail-over' || !guard) return step
    return {
      ...step,
      async guard(world, ctx) {
        const blow = beforeSending
        beforeSending = null
        await blow?.()
        return await guard(world, ctx)
      },
    }
  }
  return usual && { ...usual, steps: (environment) => usual.steps(environment).map(disturbed) }
}

beforeAll(async () => {
  scene = await stageScene(21_900)
  scene.startRunner({ catalogue })
})
afterAll(async () => {
  await scene?.end()
})
beforeEach(async () => {
  await expect.poll(() => readersStream(scene), { timeout: 60_000 }).toBe(true)
  await expect.poll(() => scene.snapshot()?.diagnosis.kind, { timeout: 60_000 }).toBe('healthy')
}, 120_000)

const patience = { timeout: 150_000 }
/** What one of the two was told; the other is told the same. */
const commands = (pooler: string = labPoolers[0].name) =>
  scene.lab.lab.context.log
    .list()
    .filter((e) => e.service === 'pgbouncer' && e.effective && e.parameters.pooler === pooler)
    .map((e) => e.operation)

async function failedOver(id: string) {
  await scene.reaches(id, ['waiting'])
  await scene.approveOpen(id, await scene.as('approver'))
  const run = await scene.reaches(id, ['done', 'needs-person', 'aborted'], 90_000)
  const said = (await readOutput(scene.store, scene.environment.name, id, 0))
    .map((l) => `${l.stepId}: ${l.kind}: ${l.text}`)
    .join('\n')
  expect(run.state, `${run.sentence}\n${said}`).toBe('done')
  return run
}

/** What is owed of each pooler that was down. */
async function duties(id: string): Promise<Obligation[]> {
  const { facts } = await readRun(scene.store, id)
  const all = procedureBySlug('primary-failover')?.obligations(facts) ?? []
  return all.filter((o) => o.id.startsWith('pooler-return-'))
}
const states = async (id: string) => (await duties(id)).map(({ state }) => state)

/** Does a session of the application through either PgBouncer end at the present writer? */
const writesThrough = async () =>
  (await Promise.all(labPoolers.map(({ front }) => leadsToWriter(front)))).every(Boolean)
async function leadsToWriter(host: string): Promise<boolean> {
  const { lab } = scene.lab
  const client = new Client({
    host,
    port: lab.context.ports.pgbouncer,
    user: applicationUser,
    database: scene.environment.database.name,
    password: lab.secrets.applicationPassword,
    connectionTimeoutMillis: 2_000,
  })
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby')
  await client.end()
  return rows[0]?.standby === false
}

/** As an operator types it, past the product. */
async function atTheConsole(command: string, host: string): Promise<void> {
  const { lab } = scene.lab
  const client = new Client({
    host,
    port: lab.context.ports.pgbouncer,
    user: poolerAdmin,
    database: 'pgbouncer',
    password: poolerPassword(lab.secrets.token),
    connectionTimeoutMillis: 2_000,
  })
  client.on('error', () => {})
  await client.connect()
  await client.query(command)
  await client.end()
}

test('a failover does not wait for a dead PgBouncer, and is owed its return', patience, async () => {
  const { lab } = scene.lab
  await lab.startFault('pooler-dead', null, {})
  await lab.startFault('kill-writer', null, {})
  await expect.poll(() => scene.snapshot()?.diagnosis.certainty, { timeout: 30_000 }).toBe('confirmed')
  const run = await failedOver(await scene.startFailover({ mode: 'real' }))
  expect(scene.effects('FailoverDBCluster')).toBe(1)
  expect(commands()).toEqual([])
  for (const stepId of ['hold-traffic', 'switch-pooler'])
    expect(run.steps.find((s) => s.stepId === stepId)).toMatchObject({
      state: 'already-so',
      sentence: expect.stringMatching(/^PgBouncer at .* is down\. It passes no traffic\./),
    })
  expect(await duties(run.id)).toMatchObject(
    labPoolers.map(({ front }) => ({
      title: `PgBouncer at ${front}:${lab.context.ports.pgbouncer} must route to ${(run.facts.target as { id: string }).id} when it returns`,
      state: 'open',
    })),
  )
  // The pods cannot reach the new writer yet: the outage is not over.
  expect(run.facts.restoredAt).toBeUndefined()
  expect(run.steps.find((s) => s.stepId === 'verify-recovery')?.sentence).not.toMatch(/outage/)
  // The whole lab is healed, as people do it.
  await lab.heal(null)
  await expect.poll(() => states(run.id), { timeout: 20_000 }).toEqual(['met', 'met'])
  expect((await readRun(scene.store, run.id)).facts.restoredAt).toBeGreaterThan(run.finishedAt ?? 0)
  expect(await writesThrough()).toBe(true)
  const { rows } = await scene.store.pool.query<{ text: string }>(
    "SELECT text FROM record_entry WHERE run_id = $1 AND step_id = 'switch-pooler' AND kind = 'incident.detection' ORDER BY n",
    [run.id],
  )
  expect(rows.at(-1)?.text).toMatch(/is up and routes to the new writer/)
})

test('a PgBouncer that is restarted right before the failover is held again', patience, async () => {
  const { lab } = scene.lab
  const before = commands().length
  beforeSending = async () => {
    await lab.startFault('pooler-dead', null, {})
    await lab.heal('pooler-dead')
  }
  const target = lab.context.cluster.nodes().find((n) => n.role === 'reader')?.id ?? ''
  const run = await failedOver(await scene.startFailover({ target }))
  expect(commands().slice(before)).toEqual(['PAUSE', 'PAUSE', 'RECONNECT', 'RESUME'])
  expect(await duties(run.id)).toEqual([])
  expect(await writesThrough()).toBe(true)
})

test('one that dies while it holds the traffic, and refuses afterwards, holds nothing up', patience, async () => {
  const { lab } = scene.lab
  beforeSending = () => lab.startFault('pooler-refuses', null, {}).then(() => undefined)
  const target = lab.context.cluster.nodes().find((n) => n.role === 'reader')?.id ?? ''
  const run = await failedOver(await scene.startFailover({ target }))
  expect(await states(run.id)).toEqual(['open', 'open'])
  await lab.heal('pooler-refuses')
  // Its process lived on, and remembers that it was paused: somebody must let the traffic through.
  const paused = expect.stringMatching(/paused\. RESUME it\.$/)
  await expect.poll(() => duties(run.id), { timeout: 20_000 }).toMatchObject([{ why: paused }, { why: paused }])
  for (const { front } of labPoolers) await atTheConsole(`RESUME ${scene.environment.database.name}`, front)
  await expect.poll(() => states(run.id), { timeout: 20_000 }).toEqual(['met', 'met'])
})

test('a PAUSE of all databases that somebody typed is named in the verdict while clients wait', patience, async () => {
  await atTheConsole('PAUSE', labPoolers[1].front)
  const headline = () => scene.snapshot()?.diagnosis.headline
  await expect
    .poll(headline, { timeout: 20_000 })
    .toMatch(/^PgBouncer pgbouncer-2 is paused \(all databases\)\. \d+ clients? (is|are) waiting\.$/)
  expect(scene.snapshot()?.diagnosis).toMatchObject({ kind: 'degraded', certainty: 'confirmed', recommend: false })
  expect(scene.snapshot()?.pool.value).toMatchObject({ paused: true, pausedAll: true })
  await scene.lab.lab.heal(null)
  await expect.poll(() => scene.snapshot()?.diagnosis.kind, { timeout: 30_000 }).toBe('healthy')
})
