/*
 * One human who may do everything with the accounts that she can get hold of: she starts, approves, retries, undoes, skips, does by
 * hand, revises, pauses, adds people, changes roles, enables, sets passwords, links identities, waits for days. Over generated
 * sequences, by the real commands and a real runner, no dangerous effect happens unless a second human agreed, or glass was broken.
 *
 * ONE_HUMAN_RUNS=400 explores more widely; ONE_HUMAN_SEED repeats a finding.
 */
import fc from 'fast-check'
import pg from 'pg'
import { afterEach, expect, test, vi } from 'vitest'
import { databasePerTest } from '../../bin/testing/database'
import type { AnyProcedure } from '../procedures/contract'
import { approvalProof } from './approval-proof'
import { authoriseFrom } from './authorise'
import { type Bench, bench, Switch, surroundings, switchProcedure } from './testing/one-effect'
import { type Act, type Finding, OneHuman, story } from './testing/one-human'

const catalogue = vi.hoisted(() => ({ procedure: null as AnyProcedure | null }))
vi.mock('../procedures/index', () => ({ procedureBySlug: () => catalogue.procedure, procedures: [] }))

const database = databasePerTest()
let b: Bench
let owner: pg.Client
afterEach(async () => {
  await b.end()
  await owner.end()
})

const world = new Switch()
let human: OneHuman | null = null

/** The switch, quick to fail, and revisable: whatever its proof says is accepted. */
function procedure(): AnyProcedure {
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
          human?.proves === false && step.id === 'throw'
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

async function play(acts: readonly Act[]): Promise<Finding[]> {
  human = await OneHuman.begin(database(), owner, b, world)
  for (const one of acts) await human.do(one)
  await human.do({ do: 'stop', as: 0 })
  return human.findings
}

async function open(): Promise<void> {
  catalogue.procedure = procedure()
  owner = new pg.Client({ connectionString: database().ownerUrl })
  await owner.connect()
  b = bench(database().url, database().store, world, catalogue.procedure)
  b.runner({
    pace: 0.02,
    ttlMs: 3_000,
    everyMs: 500,
    authorise: authoriseFrom(database().store, surroundings, approvalProof(null)),
  })
}

/** Stories that are told in any case: a second account of each kind, a late retry, an undo. */
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
    { do: 'start', as: 0 },
    { do: 'world', next: 'works', proves: false },
    { do: 'ann-approves' },
    { do: 'undo', as: 0 },
  ],
]

/**
 * What two humans must agree on. An approval that is used hours after it was given, and an undo, which has no approval of its own,
 * are not yet among them; they join when approvals are used up by what they allowed.
 */
const held: readonly Finding['what'][] = ['effect', 'skip', 'by-hand']

test('nothing dangerous happens by one human alone', { timeout: 900_000 }, async () => {
  await open()
  const seen = { effects: 0, sequences: 0 }
  await fc.assert(
    fc.asyncProperty(story, async (acts) => {
      seen.sequences += 1
      const before = world.thrown
      const findings = await play(acts)
      seen.effects += world.thrown - before
      expect(findings.filter(({ what }) => held.includes(what))).toEqual([])
    }),
    {
      examples: told.map((acts) => [acts]),
      numRuns: Number(process.env.ONE_HUMAN_RUNS ?? 60),
      seed: Number(process.env.ONE_HUMAN_SEED ?? 20261128),
    },
  )
  // Sequences in which nothing can happen would prove nothing.
  expect(seen.effects).toBeGreaterThan(seen.sequences / 10)
})
