// A runner dies, freezes, or loses an answer at the worst moments. The effect happens once, or not at all and says so;
// it is never repeated blindly and never forgotten.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { retryStep, stopRun } from '../commands/run/steer'
import { decideApproval } from '../store/approval'
import { intend } from '../store/journal'
import { readRun } from '../store/run'
import { moveRun, moveStep } from '../store/run-moves'
import { databasePerTest } from '../store/testing/database'
import { type Bench, bench, Switch, switchProcedure } from './testing/one-effect'

const database = databasePerTest()
let world: Switch
let b: Bench
const note = (kind: string) => ({ kind, actor: { kind: 'collector' as const, name: 'test' }, text: kind })

function set(effect: 'SAFE' | 'DANGEROUS' = 'SAFE') {
  world = new Switch()
  b = bench(database(), world, switchProcedure(world, effect))
}
beforeEach(() => set())
afterEach(async () => {
  await b.end()
})

/** A call that never comes back, as when the process is gone: before or after its effect. */
function dying(when: 'before' | 'after') {
  let reached: () => void = () => {}
  let thaw: () => void = () => {}
  const frozen = new Promise<void>((resolve) => {
    thaw = resolve
  })
  const here = new Promise<void>((resolve) => {
    reached = resolve
  })
  return {
    here,
    send: async (...args: Parameters<Switch['throwIt']>) => {
      if (when === 'after') await world.throwIt(...args)
      reached()
      await frozen
      throw new Error('thawed long after its turn')
    },
    thaw,
  }
}

/** Another runner takes over from one whose lease ran out while it hangs in its call. */
async function takeOver(when: 'before' | 'after') {
  const id = await b.start()
  const dead = dying(when)
  const first = b.runner({ send: dead.send })
  await dead.here
  // Frozen: its lease is renewed by nobody, and the call that it is in goes on hanging.
  await first.lease.stop()
  const second = b.runner()
  const run = await b.reaches(id, ['done', 'needs-person'])
  // It was only frozen: what it says now is written down at most, and moves nothing.
  dead.thaw()
  await first.stop()
  await second.stop()
  expect(await readRun(database().runner, id)).toMatchObject({
    state: run.state,
    steps: run.steps,
    effects: run.effects,
  })
  return run
}

describe('a runner that is lost', () => {
  test('after the act and before its outcome: the next one sees the effect and does not repeat it', async () => {
    const run = await takeOver('after')
    expect(run.state).toBe('done')
    expect(world.thrown).toBe(1)
    expect(run.effects).toMatchObject([{ attempt: 1, outcome: 'unknown' }])
    expect(run.steps[0]).toMatchObject({ state: 'confirmed', attempts: 1 })
  })

  test('after the intent and before the act: the next one waits, sees nothing, and acts once as attempt 2', async () => {
    const run = await takeOver('before')
    expect(run.state).toBe('done')
    expect(world.thrown).toBe(1)
    expect(run.effects).toMatchObject([
      { attempt: 1, outcome: 'unknown' },
      { attempt: 2, outcome: 'accepted' },
    ])
  })

  test('and comes back with an old epoch: its intents are refused in the very statement', async () => {
    const id = await b.start()
    const old = { lease: 'collector:test', holder: 'old', epoch: 1 }
    const { runner: store } = database()
    await store.pool.query(
      `INSERT INTO lease (name, holder, epoch, expires_at) VALUES ('collector:test', 'old', 1, clock_timestamp() + interval '1 minute')`,
    )
    await moveRun(store, old, id, { from: 'preparing', event: 'ready' }, note('run.ready'))
    await moveStep(store, old, id, 'throw', { from: 'pending', event: 'begin' }, note('step.begin'))
    await store.pool.query(`UPDATE lease SET holder = 'new', epoch = 2`)
    const intent = {
      runId: id,
      stepId: 'throw',
      attempt: 1,
      direction: 'do' as const,
      call: { kind: 'sql' as const, host: 'h', port: 1, user: 'u', database: 'd', statements: [] },
      cli: '',
      digest: 'd',
      dangerous: false,
      sentence: '',
      appMs: 0,
    }
    expect(await intend(store, old, intent, note('effect.intent'))).toEqual({ id: null, refused: 'stale-epoch' })
    expect(await moveStep(store, old, id, 'throw', { from: 'checking', event: 'refused' }, note('step.refused'))).toBe(
      false,
    )
    expect(await intend(store, { ...old, holder: 'new', epoch: 2 }, intent, note('effect.intent'))).toMatchObject({
      refused: null,
    })
    expect((await readRun(store, id)).effects).toHaveLength(1)
  })
})

describe('an answer that is lost', () => {
  test('after the effect: it is seen and proved, without a second call', async () => {
    world.next = 'reply-lost'
    b.runner()
    const run = await b.reaches(await b.start(), ['done', 'needs-person'])
    expect(run.state).toBe('done')
    expect(world.thrown).toBe(1)
    expect(run.effects).toMatchObject([{ outcome: 'unknown' }])
  })

  test('before the effect: after a bounded look a person is asked, and a retry acts once', async () => {
    world.next = 'lost'
    b.runner()
    const id = await b.start()
    const run = await b.reaches(id, ['done', 'needs-person'])
    expect(run.state).toBe('needs-person')
    // What is seen, and what the call was answered.
    expect(run.steps[0]?.sentence).toMatch(
      /^Not done in the allowed time\. .*There was no answer\. Choose what to do\.$/,
    )
    expect(world.thrown).toBe(0)
    await retryStep(await b.person('Other'), { runId: id, stepId: 'throw' })
    expect((await b.reaches(id, ['done'])).effects).toHaveLength(2)
    expect(world.thrown).toBe(1)
  })
})

describe('what stands already', () => {
  test('is proved and nothing is done', async () => {
    world.on = true
    b.runner()
    const run = await b.reaches(await b.start(), ['done'])
    expect(run.steps[0]?.state).toBe('already-so')
    expect(run.effects).toEqual([])
  })

  test('is not enough for a refused call: the run asks a person', async () => {
    world.next = 'refused'
    b.runner()
    const run = await b.reaches(await b.start(), ['done', 'needs-person'])
    expect(run).toMatchObject({ state: 'needs-person', steps: [{ state: 'failed' }] })
    expect(run.steps[0]?.sentence).toContain('not in a state')
  })
})

describe('two people', () => {
  const answer = async (
    id: string,
    by: string,
    kind: 'second-person' | 'break-glass' = 'second-person',
    digest?: string,
  ) => {
    const { open } = await b.asked(id)
    const { token, environment, person } = await b.person(by)
    const refusal = await decideApproval(
      database().web,
      { token, environment: environment.name },
      open.id,
      { state: 'approved', kind, reason: null, digest: digest ?? open.digest, assertion: null },
      {
        kind: kind === 'break-glass' ? 'approval.break-glass' : 'approval.given',
        actor: { kind: 'person', id: person.id, name: person.name },
        text: 'x',
        runId: id,
        stepId: open.stepId,
        evidence: { approvalId: open.id },
      },
    )
    return refusal === null
  }

  test('are needed: the starter is refused by identity, another is not', async () => {
    set('DANGEROUS')
    b.runner()
    const id = await b.start()
    expect(await answer(id, 'Starter')).toBe(false)
    expect(world.thrown).toBe(0)
    expect(await answer(id, 'Other')).toBe(true)
    await b.reaches(id, ['done'])
    expect(world.thrown).toBe(1)
  })

  test('approve exactly what they saw: another digest is refused', async () => {
    set('DANGEROUS')
    b.runner()
    const id = await b.start()
    expect(await answer(id, 'Other', 'second-person', '0'.repeat(64))).toBe(false)
    expect(world.thrown).toBe(0)
  })

  test('lose their yes after ten minutes, and are asked again', async () => {
    set('DANGEROUS')
    b.runner()
    const id = await b.start()
    const first = (await b.reaches(id, ['waiting'])).approvals[0]
    await database().owner.pool.query(`UPDATE approval SET expires_at = clock_timestamp() - interval '1 second'`)
    expect(await answer(id, 'Other')).toBe(false)
    await expect
      .poll(async () => (await readRun(database().runner, id)).approvals.map((a) => a.state), { timeout: 10_000 })
      .toEqual(['expired', 'open'])
    expect(first?.state).toBe('open')
    expect(await answer(id, 'Other')).toBe(true)
    await b.reaches(id, ['done'])
  })

  test('who lost the right since are refused in the runner’s own hand', async () => {
    set('DANGEROUS')
    b.runner({
      authorise: async (p, act) => (act === 'approve' && p.name === 'Other' ? 'Other may not approve any more.' : null),
    })
    const id = await b.start()
    await answer(id, 'Other')
    const run = await b.reaches(id, ['done', 'needs-person'])
    expect(run.state).toBe('needs-person')
    expect(world.thrown).toBe(0)
  })
})

describe('a run', () => {
  test('has its cluster alone: a second one is told whose it is', async () => {
    await b.start()
    await expect(b.start()).rejects.toMatchObject({ constraint: 'resource_lock_pkey' })
  })

  test('stops at a safe point: an effect under way is ended and proved first', async () => {
    let letGo: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      letGo = resolve
    })
    let begun: () => void = () => {}
    const acting = new Promise<void>((resolve) => {
      begun = resolve
    })
    b.runner({
      send: async (...args) => {
        begun()
        await gate
        return await world.throwIt(...args)
      },
    })
    const id = await b.start()
    await acting
    await stopRun(await b.person('Other'), { runId: id, reason: 'No longer needed here' })
    letGo()
    const run = await b.reaches(id, ['stopped', 'done'])
    expect(world.thrown).toBe(1)
    expect(run).toMatchObject({ state: 'stopped', steps: [{ state: 'confirmed' }] })
    expect(run.sentence).toContain('Throw the switch')
  })

  test('whose procedure changed stops and names both steps', async () => {
    const id = await b.start()
    b.runner({ procedure: switchProcedure(world, 'SAFE', 'Throw another switch') })
    const run = await b.reaches(id, ['needs-person', 'done'])
    expect(run.state).toBe('needs-person')
    expect(run.sentence).toContain('"Throw the switch"')
    expect(run.sentence).toContain('"Throw another switch"')
    expect(world.thrown).toBe(0)
  })

  test('as a dry run shows its commands and changes nothing', async () => {
    b.runner()
    const run = await b.reaches(await b.start({ mode: 'dry-run', resources: [] }), ['done'])
    expect(run.sentence).toBe('The dry run has ended. Commands were shown, and nothing was changed.')
    expect(world.thrown).toBe(0)
    expect(run.steps[0]?.cli).toContain('aws rds failover-db-cluster')
    expect(run.effects).toEqual([])
  })
})
