// The writer is killed under load. A responder starts the procedure, an approver says yes to what was shown, and the run
// goes green only when probes have seen it: one failover, pods writing to the new writer, the loss no more than shown.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyChain } from '../domain/record/chain'
import { readRecord, readRecordHead } from '../store/record'
import { readOutput } from '../store/run'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
beforeAll(async () => {
  scene = await stageScene(21_700)
})
afterAll(async () => {
  await scene.end()
})

describe('a primary failover', () => {
  test('goes from a killed writer to proved recovery, with exactly one failover', { timeout: 120_000 }, async () => {
    scene.startRunner()
    const approver = await scene.as('approver')
    await expect.poll(() => scene.snapshot()?.diagnosis.kind, { timeout: 30_000 }).toBe('healthy')
    await scene.lab.lab.startFault('kill-writer', null, {})
    await expect.poll(() => scene.snapshot()?.diagnosis.certainty, { timeout: 30_000 }).toBe('confirmed')
    const id = await scene.startFailover({ mode: 'real' })
    const waiting = await scene.reaches(id, ['waiting', 'aborted', 'needs-person'])
    expect(waiting.state, waiting.sentence).toBe('waiting')
    await scene.approveOpen(id, approver)
    const done = await scene.reaches(id, ['done', 'needs-person', 'aborted'], 55_000)
    const said = (await readOutput(scene.store, id, 0))
      .map((l) => `${l.at % 100_000} ${l.stepId}: ${l.kind}: ${l.text}`)
      .join('\n')
    expect(done.state, `${done.sentence}\n${said}`).toBe('done')
    expect(scene.effects('FailoverDBCluster')).toBe(1)
    expect(done.steps.find((s) => s.stepId === 'fail-over')?.state).toBe('confirmed')
    const head = await readRecordHead(scene.store)
    expect(await verifyChain(readRecord(scene.store, { upTo: head.n }), head)).toMatchObject({ whole: true })
    if (process.env.SHOW_OUTPUT) console.log(said)
  })
})
