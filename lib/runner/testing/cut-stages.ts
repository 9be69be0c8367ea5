/*
 * Stages of several effects, cut wherever a runner can be lost: it dies after its nth write, for each n, or its lease lapses
 * before or after its nth answer, for each n. Another runner takes the run up. No effect happens twice, none that is called
 * confirmed is missing, and the run ends.
 */
import { expect } from 'vitest'
import { approve } from '../../commands/run/decide'
import { retryStep, skipStep, undoStep } from '../../commands/run/steer'
import { ExpectedError } from '../../domain/errors'
import { brokenRule, placesOf } from '../../domain/run/places'
import type { Run } from '../../domain/run/run'
import { runIsOver } from '../../domain/run/states'
import type { AnyProcedure } from '../../procedures/contract'
import { readRun } from '../../store/run'
import type { TestDatabase } from '../../store/testing/database'
import type { SendCall } from '../effects'
import { goesOnFromHere, takeUp, type Variant, variants } from './every-place'
import { type Bench, bench, Switch, surroundings } from './one-effect'
import { type StageOf, Switches, stageProcedure } from './two-effects'

interface Story {
  name: string
  stage: StageOf
  world?: (world: Switches) => void
  /** What people decide about a step that failed or was rolled back, in order. */
  decide?: ('retry' | 'skip' | 'undo')[]
}

const two: StageOf = { steps: { a: 'SAFE', b: 'SAFE' } }
const next = (stepId: string, how: Switch['next']) => (world: Switches) => {
  world.of(stepId).next = how
}
const stories: Story[] = [
  { name: 'both work', stage: two },
  { name: 'one after the other', stage: { ...two, atOnce: 1 } },
  { name: 'an answer is lost', stage: two, world: next('a', 'reply-lost') },
  { name: 'a call is lost, and retried', stage: two, world: next('a', 'lost'), decide: ['retry'] },
  { name: 'one is refused, and retried', stage: two, world: next('b', 'refused'), decide: ['retry'] },
  {
    name: 'one is refused, holds the others, and is skipped',
    stage: { steps: { a: 'SAFE', b: 'SAFE', c: 'SAFE' }, whenOneFails: 'others-hold' },
    world: next('a', 'refused'),
    decide: ['skip'],
  },
  {
    name: 'one is unproved, rolled back, and skipped',
    stage: two,
    world: (world) => {
      world.of('a').proves = false
    },
    decide: ['undo', 'skip'],
  },
  { name: 'one is approved', stage: { steps: { a: 'DANGEROUS', b: 'SAFE' } } },
  { name: 'both are approved', stage: { steps: { a: 'DANGEROUS', b: 'DANGEROUS' } } },
]

/** Where the first runner is lost. */
type Cut = { at: 'write'; n: number } | { at: 'answer'; n: number; when: 'before' | 'after' }

/** What people say to a run, as it is now; what comes too late is said again. */
async function peopleSay(b: Bench, run: Run, left: Map<string, NonNullable<Story['decide']>>): Promise<void> {
  const said = async (act: () => Promise<unknown>): Promise<boolean> => {
    try {
      await act()
      return true
    } catch (error) {
      if (error instanceof ExpectedError) return false
      throw error
    }
  }
  const other = await b.person('Other')
  for (const { id, digest, typeToConfirm } of run.approvals.filter((a) => a.state === 'open'))
    await said(() => approve(other, { runId: run.id, approvalId: id, digest, typed: typeToConfirm }))
  for (const { stepId, state } of run.steps) {
    if (state !== 'failed' && state !== 'undone') continue
    const at = { runId: run.id, stepId }
    const decisions = left.get(stepId) ?? []
    const done = await said(async () => {
      switch (decisions[0]) {
        case 'skip':
          return await skipStep(other, surroundings, { ...at, reason: 'A test of this decision.' })
        case 'undo':
          return await undoStep(other, surroundings, at)
        // What the cut made of it: a person looks again.
        default:
          return await retryStep(other, at)
      }
    })
    if (done) decisions.shift()
  }
}

/** A story on a store, its runner that is cut, and its people. */
async function begin(
  database: TestDatabase,
  catalogue: Map<string, AnyProcedure>,
  story: Story,
  cut: Cut,
  name: string,
) {
  const world = new Switches()
  story.world?.(world)
  const procedure = stageProcedure(world, story.stage, name)
  catalogue.set(name, procedure)
  const b = bench(database, Object.assign(new Switch(), { throwIt: world.send }), procedure, name)
  const left = new Map(Object.keys(story.stage.steps).map((id) => [id, [...(story.decide ?? [])]]))
  const id = await b.start()
  let answers = 0
  const send: SendCall = async (call, signal) => {
    const n = ++answers
    const strikes = cut.at === 'answer' && cut.n === n
    if (strikes && cut.when === 'before') await first.lapse()
    try {
      return await world.send(call, signal)
    } finally {
      if (strikes && cut.when === 'after') await first.lapse()
    }
  }
  const first = b.runner({ pace: 0.1, send, ...(cut.at === 'write' && { diesAfterWrites: cut.n }) })
  return {
    ...{ b, id, world, procedure, first },
    struck: () => (cut.at === 'write' ? first.dead() : answers >= cut.n),
    /** Until the run is over, or `here` holds. Throws when it is stuck, or where no run can be. */
    async goesOn(here: () => Promise<boolean> | boolean): Promise<Run> {
      const until = Date.now() + 30_000
      for (;;) {
        const run = await readRun(b.store, id)
        for (const place of placesOf(run)) expect([place, brokenRule(place)]).toEqual([place, null])
        if (runIsOver(run.state) || (await here())) return run
        if (Date.now() > until)
          throw new Error(
            `"${story.name}" is stuck, cut at ${JSON.stringify(cut)}: ${run.state} ${run.sentence} ${run.steps.map((s) => `${s.stepId} ${s.state}`).join(', ')}`,
          )
        await peopleSay(b, run, left)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    async end() {
      await b.end()
      catalogue.delete(name)
    },
  }
}

async function play(
  database: TestDatabase,
  catalogue: Map<string, AnyProcedure>,
  story: Story,
  cut: Cut,
  name: string,
) {
  const told = await begin(database, catalogue, story, cut, name)
  const { b, first, world } = told
  try {
    let second: ReturnType<Bench['runner']> | null = null
    const run = await told.goesOn(async () => {
      if (!first.dead() || second) return false
      await first.lapse()
      second = b.runner({ pace: 0.1 })
      return false
    })
    return { run, world, struck: told.struck() }
  } finally {
    await told.end()
  }
}

/** Cuts a story after this many writes, and another runner comes with another lease and another definition. */
async function isTakenUp(
  database: TestDatabase,
  catalogue: Map<string, AnyProcedure>,
  { story, n, name, variant }: { story: Story; n: number; name: string; variant: Variant },
): Promise<boolean> {
  const told = await begin(database, catalogue, story, { at: 'write', n }, name)
  const { b, first, id, procedure } = told
  try {
    await told.goesOn(() => first.dead())
    if (!first.dead()) return false
    await first.stop()
    await takeUp(b, first, variant, procedure)
    await goesOnFromHere(b, id).catch((error) => {
      throw new Error(`"${story.name}" after ${n} writes, ${JSON.stringify(variant)}: ${error}`)
    })
    return true
  } finally {
    await told.end()
  }
}

/**
 * From wherever a stage was left, under every kind of lease and of definition by turns, the run goes on or asks a person, and
 * can be stopped. Answers how many places were looked at; throws what is stuck.
 */
export async function stagesAreTakenUp(database: TestDatabase, catalogue: Map<string, AnyProcedure>): Promise<number> {
  const queue = [...stories]
  let looked = 0
  const lane = async () => {
    for (let story = queue.shift(); story; story = queue.shift())
      for (let n = 1; ; n += 1) {
        const variant = variants[looked++ % variants.length]
        if (!variant || !(await isTakenUp(database, catalogue, { story, n, name: `left-${looked}`, variant }))) break
      }
  }
  await Promise.all(Array.from({ length: 6 }, lane))
  return looked
}

/** How many cuts were made, and what went wrong. */
export interface Tally {
  cuts: number
  repeated: number
  lost: number
  notDone: number
}

/** Cuts every story everywhere; with `every` above 1, at each nth place only. Throws what is stuck. */
export async function cutStages(
  database: TestDatabase,
  catalogue: Map<string, AnyProcedure>,
  every: number,
): Promise<Tally> {
  const tally: Tally = { cuts: 0, repeated: 0, lost: 0, notDone: 0 }
  let cases = 0
  const legs = stories.flatMap((story) => [
    { story, cutAt: (n: number): Cut => ({ at: 'write', n }) },
    { story, cutAt: (n: number): Cut => ({ at: 'answer', n, when: 'before' }) },
    { story, cutAt: (n: number): Cut => ({ at: 'answer', n, when: 'after' }) },
  ])
  const lane = async () => {
    for (let leg = legs.shift(); leg; leg = legs.shift())
      for (let n = 1; ; n += every) {
        const { run, world, struck } = await play(database, catalogue, leg.story, leg.cutAt(n), `cut-${cases++}`)
        for (const { stepId, state } of run.steps) {
          const { thrown, on } = world.of(stepId)
          if (thrown > 1) tally.repeated += 1
          if (state === 'confirmed' && (thrown === 0 || !on)) tally.lost += 1
        }
        if (run.state !== 'done' || run.effects.some((e) => e.outcome === null)) tally.notDone += 1
        if (!struck) break
        tally.cuts += 1
      }
  }
  await Promise.all(Array.from({ length: 6 }, lane))
  return tally
}
