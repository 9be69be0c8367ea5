/*
 * The procedures of the catalogue, as they are driven in the lab, over switches: each is cut after a sample of its writes, with
 * an answer that is lost or a call that is refused on the way, and another runner finds what was left.
 */
import type { AnyProcedure } from '../../procedures/contract'
import { everything } from '../../procedures/testing/surroundings'
import type { TestDatabase } from '../../store/testing/database'
import { type CutStory, isTakenUp } from './cut-run'
import { drives } from './drives/index'
import { variants } from './every-place'
import { drawn } from './sample'
import { shadowOf } from './shadow'
import type { Switches } from './two-effects'

/** How a run goes until it is cut. */
const manners: { name: string; world: (world: Switches, stepIds: string[], n: number) => void; decide?: 'retry'[] }[] =
  [
    { name: 'works', world: () => {} },
    {
      name: 'loses an answer',
      world: (world, ids, n) => {
        world.of(ids[n % ids.length] ?? '').next = 'reply-lost'
      },
    },
    {
      name: 'is refused once',
      world: (world, ids, n) => {
        world.of(ids[n % ids.length] ?? '').next = 'refused'
      },
      decide: ['retry'],
    },
  ]

/**
 * How it is drawn: of all numbers of writes from 0 to five for each step, about as many as a run has, `each` for each drive, without
 * putting back, by the seed; each in the next manner and under the next of all leases and definitions. A number beyond the last
 * write of a run ends it uncut, and is counted apart.
 * Throws what does not go on, or cannot be stopped.
 */
export async function everyProcedure(
  database: TestDatabase,
  catalogue: Map<string, AnyProcedure>,
  procedures: readonly AnyProcedure[],
  how: { each: number; seed: number },
): Promise<{ [drive: string]: { cut: number; uncut: number } }> {
  const tally: { [drive: string]: { cut: number; uncut: number } } = {}
  let turns = 0
  const queue = drives.flatMap((drive, d) => {
    const real = procedures.find(({ slug }) => slug === drive.slug)
    if (!real) throw new Error(`There is no ${drive.slug}`)
    const steps = real.steps(everything, real.inputs.parse(drive.inputs)).length
    return drawn(5 * steps + 1, how.each, how.seed + d).map((n) => ({ drive, real, n, turn: turns++ }))
  })
  const lane = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { drive, real, n, turn } = next
      const variant = variants[turn % variants.length]
      const manner = manners[turn % manners.length]
      if (!variant || !manner) throw new Error('There are variants and manners')
      const acting = real.steps(everything, real.inputs.parse(drive.inputs)).flatMap((s) => (s.call ? [s.id] : []))
      const story: CutStory = {
        name: `${drive.name} ${manner.name}`,
        make: (world, slug) => shadowOf(real, drive.inputs, world, slug),
        world: (world) => manner.world(world, acting, n),
        decide: manner.decide,
      }
      const cut = await isTakenUp(database, catalogue, { story, n, name: `shadow-${turn}`, variant })
      const { cut: cuts, uncut } = tally[drive.name] ?? { cut: 0, uncut: 0 }
      tally[drive.name] = { cut: cuts + (cut ? 1 : 0), uncut: uncut + (cut ? 0 : 1) }
    }
  }
  await Promise.all(Array.from({ length: 6 }, lane))
  return tally
}
