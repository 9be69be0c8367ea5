// A few of the failovers of `npm run failovers`, each with its own bad luck: never two writers, one failover for each run, and
// no more lost than was shown before.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { failOver, fates, witnessLab } from './testing/many-failovers'
import { type Scene, stageScene } from './testing/scene'
import type { WriterWitness } from './testing/writer-witness'

let scene: Scene
let witness: WriterWitness
beforeAll(async () => {
  scene = await stageScene(21_500)
  witness = witnessLab(scene.lab.lab)
})
afterAll(async () => {
  await witness?.end()
  await scene?.end()
})

const nextFate = fates(777)
test.each(Array.from({ length: 4 }, (_, i) => i + 1))(
  'failover %i of a seed ends as it must',
  { timeout: 180_000 },
  async () => {
    const outcome = await failOver(scene, witness, nextFate())
    expect(outcome).toMatchObject({ ok: true, twoWriters: false, state: 'done' })
  },
)
