// The home region stops responding, and the control plane of Route 53 with it. The database is promoted in the other region and its
// name follows by the switch object. The name of the API waits for the control plane, and a health check that someone else changed is
// read again and approved again. One resolver keeps its old answer: it is named, and the run goes on.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Cli, cliOf } from '../../lab/aws/cli-testing'
import { checkIds, switchObject } from '../../lab/names/seed'
import { dug } from '../../lab/names/testing'
import { labResolvers } from '../../lab/ports'
import { startRun } from '../commands/run/start-run'
import { nodeKey } from '../domain/cluster/node-key'
import type { Run } from '../domain/run/run'
import { procedureBySlug } from '../procedures/index'
import { type Scene, stageScene } from './testing/scene'

const [database, api] = ['db.castmatch.internal', 'api.castmatch.test']
let scene: Scene
let cli: Cli
beforeAll(async () => {
  scene = await stageScene(31_500)
  scene.startRunner()
  cli = cliOf({ url: scene.lab.url, secrets: scene.lab.lab.secrets })
}, 240_000)
afterAll(async () => {
  cli?.end()
  await scene?.end()
})

const port = () => scene.lab.lab.context.ports.http
const served = (name: string, type = 'A') => dug(labResolvers.authoritative, port(), name, type)
/** What a run says of itself, for a test that fails. */
const steps = ({ sentence, checks, steps: all }: Run) =>
  [
    sentence,
    ...checks.flatMap(({ title, result, message }) => (result === 'block' ? [`${title}: ${message}`] : [])),
    ...all.map((s) => `${s.stepId}: ${s.state} (${s.sentence})`),
  ].join('\n')

/** Two people say yes to whatever is asked, until the run is over or needs a person. */
async function approved(runId: string, titles: string[]): Promise<Run> {
  for (;;) {
    const run = await scene.reaches(runId, ['waiting', 'done', 'needs-person', 'aborted'], 240_000)
    if (run.state !== 'waiting') return run
    titles.push(run.approvals.findLast(({ state }) => state === 'open')?.title ?? '')
    await scene.approveOpen(runId, await scene.as('approver'))
    await scene.reaches(runId, ['running', 'done', 'needs-person', 'aborted'], 30_000)
  }
}

test('names follow the promoted database by what is left of Route 53, each change once', {
  timeout: 600_000,
}, async () => {
  const { environment, lab } = scene
  await expect.poll(() => scene.snapshot()?.diagnosis.kind, { timeout: 120_000 }).toBe('healthy')
  const { region, drRegion } = environment.aws
  const replica = lab.lab.context.cluster.nodes().find(({ role }) => role === 'cross-region')
  if (!replica) throw new Error('the lab has no replica elsewhere')
  const home = await served(database)
  expect(home).not.toContain(replica.address.host)
  await lab.lab.startFault('names-api-down', null, {})
  // It has the former answer, and keeps it.
  await dug(labResolvers.cluster, port(), database, 'A')
  await dug(labResolvers.cluster, port(), database, 'CNAME')
  await lab.lab.startFault('names-resolver-stale', 'cluster', {})
  await lab.lab.startFault('region-outage', 'region', { how: 'refuse' })
  await expect.poll(() => scene.snapshot()?.diagnosis.certainty, { timeout: 90_000 }).toBe('confirmed')
  const { id: runId } = await startRun(
    await scene.as('responder'),
    environment,
    {
      slug: 'region-recovery',
      mode: 'real',
      reason: 'A test of names that follow',
      typedEnvironment: environment.name,
      inputs: { target: nodeKey(replica.id, drRegion, region), dnsMode: 'forced' },
    },
    scene.snapshot(),
  )

  const titles: string[] = []
  const stopped = await approved(runId, titles)
  expect(stopped.state, steps(stopped)).toBe('needs-person')
  expect(titles).toEqual([expect.stringContaining('Promote '), 'Move 2 names from us-west-2 to us-east-1'])
  const checks = stopped.checks.filter(({ id }) => id.startsWith('DNS '))
  expect(checks.map(({ result }) => result)).toEqual(['warn', 'warn'])
  // The database's name has moved by the data plane alone.
  expect(stopped.currentStepId).toBe(`move-${api}`)
  expect(await served(database)).toContain(replica.address.host)
  const { bucket, key } = switchObject
  const head = await cli.run([
    's3api',
    'head-object',
    '--bucket',
    bucket,
    '--key',
    key,
    '--region',
    switchObject.region,
  ])
  expect([head.code, head.stdout]).toEqual([0, expect.stringContaining(runId)])

  // The control plane is back, and someone else changes the check of the API right before this run does.
  await lab.lab.heal('names-api-down')
  await lab.lab.startFault('names-check-contested', checkIds.api, {})
  await scene.steer(runId, 'retry')
  const contested = await approved(runId, titles)
  expect([contested.state, contested.currentStepId], steps(contested)).toEqual(['needs-person', `move-${api}`])
  expect(contested.sentence + steps(contested)).toContain('HealthCheckVersionMismatch')
  expect(scene.effects('UpdateHealthCheck')).toBe(0)
  await scene.steer(runId, 'retry')
  const run = await approved(runId, titles)
  expect(run.state, steps(run)).toBe('done')
  // The version is another, so the command is, and two people were asked for it anew.
  expect(titles.slice(2)).toEqual(Array(2).fill('Move 2 names from us-west-2 to us-east-1'))

  expect([scene.effects('PutObject'), scene.effects('UpdateHealthCheck')]).toEqual([1, 1])
  const check = ['route53', 'get-health-check', '--health-check-id', checkIds.api]
  const { HealthCheck } = await cli.json(...check, '--region', 'us-east-1')
  expect(HealthCheck.HealthCheckConfig).toMatchObject({ Disabled: true, Inverted: true })
  expect(await served(api, 'CNAME')).toEqual(['api.us-east-1.castmatch.test'])
  const owed = procedureBySlug('region-recovery')?.obligations(run.facts) ?? []
  const open = owed.filter(({ state }) => state === 'open').map(({ id }) => id)
  expect(open).toContain(`name-${database}:resolver:${labResolvers.cluster}:${port()}`)
  expect(open).not.toContain('names')
})

test('a resolver that follows at last closes what was open of it', { timeout: 120_000 }, async () => {
  const { store, lab } = scene
  await lab.lab.heal('names-resolver-stale')
  const found = async () => {
    const { rows } = await store.pool.query<{ facts: Run['facts'] }>('SELECT facts FROM run')
    const owed = procedureBySlug('region-recovery')?.obligations(rows[0]?.facts ?? {}) ?? []
    return owed.filter(({ id }) => id.includes(':resolver:')).map(({ state }) => state)
  }
  await expect.poll(found, { timeout: 60_000 }).toEqual(['met'])
})
