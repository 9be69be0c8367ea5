// A sample of the crash matrix (npm run crash-matrix has all of it): a runner dies by kill -9 around the failover, one
// freezes past its lease between intent and act and thaws. One failover each time. Without the fence there are more.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { strike } from './testing/crash-matrix'
import { failover } from './testing/drives/primary-failover'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
beforeAll(async () => {
  scene = await stageScene(21_740)
})
afterAll(async () => {
  await scene.end()
})
const patience = { timeout: 150_000 }

test(
  'kill -9 right after the failover was sent: another runner ends the run with that one failover',
  patience,
  async () => {
    expect(await strike(scene, failover, { at: 'effect', n: 2, when: 'after' })).toMatchObject({
      struck: true,
      ok: true,
    })
  },
)

test(
  'kill -9 before RESUME: the clients are held, and another runner lets them through to the new writer',
  patience,
  async () => {
    expect(await strike(scene, failover, { at: 'effect', n: 3, when: 'before' })).toMatchObject({
      struck: true,
      held: { whenStruck: true, after: false },
      ok: true,
    })
  },
)

test(
  'kill -9 right after a write of the journal: another runner ends the run with one failover',
  patience,
  async () => {
    expect(await strike(scene, failover, { at: 'write', n: 12, when: 'after' })).toMatchObject({
      struck: true,
      ok: true,
    })
  },
)

test.each([
  ['right after the failover was answered', { at: 'effect', n: 2, when: 'after' }],
  ['right before the failover is sent', { at: 'effect', n: 2, when: 'before' }],
] as const)('the lease lapses %s: the run ends with one failover', patience, async (_when, point) => {
  expect(await strike(scene, failover, point, 'lapse')).toMatchObject({ struck: true, ok: true })
})

test('a zombie that thaws after its lease, right before its call, sends nothing', patience, async () => {
  expect(await strike(scene, failover, { at: 'effect', n: 2, when: 'before' }, 'freeze')).toMatchObject({
    struck: true,
    ok: true,
  })
})

test('the control: a zombie without the fence does send it again', patience, async () => {
  const verdict = await strike(scene, failover, { at: 'effect', n: 2, when: 'before' }, 'freeze', 'off')
  expect(verdict).toMatchObject({ struck: true, repeated: 1, ok: false })
})
