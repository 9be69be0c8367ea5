/*
 * One human who may do everything with the accounts that she can get hold of: she starts, approves, retries, rolls back, skips, does * manually, revises, pauses, adds people, changes roles, enables, sets passwords, links identities, waits for days. Over generated
 * stories, by the real commands and a real runner, no dangerous effect happens unless a second human agreed, or glass was broken.
 *
 * ONE_HUMAN_SEED repeats a finding; without it each run tells other stories.
 */
import { test, vi } from 'vitest'
import type { AnyProcedure } from '../procedures/contract'
import { createTestDatabase } from '../store/testing/database'
import { exploreOneHuman } from './testing/explore-one-human'

const catalogue = vi.hoisted(() => ({ procedure: null as AnyProcedure | null }))
vi.mock('../procedures/index', () => ({ procedureBySlug: () => catalogue.procedure, procedures: [] }))

const use = (procedure: AnyProcedure) => {
  catalogue.procedure = procedure
}

test('nothing dangerous happens by one human alone', { timeout: 3_600_000 }, async () => {
  const seed = Number(process.env.ONE_HUMAN_SEED ?? Date.now() % 1_000_000_000)
  // Each lane waits for its own store and its own runner most of the time.
  const lanes = Array.from({ length: 4 }, async (_, lane) => {
    const database = await createTestDatabase()
    try {
      await exploreOneHuman(database, use, { runs: 100, seed: seed + lane })
    } finally {
      await database.drop()
    }
  })
  const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
})
