// The store is lost at the worst moment: everything has been looked at, and the restore is about to be sent. Without its intent
// nothing is sent; when the store is back, the restore is sent once, under the same name and the same approval. And while a backup is
// loaded: what was loaded meanwhile is not believed, and loaded anew.

import { Client } from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { needed } from '../procedures/facts'
import { procedureBySlug } from '../procedures/index'
import { restoreFacts } from '../procedures/s3-restore/facts'
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

const lapsed = () =>
  vi.waitFor(
    async () => {
      const { rows } = await scene.owner.pool.query<{ lapsed: boolean }>(
        'SELECT bool_and(expires_at < clock_timestamp()) AS lapsed FROM lease',
      )
      expect(rows[0]?.lapsed).toBe(true)
    },
    { timeout: 120_000, interval: 200 },
  )

test('nothing is restored while the intent cannot be written, and one copy is when it can', {
  timeout: 400_000,
}, async () => {
  const p2 = recoveryIn(scene)
  const asked = await p2.begin({ goal: 'inspect', instanceCount: 1 })
  expect(asked.state, asked.sentence).toBe('waiting')
  await scene.approveOpen(asked.id, await scene.as('approver'))
  await vi.waitFor(() => expect(cut).toBe(true), { timeout: 60_000 })
  // Long enough for the runner to have lost its lease: whoever sent now would send without a fence.
  await lapsed()
  expect(scene.effects('RestoreDBClusterToPointInTime')).toBe(0)
  expect((await readRun(scene.store, asked.id)).effects).toEqual([])
  way.mend()
  const run = await scene.reaches(asked.id, ['waiting', ...ended], 200_000)
  expect(run.state, `${run.sentence}\n${await p2.said(asked.id)}`).toBe('done')
  expect(scene.effects('RestoreDBClusterToPointInTime')).toBe(1)
  expect(run.facts.copyId).toBe(asked.facts.copyId)
  expect(run.approvals.map(({ state }) => state)).toEqual(['approved'])
})

test('a load that ends while the store is away gives the database no name; when it is back the backup is loaded anew', {
  timeout: 400_000,
}, async () => {
  const backup = await scene.restores.backUp()
  const made = scene.effects('CreateDBInstance')
  let free = () => {}
  const held = new Promise<void>((reached) => {
    // All of it is loaded and proved.
    scene.restores.hold.load = async () => {
      scene.restores.hold.load = null
      reached()
      await new Promise<void>((resolve) => {
        free = resolve
      })
    }
  })
  const p4 = recoveryIn(scene, 's3-restore')
  const asked = await p4.begin({ goal: 'inspect', backup })
  expect(asked.state, asked.sentence).toBe('waiting')
  const { id } = asked
  await p4.approveNow(id)
  await held
  way.cut()
  await lapsed()
  const loading = restoreFacts.parse((await readRun(scene.store, id)).facts)
  const { masterUsername: user } = scene.lab.lab.context.cluster
  const client = new Client({
    ...needed(loading.endpoint, 'the address of the copy'),
    ...{ user, database: 'postgres' },
    password: scene.lab.lab.context.estate.masterPassword(needed(loading.copyId, 'the copy')) ?? '',
  })
  client.on('error', () => {})
  await client.connect()
  const names = async () =>
    (
      await client.query<{ name: string }>('SELECT datname AS name FROM pg_database WHERE NOT datistemplate ORDER BY 1')
    ).rows.map(({ name }) => name)
  expect((await names()).some((name) => name.includes('_partial_'))).toBe(true)
  free()
  await expect.poll(names, { timeout: 30_000 }).toEqual(['postgres'])
  way.mend()
  let run = await scene.reaches(id, ['waiting', ...ended], 200_000)
  // Whether the outcome or the turn was lost first decides whether a person is asked.
  if (run.state === 'needs-person') {
    await scene.steer(id, 'retry')
    run = await scene.reaches(id, ['waiting', 'done', 'aborted', 'stopped'], 200_000)
  }
  expect(run.state, run.sentence).toBe('done')
  expect(await names()).toEqual([scene.environment.database.name, 'postgres'])
  await client.end()
  expect(run.effects.filter(({ stepId }) => stepId === 'load-backup').length).toBeGreaterThan(1)
  expect(scene.effects('CreateDBInstance')).toBe(made + 1)
  expect(run.approvals.map(({ state }) => state)).toEqual(['approved'])
})
