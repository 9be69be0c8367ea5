// A database without a cluster dies. Nobody closes it and no name follows: its replica is promoted, the old one is put where
// nobody reaches it, the pods are led to the new address, and what they write from then on is on the new writer. The other
// shapes, and the other ways of leading the pods over, are driven by every-topology.long.lab.test.ts.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Scene, stageScene } from './testing/scene'
import { drive, promotion } from './testing/topologies'

let scene: Scene
beforeAll(async () => {
  scene = await stageScene(21_320, 'instance')
  scene.startRunner()
})
afterAll(async () => {
  await scene?.end()
})

test('its replica is promoted once, after the old writer was closed, and the pods write there', {
  timeout: 150_000,
}, async () => {
  const driven = await drive(scene, promotion)
  expect(driven.ok, `${driven.sentence}\n${driven.output}`).toBe(true)
  expect(driven.effects.filter((e) => !e.startsWith('PAUSE') && !e.startsWith('RESUME'))).toEqual([
    'ModifyDBInstance castmatch-prod-primary',
    'PromoteReadReplica castmatch-prod-replica-1',
    'PatchDeployment castmatch-api',
  ])
  const promoted = scene.lab.lab.context.cluster.node('castmatch-prod-replica-1')
  expect(driven.host).toBe(`${promoted?.address.host}:${promoted?.address.port}`)
  await expect.poll(() => scene.snapshot()?.writerId, { timeout: 15_000 }).toBe('castmatch-prod-replica-1')
  expect(scene.snapshot()?.topology).toBe('instance')
  expect(driven.output).toMatch(/The configuration of PgBouncer at \S+ points to castmatch-prod-primary/)
})
