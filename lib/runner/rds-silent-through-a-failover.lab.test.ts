// The database has failed over, and RDS does not say so: its events are throttled, or what it describes is old. Clients wait in
// the pooler for the proof. The database itself proves it, so the clients write again, and RDS's word is owed to the run.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { countNumbers } from '../../lab/workload/ranges'
import { roomsOf } from '../../lab/workload/rooms'
import type { Run } from '../domain/run/run'
import { obligationSchema, readFacts } from '../procedures/facts'
import { readOutput } from '../store/run-output'
import { readersStream } from './testing/readers-stream'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
beforeAll(async () => {
  scene = await stageScene(22_600)
  scene.startRunner()
})
afterAll(async () => {
  await scene.end()
})
beforeEach(async () => {
  await expect.poll(() => readersStream(scene), { timeout: 60_000 }).toBe(true)
}, 70_000)

const patience = { timeout: 150_000 }
/** How many commits the application was told are there, by its own ledger. */
const acknowledged = () =>
  [...roomsOf(scene.lab.lab).ledger.acknowledged.values()].reduce((sum, ranges) => sum + countNumbers(ranges), 0)
const confirmation = (run: Run) =>
  readFacts(obligationSchema, run.facts).facts.obligations?.find((o) => o.id === 'rds-confirmation')

/** Fails over to a reader; from just before the approval on, RDS is as the fault makes it, until the fault is healed. */
async function failOverDuring(fault: string, target: string | null, parameters: Record<string, number | string>) {
  const { lab } = scene.lab
  const reader = lab.context.cluster.nodes().find((n) => n.role === 'reader')?.id ?? ''
  const before = scene.effects('FailoverDBCluster')
  const id = await scene.startFailover({ target: reader })
  await scene.reaches(id, ['waiting'])
  await lab.startFault(fault, target, parameters)
  await scene.approveOpen(id, await scene.as('approver'))
  const run = await scene.reaches(id, ['done', 'needs-person', 'aborted'], 120_000)
  const said = (await readOutput(scene.store, scene.environment.name, id, 0))
    .map((l) => `${l.stepId} ${l.kind}: ${l.text}`)
    .join('\n')
  expect(run.state, `${run.sentence}\n${said}`).toBe('done')
  expect(scene.effects('FailoverDBCluster') - before).toBe(1)
  expect(lab.context.cluster.writerId()).toBe(reader)
  expect(await scene.clientsHeld()).toBe(false)
  const written = acknowledged()
  await expect.poll(acknowledged, { timeout: 20_000 }).toBeGreaterThan(written)
  return { run, said }
}

test('events are throttled from just before the approval: the clients write again', patience, async () => {
  const { run, said } = await failOverDuring('api-throttle', 'rds', { calls: 0, operation: 'DescribeEvents' })
  expect(confirmation(run), said).toMatchObject({ state: 'open', why: expect.stringContaining('throttling') })
  await scene.lab.lab.heal('api-throttle')
})

test(
  'RDS describes the former writer long after the failover: it is waited for, and not for ever',
  patience,
  async () => {
    const { run, said } = await failOverDuring('stale-describes', null, { seconds: 120 })
    expect(confirmation(run), said).toMatchObject({ state: 'open', why: expect.stringContaining('as the writer') })
    expect(said).toContain('Waits for RDS, which could still put the former writer back.')
    await scene.lab.lab.heal('stale-describes')
  },
)
