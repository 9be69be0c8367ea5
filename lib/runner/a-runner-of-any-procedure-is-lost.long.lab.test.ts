// A sample of the crash matrix of every procedure but the failover, which has its own (runner-killed-and-frozen): a runner dies by
// kill -9, or its lease lapses, at a point drawn by a seed, steps that act at the same time included. Every effect once, no copy
// that nobody names, and the run ends. CRASH_SEED repeats a finding; testing/sample-strikes.ts says how it is drawn.
import { afterAll, describe, expect, test } from 'vitest'
import { strike } from './testing/crash-matrix'
import { isInLab } from './testing/drives/drive'
import { drives } from './testing/drives/index'
import { sampleOf } from './testing/sample-strikes'
import { type Scene, stageScene } from './testing/scene'

const seed = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000_000)
const sampled = drives.filter(isInLab).filter(({ sampled: { effects, writes } }) => effects + writes > 0)

describe.each(sampled.map((drive, i) => ({ name: drive.name, drive, i })))('$name', ({ drive, i }) => {
  let scene: Scene | null = null
  afterAll(async () => {
    await scene?.end()
  })

  test.each(sampleOf(drive, seed + i).map(({ point, how }) => ({ ...point, how })))(
    `seed ${seed}: $how $when $at $n`,
    { timeout: 2 * drive.limitMs + 120_000 },
    async ({ how, ...point }) => {
      scene ??= await stageScene(28_700 + 400 * i)
      expect(await strike(scene, drive, point, how)).toMatchObject({
        struck: true,
        state: 'done',
        repeated: 0,
        lost: [],
        doubled: [],
        wrong: [],
        ok: true,
      })
    },
  )
})
