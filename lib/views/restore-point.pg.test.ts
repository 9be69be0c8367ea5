/*
 * Somebody looks for the moment of the damage: everything that this environment knows of the restore window is on one axis, and
 * what it does not know is named.
 */
import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { peopleOf, start } from '../commands/testing/people-in-an-incident'
import type { BackupView, Diagnosis, Reading, Snapshot } from '../domain/cluster/types'
import { lagHistoryStore } from '../store/history'
import { databasePerTest } from '../store/testing/database'
import { createRun } from '../store/testing/runs'
import type { ViewContext } from './context'
import { readRestorePoint } from './restore-point'
import { viewSource } from './testing/source'

const database = databasePerTest()
const { open, someone } = peopleOf(database)
const minute = 60_000
const backups = (value: BackupView | null): Reading<BackupView> => ({
  value,
  error: value ? null : 'RDS did not respond.',
  observedAt: start,
  everyMs: 5000,
  failingSince: null,
})
const day: BackupView = {
  retentionDays: 1,
  earliestRestorableAt: start - 24 * 60 * minute,
  latestRestorableAt: start - 3 * minute,
}
const seen = (value: BackupView | null, damage?: Diagnosis['damage']): Snapshot =>
  ({ backups: backups(value), lastHeartbeatAt: start - 500, diagnosis: { damage } }) as Snapshot

/** A run that began so many minutes ago and took five. */
async function ran(
  mode: 'drill' | 'dry-run',
  minutesAgo: number,
  facts: Parameters<typeof createRun>[1]['facts'] = {},
): Promise<void> {
  const id = randomUUID()
  const startedBy = { id: 'p', name: 'Pat' }
  await createRun(
    database().owner,
    {
      id,
      procedureId: 'primary-failover',
      procedureVersion: 1,
      title: 'Failover',
      mode,
      environment: 'lab',
      environmentKind: 'lab',
      cluster: 'castmatch',
      incidentNumber: null,
      reason: 'a test',
      twoPersons: false,
      inputs: {},
      facts,
      startedBy,
      steps: [],
      resources: [],
    },
    {
      kind: 'run.start',
      actor: { kind: 'person', ...startedBy },
      text: 'started',
      incidentNumber: null,
      evidence: null,
    },
  )
  const [begun, ended] = [minutesAgo, minutesAgo - 5].map((ago) => new Date(start - ago * minute))
  await database().force(`UPDATE run SET state = 'done', started_at = $2, finished_at = $3 WHERE id = $1`, [
    id,
    begun,
    ended,
  ])
}

async function contextOf(snapshot: Snapshot | null): Promise<ViewContext> {
  const source = viewSource(database().web, { snapshot: () => snapshot, now: () => start })
  return {
    ...source,
    installation: { ...source.installation, reviewZone: 'America/Los_Angeles' },
    person: (await someone('viewer')).person,
  }
}

it('what happened inside the window is on the axis: gaps, rollouts, events of the database, incidents and runs', async () => {
  const history = lagHistoryStore(database().runner)
  await history.appendMarks('lab', [
    { at: start - 25 * 60 * minute, kind: 'deployment', text: 'before the window' },
    { at: start - 40 * minute, kind: 'deployment', text: 'api: revision 12, api:2.31.0' },
    { at: start - 30 * minute, kind: 'event', text: 'replica-1: Restarted' },
    { at: start - 29 * minute, kind: 'detection', text: 'Healthy' },
  ])
  await history.saveMinutes('lab', [
    { minute: start - 60 * minute, probes: 60, failed: 0 },
    { minute: start - 59 * minute, probes: 60, failed: 12 },
    { minute: start - 58 * minute, probes: 60, failed: 60 },
    { minute: start - 57 * minute, probes: 60, failed: 0 },
    { minute: start - 50 * minute, probes: 60, failed: 0 },
  ])
  const commander = await someone('commander')
  const { number } = await open(commander)
  await ran('drill', 20)
  await ran('dry-run', 10)
  const view = await readRestorePoint(await contextOf(seen(day)))
  expect(view).toMatchObject({
    at: start,
    zone: 'America/Los_Angeles',
    window: { known: true, earliestAt: day.earliestRestorableAt, latestAt: day.latestRestorableAt },
    lastHeartbeatAt: start - 500,
    leftOut: 0,
  })
  expect(
    view.marks.map(({ kind, at, until }) => [kind, (start - at) / minute, until && (start - until) / minute]),
  ).toEqual([
    ['heartbeat-gap', 59, 57],
    ['not-measured', 56, 50],
    ['deployment', 40, null],
    ['database-event', 30, null],
    ['run', 20, 15],
    ['incident', expect.closeTo(1, 0), 0],
  ])
  expect(view.marks.at(-1)?.text).toContain(`INC-${number}`)
  expect(view.notObserved).toEqual([
    'Deployments are not observed: no Kubernetes is set up.',
    'Schema changes (DDL) are observed on critical tables only.',
  ])
})

it('found damage bounds the window, and its signs are on the axis', async () => {
  const sign = {
    rule: 'table-lost' as const,
    subject: 'bookings',
    says: 'The critical table bookings was dropped.',
    lastGoodAt: start - 10 * minute,
    firstBadAt: start - 9 * minute,
  }
  const found = { kind: 'deletion' as const, foundAt: start - 8 * minute, confidence: 0.95, ...sign, signs: [sign] }
  const damage = { shown: found, findings: [found], writer: {} as Diagnosis }
  const view = await readRestorePoint(await contextOf(seen(day, damage)))
  expect(view.damage).toEqual({ lastGoodAt: start - 10 * minute, firstBadAt: start - 9 * minute })
  expect(view.marks.map(({ kind, text }) => [kind, text])).toEqual([
    ['last-good', 'Last known good'],
    ['first-bad', 'First known bad'],
    ['damage', 'The critical table bookings was dropped.'],
  ])
})

it('while the window is unknown the reason is shown, and nothing else is guessed', async () => {
  for (const [snapshot, why] of [
    [null, 'The collector has not read the backups of the database yet.'],
    [seen(null), 'RDS did not respond.'],
  ] as const)
    expect(await readRestorePoint(await contextOf(snapshot))).toMatchObject({
      window: { known: false, why },
      marks: [],
    })
})

it('what a search has found bounds the damage, until rows were merged back or a copy was opened', async () => {
  const narrowed = { goodAt: start - 31 * minute, badAt: start - 30 * minute, foundAt: start - 10 * minute }
  await ran('dry-run', 14, { narrowed: { ...narrowed, goodAt: start - 90 * minute } })
  await ran('drill', 15, { narrowed })
  const found = await readRestorePoint(await contextOf(seen(day)))
  expect(found.damage).toEqual({ lastGoodAt: narrowed.goodAt, firstBadAt: narrowed.badAt })
  expect(found.marks.filter(({ kind }) => kind === 'last-good' || kind === 'first-bad').map(({ at }) => at)).toEqual([
    narrowed.goodAt,
    narrowed.badAt,
  ])
  await ran('drill', 8, { merged: null })
  expect((await readRestorePoint(await contextOf(seen(day)))).damage.firstBadAt).toBe(narrowed.badAt)
  await ran('drill', 6, { openedAt: start - 5 * minute })
  expect((await readRestorePoint(await contextOf(seen(day)))).damage).toEqual({ lastGoodAt: null, firstBadAt: null })
})

it('the damage that the incident is about bounds the point; other damage is named, and its search is not used once it is dismissed', async () => {
  const sign = (rule: 'table-lost' | 'invariant', says: string, minutesAgo: number) => ({
    ...{ rule, subject: says, says },
    lastGoodAt: start - (minutesAgo + 1) * minute,
    firstBadAt: start - minutesAgo * minute,
  })
  const [dropped, garbled] = [
    sign('table-lost', 'A table was dropped.', 40),
    sign('invariant', 'Values are garbled.', 10),
  ]
  const of = (kind: 'deletion' | 'corruption', one: typeof dropped) => ({
    ...{ kind, foundAt: one.firstBadAt, confidence: 0.95, signs: [one] },
    lastGoodAt: one.lastGoodAt,
    firstBadAt: one.firstBadAt,
  })
  const findings = [of('corruption', garbled), of('deletion', dropped)]
  const damage = (...some: typeof findings) => ({
    shown: of('deletion', dropped),
    findings: some,
    writer: {} as Diagnosis,
  })
  // Without an incident a point must be before all of it.
  const all = await readRestorePoint(await contextOf(seen(day, damage(...findings))))
  expect(all.damage.firstBadAt).toBe(dropped.firstBadAt)
  expect(all.others).toEqual([])

  const { number } = await open(await someone('commander'))
  await database().force(`UPDATE incident SET scenario = 'S2' WHERE number = $1`, [number])
  for (const named of [number, null]) {
    const view = await readRestorePoint(await contextOf(seen(day, damage(...findings))), named)
    expect(view.damage).toEqual({ lastGoodAt: garbled.lastGoodAt, firstBadAt: garbled.firstBadAt })
    expect(view.about.map(({ says }) => says)).toEqual(['Values are garbled.'])
    expect(view.others.map(({ says }) => says)).toEqual(['A table was dropped.'])
  }

  const narrowed = {
    goodAt: dropped.lastGoodAt + 5_000,
    badAt: dropped.firstBadAt - 5_000,
    foundAt: start - 20 * minute,
  }
  await ran('drill', 25, { narrowed })
  const about = damage(of('deletion', dropped))
  expect((await readRestorePoint(await contextOf(seen(day, about)))).damage.firstBadAt).toBe(narrowed.badAt)
  await database().force(
    `INSERT INTO damage (environment, kind, found_at, signs, dismissed_at, reason) VALUES ('lab', 'deletion', $1, $2, $3, 'over')`,
    [new Date(dropped.firstBadAt), JSON.stringify([dropped]), new Date(start - 5 * minute)],
  )
  expect((await readRestorePoint(await contextOf(seen(day)))).damage).toEqual({ lastGoodAt: null, firstBadAt: null })
})
