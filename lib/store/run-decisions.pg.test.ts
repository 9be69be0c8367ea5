// The web asks the store to decide, and the store looks for itself: whatever a command forgot to check, or somebody in the web's
// place leaves out, is refused here.
import { beforeEach, describe, expect, test } from 'vitest'
import { actorOf, type CommandContext } from '../commands/context'
import { signedIn } from '../commands/testing/signed-in'
import { stagedRun, stageRun } from '../commands/testing/staged-run'
import type { Role } from '../domain/people/permissions'
import { type Decision, decisionFacts } from '../domain/run/decision'
import type { StepState } from '../domain/run/states'
import { readRun, startRun } from './run'
import { decideStep, keepDecidedFacts, resumeRun, reviseRun, type StepDecision, setWish } from './run-decisions'
import { databasePerTest } from './testing/database'

const database = databasePerTest()
const lab = { name: 'lab', kind: 'lab' } as const
const someone = (name: string, role: Role) => signedIn(database(), { login: name, name, role }, lab)
const entry = (by: CommandContext, kind: string, runId = 'r', stepId: string | null = null) => ({
  kind,
  actor: actorOf(by),
  text: 'x',
  runId,
  stepId,
})
const refused = { code: 'not-allowed' }

/** The run asks a person, its step in this state; it was started by `starter`. */
async function resting(state: StepState = 'failed', starter?: CommandContext): Promise<void> {
  await stageRun(database(), 'needs-person')
  await database().force('UPDATE run_step SET state = $1', [state])
  if (starter) await database().owner.pool.query('UPDATE run SET started_by_id = $1', [starter.person.id])
}

const decisionOf = (by: CommandContext, over: Partial<Decision>): Decision => ({
  event: 'retry',
  stepId: 's',
  permission: 'run',
  by: { id: by.person.id, name: by.person.name },
  attempts: 0,
  checked: false,
  ...over,
})
function decide(
  by: CommandContext,
  over: Partial<StepDecision> = {},
  decision: Partial<Decision> = {},
): Promise<boolean> {
  const event = over.event ?? 'retry'
  const d: StepDecision = {
    runId: 'r',
    stepId: 's',
    event,
    from: 'failed',
    runFrom: 'needs-person',
    sentence: undefined,
    facts: decisionFacts(decisionOf(by, { event, ...decision })),
    skippedBy: null,
    ...over,
  }
  const drafts = { step: entry(by, `step.${event}`, 'r', 's'), run: entry(by, 'run.decided') }
  return decideStep(database().web, by, d, drafts)
}
const skip = (by: CommandContext, permission: 'run' | 'command' = 'command') =>
  decide(
    by,
    { event: 'skip', skippedBy: { id: by.person.id, name: by.person.name, reason: 'It is not needed' } },
    { permission },
  )
const state = async () => {
  const run = await readRun(database().web, 'r')
  return [run.state, run.steps[0]?.state]
}

describe('a decision about a step', () => {
  test('is taken from whoever may, once, from where the person saw it', async () => {
    await resting()
    const ann = await someone('ann', 'responder')
    expect(await decide(ann)).toBe(true)
    expect(await state()).toEqual(['running', 'checking'])
    expect(await decide(ann)).toBe(false)
  })

  test.each([
    ['a viewer', 'viewer'],
    ['a responder who would roll back', 'responder'],
  ] as const)('is not taken from %s', async (_who, role) => {
    await resting()
    const by = await someone('ann', role)
    const event = role === 'viewer' ? 'retry' : 'undo'
    await expect(decide(by, { event }, { permission: 'command' })).rejects.toMatchObject(refused)
    expect(await state()).toEqual(['needs-person', 'failed'])
  })

  test('is not taken under a lesser right, in another name, or with other facts than the decision', async () => {
    await resting()
    const [ann, bo] = [await someone('ann', 'commander'), await someone('bo', 'commander')]
    await expect(decide(ann, { event: 'undo' }, { permission: 'view' })).rejects.toMatchObject(refused)
    await expect(decide(ann, {}, { by: { id: bo.person.id, name: 'bo' } })).rejects.toMatchObject(refused)
    await expect(decide(ann, {}, { checked: true })).rejects.toMatchObject(refused)
    const facts = { ...decisionFacts(decisionOf(ann, {})), target: 'mine' }
    await expect(decide(ann, { facts })).rejects.toMatchObject(refused)
    expect(await state()).toEqual(['needs-person', 'failed'])
  })

  test('to leave a step out is for a second person, unless the run can go without the step', async () => {
    const starter = await someone('starter', 'commander')
    await resting('failed', starter)
    await expect(skip(starter)).rejects.toMatchObject(refused)
    await database().owner.pool.query('UPDATE run_step SET optional = true')
    expect(await skip(starter, 'run')).toBe(true)
  })

  test('is not taken once the session has ended, nor in another environment', async () => {
    await resting()
    const ann = await someone('ann', 'commander')
    await expect(decide({ ...ann, environment: { name: 'test', kind: 'staging' } })).rejects.toMatchObject({
      code: 'not-found',
    })
    await database().owner.pool.query('UPDATE session SET revoked_at = clock_timestamp()')
    await expect(decide(ann)).rejects.toMatchObject({ code: 'not-signed-in' })
  })
})

describe('a run', () => {
  let ann: CommandContext
  beforeEach(async () => {
    ann = await someone('ann', 'responder')
  })
  const start = (over: Partial<typeof stagedRun> = {}, by = ann) =>
    startRun(database().web, by.token, { ...stagedRun, id: 'n', ...over }, entry(by, 'run.started', over.id ?? 'n'))

  test('is started by the person of the session, whatever it says', async () => {
    await start({ startedBy: { id: 'eve', name: 'Eve' } })
    expect(await readRun(database().web, 'n')).toMatchObject({ startedBy: { id: ann.person.id, name: 'ann' } })
  })

  test('keeps with each step the stage that it is of, and no stage that lets nothing work', async () => {
    const stage = { id: 'two', title: 'Two', atOnce: 2, whenOneFails: 'others-hold' as const }
    const steps = ['s', 't', 'u'].map((stepId) => ({ stepId, title: 'S', effect: 'SAFE', definitionHash: 'h' }))
    const staged = (of: typeof stage) => steps.map((step, i) => (i === 0 ? step : { ...step, stage: of }))
    await expect(start({ steps: staged({ ...stage, atOnce: 0 }) })).rejects.toMatchObject({
      constraint: 'run_step_stage',
    })
    await start({ steps: staged(stage) })
    expect((await readRun(database().web, 'n')).steps.map((step) => step.stage)).toEqual([null, stage, stage])
  })

  test('of production takes a second person, whatever it says, and no drill', async () => {
    await database().owner.pool.query(`INSERT INTO environment VALUES ('eu', 'production', now())`)
    await expect(start({ environment: 'eu', mode: 'drill' })).rejects.toMatchObject(refused)
    await start({ environment: 'eu', mode: 'real', twoPersons: false, environmentKind: 'lab' })
    expect(await readRun(database().web, 'n')).toMatchObject({ twoPersons: true, environmentKind: 'production' })
  })

  test('has its cluster alone: a second one is told whose it is', async () => {
    await start()
    await expect(start({ id: 'n2' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('ann'),
    })
  })

  test('is not started by a viewer, for an environment that the store was not stamped with, or for a foreign incident', async () => {
    await expect(start({}, await someone('vi', 'viewer'))).rejects.toMatchObject(refused)
    await expect(start({ environment: 'elsewhere' })).rejects.toMatchObject({ code: 'conflict' })
    await expect(start({ incidentNumber: 99 })).rejects.toMatchObject({ code: 'not-found' })
    expect((await database().owner.pool.query('SELECT 1 FROM run')).rowCount).toBe(0)
  })

  test('continues, pauses and stops for whoever may run, and for nobody else', async () => {
    await resting('pending')
    const vi = await someone('vi', 'viewer')
    const resume = (by: CommandContext) =>
      resumeRun(
        database().web,
        by,
        'r',
        'needs-person',
        decisionOf(by, { event: 'resume', stepId: null }),
        entry(by, 'run.resumed'),
      )
    const stop = (by: CommandContext) => setWish(database().web, by, 'r', 'stop', entry(by, 'run.asked-to-stop'))
    await expect(resume(vi)).rejects.toMatchObject(refused)
    await expect(stop(vi)).rejects.toMatchObject(refused)
    expect(await resume(ann)).toBe(true)
    expect(await stop(ann)).toBe(true)
    expect(await setWish(database().web, ann, 'r', null, entry(ann, 'run.resumed'))).toBe(false)
  })

  test('is revised by a commander alone, and learns nothing else from a longer wait than that it waits', async () => {
    await resting()
    const change = { stepId: 's', again: ['s'], sentence: 'Again.' }
    const revise = (by: CommandContext) =>
      reviseRun(
        database().web,
        by,
        { id: 'r', version: 1 },
        { ...change, facts: decisionFacts(decisionOf(by, { event: 'revise', permission: 'command' })) },
        entry(by, 'run.revised', 'r', 's'),
      )
    await expect(revise(ann)).rejects.toMatchObject(refused)
    const keep = keepDecidedFacts(
      database().web,
      ann,
      { id: 'r', version: 1 },
      { waiting: {}, target: 'mine' },
      entry(ann, 'step.waits-longer', 'r', 's'),
    )
    await expect(keep).rejects.toMatchObject(refused)
    expect(await revise(await someone('kim', 'commander'))).toBe(true)
    expect(await state()).toEqual(['running', 'checking'])
  })
})
