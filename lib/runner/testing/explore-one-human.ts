import fc from 'fast-check'
import { expect } from 'vitest'
import type { AnyProcedure } from '../../procedures/contract'
import type { TestDatabase } from '../../store/testing/database'
import { approvalProof } from '../approval-proof'
import { authoriseFrom } from '../authorise'
import { bench, Switch, surroundings, switchProcedure } from './one-effect'
import { OneHuman } from './one-human'
import { type Act, story } from './one-human-acts'

/** Stories that are told in any case: a second account of each kind, a late retry, a rollback. */
const told: Act[][] = [
  [
    { do: 'add', as: 0, who: 0, role: 'approver' },
    { do: 'start', as: 0 },
    { do: 'approve', as: 1 },
  ],
  [
    { do: 'add', as: 0, who: 0, role: 'responder' },
    { do: 'start', as: 1 },
    { do: 'approve', as: 0 },
  ],
  [
    { do: 'link', as: 0, who: 0 },
    { do: 'start', as: 0 },
    { do: 'approve', as: 1 },
  ],
  [
    { do: 'start', as: 0 },
    { do: 'world', next: 'refused', proves: true },
    { do: 'ann-approves' },
    { do: 'time', hours: 49 },
    { do: 'retry', as: 0 },
  ],
  [
    { do: 'add', as: 0, who: 0, role: 'commander' },
    { do: 'start', as: 0 },
    { do: 'world', next: 'works', proves: false },
    { do: 'ann-approves' },
    { do: 'undo', as: 0 },
    { do: 'approve', as: 0 },
    { do: 'approve', as: 1 },
    { do: 'ann-approves' },
  ],
]

/**
 * Tells generated stories of one human with the real commands and a real runner, and expects that none of them does alone what
 * takes two. `use` is told the procedure that commands find in the catalogue.
 */
export async function exploreOneHuman(
  database: TestDatabase,
  use: (procedure: AnyProcedure) => void,
  how: { runs: number; seed: number },
): Promise<void> {
  const world = new Switch()
  let human: OneHuman | null = null
  const procedure = switchThatMayStayUnproved(world, () => human?.proves ?? true)
  use(procedure)
  const b = bench(database, world, procedure)
  const authorise = authoriseFrom(database.runner, surroundings, approvalProof(null))
  b.runner({ pace: 0.02, ttlMs: 3_000, everyMs: 500, authorise })
  const seen = { effects: 0, stories: 0 }
  try {
    await fc.assert(
      fc.asyncProperty(story, async (acts) => {
        const before = world.thrown
        human = await OneHuman.begin(database, b, world)
        for (const act of acts) await human.do(act)
        await human.do({ do: 'stop', as: 0 })
        expect(human.findings).toEqual([])
        seen.stories += 1
        seen.effects += world.thrown - before
      }),
      { examples: told.map((acts) => [acts]), numRuns: how.runs, seed: how.seed },
    )
  } finally {
    await b.end()
  }
  // Stories in which nothing can happen would prove nothing.
  expect(seen.effects).toBeGreaterThan(seen.stories / 10)
}

/** The switch, quick to fail, and revisable: whatever its proof says is accepted. */
function switchThatMayStayUnproved(world: Switch, proves: () => boolean): AnyProcedure {
  const usual = switchProcedure(world, 'DANGEROUS')
  return {
    ...usual,
    steps: (environment) =>
      usual.steps(environment).map((step) => ({
        ...step,
        everyMs: 10,
        forMs: 60,
        settleMs: 20,
        verify: async (...args) =>
          step.id === 'throw' && !proves()
            ? { state: 'failed' as const, says: 'The proof does not come.' }
            : await step.verify(...args),
        revisions: () => [
          {
            kind: 'accept' as const,
            subject: 'as it is',
            label: 'Accept it',
            consequence: 'Goes on.',
            facts: { accepted: true },
            again: ['approve', 'throw'],
          },
        ],
      })),
  }
}
