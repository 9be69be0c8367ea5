/*
 * A procedure is added that no file outside its own folder knows. It is recommended by its own rule, started from an incident,
 * approved by a second person, acts, is proved, is watched after its end, and its figures are in the report: all by the
 * catalogue alone.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { declare } from '../commands/incident/declare'
import { approve } from '../commands/run/decide'
import { startRun } from '../commands/run/start-run'
import { signedIn } from '../commands/testing/signed-in'
import { leastLab } from '../config/testing/lab'
import type { Snapshot } from '../domain/cluster/types'
import type { Call } from '../domain/procedure/call'
import { digestOf } from '../domain/procedure/canonical'
import { recommended } from '../domain/procedure/catalogue'
import { snapshotWithCanaries } from '../domain/wall/testing/snapshot'
import type { Database } from '../ports/database'
import type { Surroundings } from '../procedures/contract'
import { catalogue } from '../procedures/index'
import { createStore, type Store } from '../store/client'
import { leaseStore } from '../store/lease'
import { readRun } from '../store/run'
import { databasePerTest } from '../store/testing/database'
import type { Person, ViewContext } from '../views/context'
import { readIncidentFor } from '../views/incident'
import { readIncidents } from '../views/incident-list'
import { readProcedure } from '../views/procedure'
import { readReport } from '../views/report'
import { readRunFor } from '../views/run'
import { viewSource } from '../views/testing/source'
import { Lease } from './lease'
import { createProcedureRunner, type ProcedureRunner, type ProcedureRunnerSettings } from './procedures'
import { surroundings as usual } from './testing/one-effect'

const surroundings: Surroundings = { ...usual, name: 'lab', kind: 'lab' }
vi.mock('../procedures/index', async (original) => {
  const known = await original<typeof import('../procedures/index')>()
  const { example } = await import('../procedures/testing/example')
  const { catalogueOf } = await import('../procedures/catalogue')
  const procedures = [...known.procedures, example]
  return {
    procedures,
    procedureBySlug: (slug: string) => procedures.find((one) => one.slug === slug) ?? null,
    catalogue: catalogueOf(procedures),
  }
})
const database = databasePerTest()
/** The collector's picture, the cluster, and what was sent to it. */
let picture: Snapshot
let isProtected: boolean
let sent: Call[]
let store: Store
let lease: Lease
let runner: ProcedureRunner

beforeEach(() => {
  isProtected = false
  sent = []
  const usualPicture = snapshotWithCanaries()
  const now = Date.now()
  picture = {
    ...usualPicture,
    takenAt: now,
    rdsObservedAt: now,
    diagnosis: { ...usualPicture.diagnosis, kind: 'primary-down', recommend: true, scenario: 'S3' },
  }
  store = createStore(database().runnerUrl, { connections: 4 })
  lease = new Lease(leaseStore(store), 'collector:lab', 'one')
  const fleet = {
    guarded: async () => ({ cluster: { deletionProtection: isProtected }, instances: [] }),
    control: {
      execute: async (call: Call) => {
        sent.push(call)
        isProtected = true
        return { requestId: 'r', httpStatus: 200 }
      },
    },
  } as unknown as ProcedureRunnerSettings['ports']['fleet']
  const nowhere = {} as Database
  runner = createProcedureRunner({
    store,
    storeUrl: database().runnerUrl,
    lease,
    environment: surroundings,
    ports: {
      fleet,
      database: nowhere,
      workloads: null,
      poolers: [],
      throughPoolers: new Map(),
      control: null,
      metrics: null,
      snapshot: () => picture,
    },
    looks: { database: nowhere, control: null },
    onChanged: () => {},
    log: () => {},
    pace: 0.02,
  })
  lease.start()
  runner.start()
})
afterEach(async () => {
  await runner.stop()
  await lease.stop()
  await store.close()
})

const as = (login: string) =>
  signedIn(database(), { login, name: login, role: 'commander' }, { name: 'lab', kind: 'lab' })
const shown = leastLab({ aws: surroundings.aws })
/** What a page reads with when this person opens it. */
const viewer = ({ id, name, role }: Person): ViewContext => ({
  ...viewSource(database().web, { environment: shown, snapshot: () => picture }),
  person: { id, name, role },
})
const wait = { timeout: 15_000, interval: 20 }

test('a procedure that nothing names is recommended, run, watched and reported', async () => {
  const [ann, ben] = await Promise.all([as('Ann'), as('Ben')])
  const view = viewer(ann.person)

  // Verdict: by its own scenarios, and by what it needs.
  expect(recommended(picture.diagnosis, catalogue, picture)).toMatchObject({ entry: { key: 'E1' }, unfit: null })
  const bare = { ...picture, candidates: [] }
  expect(recommended(picture.diagnosis, catalogue, bare)).toMatchObject({ unfit: expect.stringContaining('a reader') })

  // Decision sheet, next step and its own page with the form.
  const began = Date.now() - 60_000
  const { number } = await declare(ann, {
    title: 'Things are deleted',
    kind: 'real',
    severity: 'SEV1',
    scenario: 'S3',
    symptoms: ['outage'],
    impactStartedAt: began,
    commanderId: ann.person.id,
  })
  const incident = await readIncidentFor(view, number)
  expect(incident.sheet.options.find(({ key }) => key === 'E1')).toMatchObject({
    title: 'Protection from deletion',
    fits: 'recommended',
    rtoVerdict: 'met',
  })
  expect(incident.path.find(({ key }) => key === 'procedure')).toMatchObject({ procedure: 'E1' })
  expect(await readProcedure(view, 'example-protection')).toMatchObject({
    unfit: null,
    fields: [{ name: 'retentionDays', default: 14 }],
    steps: [{ id: 'consent' }, { id: 'protect', command: expect.stringContaining('modify-db-cluster') }],
  })

  // Start: what the procedure itself refuses is refused.
  const start = (retentionDays: number) =>
    startRun(
      ann,
      surroundings,
      {
        slug: 'example-protection',
        mode: 'real',
        reason: 'Somebody deletes things',
        typedEnvironment: 'lab',
        incidentNumber: number,
        inputs: { retentionDays },
      },
      picture,
    )
  await expect(start(99)).rejects.toMatchObject({ code: 'invalid' })
  const { id } = await start(7)

  // Approval by a second person, of exactly what is sent.
  const open = async () => (await readRun(store, id)).approvals.find(({ state }) => state === 'open')
  await expect.poll(open, wait).toBeDefined()
  const asked = await open()
  if (!asked) throw new Error('nothing is asked')
  const yes = { runId: id, approvalId: asked.id, digest: asked.digest, typed: asked.typeToConfirm }
  await expect(approve(ann, yes)).rejects.toMatchObject({ code: 'not-allowed' })
  expect(sent).toEqual([])
  await approve(ben, yes)
  await expect.poll(async () => (await readRun(store, id)).state, wait).toBe('done')
  expect(sent).toHaveLength(1)
  expect(asked.covers).toMatchObject([{ stepId: 'protect', digest: digestOf(sent[0]), standing: true }])
  expect((await readRunFor(view, id)).run).toMatchObject({
    inputs: [{ label: 'Backups kept', value: '7 days' }],
    obligations: [{ id: 'protection-lasts', state: 'open' }],
  })

  // After the run the watcher acts by the same approval, through the journal, and the obligation is met.
  isProtected = false
  await expect.poll(async () => (await readRun(store, id)).facts.obligations, wait).toMatchObject([{ state: 'met' }])
  expect(sent).toEqual([sent[0], sent[0]])
  const after = await readRun(store, id)
  expect(after.effects).toMatchObject([
    { stepId: 'protect', attempt: 1, outcome: 'accepted' },
    { stepId: 'protect', attempt: 2, outcome: 'accepted', digest: digestOf(sent[0]) },
  ])
  expect(after.facts).toMatchObject({ lapses: 1, lapsedAt: null })

  // Report, clocks and the list of incidents show what it measured.
  const report = await readReport(view, number)
  const { protectedAt } = after.facts
  expect(report.measures).toEqual([
    { label: 'Protected', value: protectedAt, unit: 'time', verdict: 'met' },
    { label: 'Times the protection lapsed', value: 1, unit: 'count', verdict: null },
  ])
  expect(report.clocks.restoredAt).toBe(protectedAt)
  expect(report.steps.map((step) => step.number)).toEqual(['E1.1', 'E1.2'])
  expect(report.story.map(({ text }) => text)).toContain('The cluster is no longer protected.')
  const { items } = await readIncidents(view)
  expect(items.find((item) => item.number === number)?.rto.attainedMs).toBe(Number(protectedAt) - began)
})
