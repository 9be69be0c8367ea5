/*
 * Steps of one stage: each with its own intent, outcome and proof, each waiting for itself alone. What one meets does not stop
 * another, people decide about one while the others go on, and a pause or a stop takes hold when no effect is under way.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { approve, refuse } from '../commands/run/decide'
import { takeByHand, waitLonger } from '../commands/run/revise'
import { pauseRun, resumeRun, retryStep, skipStep, stopRun, undoStep } from '../commands/run/steer'
import { waitingOf } from '../domain/run/decision'
import type { Run } from '../domain/run/run'
import type { AnyProcedure } from '../procedures/contract'
import { readRun } from '../store/run'
import { databasePerTest } from '../store/testing/database'
import { askedIn } from './testing/asked'
import { cutStages } from './testing/cut-stages'
import { type Bench, bench, Switch, surroundings } from './testing/one-effect'
import { addressee, type StageOf, Switches, stageProcedure } from './testing/two-effects'

const catalogue = vi.hoisted(() => new Map<string, AnyProcedure>())
vi.mock('../procedures/index', () => ({ procedureBySlug: (slug: string) => catalogue.get(slug), procedures: [] }))
const database = databasePerTest()
let world: Switches
let b: Bench
beforeEach(() => {
  world = new Switches()
})
afterEach(async () => {
  await b.end()
})

function set(stage: StageOf): AnyProcedure {
  const made = stageProcedure(world, stage)
  catalogue.set(made.slug, made)
  b = bench(database(), new Switch(), made)
  return made
}
const two = (more: Omit<StageOf, 'steps'> = {}) => set({ steps: { a: 'SAFE', b: 'SAFE' }, ...more })
const runner = (more: Parameters<Bench['runner']>[0] = {}) => b.runner({ send: world.send, ...more })
const reason = 'A test of this decision.'
const stateOf = (run: Run, stepId: string) => run.steps.find((s) => s.stepId === stepId)?.state
const until = async (id: string, holds: (run: Run) => boolean): Promise<Run> => {
  let run = await readRun(database().runner, id)
  await expect
    .poll(
      async () => {
        run = await readRun(database().runner, id)
        return holds(run) || `${run.state} ${run.sentence} ${run.steps.map((s) => `${s.stepId} ${s.state}`).join(', ')}`
      },
      { timeout: 25_000, interval: 15 },
    )
    .toBe(true)
  return run
}
/** A gate that calls of a step wait at. */
function gate() {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open: () => open(), opened }
}
const thrown = () => ['a', 'b', 'last'].map((id) => world.of(id).thrown)
const asked = (run: Run, stepId: string) => askedIn(run, stepId).input

describe('two steps of a stage', () => {
  test('send their calls at the same time, and the step after them waits for both', async () => {
    two()
    const under = new Set<string>()
    const both = gate()
    runner({
      // No call is answered before both are sent: a lease that lapses between them on a busy machine would leave one waiting.
      ...{ ttlMs: 10_000, everyMs: 1_000 },
      send: async (call, signal) => {
        const { to } = addressee(call)
        if (to !== 'last') {
          under.add(to)
          if (under.size === 2) both.open()
          await both.opened
        } else expect([...under].toSorted()).toEqual(['a', 'b'])
        return await world.send(call, signal)
      },
    })
    const run = await b.reaches(await b.start(), ['done', 'needs-person'])
    expect([run.state, ...thrown()]).toEqual(['done', 1, 1, 1])
    expect(run.steps.map((s) => s.state)).toEqual(['confirmed', 'confirmed', 'confirmed'])
    expect(run.effects.map((e) => [e.stepId, e.outcome]).toSorted()).toEqual([
      ['a', 'accepted'],
      ['b', 'accepted'],
      ['last', 'accepted'],
    ])
  })

  test('are at work one after the other where one at once is all that may be', async () => {
    two({ atOnce: 1 })
    let under = 0
    runner({
      send: async (call, signal) => {
        under += 1
        expect(under).toBe(1)
        try {
          return await world.send(call, signal)
        } finally {
          under -= 1
        }
      },
    })
    const run = await b.reaches(await b.start(), ['done', 'needs-person'])
    expect([run.state, ...thrown()]).toEqual(['done', 1, 1, 1])
    const [first, second] = run.steps
    expect(second?.startedAt ?? 0).toBeGreaterThanOrEqual(first?.finishedAt ?? Number.POSITIVE_INFINITY)
  })

  test('as a dry run show both commands and change nothing', async () => {
    two()
    runner()
    const run = await b.reaches(await b.start({ mode: 'dry-run', resources: [] }), ['done'])
    expect(thrown()).toEqual([0, 0, 0])
    expect(run.steps.map((s) => s.state)).toEqual(['skipped', 'skipped', 'skipped'])
  })
})

describe('a step that fails', () => {
  test('lets the others finish, and then a person is asked', async () => {
    set({ steps: { a: 'SAFE', b: 'SAFE', c: 'SAFE' }, atOnce: 1 })
    world.of('a').next = 'refused'
    runner()
    const id = await b.start()
    const run = await b.reaches(id, ['needs-person', 'done'])
    expect(run.steps.map((s) => s.state)).toEqual(['failed', 'confirmed', 'confirmed', 'pending'])
    expect(run.sentence).toContain('Throw a')
    await retryStep(await b.person('Other'), { runId: id, stepId: 'a' })
    expect((await b.reaches(id, ['done'])).state).toBe('done')
    expect(thrown()).toEqual([1, 1, 1])
  })

  test('holds those that have not started, where the stage says so, until somebody has decided', async () => {
    set({ steps: { a: 'SAFE', b: 'SAFE', c: 'SAFE' }, whenOneFails: 'others-hold' })
    world.of('a').next = 'refused'
    const failed = gate()
    runner({
      send: async (call, signal) => {
        // The other one is under way until the failure is written.
        if (addressee(call).to === 'b') await failed.opened
        return await world.send(call, signal)
      },
    })
    const id = await b.start()
    await until(id, (run) => stateOf(run, 'a') === 'failed')
    failed.open()
    const run = await b.reaches(id, ['needs-person', 'done'])
    expect(run.steps.map((s) => s.state)).toEqual(['failed', 'confirmed', 'pending', 'pending'])
    await skipStep(await b.person('Other'), surroundings, { runId: id, stepId: 'a', reason })
    const end = await b.reaches(id, ['done'])
    expect(end.steps.map((s) => s.state)).toEqual(['skipped', 'confirmed', 'confirmed', 'confirmed'])
  })

  test('is tried again, left out, rolled back or done manually while another one is under way', async () => {
    set({ steps: { a: 'SAFE', b: 'SAFE', c: 'SAFE', d: 'SAFE', e: 'SAFE' }, atOnce: 5 })
    for (const id of ['a', 'b', 'd']) world.of(id).next = 'refused'
    world.of('c').proves = false
    const end = gate()
    runner({
      send: async (call, signal) => {
        if (addressee(call).to === 'e') await end.opened
        return await world.send(call, signal)
      },
    })
    const id = await b.start()
    await until(id, (run) => ['a', 'b', 'c', 'd'].every((s) => stateOf(run, s) === 'failed'))
    const other = await b.person('Other')
    await Promise.all([
      retryStep(other, { runId: id, stepId: 'a' }),
      skipStep(other, surroundings, { runId: id, stepId: 'b', reason }),
      undoStep(other, surroundings, { runId: id, stepId: 'c' }),
      takeByHand(other, surroundings, { runId: id, stepId: 'd', reason }),
    ])
    const run = await until(id, (r) => stateOf(r, 'a') === 'confirmed' && stateOf(r, 'c') === 'undone')
    expect([run.state, stateOf(run, 'b'), stateOf(run, 'd'), stateOf(run, 'e')]).toEqual([
      'running',
      'skipped',
      'by-hand',
      'acting',
    ])
    end.open()
    expect((await b.reaches(id, ['needs-person'])).steps.map((s) => s.state)).toEqual([
      'confirmed',
      'skipped',
      'undone',
      'by-hand',
      'confirmed',
      'pending',
    ])
  })

  test('is decided by who may: the runner takes back what somebody without the right decided, and that alone', async () => {
    set({ steps: { a: 'SAFE', b: 'SAFE', c: 'SAFE' }, atOnce: 3 })
    world.of('a').next = world.of('b').next = 'refused'
    const end = gate()
    runner({
      authorise: async (person) => (person.name === 'Barred' ? 'Barred may not any more.' : null),
      send: async (call, signal) => {
        if (addressee(call).to === 'c') await end.opened
        return await world.send(call, signal)
      },
    })
    const id = await b.start()
    await until(id, (run) => stateOf(run, 'a') === 'failed' && stateOf(run, 'b') === 'failed')
    const [barred, other] = [await b.person('Barred'), await b.person('Other')]
    await Promise.all([
      skipStep(barred, surroundings, { runId: id, stepId: 'a', reason }),
      skipStep(other, surroundings, { runId: id, stepId: 'b', reason }),
    ])
    const run = await until(id, (r) =>
      r.steps.some((s) => s.stepId === 'a' && s.state === 'failed' && s.sentence.includes('may not any more')),
    )
    expect([stateOf(run, 'b'), run.state]).toEqual(['skipped', 'running'])
    end.open()
    await b.reaches(id, ['needs-person'])
  })

  test('again and again, for a reason nobody foresaw, asks a person; the others are done', async () => {
    two({
      step: ({ id }) =>
        id === 'a'
          ? {
              observe: async () => {
                throw new TypeError('a defect')
              },
              verify: async () => ({ state: 'failed', says: 'Never.' }),
            }
          : {},
    })
    runner()
    const run = await b.reaches(await b.start(), ['needs-person', 'done'])
    expect(run.steps.map((s) => s.state)).toEqual(['failed', 'confirmed', 'pending'])
  })
})

describe('a step that asks', () => {
  const dangerous = () => set({ steps: { a: 'DANGEROUS', b: 'SAFE', c: 'DANGEROUS' }, atOnce: 1 })

  test('does not stop the others, takes no place, and is answered for itself', async () => {
    dangerous()
    runner()
    const id = await b.start()
    const run = await b.reaches(id, ['waiting', 'needs-person', 'done'])
    expect(run.steps.map((s) => s.state)).toEqual(['waiting', 'confirmed', 'waiting', 'pending'])
    expect(run.approvals.map((a) => [a.stepId, a.state]).toSorted()).toEqual([
      ['a', 'open'],
      ['c', 'open'],
    ])
    await approve(await b.person('Other'), asked(run, 'c'))
    const between = await until(id, (r) => stateOf(r, 'c') === 'confirmed' && r.state === 'waiting')
    expect([stateOf(between, 'a'), world.of('a').thrown, world.of('c').thrown]).toEqual(['waiting', 0, 1])
    await approve(await b.person('Other'), asked(between, 'a'))
    await b.reaches(id, ['done'])
    expect(thrown()).toEqual([1, 1, 1])
  })

  test('is answered while another one is under way', async () => {
    set({ steps: { a: 'DANGEROUS', b: 'SAFE' } })
    const end = gate()
    runner({
      send: async (call, signal) => {
        if (addressee(call).to === 'b') await end.opened
        return await world.send(call, signal)
      },
    })
    const id = await b.start()
    const run = await until(id, (r) => stateOf(r, 'a') === 'waiting' && stateOf(r, 'b') === 'acting')
    expect(run.state).toBe('running')
    await approve(await b.person('Other'), asked(run, 'a'))
    await until(id, (r) => stateOf(r, 'a') === 'confirmed')
    expect((await readRun(database().runner, id)).steps[1]?.state).toBe('acting')
    end.open()
    await b.reaches(id, ['done'])
  })

  test('and is refused is decided by people, while the other one still waits for its answer', async () => {
    dangerous()
    runner()
    const id = await b.start()
    const run = await b.reaches(id, ['waiting'])
    const { runId, approvalId } = asked(run, 'a')
    await refuse(await b.person('Other'), { runId, approvalId, reason })
    const refused = await until(id, (r) => stateOf(r, 'a') === 'failed')
    expect([refused.state, stateOf(refused, 'c')]).toEqual(['waiting', 'waiting'])
    await skipStep(await b.person('Other'), surroundings, { runId: id, stepId: 'a', reason })
    const left = await until(id, (r) => stateOf(r, 'a') === 'skipped' && r.state === 'waiting')
    await approve(await b.person('Other'), asked(left, 'c'))
    expect((await b.reaches(id, ['done'])).steps.map((s) => s.state)).toEqual([
      'skipped',
      'confirmed',
      'confirmed',
      'confirmed',
    ])
    expect(world.of('a').thrown).toBe(0)
  })

  test('to be rolled back does not stop the others either', async () => {
    set({ steps: { a: 'DANGEROUS', b: 'SAFE' } })
    world.of('a').proves = false
    const end = gate()
    runner({
      send: async (call, signal) => {
        if (addressee(call).to === 'b') await end.opened
        return await world.send(call, signal)
      },
    })
    const id = await b.start()
    await approve(
      await b.person('Other'),
      asked(await until(id, (r) => r.approvals.length > 0 && stateOf(r, 'a') === 'waiting'), 'a'),
    )
    await until(id, (r) => stateOf(r, 'a') === 'failed')
    await undoStep(await b.person('Other'), surroundings, { runId: id, stepId: 'a' })
    const asks = await until(id, (r) => r.approvals.some((a) => a.state === 'open'))
    end.open()
    await b.reaches(id, ['waiting'])
    // The rollback was asked for by Other: the answer is the starter's.
    await approve(await b.person('Starter'), asked(asks, 'a'))
    const run = await b.reaches(id, ['needs-person', 'done'])
    expect(run.steps.map((s) => s.state)).toEqual(['undone', 'confirmed', 'pending'])
    expect(world.of('a').on).toBe(false)
  })
})

describe('a pause and a stop', () => {
  test('let what is under way end, begin nothing, and go on from there', async () => {
    set({ steps: { a: 'SAFE', b: 'SAFE', c: 'SAFE' } })
    const [begun, end] = [gate(), gate()]
    runner({
      send: async (call, signal) => {
        if (addressee(call).to === 'a') {
          begun.open()
          await end.opened
        }
        if (addressee(call).to === 'b') await begun.opened
        return await world.send(call, signal)
      },
    })
    const id = await b.start()
    await begun.opened
    await pauseRun(await b.person('Other'), { runId: id })
    end.open()
    const paused = await b.reaches(id, ['paused', 'done'])
    expect(paused.state).toBe('paused')
    for (const s of paused.steps) expect(['confirmed', 'checking', 'pending']).toContain(s.state)
    await resumeRun(await b.person('Other'), { runId: id })
    await b.reaches(id, ['done'])
    expect([...thrown(), world.of('c').thrown]).toEqual([1, 1, 1, 1])
  })

  test('a stop ends the run when every effect under way is proved', async () => {
    two()
    const [under, end] = [gate(), gate()]
    const sent = new Set<string>()
    runner({
      send: async (call, signal) => {
        sent.add(addressee(call).to)
        if (sent.size === 2) under.open()
        await end.opened
        return await world.send(call, signal)
      },
    })
    const id = await b.start()
    await under.opened
    await stopRun(await b.person('Other'), { runId: id, reason })
    end.open()
    const run = await b.reaches(id, ['stopped', 'done', 'needs-person'])
    expect([run.state, ...thrown()]).toEqual(['stopped', 1, 1, 0])
    expect(run.steps.map((s) => s.state)).toEqual(['confirmed', 'confirmed', 'pending'])
  })
})

test('the waits of two steps are made longer each for itself', async () => {
  two({ step: () => ({ guard: async () => ({ waitsFor: 'Not yet.', waitsMs: 5_000 }) }) })
  runner()
  const id = await b.start()
  await until(id, (r) => r.steps.slice(0, 2).every((step) => waitingOf(r.facts, step) !== null))
  await waitLonger(await b.person('Other'), { runId: id, stepId: 'a' })
  await waitLonger(await b.person('Other'), { runId: id, stepId: 'b' })
  const { facts } = await readRun(database().runner, id)
  expect([facts['waiting/a'], facts['waiting/b']]).toMatchObject([{ extendedMs: 5_000 }, { extendedMs: 5_000 }])
})

test('a version that has another stage brings nothing new under way, and asks a person', async () => {
  const usual = two()
  const end = gate()
  let deployed = false
  runner({
    version: () => (deployed ? stageProcedure(world, { steps: { a: 'SAFE', b: 'SAFE' }, atOnce: 1 }) : usual),
    send: async (call, signal) => {
      await end.opened
      return await world.send(call, signal)
    },
  })
  const id = await b.start()
  await until(id, (r) => stateOf(r, 'a') === 'acting' && stateOf(r, 'b') === 'acting')
  deployed = true
  end.open()
  const run = await b.reaches(id, ['needs-person', 'done'])
  expect(run.sentence).toContain('The procedure changed')
  expect(thrown()).toEqual([1, 1, 0])
})

test('are taken up wherever a runner is lost, here at a sample of places', async () => {
  two()
  const { cuts, ...wrong } = await cutStages(database(), catalogue, 9)
  expect(wrong).toEqual({ repeated: 0, lost: 0, notDone: 0 })
  expect(cuts).toBeGreaterThan(20)
}, 300_000)
