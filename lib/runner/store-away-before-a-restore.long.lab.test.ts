// The store is lost at the worst moment: everything has been looked at, and the restore is about to be sent. Without its intent
// nothing is sent; when the store is back, the restore is sent once, under the same name and the same approval.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { procedureBySlug } from '../procedures/index'
import { readRun } from '../store/run'
import { startCuttable } from './testing/cuttable'
import { ended, recoveryIn } from './testing/recovery'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
let way: Awaited<ReturnType<typeof startCuttable>>
let cut = false
beforeAll(async () => {
  scene = await stageScene(29_700)
  way = await startCuttable(scene.storeUrl)
  scene.startRunner({
    storeUrl: way.url,
    catalogue(slug) {
      const procedure = procedureBySlug(slug)
      return (
        procedure && {
          ...procedure,
          steps: (environment, inputs) =>
            procedure.steps(environment, inputs).map((step) =>
              step.id === 'restore-copy'
                ? {
                    ...step,
                    async guard(world, ctx) {
                      const refusal = (await step.guard?.(world, ctx)) ?? null
                      if (!cut) way.cut()
                      cut = true
                      return refusal
                    },
                  }
                : step,
            ),
        }
      )
    },
  })
  await vi.waitFor(() => expect(scene.snapshot()?.diagnosis.kind).toBe('healthy'), { timeout: 60_000 })
  await vi.waitFor(() => expect(scene.snapshot()?.backups.value?.latestRestorableAt ?? null).not.toBeNull(), {
    timeout: 120_000,
  })
}, 240_000)
afterAll(async () => {
  way?.mend()
  await scene?.end()
  await way?.stop()
})

test('nothing is restored while the intent cannot be written, and one copy is when it can', {
  timeout: 400_000,
}, async () => {
  const p2 = recoveryIn(scene)
  const asked = await p2.begin({ goal: 'inspect', instanceCount: 1 })
  expect(asked.state, asked.sentence).toBe('waiting')
  await scene.approveOpen(asked.id, await scene.as('approver'))
  await vi.waitFor(() => expect(cut).toBe(true), { timeout: 60_000 })
  // Long enough for the runner to have lost its lease: whoever sent now would send without a fence.
  await vi.waitFor(
    async () => {
      const { rows } = await scene.owner.pool.query<{ lapsed: boolean }>(
        'SELECT bool_and(expires_at < clock_timestamp()) AS lapsed FROM lease',
      )
      expect(rows[0]?.lapsed).toBe(true)
    },
    { timeout: 120_000, interval: 200 },
  )
  expect(scene.effects('RestoreDBClusterToPointInTime')).toBe(0)
  expect((await readRun(scene.store, asked.id)).effects).toEqual([])
  way.mend()
  const run = await scene.reaches(asked.id, ['waiting', ...ended], 200_000)
  expect(run.state, `${run.sentence}\n${await p2.said(asked.id)}`).toBe('done')
  expect(scene.effects('RestoreDBClusterToPointInTime')).toBe(1)
  expect(run.facts.copyId).toBe(asked.facts.copyId)
  expect(run.approvals.map(({ state }) => state)).toEqual(['approved'])
})
