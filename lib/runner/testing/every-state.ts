import { approve, refuse } from '../../commands/run/decide'
import { doneByHand, revise, takeByHand } from '../../commands/run/revise'
import { pauseRun, resumeRun, retryStep, skipStep, stopRun, undoStep } from '../../commands/run/steer'
import { ExpectedError } from '../../domain/errors'
import type { EffectClass } from '../../domain/procedure/types'
import { placeOf } from '../../domain/run/places'
import type { Run } from '../../domain/run/run'
import { type RunState, runIsOver, stepIsBusy, stepIsSettled } from '../../domain/run/states'
import type { AnyProcedure, AnyStep } from '../../procedures/contract'
import { readRun } from '../../store/run'
import { yesTo } from './asked'
import { type Bench, type Switch, surroundings, switchProcedure } from './one-effect'

/*
 * Every place that a run can be found in, reached by real commands and faults: a story is played by a runner that dies after
 * its nth write, for each n. What is in the store then is what another runner finds.
 */

interface Told {
  b: Bench
  run: Run
  world: Switch
}
/** What people do once the run is in this state; each line once, in order. */
type Line = [RunState, (told: Told) => Promise<unknown>]

export interface Story {
  name: string
  effect?: EffectClass
  mode?: 'dry-run'
  world?: (world: Switch) => void
  step?: (usual: AnyStep, world: Switch) => Partial<AnyStep>
  lines?: Line[]
  /** The lease lapses between the answer and the outcome of the call of this number. */
  lapses?: number
  /** Whose right is gone when the runner asks again. */
  barred?: string
  /** What another version of the program makes of the procedure, once the run is in this state. */
  deployed?: { when: RunState; procedure: (usual: AnyProcedure) => AnyProcedure | null }
}

/** The run is in the right state, and what is to be decided is not there yet. */
class NotYet extends Error {}

const reason = 'A test of this decision.'
const at = ({ run }: Told) => ({ runId: run.id, stepId: run.currentStepId ?? 'throw' })
const asked = (run: Run) => {
  const found = run.approvals.findLast((a) => a.state === 'open')
  if (!found) throw new NotYet()
  return yesTo(run, found)
}
const starter = (told: Told) => told.b.person('Starter')
const other = (told: Told) => told.b.person('Other')

const yes: Line = ['waiting', async (t) => approve(await other(t), asked(t.run))]
const no: Line = [
  'waiting',
  async (t) => {
    const { runId, approvalId } = asked(t.run)
    await refuse(await other(t), { runId, approvalId, reason })
  },
]
const retry: Line = ['needs-person', async (t) => retryStep(await starter(t), at(t))]
const skip: Line = ['needs-person', async (t) => skipStep(await other(t), surroundings, { ...at(t), reason })]
const undo: Line = ['needs-person', async (t) => undoStep(await starter(t), surroundings, at(t))]
const byHand: Line = ['needs-person', async (t) => takeByHand(await other(t), surroundings, { ...at(t), reason })]
const handDone: Line = ['needs-person', async (t) => doneByHand(await other(t), at(t))]
const stop = (state: RunState): Line => [state, async (t) => stopRun(await starter(t), { runId: t.run.id, reason })]
const pauseIn = (state: RunState): Line => [state, async (t) => pauseRun(await starter(t), { runId: t.run.id })]
/** While an effect is under way: what it leads to is waited for first, and the wish stays. */
const pauseMidEffect: Line = [
  'running',
  async (t) => {
    if (!t.run.steps.some(({ state }) => stepIsBusy(state))) throw new NotYet()
    await pauseRun(await starter(t), { runId: t.run.id })
    t.world.pauseIsAsked = true
  },
]
/** The proof is not denied before somebody has had the time to ask for a pause. */
const deniedLate = (usual: AnyStep, world: Switch): Partial<AnyStep> => ({
  verify: async (w, ctx, elapsedMs) =>
    world.pauseIsAsked ? await usual.verify(w, ctx, elapsedMs) : { state: 'not-yet', says: 'Not yet denied.' },
})
const pause = pauseIn('preparing')
const resume: Line = ['paused', async (t) => resumeRun(await starter(t), { runId: t.run.id })]
const handFirst: Line = [
  'paused',
  async (t) => takeByHand(await other(t), surroundings, { runId: t.run.id, stepId: 'throw', reason }),
]
const accept: Line = [
  'needs-person',
  async (t) => revise(await other(t), surroundings, { ...at(t), kind: 'accept', subject: 'B', reason }),
]

const set = (how: Partial<Switch>) => (world: Switch) => void Object.assign(world, how)
const next = (how: Switch['next']) => set({ next: how })
const back = (how: Switch['next']) => set({ nextBack: how, proves: false })
const unproved = set({ proves: false })
/** People say it after the world has become like this. */
const once = (how: Partial<Switch>, [state, act]: Line): Line => [
  state,
  async (t) => {
    Object.assign(t.world, how)
    await act(t)
  },
]
const conflicting =
  (revisable: boolean) =>
  (usual: AnyStep, world: Switch): Partial<AnyStep> => ({
    observe: async (w, ctx) =>
      ctx.facts.accepted === 'B'
        ? ((await usual.observe?.(w, ctx)) ?? { state: 'not-started', says: 'Off.' })
        : world.thrown > 0 || !revisable
          ? { state: 'conflict', says: 'B is on.', facts: { seen: 'B' } }
          : { state: 'not-started', says: 'Off.' },
    revisions: (facts) =>
      revisable && facts.seen === 'B' && facts.accepted !== 'B'
        ? [
            {
              ...{ kind: 'accept', subject: 'B', label: 'Accept B', consequence: 'Continues with B.' },
              ...{ facts: { accepted: 'B' }, again: ['approve', 'throw'] },
            },
          ]
        : [],
  })

export const stories: Story[] = [
  { name: 'works' },
  { name: 'is done already', world: set({ on: true }) },
  { name: 'is refused, and retried', world: next('refused'), lines: [retry] },
  { name: 'is refused, and skipped', world: next('refused'), lines: [skip] },
  { name: 'is refused, and stopped', world: next('refused'), lines: [stop('needs-person')] },
  { name: 'is lost, and retried', world: next('lost'), lines: [retry] },
  { name: 'loses its reply', world: next('reply-lost') },
  { name: 'is throttled', world: set({ throttledCalls: 1 }) },
  { name: 'works, and the lease lapses', lapses: 1 },
  { name: 'is refused, and the lease lapses', world: next('refused'), lapses: 1, lines: [retry] },
  { name: 'is lost, and the lease lapses', world: next('lost'), lapses: 1, lines: [retry] },
  { name: 'is a dry run', mode: 'dry-run' },
  { name: 'conflicts, and is skipped', step: conflicting(false), lines: [skip] },
  {
    name: 'conflicts after a lost reply, and is revised',
    step: conflicting(true),
    world: next('reply-lost'),
    lines: [accept],
  },
  {
    name: 'is in flight already',
    step: (_usual, w) => ({
      observe: async () => {
        w.on = true
        return { state: 'in-flight', says: 'Under way.' }
      },
    }),
  },
  {
    name: 'is guarded, and retried',
    step: () => ({ guard: async () => 'Not now.' }),
    lines: [retry, stop('needs-person')],
  },
  { name: 'is unproved, rolled back, and retried', world: unproved, lines: [undo, retry, stop('needs-person')] },
  { name: 'is unproved, rolled back, and skipped', world: unproved, lines: [undo, skip] },
  { name: 'is unproved, rolled back, and run manually', world: unproved, lines: [undo, byHand, stop('needs-person')] },
  { name: 'is rolled back in vain', world: back('refused'), lines: [undo, skip] },
  { name: 'is rolled back, and the answer is lost', world: back('reply-lost'), lines: [undo, skip] },
  { name: 'is rolled back, the answer is lost, and it is left so', world: back('reply-lost'), lines: [undo] },
  {
    name: 'is rolled back, and the call is lost',
    world: back('lost'),
    lines: [undo, retry, stop('needs-person')],
  },
  { name: 'is rolled back, and the lease lapses', world: unproved, lapses: 2, lines: [undo, skip] },
  { name: 'is run manually', world: next('refused'), lines: [byHand, once({ on: true }, handDone)] },
  { name: 'is run manually, and taken back', world: next('refused'), lines: [byHand, retry] },
  { name: 'is run manually, and skipped', world: next('refused'), lines: [byHand, skip] },
  { name: 'is run manually from the start', lines: [pause, handFirst, once({ on: true }, handDone)] },
  { name: 'is paused and resumed', lines: [pause, resume] },
  { name: 'is paused and stopped', lines: [pause, stop('paused')] },
  { name: 'is stopped before it begins', lines: [stop('preparing')] },
  { name: 'is skipped by a person who may not', world: next('refused'), lines: [skip], barred: 'Other' },
  { name: 'is taken over by a person who may not', world: next('refused'), lines: [byHand], barred: 'Other' },
  {
    name: 'loses its definition',
    world: next('lost'),
    deployed: { when: 'running', procedure: () => null },
    lines: [stop('needs-person')],
  },
  { name: 'is approved', effect: 'DANGEROUS', lines: [yes] },
  { name: 'is approved, refused, and retried', effect: 'DANGEROUS', world: next('refused'), lines: [yes, retry] },
  { name: 'is not approved, and retried', effect: 'DANGEROUS', lines: [no, retry, yes] },
  { name: 'is not approved, and skipped', effect: 'DANGEROUS', lines: [no, skip, yes] },
  { name: 'is stopped while it waits', effect: 'DANGEROUS', lines: [stop('waiting')] },
  {
    name: 'is unproved and tried again',
    effect: 'DANGEROUS',
    world: unproved,
    lines: [yes, once({ on: false }, retry), yes, stop('needs-person')],
  },
  {
    name: 'is approved, and rolled back with approval',
    effect: 'DANGEROUS',
    world: unproved,
    lines: [yes, undo, yes, skip],
  },
  { name: 'is approved, and not rolled back', effect: 'DANGEROUS', world: unproved, lines: [yes, undo, no, skip] },
  {
    name: 'is stopped while a rollback waits',
    effect: 'DANGEROUS',
    world: unproved,
    lines: [yes, undo, stop('waiting')],
  },
  {
    name: 'is approved by a person who may not',
    effect: 'DANGEROUS',
    lines: [yes, stop('needs-person')],
    barred: 'Other',
  },
  {
    name: 'loses its definition while it waits',
    effect: 'DANGEROUS',
    deployed: { when: 'waiting', procedure: () => null },
    lines: [stop('needs-person')],
  },
  {
    name: 'only looks',
    effect: 'READ',
    world: set({ on: true }),
    step: () => ({ call: () => null }),
  },
  { name: 'is lost, and being run manually', world: next('lost'), lines: [byHand] },
  { name: 'is lost, and run manually', world: next('lost'), lines: [byHand, once({ on: true }, handDone)] },
  {
    name: 'is unproved, refused, and found done',
    world: set({ next: 'reply-lost', proves: false }),
    lines: [once({ on: false, next: 'refused' }, retry), once({ on: true, proves: true }, retry)],
  },
  {
    name: 'waits for something, and is paused',
    step: () => ({ guard: async () => ({ waitsFor: 'Not yet.', waitsMs: 200 }) }),
    lines: [pauseIn('running'), resume, stop('needs-person')],
  },
  {
    name: 'is paused when it is tried again',
    world: unproved,
    step: deniedLate,
    lines: [pauseMidEffect, retry, resume, stop('needs-person')],
  },
  {
    name: 'is paused when it is tried again, and left so',
    world: unproved,
    step: deniedLate,
    lines: [pauseMidEffect, retry],
  },
  {
    name: 'is refused, and its figures outgrow the approval',
    effect: 'DANGEROUS',
    world: next('refused'),
    lines: [yes, once({ outgrown: 'It has grown.' }, retry), once({ outgrown: null }, yes)],
  },
  {
    name: 'is refused, outgrown, and not approved',
    effect: 'DANGEROUS',
    world: next('refused'),
    lines: [yes, once({ outgrown: 'It has grown.' }, retry), no, stop('needs-person')],
  },
  { name: 'is lost, and approved again', effect: 'DANGEROUS', world: next('lost'), lines: [yes, retry, yes] },
  { name: 'is lost, and not approved again', effect: 'DANGEROUS', world: next('lost'), lines: [yes, retry, no, skip] },
  {
    name: 'is refused the second time, and rolled back',
    effect: 'DANGEROUS',
    world: unproved,
    lines: [yes, once({ on: false, next: 'refused' }, retry), yes, undo, yes, skip],
  },
  {
    name: 'loses its reply, and is rolled back',
    effect: 'DANGEROUS',
    world: set({ next: 'reply-lost', proves: false }),
    lines: [yes, undo, yes, skip],
  },
  {
    name: 'is revised after it was proved',
    effect: 'DANGEROUS',
    step: conflicting(true),
    world: next('reply-lost'),
    lines: [yes, accept, yes],
  },
]

/** How a story is told besides its own lines: people pause wherever they can, or the end of the run has a defect. */
export const manners = ['plain', 'paused often', 'ends with a defect'] as const
export type Manner = (typeof manners)[number]

/** The procedure of a story, in a catalogue of its own name. */
export function storyProcedure(story: Story, manner: Manner, world: Switch, slug: string): AnyProcedure {
  const usual = switchProcedure(world, story.effect ?? 'SAFE')
  return {
    ...usual,
    slug,
    obligations: () => {
      if (manner === 'ends with a defect') throw new Error('A defect of this version')
      return []
    },
    steps: (environment) =>
      usual.steps(environment).map((s) => (s.id === 'throw' && story.step ? { ...s, ...story.step(s, world) } : s)),
  }
}

/**
 * Plays a story with a runner that dies after this many writes, or never; `afterWrite` sees what each write leaves. Answers the run as it was left, and whether the runner
 * lived to the end of the story.
 */
export async function play(
  b: Bench,
  story: Story,
  manner: Manner,
  world: Switch,
  procedure: AnyProcedure,
  writes: number,
  afterWrite?: (n: number, run: Run) => void,
): Promise<{ run: Run; ended: boolean; runner: ReturnType<Bench['runner']> }> {
  story.world?.(world)
  const id = await b.start({ mode: story.mode ?? 'real' })
  const lines = [...(story.lines ?? [])]
  const say = async (act: Line[1], told: Told): Promise<boolean> => {
    try {
      await act(told)
      return true
    } catch (error) {
      // Lost a race with the runner, or asks before there is anything to answer: it is said again.
      if (error instanceof NotYet || error instanceof ExpectedError) return false
      throw error
    }
  }
  let runner: ReturnType<Bench['runner']> | null = null
  let pauses = 0
  let last: Line | undefined
  /** The run as it is, and whether somebody said something since. */
  const look = async (): Promise<{ run: Run; said: boolean }> => {
    const run = await readRun(b.store, id)
    const told = { b, run, world }
    // What its last write leads to is left as it is.
    if (runner?.dying() && !runner.dead()) return { run, said: false }
    // An answer that came as the figures changed is void, and is asked for and given again.
    const next = lines[0]?.[0] === run.state ? lines[0] : undefined
    const line = next ?? (last?.[0] === 'waiting' && run.state === 'waiting' ? last : undefined)
    if (line) {
      const said = await say(line[1], told)
      if (said && next) last = lines.shift()
      return { run, said }
    }
    if (manner !== 'paused often' || pauses === 4) return { run, said: false }
    if (run.state === 'running' && run.wish === null) return { run, said: await say(pause[1], told) }
    if (run.state !== 'paused' || !(await say(resume[1], told))) return { run, said: false }
    pauses += 1
    return { run, said: true }
  }
  // What people say before anything is done, they say before a runner comes.
  while (lines[0]?.[0] === 'preparing') await look()
  let answers = 0
  let deployed = false
  const first = b.runner({
    pace: 0.1,
    ...(writes < Number.POSITIVE_INFINITY && { diesAfterWrites: writes }),
    ...(afterWrite && { afterWrite: async (n) => afterWrite(n, await readRun(b.store, id)) }),
    authorise: async (person) => (person.name === story.barred ? 'This person may not any more.' : null),
    version: () => (deployed ? (story.deployed?.procedure(procedure) ?? null) : procedure),
    send: async (...call) => {
      try {
        return await world.throwIt(...call)
      } finally {
        answers += 1
        if (story.lapses === answers) await first.lapse()
      }
    },
  })
  runner = first
  const until = Date.now() + 20_000
  for (;;) {
    if (first.dead()) {
      await first.stop()
      // People decide whether or not a runner is there.
      if (manner === 'ends with a defect') await look()
      return { run: await readRun(b.store, id), ended: false, runner: first }
    }
    const { run, said } = await look()
    if (story.deployed?.when === run.state) deployed = true
    const goesOn = run.state === 'paused' && manner === 'paused often' && pauses < 4
    // Nobody in this story says anything that moves the run from here.
    const left =
      run.state === 'paused' ? lines[0]?.[0] !== 'paused' : run.state === 'needs-person' && lines.length === 0
    // The end of the run has a defect, and the steps came to theirs in another way than the story expects.
    const nothingLeft = run.state === 'needs-person' && run.steps.every(({ state }) => stepIsSettled(state))
    if (!said && !goesOn && (runIsOver(run.state) || left || nothingLeft)) {
      await first.stop()
      return { run: await readRun(b.store, id), ended: true, runner: first }
    }
    if (Date.now() > until)
      throw new Error(
        `"${story.name}" (${manner}) hangs after ${writes} writes: ${JSON.stringify(placeOf(run))} ${run.sentence}`,
      )
    await new Promise((resolve) => setTimeout(resolve, 4))
  }
}
