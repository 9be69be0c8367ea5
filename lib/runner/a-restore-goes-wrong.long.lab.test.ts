// A restore on its bad days: the archive has a gap, the name is somebody else's, the credentials expire in the middle, and an
// answer is lost. Nothing of anybody else is touched, nothing is made twice, and what is left over is deleted by two people.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Run } from '../domain/run/run'
import { readRun } from '../store/run'
import { ended, recoveryIn } from './testing/recovery'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
let p2: ReturnType<typeof recoveryIn>
beforeAll(async () => {
  scene = await stageScene(28_100)
  p2 = recoveryIn(scene)
  scene.startRunner()
  await vi.waitFor(() => expect(scene.snapshot()?.diagnosis.kind).toBe('healthy'), { timeout: 60_000 })
  await vi.waitFor(() => expect(scene.snapshot()?.backups.value?.latestRestorableAt ?? null).not.toBeNull(), {
    timeout: 90_000,
    interval: 200,
  })
}, 180_000)
afterAll(async () => {
  await scene?.end()
})

const estate = () => scene.lab.lab.context.estate
const start = (inputs: Record<string, unknown> = {}) => p2.start({ instanceCount: 1, ...inputs })
/** Approves what is asked first, and sees the run go on. */
async function approved(id: string): Promise<void> {
  await p2.asks(id)
  await p2.approveNow(id)
}
const rests = (id: string) => scene.reaches(id, ended, 120_000)
const copyOf = (run: Run) => String(run.facts.copyId)
const clusterStatus = (id: string) =>
  estate()
    .clusters()
    .find((one) => one.id === id)?.status ?? 'gone'

test('a restore that ends as incompatible is named, and its remains are deleted by two people', {
  timeout: 240_000,
}, async () => {
  // Two segments must have been archived since the base backup, which takes the lab some seconds.
  await vi.waitFor(() => scene.lab.lab.startFault('archive-gap', null, {}), { timeout: 90_000, interval: 500 })
  const id = await start()
  await approved(id)
  const failed = await rests(id)
  await scene.lab.lab.heal('archive-gap')
  expect(failed.state, `${failed.sentence}\n${await p2.said(id)}`).toBe('needs-person')
  expect(failed.currentStepId).toBe('restore-copy')
  expect(failed.sentence).toContain('incompatible-restore')
  expect(clusterStatus(copyOf(failed))).toBe('incompatible-restore')
  await scene.steer(id, 'undo')
  const waiting = await scene.reaches(id, ['waiting'], 30_000)
  const open = waiting.approvals.findLast((a) => a.state === 'open')
  expect(open?.shown.commands[0]?.cli).toContain(`delete-db-cluster \\\n  --db-cluster-identifier ${copyOf(failed)}`)
  // Whoever asked for it is not the one who approves it.
  await expect(scene.approveOpen(id, await scene.as('commander'))).rejects.toMatchObject({ code: 'not-allowed' })
  await scene.approveOpen(id, await scene.as('approver'))
  await expect
    .poll(async () => (await readRun(scene.store, id)).steps.find((s) => s.stepId === 'restore-copy')?.state, {
      timeout: 60_000,
    })
    .toBe('undone')
  expect(clusterStatus(copyOf(failed))).toBe('gone')
  await p2.stop(id)
})

test('a name that somebody else has taken stops the run, and nothing of theirs is touched', {
  timeout: 120_000,
}, async () => {
  await vi.waitFor(() => expect(scene.snapshot()?.diagnosis.kind).toBe('healthy'), { timeout: 30_000 })
  const before = scene.effects('RestoreDBClusterToPointInTime')
  const deleted = scene.effects('DeleteDBCluster')
  const id = await start()
  const asked = await p2.asks(id)
  const theirs = copyOf(asked)
  estate().restoreCluster({
    id: theirs,
    sourceId: scene.environment.aws.clusterId,
    at: null,
    attributes: { DeletionProtection: false, Tags: { 'dr-run': 'somebody else' } },
  })
  await p2.approveNow(id)
  const failed = await rests(id)
  expect(failed.state).toBe('needs-person')
  expect(failed.sentence).toContain('Nothing of it was touched')
  expect(scene.effects('RestoreDBClusterToPointInTime')).toBe(before)
  expect(scene.effects('DeleteDBCluster')).toBe(deleted)
  expect(
    estate()
      .clusters()
      .find((one) => one.id === theirs)?.attributes.Tags,
  ).toEqual({ 'dr-run': 'somebody else' })
  await p2.stop(id)
})

test('credentials that expire between restore and instances pause the run, which goes on with the same names', {
  timeout: 240_000,
}, async () => {
  const id = await start({ instanceCount: 2 })
  await approved(id)
  await p2.stepIs(id, 'restore-copy', 'verifying')
  await scene.lab.lab.startFault('expired-token', null, {})
  const copy = copyOf(await readRun(scene.store, id))
  // It says what it meets, and changes nothing.
  await expect.poll(async () => (await p2.said(id)).includes('expired'), { timeout: 60_000 }).toBe(true)
  await scene.lab.lab.heal('expired-token')
  let run = await rests(id)
  if (run.state === 'needs-person') {
    await scene.steer(id, 'retry')
    run = await rests(id)
  }
  expect(run.state, `${run.sentence}\n${await p2.said(id)}`).toBe('done')
  expect(copyOf(run)).toBe(copy)
  expect(
    estate()
      .instances()
      .map((one) => one.id)
      .filter((name) => name.startsWith(copy))
      .sort(),
  ).toEqual([`${copy}-1`, `${copy}-2`])
})

test('a 500 after the effect of CreateDBInstance is observed, and nothing is created twice', {
  timeout: 240_000,
}, async () => {
  const before = scene.effects('CreateDBInstance')
  await scene.lab.lab.startFault('api-500', null, { when: 'after', calls: 1, operation: 'CreateDBInstance' })
  const id = await start()
  await approved(id)
  const run = await rests(id)
  await scene.lab.lab.heal('api-500')
  expect(run.state, `${run.sentence}\n${await p2.said(id)}`).toBe('done')

  expect(run.effects.filter((e) => e.stepId === 'create-instance-1').map((e) => e.outcome)).toEqual(['unknown'])
  expect(scene.effects('CreateDBInstance')).toBe(before + 1)
})
