/*
 * Generated: every story of `every-state.ts` is looked at after every write and cut where it must be, and another runner finds what
 * it left. How much of it: `part` plays some of the stories and checks each place once, `whole` plays all of them and must have met every place that
 * the rules leave, `wide` goes on until each place has met every lease and every definition.
 */
import { expect } from 'vitest'
import { z } from 'zod'
import { pauseRun, stopRun } from '../../commands/run/steer'
import { allPlaces, brokenRule, type Place, placeOf } from '../../domain/run/places'
import type { Run } from '../../domain/run/run'
import { type RunState, runIsOver } from '../../domain/run/states'
import type { AnyProcedure } from '../../procedures/contract'
import type { TestDatabase } from '../../store/testing/database'
import { type Manner, manners, play, type Story, stories, storyProcedure } from './every-state'
import { type Bench, bench, Switch } from './one-effect'

const lanes = 6
/** Longest until a person is asked or the run has ended; on a machine that does nothing else it takes half of it, ms. */
const limitMs = 10_000

const leases = ['held', 'lapsed', 'taken over'] as const
const definitions: Record<string, (usual: AnyProcedure) => AnyProcedure | null> = {
  known: (usual) => usual,
  changed: (usual) => ({
    ...usual,
    steps: (environment) => usual.steps(environment).map((s) => ({ ...s, title: `${s.title} otherwise` })),
  }),
  missing: () => null,
  unreadable: (usual) => ({ ...usual, inputs: z.object({ missing: z.string() }) }),
  'with other facts': (usual) => ({ ...usual, facts: z.object({ clusterId: z.number() }).partial() }),
  throwing: (usual) => ({
    ...usual,
    steps: () => {
      throw new Error('A defect of this version')
    },
  }),
}
export const variants = leases.flatMap((lease) => Object.keys(definitions).map((definition) => ({ lease, definition })))
export type Variant = (typeof variants)[number]

export const placeKey = ({ run, step, effect }: Place) => `${run} / ${step} / ${effect}`
const possible = allPlaces.filter((p) => !runIsOver(p.run) && brokenRule(p) === null).map(placeKey)

/** The next runner, under this lease and with this version of the program. */
export async function takeUp(
  b: Bench,
  died: ReturnType<Bench['runner']>,
  { lease, definition }: Variant,
  usual: AnyProcedure,
) {
  const { name, holder } = died.lease
  if (lease !== 'held') await died.lapse()
  if (lease === 'taken over')
    await b.store.pool.query(
      `UPDATE lease SET holder = 'another', epoch = epoch + 1, expires_at = clock_timestamp() + interval '300 ms' WHERE name = $1`,
      [name],
    )
  const version = definitions[definition]?.(usual) ?? null
  return b.runner({ pace: 0.1, name: lease === 'held' ? holder : undefined, procedure: version })
}

/** Somebody asks for a pause before the next runner comes, which grants it. */
async function pauseHere(b: Bench, id: string, died: ReturnType<Bench['runner']>): Promise<void> {
  await pauseRun(await b.person('Other'), { runId: id })
  await died.lapse()
  const next = b.runner()
  await b.reaches(id, ['paused'], limitMs)
  await next.stop()
}

/** From here the run continues or asks a person, and then Stop ends it and frees the cluster. */
export async function goesOnFromHere(b: Bench, id: string, asks: (run: Run) => boolean = () => false): Promise<void> {
  const states: RunState[] = ['waiting', 'needs-person', 'paused', 'done', 'stopped', 'aborted']
  const rest = await b.reaches(id, states, limitMs, asks)
  if (!runIsOver(rest.state)) {
    await stopRun(await b.person('Other'), { runId: id, reason: 'The run must end.' })
    await b.reaches(id, ['stopped', 'done', 'aborted'], limitMs)
  }
  const { rowCount } = await b.store.pool.query('SELECT 1 FROM resource_lock WHERE run_id = $1', [id])
  expect(rowCount).toBe(0)
}

/** Procedures by their slug, which the test puts in the place of the product's catalogue. */
type Catalogue = Map<string, AnyProcedure>

/** Throws what does not go on, or cannot be stopped. */
export async function everyPlace(
  database: TestDatabase,
  catalogue: Catalogue,
  much: 'part' | 'whole' | 'wide',
): Promise<void> {
  const [long, wide] = [much !== 'part', much === 'wide']

  const left = new Map(possible.map((place) => [place, [...variants]]))
  const elsewhere = new Set<string>()
  const wanted = (place: string) => (left.get(place)?.length ?? 0) > (wide ? 0 : variants.length - 1)
  /** How each place was reached. */
  const recipes = new Map<string, [Story, Manner, number][]>()
  let [turn, cases, checks, slowest] = [0, 0, 0, 0]

  async function one(story: Story, manner: Manner, writes: number): Promise<boolean> {
    const world = new Switch()
    const name = `place-${cases++}`
    const usual = storyProcedure(story, manner, world, name)
    catalogue.set(name, usual)
    const b = bench(database, world, usual, name)
    try {
      const { run, ended, runner } = await play(b, story, manner, world, usual, writes)
      let found = placeOf(run)
      const paused: Place = { ...found, run: 'paused' }
      // Only a pause at this very moment leads there.
      if (run.state === 'running' && found.step === 'waiting' && wanted(placeKey(paused))) {
        await pauseHere(b, run.id, runner)
        found = paused
      }
      const place = placeKey(found)
      recipes.set(place, [...(recipes.get(place) ?? []), [story, manner, writes]])
      const open = left.get(place)
      if (!open && !runIsOver(run.state)) elsewhere.add(`${place}: ${story.name}, ${manner}, ${writes}`)
      // Each place meets another lease and another definition first.
      const [variant] = open && wanted(place) ? open.splice(turn++ % open.length, 1) : []
      if (!variant) return ended
      await takeUp(b, runner, variant, usual)
      const begun = performance.now()
      await goesOnFromHere(b, run.id).catch((error) => {
        throw new Error(`From ${place} (${story.name}, ${manner}, ${writes}), ${JSON.stringify(variant)}: ${error}`)
      })
      slowest = Math.max(slowest, performance.now() - begun)
      checks += 1
      return ended
    } finally {
      await b.end()
      catalogue.delete(name)
    }
  }

  /** Is there anything to check where a run was left like this? */
  const asked = (place: Place) =>
    wanted(placeKey(place)) ||
    (place.run === 'running' && place.step === 'waiting' && wanted(placeKey({ ...place, run: 'paused' })))

  /** Plays a story to its end, and answers after which writes a runner must be lost: each place once, the beginning included. */
  async function scout(story: Story, manner: Manner): Promise<number[]> {
    const world = new Switch()
    const name = `scout-${cases++}`
    const usual = storyProcedure(story, manner, world, name)
    catalogue.set(name, usual)
    const b = bench(database, world, usual, name)
    const after = new Map<string, number>()
    try {
      await play(b, story, manner, world, usual, Number.POSITIVE_INFINITY, (n, run) => {
        const place = placeOf(run)
        if (!runIsOver(run.state) && !left.has(placeKey(place)))
          elsewhere.add(`${placeKey(place)}: ${story.name}, ${manner}, ${n}`)
        if (asked(place)) after.set(placeKey(place), n)
      })
      return [0, ...after.values()]
    } finally {
      await b.end()
      catalogue.delete(name)
    }
  }

  const inLanes = <T>(queue: T[], work: (item: T) => Promise<unknown>) =>
    Promise.all(
      Array.from({ length: lanes }, async () => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next)
      }),
    )

  // Every story in every manner, looked at after every write, and cut where there is something to check; `wide` cuts after every
  // write. Some places are moments between two of a runner and a person, which a busy machine may pass by: then the stories are
  // told again, and cut after every write.
  const all = manners.flatMap((manner) => stories.map((story) => ({ story, manner })))
  const unmet = () => possible.filter((place) => !recipes.has(place))
  for (let told = 0; told < (long ? 3 : 1) && unmet().length > 0; told += 1)
    await inLanes(long ? [...all] : all.filter((_, i) => i % 7 === 0), async ({ story, manner }) => {
      // Where people decide while no runner is there, only a cut leads.
      const everywhere = wide || told > 0 || manner === 'ends with a defect'
      if (everywhere) for (let writes = 0; !(await one(story, manner, writes)); ) writes += 1
      else for (const writes of await scout(story, manner)) await one(story, manner, writes)
    })
  expect([...elsewhere]).toEqual([])
  if (!long) return
  expect(unmet()).toEqual([])
  for (let n = 0; wide && n < 2 * variants.length && possible.some(wanted); n++)
    await inLanes(possible.filter(wanted), async (place) => {
      const ways = recipes.get(place) ?? []
      const way = ways[n % ways.length]
      if (way) await one(...way)
    })
  expect(possible.filter(wanted)).toEqual([])
  process.stdout.write(
    `${checks} checks of ${possible.length} places; the slowest took ${Math.round(slowest)} ms, a stop included\n`,
  )
}
