// A step has failed, or waits, and people decide: each choice is theirs to make, is written down, and does what it says.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { approve, breakGlass, refuse } from '../commands/run/decide'
import { pauseRun, resumeRun, retryStep, skipStep, stopRun, undoStep } from '../commands/run/steer'
import { attemptCap } from '../domain/run/states'
import type { AnyProcedure } from '../procedures/contract'
import { readRun } from '../store/run'
import { databasePerTest } from '../store/testing/database'
import type { EngineSettings } from './run-context'
import { type Bench, bench, Switch, surroundings, switchProcedure } from './testing/one-effect'

// Commands find a step's definition in the catalogue; there the switch stands for a real procedure.
const catalogue = vi.hoisted(() => ({ procedure: null as AnyProcedure | null }))
vi.mock('../procedures/index', () => ({ procedureBySlug: () => catalogue.procedure, procedures: [] }))

const database = databasePerTest()
let world: Switch
let b: Bench
const reason = 'The other side is known to be broken.'

function set(effect: 'SAFE' | 'DANGEROUS' = 'SAFE') {
  world = new Switch()
  catalogue.procedure = switchProcedure(world, effect)
  b = bench(database(), world, catalogue.procedure)
}
beforeEach(() => set())
afterEach(async () => {
  await b.end()
})

const starter = () => b.person('Starter')
/** Told by the command, with the reason; the store refuses too, and gives none. */
const notTheStarter = { code: 'not-allowed', message: 'You started this run. Someone else must decide.' }
const other = () => b.person('Other')

async function failed(): Promise<string> {
  world.next = 'refused'
  b.runner()
  const id = await b.start()
  await b.reaches(id, ['needs-person'])
  return id
}
/** A run whose step took effect, and whose proof never came. */
async function unproved(authorise?: EngineSettings['authorise']): Promise<string> {
  const usual = catalogue.procedure
  if (!usual) throw new Error('no procedure')
  const procedure: AnyProcedure = {
    ...usual,
    steps: (environment) =>
      usual.steps(environment).map((step) => ({
        ...step,
        verify: async () => ({ state: 'failed' as const, says: 'The proof does not come.' }),
      })),
  }
  catalogue.procedure = procedure
  b.runner({ procedure, authorise })
  const id = await b.start()
  await b.reaches(id, ['needs-person'])
  return id
}
const kinds = async (id: string) => {
  const { rows } = await database().runner.pool.query<{ kind: string }>(
    'SELECT kind FROM record_entry WHERE run_id = $1 ORDER BY n',
    [id],
  )
  return rows.map(({ kind }) => kind)
}

describe('after a failure', () => {
  test('retry looks first and acts once more', async () => {
    const id = await failed()
    await retryStep(await starter(), { runId: id, stepId: 'throw' })
    const run = await b.reaches(id, ['done'])
    expect(world.thrown).toBe(1)
    expect(run.effects.map((e) => e.outcome)).toEqual(['rejected', 'accepted'])
    expect(await kinds(id)).toEqual(expect.arrayContaining(['step.retry', 'run.decided']))
  })

  test('retry has an end: past the last attempt nothing is sent, and a new run is needed', async () => {
    b.runner()
    world.next = 'lost'
    const id = await b.start()
    for (let attempt = 1; attempt < attemptCap; attempt++) {
      await b.reaches(id, ['needs-person'])
      world.next = 'lost'
      await retryStep(await starter(), { runId: id, stepId: 'throw' })
      await expect
        .poll(async () => (await readRun(database().runner, id)).effects.filter((e) => e.outcome !== null).length)
        .toBe(attempt + 1)
    }
    await b.reaches(id, ['needs-person'])
    await expect(retryStep(await starter(), { runId: id, stepId: 'throw' })).rejects.toThrow(
      'More attempts need a new run',
    )
    // However the step comes to be looked at again, the runner itself sends no more.
    await database().force("UPDATE run_step SET state = 'checking' WHERE run_id = $1", [id])
    await database().force("UPDATE run SET state = 'running' WHERE id = $1", [id])
    await expect
      .poll(async () => (await readRun(database().runner, id)).sentence)
      .toContain('More attempts need a new run')
    const run = await b.reaches(id, ['needs-person'])
    expect([run.effects.length, world.thrown]).toEqual([attemptCap, 0])
  })

  test('skip needs a reason and another person than the one who started, and never counts as proved', async () => {
    const id = await failed()
    const skipping = { runId: id, stepId: 'throw', reason }
    await expect(skipStep(await starter(), surroundings, skipping)).rejects.toMatchObject(notTheStarter)
    await expect(
      skipStep(await b.person('Other', 'responder'), surroundings, { runId: id, stepId: 'throw', reason }),
    ).rejects.toMatchObject({ code: 'not-allowed' })
    await skipStep(await other(), surroundings, { runId: id, stepId: 'throw', reason })
    const run = await b.reaches(id, ['done'])
    expect(run.steps).toMatchObject([{ state: 'skipped', sentence: `Skipped by Other: ${reason}` }])
    expect(world.thrown).toBe(0)
  })

  test('undo sends the way back, journals it, and is undone only when a probe sees the former state', async () => {
    const id = await unproved()
    expect(world.on).toBe(true)
    await undoStep(await starter(), surroundings, { runId: id, stepId: 'throw' })
    await expect
      .poll(async () => (await readRun(database().runner, id)).steps[0]?.state, { timeout: 8_000 })
      .toBe('undone')
    const run = await b.reaches(id, ['needs-person'])
    expect(world.on).toBe(false)
    expect(run.effects.map((e) => [e.direction, e.outcome])).toEqual([
      ['do', 'accepted'],
      ['undo', 'accepted'],
    ])
  })

  test('undo is asked about once more right before it is sent: who has lost the right by then puts nothing back', async () => {
    let asked = 0
    const id = await unproved(async (p) => (p.name === 'Other' && ++asked > 1 ? `${p.name} may not any more.` : null))
    await undoStep(await other(), surroundings, { runId: id, stepId: 'throw' })
    await expect.poll(async () => (await readRun(database().runner, id)).sentence).toContain('Other may not any more.')
    await b.reaches(id, ['needs-person'])
    expect(world.on).toBe(true)
    expect((await readRun(database().runner, id)).effects.map((e) => e.direction)).toEqual(['do'])
  })

  test('undo without a written intent sends nothing: another runner has the turn', async () => {
    let asked = 0
    let [taken, untouched] = [false, false]
    const id = await unproved(async (p) => {
      if (p.name !== 'Other') return null
      asked += 1
      if (asked === 3) untouched = world.on
      if (asked !== 2) return null
      await database().owner.pool.query(
        "UPDATE lease SET holder = 'another', epoch = epoch + 1, expires_at = clock_timestamp() + interval '2 s'",
      )
      taken = true
      return null
    })
    await undoStep(await other(), surroundings, { runId: id, stepId: 'throw' })
    await expect.poll(() => taken).toBe(true)
    // The other does nothing and lets its turn run out; whoever has it next sends the way back, once.
    expect((await readRun(database().runner, id)).effects.map((e) => e.direction)).toEqual(['do'])
    await expect
      .poll(async () => (await readRun(database().runner, id)).steps[0]?.state, { timeout: 8_000 })
      .toBe('undone')
    expect((await readRun(database().runner, id)).effects.map((e) => e.direction)).toEqual(['do', 'undo'])
    expect(untouched).toBe(true)
  })

  test('stop names what was done and not put back', async () => {
    const id = await unproved()
    await stopRun(await starter(), { runId: id, reason })
    const run = await b.reaches(id, ['stopped'])
    expect(run.sentence).toBe('Stopped at a safe point. Done and not rolled back: Throw the switch.')
  })

  test('stop ends the run for good, and says so when nothing was changed', async () => {
    const id = await failed()
    await stopRun(await starter(), { runId: id, reason })
    expect((await b.reaches(id, ['stopped'])).sentence).toBe('Stopped at a safe point; nothing was changed.')
    await expect(retryStep(await starter(), { runId: id, stepId: 'throw' })).rejects.toMatchObject({ code: 'conflict' })
    expect(world.thrown).toBe(0)
  })

  test('a viewer decides nothing', async () => {
    const id = await failed()
    const viewer = await b.person('Viewer', 'viewer')
    for (const act of [
      () => retryStep(viewer, { runId: id, stepId: 'throw' }),
      () => skipStep(viewer, surroundings, { runId: id, stepId: 'throw', reason }),
      () => undoStep(viewer, surroundings, { runId: id, stepId: 'throw' }),
      () => stopRun(viewer, { runId: id, reason }),
      () => pauseRun(viewer, { runId: id }),
      () => resumeRun(viewer, { runId: id }),
    ])
      await expect(act()).rejects.toMatchObject({ code: 'not-allowed' })
    expect((await readRun(database().runner, id)).state).toBe('needs-person')
  })
})

describe('a pause', () => {
  test('holds at the next safe point until somebody lets the run go on', async () => {
    const id = await b.start()
    await pauseRun(await starter(), { runId: id })
    b.runner()
    await b.reaches(id, ['paused'])
    expect(world.thrown).toBe(0)
    await resumeRun(await other(), { runId: id })
    await b.reaches(id, ['done'])
    expect(world.thrown).toBe(1)
  })
})

describe('a dangerous step', () => {
  const open = async (id: string) => (await b.asked(id)).input

  test('is refused by a second person with a reason, and then asks people', async () => {
    set('DANGEROUS')
    b.runner()
    const id = await b.start()
    const { runId, approvalId } = await open(id)
    await refuse(await other(), { runId, approvalId, reason })
    const run = await b.reaches(id, ['needs-person'])
    expect(run.sentence).toContain(reason)
    expect(world.thrown).toBe(0)
  })

  test('is not approved by the starter in a second session, nor by a person who may not, nor without its name typed, nor to what was shown before', async () => {
    set('DANGEROUS')
    b.runner()
    const asked = await open(await b.start())
    await expect(approve(await b.person('Starter', 'approver'), asked)).rejects.toMatchObject(notTheStarter)
    await expect(approve(await b.person('Other', 'responder'), asked)).rejects.toMatchObject({
      code: 'not-allowed',
      message: 'Your role is responder. This needs an approver.',
    })
    await expect(approve(await b.person('Other', 'approver'), { ...asked, typed: 'something' })).rejects.toMatchObject({
      code: 'invalid',
    })
    // What this person saw is not what is asked now.
    const seenBefore = { ...asked, digest: '0'.repeat(64) }
    await expect(approve(await b.person('Other', 'approver'), seenBefore)).rejects.toMatchObject({
      code: 'conflict',
      message: 'The situation changed. Reload and decide again.',
    })
    expect(world.thrown).toBe(0)
    await approve(await b.person('Other', 'approver'), asked)
    await b.reaches(asked.runId, ['done'])
    expect(world.thrown).toBe(1)
  })

  test('is done by one person alone only by break-glass: allowed here, by role, with a reason, and said so for ever', async () => {
    set('DANGEROUS')
    b.runner()
    const asked = { ...(await open(await b.start())), reason }
    await expect(
      breakGlass(await starter(), { ...surroundings, policy: { breakGlass: false, twoPersons: true } }, asked),
    ).rejects.toMatchObject({ code: 'not-allowed', message: expect.stringContaining('disabled here') })
    await expect(breakGlass(await b.person('Starter', 'responder'), surroundings, asked)).rejects.toMatchObject({
      code: 'not-allowed',
    })
    await breakGlass(await starter(), surroundings, asked)
    const run = await b.reaches(asked.runId, ['done'])
    expect(run.approvals.at(-1)).toMatchObject({ kind: 'break-glass', reason, decidedBy: { name: 'Starter' } })
    expect(await kinds(asked.runId)).toContain('approval.break-glass')
    expect(world.thrown).toBe(1)
  })

  test('of a runner whose clock is ten minutes ahead keeps its ten minutes and its true durations', async () => {
    set('DANGEROUS')
    b.runner({ clockAheadMs: 600_000 })
    const asked = await open(await b.start())
    const before = await readRun(database().runner, asked.runId)
    const approval = before.approvals.at(-1)
    expect((approval?.expiresAt ?? 0) - before.readAt).toBeGreaterThan(9 * 60_000)
    await approve(await other(), asked)
    const run = await b.reaches(asked.runId, ['done'])
    for (const step of run.steps) expect((step.finishedAt ?? 0) - (step.startedAt ?? 0)).toBeLessThan(60_000)
  })
})
