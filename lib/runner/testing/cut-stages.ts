/*
 * Stages of several effects, cut wherever a runner can be lost: it dies after its nth write, for each n, or its lease lapses
 * before or after its nth answer, for each n. Another runner takes the run up. No effect happens twice, none that is called
 * confirmed is missing, and the run ends.
 */
import type { AnyProcedure } from '../../procedures/contract'
import type { TestDatabase } from '../../store/testing/database'
import { begin, type Cut, type CutStory, isTakenUp } from './cut-run'
import { variants } from './every-place'
import type { Bench, Switch } from './one-effect'
import { type StageOf, type Switches, stageProcedure } from './two-effects'

const two: StageOf = { steps: { a: 'SAFE', b: 'SAFE' } }
const next = (stepId: string, how: Switch['next']) => (world: Switches) => {
  world.of(stepId).next = how
}
const of = (stage: StageOf) => (world: Switches, slug: string) => stageProcedure(world, stage, slug)
const stories: CutStory[] = [
  { name: 'both work', make: of(two) },
  { name: 'one after the other', make: of({ ...two, atOnce: 1 }) },
  { name: 'an answer is lost', make: of(two), world: next('a', 'reply-lost') },
  { name: 'a call is lost, and retried', make: of(two), world: next('a', 'lost'), decide: ['retry'] },
  { name: 'one is refused, and retried', make: of(two), world: next('b', 'refused'), decide: ['retry'] },
  {
    name: 'one is refused, holds the others, and is skipped',
    make: of({ steps: { a: 'SAFE', b: 'SAFE', c: 'SAFE' }, whenOneFails: 'others-hold' }),
    world: next('a', 'refused'),
    decide: ['skip'],
  },
  {
    name: 'one is unproved, rolled back, and skipped',
    make: of(two),
    world: (world) => {
      world.of('a').proves = false
    },
    decide: ['undo', 'skip'],
  },
  { name: 'one is approved', make: of({ steps: { a: 'DANGEROUS', b: 'SAFE' } }) },
  { name: 'both are approved', make: of({ steps: { a: 'DANGEROUS', b: 'DANGEROUS' } }) },
]

async function play(
  database: TestDatabase,
  catalogue: Map<string, AnyProcedure>,
  story: CutStory,
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
interface Tally {
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
