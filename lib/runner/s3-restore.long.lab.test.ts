// Rows are deleted under load, and RDS cannot help. A responder restores from a backup in S3, an approver says yes to what was shown,
// and a new instance holds what was committed before the backup and nothing since: proved by SQL, outside the product.
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { readRun } from '../store/run'
import { type At, addressOf, ended, recoveryIn } from './testing/recovery'
import { type Scene, stageScene, type TestRunner } from './testing/scene'

let scene: Scene
let runner: TestRunner
let p3: ReturnType<typeof recoveryIn>
/** Keys of the backups, the oldest first. */
const keys: string[] = []
let before = 0

beforeAll(async () => {
  scene = await stageScene(30_100)
  p3 = recoveryIn(scene, 's3-restore')
  runner = scene.startRunner()
  await vi.waitFor(() => expect(scene.snapshot()?.diagnosis.kind).toBe('healthy'), { timeout: 90_000 })
}, 180_000)
afterAll(async () => {
  await scene?.end()
})

const cluster = () => scene.lab.lab.context.cluster
const estate = () => scene.lab.lab.context.estate

const source = () => cluster().writerEndpoint

let current: string | null = null
async function start(inputs: Record<string, unknown> = {}): Promise<string> {
  current = await p3.start(inputs)
  return current
}
/** A test that failed leaves the cluster to the next one. */
afterEach(async () => {
  if (!current) return
  const { state } = await readRun(scene.store, current)
  if (!['stopped', 'aborted', 'done'].includes(state)) await p3.stop(current)
})
const stateOf = async (id: string, stepId: string) =>
  (await readRun(scene.store, id)).steps.find((step) => step.stepId === stepId)?.state
const databases = async (address: At) =>
  (
    await p3.sql<{ datname: string }>(address, 'SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1')
  ).map(({ datname }) => datname)

test('the newest object is damaged: it is named, an older one is restored, and holds the rows and not what came since', {
  timeout: 400_000,
}, async () => {
  before = await p3.count(source(), 'castings')
  await p3.sql(source(), "INSERT INTO commits (worker, n) VALUES ('test', 1)")
  keys.push(await scene.restores.backUp())
  await p3.sql(source(), "INSERT INTO commits (worker, n) VALUES ('test', 2)")
  keys.push(await scene.restores.backUp())
  await p3.sql(source(), 'DELETE FROM castings WHERE id % 5 < 3 AND id % 5 <> 1')
  // One byte of the newest is wrong, and its own sums are right: only reading all of it tells.
  await scene.lab.lab.startFault('backup-flipped', null, {})
  await scene.restores.readNow()

  const id = await start({ damagedTables: 'castings', multiAz: 'on', retentionDays: 5 })
  const { shown } = (await p3.asks(id)).approvals.at(-1) ?? {}
  // The metadata already says that the flipped one differs; it is named with its reason.
  expect(await p3.said(id)).toContain(`Newer and rejected: ${keys[1]}. SHA-256 differs from the metadata.`)
  expect(shown?.facts).toContainEqual({ label: 'Object', value: expect.stringContaining(keys[0] ?? '') })
  expect(shown?.facts.map(({ label }) => label)).toEqual(expect.arrayContaining(['Version', 'SHA-256', 'Backup taken']))
  expect(shown?.commands[0]?.cli).toContain('create-db-instance')
  expect(shown?.commands[0]?.cli).toContain('--manage-master-user-password')
  expect(JSON.stringify(shown)).not.toContain(scene.lab.lab.secrets.adminPassword)

  const run = await p3.done(id)
  const copy = addressOf(run)
  expect(await p3.count(copy, 'castings')).toBe(before)
  expect(await p3.count(copy, "commits WHERE worker = 'test'")).toBe(1)
  expect(await databases(copy)).toEqual(['castmatch_production', 'postgres'])
  // Statistics were counted anew, and the heartbeat in the dump is the measured recovery point.
  expect(await p3.count(copy, 'pg_stat_user_tables WHERE last_analyze IS NULL')).toBe(0)
  const [beat] = await p3.sql<{ at: string }>(copy, 'SELECT extract(epoch FROM beat) * 1000 AS at FROM dr_heartbeat')
  const measured = (run.facts.targetBeat as { at: number }).at
  expect(Math.abs(measured - Number(beat?.at))).toBeLessThan(5)
  expect(run.facts.findings).toContainEqual(expect.objectContaining({ title: 'Recovery point', result: 'passed' }))
  expect(run.facts.findings).toContainEqual(expect.objectContaining({ title: 'Table castings', result: 'passed' }))
  expect(scene.effects('CreateDBInstance')).toBe(1)
  const made = estate()
    .instances()
    .find((one) => one.id === run.facts.copyId)
  expect(made?.attributes).toMatchObject({ MultiAZ: true, BackupRetentionPeriod: 5, StorageEncrypted: true })
  expect(made?.attributes.VpcSecurityGroupIds).toEqual([scene.environment.aws.recoverySecurityGroupId])
  expect(run.facts.obligations).toContainEqual(
    expect.objectContaining({ id: `delete-${run.facts.copyId}`, state: 'open' }),
  )
  // The source goes on as it was.
  expect(await p3.count(source(), "commits WHERE worker = 'test'")).toBe(2)
  if (process.env.SHOW_OUTPUT) console.log(await p3.said(id))
  await scene.lab.lab.heal('backup-flipped')
  await scene.restores.readNow()
})

test('a loss above the objective is refused until somebody accepts it by name, and an older backup that is chosen says its loss', {
  timeout: 200_000,
}, async () => {
  const damage = new Date().toISOString()
  Object.assign(scene.restores.look.policy.rpo, { targetSeconds: 0, maximumSeconds: 0 })
  try {
    const refused = await start({ firstBadAt: damage })
    const run = await scene.reaches(refused, ended, 60_000)
    expect(run.state).toBe('aborted')
    expect(run.sentence).toContain('Enter who accepts that.')
    const id = await start({ firstBadAt: damage, lossAcceptedBy: 'Morgan Lee', backup: keys[0] })
    expect((await p3.asks(id)).approvals.at(-1)?.shown.facts).toContainEqual({
      label: 'Loss accepted by',
      value: 'Morgan Lee',
    })
    await p3.stop(id)
  } finally {
    Object.assign(scene.restores.look.policy.rpo, { targetSeconds: 900, maximumSeconds: 3_600 })
  }
})

test('a name that somebody else has taken stops the run, and nothing of theirs is touched', {
  timeout: 200_000,
}, async () => {
  const made = scene.effects('CreateDBInstance')
  const id = await start()
  const run = await p3.asks(id)
  const theirs = String(run.facts.copyId)
  estate().createInstance({
    id: theirs,
    zone: 'us-west-2a',
    masterUsername: 'somebody',
    password: 'somebody-else-1',
    databaseName: null,
    attributes: { Tags: { 'dr-run': 'somebody else' } },
  })
  await p3.approveNow(id)
  const failed = await p3.approveUntil(id)
  expect(failed.sentence).toContain('Nothing of it was touched')
  expect(scene.effects('CreateDBInstance')).toBe(made)
  expect(scene.effects('DeleteDBInstance')).toBe(0)
  await p3.stop(id)
})

test('a runner that is lost while it loads leaves a database that is named as partial; the next begins from an empty one', {
  timeout: 400_000,
}, async () => {
  let held: (() => void) | null = null
  const reached = new Promise<void>((resolve) => {
    // It hangs, and hears of nothing.
    scene.restores.hold.load = async () => {
      resolve()
      await new Promise<void>((free) => {
        held = free
      })
    }
  })
  const id = await start({ damagedTables: 'castings' })
  await p3.asks(id)
  await p3.approveNow(id)
  await reached
  expect(await stateOf(id, 'load-backup')).toBe('acting')
  const loading = await readRun(scene.store, id)
  const copy = addressOf(loading)
  const master = estate().masterPassword(String(loading.facts.copyId))
  const client = new Client({ ...copy, database: 'postgres', user: cluster().masterUsername, password: master ?? '' })
  client.on('error', () => {})
  await client.connect()
  const names = async () =>
    (await client.query<{ datname: string }>('SELECT datname FROM pg_database WHERE NOT datistemplate')).rows.map(
      ({ datname }) => datname,
    )
  const [partial] = (await names()).filter((name) => name.includes('_partial_'))
  expect(partial).toMatch(/^castmatch_production_partial_/)
  expect(await names()).not.toContain('castmatch_production')
  // Its lease goes to another runner; it hangs, and when it goes on it must not finish what it began.
  scene.restores.hold.load = null
  await runner.lease.stop()
  runner = scene.startRunner()
  const run = await p3.done(id)
  ;(held as (() => void) | null)?.()
  expect(run.effects.filter((one) => one.stepId === 'load-backup')).toHaveLength(2)
  expect((await p3.said(id)).includes(`${partial} is partly loaded and not trusted`)).toBe(true)
  expect((await names()).sort()).toEqual(['castmatch_production', 'postgres'])
  await client.end()
  expect(await p3.count(copy, 'castings')).toBe(before)
})

test('the cutover moves every pod to the restored database; the old cluster is fenced and kept, and what is lost is counted', {
  timeout: 500_000,
}, async () => {
  await p3.sql(source(), "INSERT INTO commits (worker, n) VALUES ('test', 3)")
  const now = new Date().toISOString()
  const id = await start({
    goal: 'cutover',
    backup: keys[0],
    damagedTables: 'castings',
    maintenanceBy: 'Morgan Lee',
    maintenanceAt: now,
    lossAcceptedBy: 'Morgan Lee',
    overrideReason: 'A rehearsal of the whole cutover.',
  })
  await p3.asks(id)
  await p3.approveNow(id)
  const again = await p3.asks(id, 240_000)
  // The yes to the restore is no yes to the point of no return.
  const second = again.approvals.at(-1)
  expect(second?.stepId).toBe('approve-cutover')
  expect(second?.shown.facts.map(({ label }) => label)).toEqual(
    expect.arrayContaining(['Point of no return', 'Measured recovery point']),
  )
  const run = await p3.done(id)
  await p3.expectMoved(run, source(), before)
  expect(run.facts.lossSeconds).toBeGreaterThan(0)
  expect(run.facts.lostCommits).toBeGreaterThan(0)
  expect(scene.effects('DeleteDBCluster')).toBe(0)
  if (process.env.SHOW_OUTPUT) console.log(await p3.said(id))
})
