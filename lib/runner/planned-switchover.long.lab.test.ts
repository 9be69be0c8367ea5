// The most frequent use: a healthy writer is moved on purpose. Clients wait, the target receives the last position, and not one
// acknowledged commit is lost. While anybody still writes past the pooler, nothing is moved.
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { applicationUser } from '../../lab/postgres/seed'
import { readRun } from '../store/run'
import { readersStream } from './testing/readers-stream'
import { type Scene, stageScene } from './testing/scene'

let scene: Scene
beforeAll(async () => {
  scene = await stageScene(30_500)
  scene.startRunner()
})
beforeEach(async () => {
  await expect.poll(() => scene.snapshot()?.diagnosis.kind, { timeout: 90_000 }).toBe('healthy')
  // What RDS still does after the switchover before would rightly stop the next.
  await expect.poll(() => readersStream(scene), { timeout: 90_000 }).toBe(true)
}, 200_000)
afterAll(async () => {
  await scene?.end()
})
const patience = { timeout: 150_000 }

const reader = () => scene.lab.lab.context.cluster.nodes().find((n) => n.role === 'reader')?.id ?? ''

async function planned(target: string): Promise<string> {
  const id = await scene.startFailover({ mode: 'real', target, inputs: { kind: 'switchover' } })
  const waiting = await scene.reaches(id, ['waiting', 'aborted', 'needs-person'])
  expect(waiting.state, waiting.sentence).toBe('waiting')
  expect(waiting.title).toBe('Planned switchover')
  expect(waiting.approvals.at(-1)).toMatchObject({
    title: `Switch over to ${target}, lose nothing`,
    shown: { loss: null },
  })
  await scene.approveOpen(id, await scene.as('approver'))
  return id
}

/** What the lab itself counts: numbers that pods were told are committed and the writer does not hold. */
async function lostByLab(): Promise<number | null> {
  const answer = await fetch(`${scene.lab.url}/lab/workload`, {
    headers: { 'x-lab-token': scene.lab.lab.secrets.token },
  })
  return ((await answer.json()) as { lost: number | null }).lost
}

test('a healthy writer is moved without an override, and no acknowledged commit is lost', patience, async () => {
  const target = reader()
  const run = await scene.reaches(await planned(target), ['done', 'needs-person', 'aborted'], 90_000)
  expect(run.state, run.sentence).toBe('done')
  expect(scene.effects('FailoverDBCluster')).toBe(1)
  expect(scene.lab.lab.context.cluster.writerId()).toBe(target)
  expect(run.steps.find((s) => s.stepId === 'receive-all')?.sentence).toMatch(/Nothing is lost\.$/)
  expect(run.facts.lostCommits).toBe(0)
  await expect.poll(lostByLab, { timeout: 20_000 }).toBe(0)
})

test('while a session of the application goes past the pooler, nothing is moved', patience, async () => {
  const { cluster } = scene.lab.lab.context
  const [writer, before] = [cluster.writerId(), scene.effects('FailoverDBCluster')]
  const client = new Client({
    ...cluster.writerEndpoint,
    user: applicationUser,
    database: scene.environment.database.name,
    password: scene.lab.lab.secrets.applicationPassword,
    application_name: 'nightly-report',
  })
  client.on('error', () => {})
  await client.connect()
  const id = await planned(reader())
  const step = async () => (await readRun(scene.store, id)).steps.find((s) => s.stepId === 'receive-all')
  await expect
    .poll(async () => (await step())?.sentence, { timeout: 60_000 })
    .toMatch(/goes past the pooler: nightly-report\.$/)
  expect([cluster.writerId(), scene.effects('FailoverDBCluster')]).toEqual([writer, before])
  await client.end()
  const run = await scene.reaches(id, ['done', 'needs-person', 'aborted'], 90_000)
  expect(run.state, run.sentence).toBe('done')
  expect(scene.effects('FailoverDBCluster')).toBe(before + 1)
  await expect.poll(lostByLab, { timeout: 20_000 }).toBe(0)
})
