/*
 * A run of several effects whose first runner is lost somewhere: after its nth write, or its lease lapses before or after its nth
 * answer. People approve, answer and decide meanwhile.
 */
import { expect } from 'vitest'
import { answerStep } from '../../commands/run/answer-step'
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
import { yesTo } from './asked'
import { goesOnFromHere, takeUp, type Variant } from './every-place'
import { type Bench, bench, Switch, surroundings } from './one-effect'
import { Switches } from './two-effects'

export interface CutStory {
  name: string
  /** Its procedure, in the catalogue under this address. */
  make: (world: Switches, slug: string) => AnyProcedure
  world?: (world: Switches) => void
  /** What people decide about a step that failed or was rolled back, in order. */
  decide?: ('retry' | 'skip' | 'undo')[]
}

/** Where the first runner is lost. */
export type Cut = { at: 'write'; n: number } | { at: 'answer'; n: number; when: 'before' | 'after' }

/** Steps that a person answers. */
const asking = (procedure: AnyProcedure): Set<string> =>
  new Set(procedure.steps(surroundings).flatMap(({ id, answer }) => (answer ? [id] : [])))

/** What people say to a run, as it is now; what comes too late is said again. */
async function peopleSay(
  b: Bench,
  run: Run,
  procedure: AnyProcedure,
  left: Map<string, NonNullable<CutStory['decide']>>,
): Promise<void> {
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
  for (const open of run.approvals.filter((a) => a.state === 'open')) await said(() => approve(other, yesTo(run, open)))
  for (const { stepId, state } of run.steps) {
    if (state === 'verifying' && asking(procedure).has(stepId) && run.facts[`answer/${stepId}`] === undefined)
      await said(async () => answerStep(await b.person('Chooser'), surroundings, { runId: run.id, stepId, answer: {} }))
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
export async function begin(
  database: TestDatabase,
  catalogue: Map<string, AnyProcedure>,
  story: CutStory,
  cut: Cut,
  name: string,
) {
  const world = new Switches()
  story.world?.(world)
  const procedure = story.make(world, name)
  catalogue.set(name, procedure)
  const b = bench(database, Object.assign(new Switch(), { throwIt: world.send }), procedure, name)
  const left = new Map(procedure.steps(surroundings).map(({ id }) => [id, [...(story.decide ?? [])]]))
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
    /** A person is asked, and the run waits for the answer while it looks for its proof. */
    asks: ({ steps }: Run) => steps.some(({ stepId, state }) => state === 'verifying' && asking(procedure).has(stepId)),
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
        await peopleSay(b, run, procedure, left)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    async end() {
      await b.end()
      catalogue.delete(name)
    },
  }
}

/** Cuts a story after this many writes, and another runner comes with another lease and another definition. */
export async function isTakenUp(
  database: TestDatabase,
  catalogue: Map<string, AnyProcedure>,
  { story, n, name, variant }: { story: CutStory; n: number; name: string; variant: Variant },
): Promise<boolean> {
  const told = await begin(database, catalogue, story, { at: 'write', n }, name)
  const { b, first, id, procedure } = told
  try {
    await told.goesOn(() => first.dead())
    if (!first.dead()) return false
    await first.stop()
    await takeUp(b, first, variant, procedure)
    await goesOnFromHere(b, id, told.asks).catch((error) => {
      throw new Error(`"${story.name}" after ${n} writes, ${JSON.stringify(variant)}: ${error}`)
    })
    return true
  } finally {
    await told.end()
  }
}
