/*
 * The runner's half of an incident: PagerDuty is down while somebody is paged, a runner dies with a message in hand, and
 * what the checklist found good goes bad again.
 */
import { describe, expect, it } from 'vitest'
import { page } from '../commands/escalation/page'
import { moveIncident } from '../commands/incident/lead'
import { peopleOf, start } from '../commands/testing/people-in-an-incident'
import { stagedDraft, stagedRun } from '../commands/testing/staged-run'
import type { Snapshot } from '../domain/cluster/types'
import { triesPerMessage } from '../domain/outbox'
import { unreadableAnswer } from '../ports/outcome'
import type { Pager } from '../ports/pager'
import { PortError } from '../ports/port-error'
import { procedureBySlug } from '../procedures/index'
import { readChecklist, readEvidence } from '../store/checklist'
import { readIncident } from '../store/incident'
import { listPages, takeOutbox } from '../store/page'
import type { NewRun } from '../store/run'
import { databasePerTest } from '../store/testing/database'
import { createRun } from '../store/testing/runs'
import { readTimeline } from '../store/timeline'
import type { ProbeContext } from './checklist-probes'
import { createOutbox } from './outbox'
import { createIncidentWatch } from './watch-incidents'

const database = databasePerTest()
const { someone, open } = peopleOf(database)

async function incident() {
  const ann = await someone('commander', 'Ann')
  const { number } = await open(
    ann,
    {},
    { at: start, headline: 'The writer does not respond', kind: 'primary-down', certainty: 'confirmed' },
  )
  return { ann, number }
}
const pages = (number: number) => listPages(database().runner.prisma, number)
const unavailable = () =>
  new PortError('transient', 'PagerDuty refused it (status 503).', { outcome: 'rejected', probe: 'api' })

/** A pager that takes everything. */
const silent: Pager = {
  page: async (key) => ({ reference: key }),
  acknowledge: async (key) => ({ reference: key }),
  resolve: async (key) => ({ reference: key }),
}

function outboxWith(pager: Pager | null, clock: { now: number }) {
  return createOutbox({
    store: database().runner,
    environment: 'lab',
    runner: 'test',
    pager,
    chat: null,
    statusPage: null,
    site: null,
    now: () => clock.now,
    log: () => {},
  })
}
const unreachable = () =>
  Promise.reject(new PortError('unreachable', 'RDS cannot be reached.', { outcome: 'rejected', probe: 'unreachable' }))
const call = { level: 'L3' as const, channel: 'pagerduty' as const, message: 'Please join' }

describe('a page', () => {
  it('is tried again under the same key until the pager is back', async () => {
    const { ann, number } = await incident()
    await page(ann, 'https://w.example', { number, ...call })
    const clock = { now: start }
    const keys: string[] = []
    const pager: Pager = {
      ...silent,
      async page(key) {
        keys.push(key)
        if (keys.length < 3) throw unavailable()
        return { reference: key }
      },
    }
    const outbox = outboxWith(pager, clock)
    for (let i = 0; i < 3; i++) {
      expect(await outbox.sendDue()).toBe(1)
      expect(await outbox.sendDue()).toBe(0)
      clock.now += 60_000
    }
    expect(new Set(keys).size).toBe(1)
    expect((await pages(number))[0]).toMatchObject({ state: 'sent', attempts: 3, says: null })
  })

  it('that never goes out says so in the story, with whom to call manually', async () => {
    const { ann, number } = await incident()
    await page(ann, 'https://w.example', { number, ...call })
    const clock = { now: start }
    const outbox = outboxWith({ ...silent, page: () => Promise.reject(unavailable()) }, clock)
    for (let i = 0; i < triesPerMessage; i++) {
      await outbox.sendDue()
      clock.now += 120_000
    }
    expect(await outbox.sendDue()).toBe(0)
    expect((await pages(number))[0]).toMatchObject({
      state: 'failed',
      says: expect.stringContaining('Call +1-555-0100.'),
    })
    const { entries } = await readTimeline(database().runner, { number, scope: 'story' })
    expect(entries[0]?.text).toContain('did not go out by PagerDuty')
  })

  const lost = () =>
    new PortError('timeout', 'PagerDuty did not respond in time.', { outcome: 'unknown', probe: 'timeout' })
  const invalid = () =>
    new PortError('config', 'PagerDuty refused it (status 400: invalid event).', { outcome: 'rejected', probe: 'api' })

  /** A pager that answers each try in turn as told, and the last one for ever. */
  async function triedUntilOver(number: number, answers: (() => PortError)[]) {
    let tries = 0
    const clock = { now: start }
    const answer = async () => {
      const error = answers[Math.min(tries, answers.length - 1)]
      tries += 1
      throw error?.() ?? new Error('no answer')
    }
    const outbox = outboxWith({ ...silent, page: answer }, clock)
    while ((await pages(number))[0]?.state === 'queued') {
      await outbox.sendDue()
      clock.now += 120_000
    }
    const { entries } = await readTimeline(database().runner, { number, scope: 'story' })
    return { tries, page: (await pages(number))[0], told: entries[0]?.text ?? '' }
  }

  it.each([
    ['lost each time', [lost], triesPerMessage, true],
    ['lost once and refused ever after', [lost, unavailable], triesPerMessage, true],
    ['lost once and refused for good then', [lost, invalid], 2, true],
    ['refused each time', [unavailable], triesPerMessage, false],
    ['refused for good', [invalid], 1, false],
  ])('whose answer is %s says whether it may have arrived', async (_what, answers, tries, inDoubt) => {
    const { ann, number } = await incident()
    await page(ann, 'https://w.example', { number, ...call })
    const over = await triedUntilOver(number, answers)
    expect(over).toMatchObject({ tries, page: { state: 'failed', inDoubt } })
    expect(over.told).toContain(
      inDoubt ? 'The page to L3 was not confirmed by PagerDuty and may have arrived.' : 'did not go out by PagerDuty',
    )
    expect(over.page?.says).toContain('Call +1-555-0100.')
  })

  it('that an answer of somebody else calls forbidden is tried again', async () => {
    const { ann, number } = await incident()
    await page(ann, 'https://w.example', { number, ...call })
    const strange = () => unreadableAnswer('PagerDuty', 403, true)
    expect(await triedUntilOver(number, [strange])).toMatchObject({ tries: triesPerMessage, page: { inDoubt: true } })
  })

  it('without a pager set up fails at once and says whom to call', async () => {
    const { ann, number } = await incident()
    await page(ann, 'https://w.example', { number, ...call })
    await outboxWith(null, { now: start }).sendDue()
    expect((await pages(number))[0]).toMatchObject({
      state: 'failed',
      says: 'PagerDuty is not set up here. Call +1-555-0100.',
    })
  })

  it('in the hand of a runner that died is sent by the next one, under the same key', async () => {
    const { ann, number } = await incident()
    await page(ann, 'https://w.example', { number, ...call })
    const [taken] = await takeOutbox(database().runner.prisma, 'lab', start, 30_000)
    expect((await pages(number))[0]).toMatchObject({ state: 'queued', inDoubt: true })
    const keys: string[] = []
    const clock = { now: start + 10_000 }
    const outbox = outboxWith(
      {
        ...silent,
        page: async (key) => {
          keys.push(key)
          return { reference: key }
        },
      },
      clock,
    )
    expect(await outbox.sendDue()).toBe(0)
    clock.now = start + 31_000
    await outbox.sendDue()
    expect(keys).toEqual([taken?.id])
  })
})

describe('the checklist', () => {
  it('fills itself with evidence, reopens what fails again, and says why it cannot look', async () => {
    const { ann, number } = await incident()
    let firing: { name: string; severity: string }[] = []
    let now = start + 1000
    let diagnosis = {
      kind: 'primary-down',
      certainty: 'confirmed',
      headline: 'The writer does not respond',
      since: start,
    }
    const context = {
      environment: { name: 'lab', aws: { clusterId: 'c', crossRegionReplicaId: null }, kubernetes: null },
      now: () => now,
      wait: async () => {},
      ports: {
        database: {},
        fleet: { cluster: unreachable, instances: unreachable },
        workloads: null,
        poolers: [],
        metrics: {
          overview: async () => ({
            alertsFiring: firing,
            errorRatio: null,
            p95Ms: null,
            targets: 1,
            targetsUp: 1,
            pgUp: true,
          }),
        },
        snapshot: () =>
          ({ diagnosis: { detail: '', confidence: 1, evidence: [], ...diagnosis } }) as unknown as Snapshot,
      },
    } as unknown as ProbeContext
    const watchOf = (runner: string) =>
      createIncidentWatch({
        catalogue: procedureBySlug,
        store: database().runner,
        runner,
        leads: () => true,
        probe: context,
        againAfterMs: { holds: 60_000, open: 15_000 },
        log: (_level, message, detail) => {
          throw new Error(`${message} ${JSON.stringify(detail)}`)
        },
      })
    const watch = watchOf('one')
    const item = async (key: string) =>
      (await readChecklist(database().runner.prisma, number)).find((i) => i.key === key)
    await watch.once()
    expect(await item('alerts')).toMatchObject({ state: 'pass' })
    expect(await item('app-health')).toMatchObject({
      state: 'impossible',
      says: expect.stringContaining('No Kubernetes'),
    })
    expect(await item('backups')).toMatchObject({ state: 'unknown' })
    expect(await item('connectivity')).toMatchObject({ state: 'unknown' })
    firing = [{ name: 'PgDown', severity: 'critical' }]
    now += 30_000
    await watch.once()
    expect(await item('alerts')).toMatchObject({ state: 'pass' })
    now += 31_000
    diagnosis = { ...diagnosis, kind: 'healthy', headline: 'All is well' }
    await watch.once()
    expect(await item('alerts')).toMatchObject({ state: 'fail', reopened: true })
    const evidence = (await readEvidence(database().runner.prisma, number, 5)).get('alerts')
    expect(evidence?.map(({ passed }) => passed)).toEqual([false, true])
    expect(evidence?.[0]?.sha256).toMatch(/^[0-9a-f]{64}$/)
    const { entries } = await readTimeline(database().runner, { number, scope: 'everything' })
    expect(entries.map(({ text }) => text)).toContain('Alerts holds no more: 1 firing: PgDown.')
    // A look that ends after the incident did leaves the evidence as people resolved with it.
    const kept = (await readEvidence(database().runner.prisma, number, 50)).get('alerts')?.length
    await moveIncident(ann, {
      number,
      version: (await readIncident(database().runner.prisma, 'lab', number)).version,
      move: 'resolve',
      into: null,
      reason: 'It was a false alarm.',
    })
    now += 120_000
    await watch.once()
    expect((await readEvidence(database().runner.prisma, number, 50)).get('alerts')).toHaveLength(kept ?? 0)
    await moveIncident(ann, {
      number,
      version: (await readIncident(database().runner.prisma, 'lab', number)).version,
      move: 'reopen',
      into: null,
    })
    // What was declared with is not said twice.
    const found = ['All is well', 'The writer does not respond']
    expect(entries.filter(({ kind }) => kind === 'detection').map(({ text }) => text)).toEqual(found)
    // Who takes over tells what changed while nobody watched, once.
    diagnosis = { ...diagnosis, kind: 'pooler-down', headline: 'The pooler does not respond' }
    const successor = watchOf('two')
    await successor.once()
    await successor.once()
    const later = await readTimeline(database().runner, { number, scope: 'everything' })
    expect(later.entries.filter(({ kind }) => kind === 'detection').map(({ text }) => text)).toEqual([
      'The pooler does not respond',
      ...found,
    ])
  })
})

describe('the status of an incident', () => {
  it('follows the run that acts and finishes, once, and leaves what a person chose since', async () => {
    const { ann, number } = await incident()
    const watch = createIncidentWatch({
      catalogue: procedureBySlug,
      store: database().runner,
      runner: 'one',
      leads: () => true,
      probe: {
        environment: { name: 'lab', aws: { clusterId: 'c', crossRegionReplicaId: null }, kubernetes: null },
        now: () => start,
        ports: { snapshot: () => null },
      } as unknown as ProbeContext,
      againAfterMs: { holds: 60_000, open: 15_000 },
      log: () => {},
    })
    const acts = async (id: string, procedureId: string, inputs: NewRun['inputs'], second: number) => {
      const run = { ...stagedRun, id, procedureId, inputs, title: procedureId, mode: 'real' as const, resources: [] }
      await createRun(database().owner, { ...run, incidentNumber: number }, stagedDraft)
      await database().force(
        `INSERT INTO effect_journal (run_id, step_id, attempt, direction, call, cli, digest, runner, epoch, intended_at, app_ms, outcome)
         VALUES ($1, 's', 1, 'do', '{}', '', '', 'one', 1, to_timestamp($2::float8 / 1000), 0, 'accepted')`,
        [id, start + second * 1000],
      )
    }
    const ended = (id: string, second: number) =>
      database().force(`UPDATE run SET state = 'done', finished_at = to_timestamp($2::float8 / 1000) WHERE id = $1`, [
        id,
        start + second * 1000,
      ])
    const read = () => readIncident(database().runner.prisma, 'lab', number)
    await acts('look', 'point-in-time-recovery', { goal: 'inspect' }, 50)
    await watch.once()
    expect((await read()).status).toBe('triage')
    await acts('failover', 'primary-failover', {}, 60)
    await watch.once()
    expect(await read()).toMatchObject({ status: 'mitigating', statusTimes: [{}, { at: start + 60_000 }] })
    await ended('failover', 90)
    await watch.once()
    await watch.once()
    const monitored = await read()
    expect(monitored).toMatchObject({ status: 'monitoring', version: 3 })
    const { entries } = await readTimeline(database().runner, { number, scope: 'story' })
    const told = entries.filter(({ kind }) => kind === 'status')
    expect(told.map(({ text, occurredAt }) => [text, occurredAt])).toEqual([
      ['primary-failover finished; the result is being monitored.', start + 90_000],
      ['primary-failover is acting.', start + 60_000],
    ])
    await moveIncident(ann, { number, version: monitored.version, move: 'relapse', into: null })
    await watch.once()
    expect((await read()).status).toBe('mitigating')
  })
})
