// Rows are deleted, and the application is moved to a copy of before. The ten items are about the copy from then on: each passes, or
// an open item of the run says what a person must do first. When that is done, the item passes and the open item is met.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { declare } from '../commands/incident/declare'
import { obligationsOf } from '../domain/run/obligation'
import { systemClock } from '../ports/clock'
import { procedureBySlug } from '../procedures/index'
import { readChecklist } from '../store/checklist'
import { readRun } from '../store/run'
import { recoveryIn } from './testing/recovery'
import { type Scene, stageScene } from './testing/scene'
import { createIncidentWatch } from './watch-incidents'

let scene: Scene
let p2: ReturnType<typeof recoveryIn>
beforeAll(async () => {
  scene = await stageScene(32_300)
  p2 = recoveryIn(scene)
  scene.startRunner()
  await vi.waitFor(() => expect(scene.snapshot()?.diagnosis.kind).toBe('healthy'), { timeout: 90_000 })
}, 180_000)
afterAll(async () => {
  await scene?.end()
})

const writer = () => scene.lab.lab.context.cluster.writerEndpoint
const openItems = async (id: string) =>
  obligationsOf((await readRun(scene.store, id)).facts).filter(({ state }) => state === 'open')

/** A look at all ten items, by the runner's own watch; answers what does not hold, and what it says. */
async function checked(incident: number): Promise<Map<string, string>> {
  const watch = createIncidentWatch({
    store: scene.store,
    runner: 'test',
    catalogue: procedureBySlug,
    leads: () => true,
    probe: {
      ports: scene.ports,
      environment: scene.environment,
      now: () => systemClock.now(),
      wait: (ms) => new Promise((done) => setTimeout(done, ms)),
    },
    againAfterMs: { holds: 0, open: 0 },
    log: (level, message, detail) => process.stderr.write(`${level} ${message} ${JSON.stringify(detail)}\n`),
  })
  await watch.once()
  const items = await readChecklist(scene.store.prisma, incident)
  expect(items).toHaveLength(10)
  return new Map(items.flatMap(({ key, state, says }) => (state === 'pass' ? [] : [[key, `${state}: ${says}`]])))
}

/** What the lab cannot tell: it has no certificates, and there is no hour before the impact. */
const unknowable = ['tls', 'performance']

/** Waits until exactly these items do not hold: errors of the outage itself are counted for a while. Answers what they say. */
async function settled(incident: number, ...keys: string[]): Promise<Map<string, string>> {
  return await vi.waitFor(
    async () => {
      const left = await checked(incident)
      for (const key of unknowable) if (/^unknown/.test(left.get(key) ?? '')) left.delete(key)
      expect([...left.keys()].sort(), [...left.values()].join('\n')).toEqual(keys)
      return left
    },
    { timeout: 240_000, interval: 500 },
  )
}

test('after a cutover each item of the checklist passes on the copy, or an open item says what a person must do', {
  timeout: 600_000,
}, async () => {
  const good = await p2.momentOn(writer())
  await scene.lab.lab.startFault('delete-rows', 'castings', { percent: 60 })
  const bad = await p2.momentOn(writer())
  await p2.archivedBeyond(bad)
  const declared = {
    title: 'Rows of castings were deleted',
    kind: 'real' as const,
    severity: 'SEV1' as const,
    scenario: 'S4' as const,
    symptoms: [],
    impactStartedAt: bad,
    commanderId: null,
  }
  // On a busy machine the store may be late; the same words are the same declaration.
  const { number } = await vi.waitFor(async () => declare(await scene.as('commander'), declared), {
    timeout: 60_000,
    interval: 1_000,
  })
  const id = await p2.start({
    goal: 'cutover',
    at: new Date(good).toISOString(),
    firstBadAt: new Date(good + 2_000).toISOString(),
    damagedTables: 'castings',
    instanceCount: 3,
    maintenanceBy: 'Morgan Lee',
    maintenanceAt: new Date(good).toISOString(),
    // On a busy machine the picture may lag behind what is rehearsed.
    overrideReason: 'A rehearsal of the whole cutover.',
  })
  await p2.asks(id)
  await p2.approveNow(id)
  // Who approves is told of the poolers while something can still be done about them.
  const routes = (await p2.asks(id)).approvals.at(-1)?.shown.facts.filter(({ label }) => label.startsWith('PgBouncer'))
  expect(routes).toHaveLength(2)
  const run = await p2.done(id)
  const copy = String(run.facts.copyId)

  // It has as many readers as the database before, made side by side, and they follow it.
  const made = scene.lab.lab.context.estate.instances().filter(({ clusterId }) => clusterId === copy)
  expect(made.map(({ role }) => role).sort()).toEqual(['reader', 'reader', 'writer'])

  const first = await settled(number, 'connectivity', 'replication')
  for (const key of first.keys())
    expect(
      (await openItems(id)).some(({ serves }) => serves?.some((one) => one === key)),
      key,
    ).toBe(true)
  expect(first.get('connectivity')).toContain('its configuration points to')

  // A person does what the open items say; nobody has to close them.
  await scene.lab.lab.startFault('pooler-host', copy, {})
  for (const pooler of scene.ports.poolers) await pooler.resume(scene.environment.database.name)
  await expect
    .poll(async () => (await openItems(id)).map((owed) => owed.id).filter((one) => one.startsWith('pooler-host-')), {
      timeout: 90_000,
      interval: 500,
    })
    .toEqual([])
  const then = await settled(number, 'replication')
  const left = (await openItems(id)).map((owed) => owed.id).sort()
  expect(left).toEqual(['dr-replica', 'guard-copy', 'past-pooler-castmatch-api', 'retain-source'])
  if (process.env.SHOW_OUTPUT) console.log(await p2.said(id), then)
})
