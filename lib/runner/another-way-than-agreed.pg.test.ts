// The run does not go the way that was agreed on: the world offers another outcome, a person does a step manually, something
// does not come in time, a yes is too old, or whoever decided has lost the right to it since the click.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { approve, breakGlass } from '../commands/run/decide'
import { doneByHand, revise, takeByHand, waitLonger } from '../commands/run/revise'
import { pauseRun, resumeRun, retryStep, skipStep, undoStep } from '../commands/run/steer'
import { waitingOf } from '../domain/run/decision'
import { PortError } from '../ports/port-error'
import type { AnyProcedure, AnyStep } from '../procedures/contract'
import { readRun } from '../store/run'
import { databasePerTest } from '../store/testing/database'
import type { EngineSettings } from './run-context'
import { type Bench, bench, Switch, surroundings, switchProcedure } from './testing/one-effect'

const catalogue = vi.hoisted(() => ({ procedure: null as AnyProcedure | null }))
vi.mock('../procedures/index', () => ({ procedureBySlug: () => catalogue.procedure, procedures: [] }))

const database = databasePerTest()
let world: Switch
let b: Bench
const reason = 'It was looked at from both sides.'
const throwStep = { stepId: 'throw' }

/** The switch procedure with its one effect changed. */
function set(change: (step: AnyStep) => Partial<AnyStep> = () => ({}), effect: 'SAFE' | 'DANGEROUS' = 'SAFE') {
  world = new Switch()
  const usual = switchProcedure(world, effect)
  catalogue.procedure = {
    ...usual,
    steps: (environment) => usual.steps(environment).map((s) => (s.id === 'throw' ? { ...s, ...change(s) } : s)),
  }
  b = bench(database(), world, catalogue.procedure)
}
beforeEach(() => set())
afterEach(async () => {
  await b.end()
})

const starter = () => b.person('Starter')
const other = () => b.person('Other')

const record = async (id: string) => {
  const { rows } = await database().runner.pool.query<{ kind: string; text: string }>(
    'SELECT kind, text FROM record_entry WHERE run_id = $1 ORDER BY n',
    [id],
  )
  return rows
}
const stepOf = async (id: string) => {
  const step = (await readRun(database().runner, id)).steps.find((s) => s.stepId === 'throw')
  if (!step) throw new Error('the step is gone')
  return step
}
const stepIs = (id: string, state: string) =>
  expect.poll(async () => (await stepOf(id)).state, { timeout: 5_000 }).toBe(state)

const open = async (id: string) => (await b.asked(id)).input
async function failed(authorise?: EngineSettings['authorise']): Promise<string> {
  world.next = 'refused'
  b.runner({ authorise, pace: 0.1 })
  const id = await b.start()
  await b.reaches(id, ['needs-person'])
  return id
}

describe('another outcome than the one that was agreed on', () => {
  /** Somebody else has thrown another switch: the step conflicts until that is made the run's own. */
  const elsewhere = () =>
    set(
      (usual) => ({
        observe: async (w, ctx) =>
          ctx.facts.accepted === 'B' || !world.on
            ? ((await usual.observe?.(w, ctx)) ?? { state: 'not-started', says: '' })
            : { state: 'conflict', says: 'B is on, not A.', facts: { seen: 'B' } },
        revisions: (facts) =>
          facts.seen === 'B' && facts.accepted !== 'B'
            ? [
                {
                  kind: 'accept',
                  subject: 'B',
                  label: 'Accept B',
                  consequence: 'Goes on with B.',
                  facts: { accepted: 'B' },
                  again: ['approve', 'throw'],
                },
              ]
            : [],
      }),
      'DANGEROUS',
    )

  test('is made the run’s by a person, with a reason; earlier answers fall and a new yes is asked', async () => {
    elsewhere()
    const { lease } = b.runner()
    const id = await b.start()
    const first = await open(id)
    world.on = true
    await approve(await other(), first)
    await b.reaches(id, ['needs-person'])
    const decided = { runId: id, ...throwStep, kind: 'accept' as const, subject: 'B', reason }
    await expect(revise(await b.person('Other', 'responder'), surroundings, decided)).rejects.toMatchObject({
      code: 'not-allowed',
    })
    await expect(revise(await other(), surroundings, { ...decided, subject: 'C' })).rejects.toMatchObject({
      code: 'conflict',
    })
    await revise(await starter(), surroundings, decided)
    const second = await open(id)
    expect(second.approvalId).not.toBe(first.approvalId)
    await expect(approve(await starter(), second)).rejects.toMatchObject({ code: 'not-allowed' })
    await approve(await other(), second)
    const run = await b.reaches(id, ['done'])
    expect([world.thrown, run.effects]).toEqual([0, []])
    expect(run.approvals.map((a) => a.state)).toEqual(['void', 'approved'])
    expect(run.facts).toMatchObject({ accepted: 'B' })
    expect((await record(id)).find((e) => e.kind === 'run.revised')?.text).toBe(
      `Accept B: decided by Starter. ${reason}`,
    )
    expect(lease.state.leading).toBe(true)
  })

  test('is taken back when whoever decided has lost the right: the facts are as they were', async () => {
    elsewhere()
    let allowed = true
    b.runner({
      authorise: async (p, permission) => (permission === 'command' && !allowed ? `${p.name} may not.` : null),
    })
    const id = await b.start()
    const asked = await open(id)
    world.on = true
    await approve(await other(), asked)
    await b.reaches(id, ['needs-person'])
    allowed = false
    await revise(await starter(), surroundings, { runId: id, ...throwStep, kind: 'accept', subject: 'B', reason })
    await expect.poll(async () => (await readRun(database().runner, id)).sentence).toContain('Starter may not.')
    const run = await b.reaches(id, ['needs-person'])
    expect(run.facts.accepted).toBeNull()
    expect(run.approvals.every((a) => a.state !== 'approved')).toBe(true)
  })
})

describe('a step done manually', () => {
  test('is sent by nobody here, and is green only when the proof is there', async () => {
    set(() => ({ forMs: 200 }))
    const id = await failed()
    const byHand = { runId: id, ...throwStep, reason }
    await expect(takeByHand(await starter(), surroundings, byHand)).rejects.toMatchObject({ code: 'not-allowed' })
    await takeByHand(await other(), surroundings, byHand)
    await expect.poll(async () => (await readRun(database().runner, id)).sentence).toContain('Other runs it manually')
    // Said too early: nothing is there to be seen.
    await doneByHand(await other(), { runId: id, ...throwStep })
    await stepIs(id, 'failed')
    await b.reaches(id, ['needs-person'])
    await takeByHand(await other(), surroundings, byHand)
    await b.reaches(id, ['needs-person'])
    world.on = true
    await doneByHand(await b.person('Third', 'responder'), { runId: id, ...throwStep })
    const run = await b.reaches(id, ['done'])
    expect(world.thrown).toBe(0)
    expect(run.effects.map((e) => e.outcome)).toEqual(['rejected'])
    expect((await record(id)).map((e) => e.kind)).toEqual(
      expect.arrayContaining(['step.by-hand', 'step.hand-done', 'step.proved-untouched']),
    )
  })

  test('may be taken before the runner begins it, at a pause, and be given back', async () => {
    const id = await b.start()
    await pauseRun(await starter(), { runId: id })
    b.runner()
    await b.reaches(id, ['paused'])
    await takeByHand(await other(), surroundings, { runId: id, ...throwStep, reason })
    await b.reaches(id, ['needs-person'])
    expect(world.thrown).toBe(0)
    await retryStep(await other(), { runId: id, ...throwStep })
    await b.reaches(id, ['done'])
    expect(world.thrown).toBe(1)
  })

  test('is never the question to a second person', async () => {
    set(undefined, 'DANGEROUS')
    b.runner()
    const id = await b.start()
    await open(id)
    await expect(
      takeByHand(await other(), surroundings, { runId: id, stepId: 'approve', reason }),
    ).rejects.toMatchObject({
      code: 'conflict',
    })
  })
})

describe('what does not come in time', () => {
  const behind = { waitsFor: 'The reader is behind.', waitsMs: 700 }

  test('is waited for as long as people see; then they are asked, and nothing was sent', async () => {
    set(() => ({ guard: async () => behind }))
    b.runner()
    const id = await b.start()
    const run = await b.reaches(id, ['needs-person'])
    expect(run.sentence).toContain('The reader is behind. It did not come within 0.7 s.')
    expect(world.thrown).toBe(0)
  })

  test('is waited for longer when a person says so, and done as soon as it comes', async () => {
    let caughtUp = false
    // Long enough for a person to answer in, on a busy machine.
    const waitsMs = 4_000
    set(() => ({ guard: async () => (caughtUp ? null : { ...behind, waitsMs }) }))
    b.runner()
    const id = await b.start()
    await expect
      .poll(async () => waitingOf((await readRun(database().runner, id)).facts, await stepOf(id)))
      .toBeTruthy()
    await expect(waitLonger(await b.person('Viewer', 'viewer'), { runId: id, ...throwStep })).rejects.toMatchObject({
      code: 'not-allowed',
    })
    await waitLonger(await other(), { runId: id, ...throwStep })
    const step = await stepOf(id)
    const limit = (step.since ?? 0) + waitsMs
    await expect
      .poll(async () => (await readRun(database().runner, id)).readAt, { timeout: 10_000 })
      .toBeGreaterThan(limit)
    expect((await readRun(database().runner, id)).state).toBe('running')
    caughtUp = true
    await b.reaches(id, ['done'])
    expect((await record(id)).find((e) => e.kind === 'step.waits-longer')?.text).toContain('Other waits 4.0 s longer')
  })
})

describe('whoever has lost the right since the click', () => {
  let allowed: boolean
  beforeEach(() => {
    allowed = true
  })
  const others: EngineSettings['authorise'] = async (p) =>
    p.name === 'Other' && !allowed ? `${p.name} may not any more.` : null

  test.each([
    ['a skip', async (id: string) => skipStep(await other(), surroundings, { runId: id, ...throwStep, reason })],
    ['a retry', async (id: string) => retryStep(await other(), { runId: id, ...throwStep })],
    [
      'a step manually',
      async (id: string) => takeByHand(await other(), surroundings, { runId: id, ...throwStep, reason }),
    ],
  ])('has decided nothing: %s is taken back before anything is done', async (_what, decide) => {
    const id = await failed(others)
    allowed = false
    await decide(id)
    await expect.poll(async () => (await readRun(database().runner, id)).sentence).toContain('Other may not any more.')
    await stepIs(id, 'failed')
    expect([world.thrown, (await readRun(database().runner, id)).effects.length]).toEqual([0, 1])
    await retryStep(await starter(), { runId: id, ...throwStep })
    await b.reaches(id, ['done'])
  })

  test('puts nothing back', async () => {
    let proved = false
    set(() => ({
      verify: async () => ({ state: proved ? ('proved' as const) : ('failed' as const), says: 'No proof.' }),
    }))
    b.runner({ authorise: others })
    const id = await b.start()
    await b.reaches(id, ['needs-person'])
    allowed = false
    await undoStep(await other(), surroundings, { runId: id, ...throwStep })
    await expect.poll(async () => (await readRun(database().runner, id)).sentence).toContain('Other may not any more.')
    await stepIs(id, 'failed')
    expect(world.on).toBe(true)
    expect((await readRun(database().runner, id)).effects.map((e) => e.direction)).toEqual(['do'])
    proved = true
  })

  test('lets no paused run go on', async () => {
    const id = await b.start()
    await pauseRun(await starter(), { runId: id })
    b.runner({ authorise: others })
    await b.reaches(id, ['paused'])
    allowed = false
    await resumeRun(await other(), { runId: id })
    await expect.poll(async () => (await readRun(database().runner, id)).sentence).toContain('Other may not any more.')
    expect((await b.reaches(id, ['paused'])).steps[0]?.state).toBe('pending')
    expect(world.thrown).toBe(0)
  })
})

describe('a glass broken too early', () => {
  const expire = (id: string) =>
    database().owner.pool.query(
      `UPDATE approval SET expires_at = clock_timestamp() - interval '1 second' WHERE run_id = $1`,
      [id],
    )

  // A request that was made twice, as after a break of the store, leaves a void one before these.
  const answersAre = (id: string, states: string[]) =>
    expect
      .poll(async () => (await readRun(database().runner, id)).approvals.map((a) => a.state).slice(-states.length))
      .toEqual(states)

  test('does nothing once it has expired, is said to all, and is asked anew', async () => {
    let hold = true
    set(
      (usual) => ({
        observe: async (w, ctx) => {
          // The yes is given in time; what stands between it and the effect takes longer than it is good for.
          if (hold) throw new PortError('transient', 'The look takes its time.', { outcome: 'rejected', probe: 'api' })
          return (await usual.observe?.(w, ctx)) ?? { state: 'not-started', says: '' }
        },
      }),
      'DANGEROUS',
    )
    b.runner()
    const id = await b.start()
    await breakGlass(await starter(), surroundings, { ...(await open(id)), reason })
    await stepIs(id, 'checking')
    await expire(id)
    hold = false
    await answersAre(id, ['expired', 'open'])
    expect(world.thrown).toBe(0)
    const said = (await record(id)).filter((e) => e.kind === 'approval.expired').map((e) => e.text)
    expect(said).toEqual([expect.stringContaining('The break-glass by Starter has expired unused')])
    expect((await b.reaches(id, ['waiting'])).state).toBe('waiting')
  })

  test('is said to have expired also when it does between the last look and the effect', async () => {
    let id = ''
    set(
      (usual) => ({
        observe: async (w, ctx) => {
          if (id) await expire(id)
          return (await usual.observe?.(w, ctx)) ?? { state: 'not-started', says: '' }
        },
      }),
      'DANGEROUS',
    )
    b.runner()
    const started = await b.start()
    const approval = await open(started)
    id = started
    await breakGlass(await starter(), surroundings, { ...approval, reason })
    await answersAre(id, ['expired', 'open'])
    expect(world.thrown).toBe(0)
  })

  test('cannot be broken at a request that has expired', async () => {
    set(undefined, 'DANGEROUS')
    b.runner()
    const id = await b.start()
    const asked = await open(id)
    await expire(id)
    await expect(breakGlass(await starter(), surroundings, { ...asked, reason })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(world.thrown).toBe(0)
  })
})

describe('a yes that the gate finds when the run is taken up', () => {
  /** Answers while no runner is there, lets `happen`, and starts another: the run must stand at the gate again. */
  async function takenUpAfter(happen: (id: string) => Promise<unknown> | unknown) {
    const first = b.runner()
    const id = await b.start()
    const asked = await open(id)
    await first.stop()
    await approve(await other(), asked)
    await happen(id)
    b.runner()
    await expect.poll(async () => (await readRun(database().runner, id)).approvals.length, { timeout: 5_000 }).toBe(2)
    const run = await b.reaches(id, ['waiting'])
    expect(run.steps.map((s) => s.state)).toEqual(['waiting', 'pending'])
    expect(world.thrown).toBe(0)
    return run.approvals.map((a) => a.state)
  }

  test('is asked for anew when it is too old', async () => {
    set(undefined, 'DANGEROUS')
    const expire = (id: string) =>
      database().owner.pool.query(
        `UPDATE approval SET expires_at = clock_timestamp() - interval '1 second' WHERE run_id = $1`,
        [id],
      )
    expect(await takenUpAfter(expire)).toEqual(['expired', 'open'])
  })

  test('is asked for anew when what was shown has changed', async () => {
    set(undefined, 'DANGEROUS')
    let loss = 1
    const usual = catalogue.procedure
    if (!usual) throw new Error('no procedure')
    catalogue.procedure = {
      ...usual,
      ask: async (...rest) => ({ ...(await usual.ask(...rest)), bound: { loss } }),
      outgrown: (bound, now) => (bound.loss === now.loss ? null : 'The loss has grown.'),
    }
    b = bench(database(), world, catalogue.procedure)
    expect(await takenUpAfter(() => (loss = 2))).toEqual(['void', 'open'])
  })
})
