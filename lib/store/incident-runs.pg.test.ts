import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { stagedRun } from '../commands/testing/staged-run'
import { checklistItems } from '../domain/checklist/items'
import { askProbes, itemsToProbe, keepProbe } from './checklist'
import { lagHistoryStore } from './history'
import { addIncident, changeIncident, listIncidents } from './incident'
import { downMinutes, pastFigures, provedWrites, runFacts, skippedSteps } from './incident-runs'
import { databasePerTest } from './testing/database'
import { createRun } from './testing/runs'

const database = databasePerTest()
const start = Date.UTC(2026, 5, 1, 3, 0, 30)
const min = 60_000
const person = { id: randomUUID(), name: 'Ann' }

const declared = (more: { kind?: 'real' | 'drill'; title?: string } = {}) =>
  addIncident(database().web.prisma, {
    environment: 'lab',
    title: 'Primary down',
    kind: 'real',
    severity: 'SEV1',
    severityReason: null,
    scenario: 'S1',
    symptoms: [],
    impactStartedAt: start,
    detectedAt: null,
    declaredAt: start,
    declaredBy: person,
    nextUpdateDueAt: null,
    ...more,
  })

/** A finished run of one step that took so many seconds. */
async function ran(seconds: number, more: { mode?: 'real' | 'dry-run'; state?: string; incident?: number } = {}) {
  const id = randomUUID()
  const draft = {
    kind: 'run.start',
    actor: { kind: 'person' as const, ...person },
    text: 'started',
    incidentNumber: null,
    evidence: null,
  }
  await createRun(
    database().owner,
    {
      ...stagedRun,
      id,
      procedureId: 'primary-failover',
      mode: more.mode ?? 'real',
      incidentNumber: more.incident ?? null,
      facts: { restoredAt: start + seconds * 1000, lossSeconds: 0 },
      startedBy: person,
      steps: [{ stepId: 'fail-over', title: 'Fail over', effect: 'DANGEROUS', definitionHash: 'h' }],
      resources: [],
    },
    draft,
  )
  await database().force(
    `UPDATE run_step SET state = $2, started_at = now(), finished_at = now() + make_interval(secs => $3) WHERE run_id = $1`,
    [id, more.state ?? 'confirmed', seconds],
  )
  await database().force(
    `UPDATE run SET state = 'done', finished_at = started_at + interval '1 minute' WHERE id = $1`,
    [id],
  )
}

it('figures of steps come from finished runs that changed something, and from nothing else', async () => {
  for (const seconds of [10, 20, 30, 40]) await ran(seconds)
  await ran(900, { mode: 'dry-run' })
  await ran(900, { state: 'skipped' })
  const figures = await pastFigures(database().runner, 'lab', 'primary-failover')
  expect(figures.steps.get('fail-over')).toEqual({ runs: 4, p50Seconds: 20, p90Seconds: 40 })
  // The run of which the step was skipped ended as well.
  expect(figures.whole?.runs).toBe(5)
  const elsewhere = await pastFigures(database().runner, 'production', 'primary-failover')
  expect([elsewhere.whole, elsewhere.steps.size]).toEqual([null, 0])
  const number = await declared()
  await ran(60, { incident: number })
  await ran(5, { incident: number, mode: 'dry-run' })
  const names = ['restoredAt', 'impactAt']
  expect((await runFacts(database().runner, [number], names)).get(number)).toMatchObject([
    { procedureId: 'primary-failover', facts: { restoredAt: start + min } },
  ])
  expect((await runFacts(database().runner, [number], [])).get(number)).toMatchObject([{ facts: {} }])
})

it('what was skipped for an incident is told of the latest run of a procedure, with who and why', async () => {
  const number = await declared()
  const skipped = () => skippedSteps(database().runner, number)
  const skip = async (reason: string) => {
    await ran(5, { incident: number, state: 'skipped' })
    await database().owner.pool.query(
      `UPDATE run_step SET skipped_by_id = 'a', skipped_by_name = 'Ann', skip_reason = $1 WHERE state = 'skipped' AND skipped_by_id IS NULL`,
      [reason],
    )
  }
  await skip('The first time')
  await skip('Known to be broken')
  expect(await skipped()).toEqual([
    {
      procedureId: 'primary-failover',
      stepId: 'fail-over',
      title: 'Fail over',
      by: { id: 'a', name: 'Ann' },
      reason: 'Known to be broken',
    },
  ])
  await ran(5, { incident: number })
  expect(await skipped()).toEqual([])
})

it('minutes count as down when half of their write probes failed, from the minute in which the impact began', async () => {
  const minute = start - 30_000
  const history = lagHistoryStore(database().runner)
  await history.saveMinutes('lab', [
    { minute: minute - min, probes: 60, failed: 60 },
    { minute, probes: 60, failed: 30 },
    { minute: minute + min, probes: 60, failed: 29 },
    { minute: minute + 2 * min, probes: 60, failed: 60 },
  ])
  expect(await downMinutes(database().runner, 'lab', start, start + min)).toEqual({ down: 1, watched: 2 })
  expect(await downMinutes(database().runner, 'lab', start, start + 5 * min)).toEqual({ down: 2, watched: 3 })
})

it('the checklist proves writes from its first look that held to the end', async () => {
  const { prisma } = database().owner
  const number = await declared()
  const look = (at: number, passed: boolean | null) =>
    keepProbe(prisma, number, 'connectivity', {
      state: 'pass',
      says: '',
      reopened: false,
      at: start + at * min,
      request: 'r',
      result: 'r',
      passed,
    })
  await look(1, true)
  await look(2, false)
  await look(3, true)
  await look(4, null)
  await look(5, true)
  expect((await provedWrites(database().runner, [number])).size).toBe(0)
  await changeIncident(prisma, number, { status: 'resolved', resolvedAt: start + 10 * min })
  await look(20, false)
  expect((await provedWrites(database().runner, [number])).get(number)).toBe(start + 3 * min)
})

it('the list is narrowed by kind, words and number', async () => {
  const { prisma } = database().owner
  const [one, drill] = [await declared({ title: 'Disk 100% full' }), await declared({ kind: 'drill' })]
  const numbers = async (filter: object) =>
    (await listIncidents(prisma, { environment: 'lab', limit: 10, ...filter })).map(({ number }) => number)
  expect(await numbers({ kind: 'drill' })).toEqual([drill])
  expect(await numbers({ search: '100%' })).toEqual([one])
  expect(await numbers({ search: `inc-${drill}` })).toEqual([drill])
  expect(await numbers({ before: drill })).toEqual([one])
})

it('the checklist is looked at again sooner where it does not hold, and as a whole when a run has ended', async () => {
  const { prisma, pool } = database().owner
  const number = await declared()
  const due = async (at: number) => {
    const items = await itemsToProbe(prisma, 'lab', { holdsBefore: at - min, openBefore: at - 15_000 })
    return new Set(items.map(({ key }) => key))
  }
  expect((await due(start)).size).toBe(10)
  for (const { key } of checklistItems)
    await keepProbe(prisma, number, key, {
      state: key === 'connectivity' || key === 'data-integrity' ? 'fail' : 'pass',
      says: '',
      reopened: false,
      at: start,
      request: 'r',
      result: 'r',
      passed: key !== 'connectivity',
    })
  expect(await due(start + 10_000)).toEqual(new Set())
  expect(await due(start + 16_000)).toEqual(new Set(['connectivity']))
  // Counting all data again costs the database a scan: only the end of a run asks for it.
  expect((await due(start + 61_000)).size).toBe(9)
  await ran(5, { incident: number, mode: 'dry-run' })
  await pool.query(`UPDATE run SET finished_at = $1`, [new Date(start + 5_000)])
  expect((await due(start + 10_000)).size).toBe(0)
  await ran(5, { incident: number })
  await pool.query(`UPDATE run SET finished_at = $1`, [new Date(start + 5_000)])
  expect((await due(start + 10_000)).size).toBe(10)
  // After the end the evidence stays as it was, also where somebody had asked for another look.
  await askProbes(prisma, number, null, start + 20_000)
  await changeIncident(prisma, number, { status: 'resolved', resolvedAt: start + 21_000 })
  expect((await due(start + 900_000)).size).toBe(0)
})
