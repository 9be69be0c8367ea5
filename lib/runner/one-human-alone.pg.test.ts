/*
 * One human who may do everything with the accounts that she can get hold of: she starts, approves, retries, rolls back, skips, does * manually, revises, pauses, adds people, changes roles, enables, sets passwords, links identities, waits for days. Over generated
 * stories, by the real commands and a real runner, no dangerous effect happens unless a second human agreed, or glass was broken.
 */
import { test, vi } from 'vitest'
import type { AnyProcedure } from '../procedures/contract'
import { databasePerTest } from '../store/testing/database'
import { exploreOneHuman } from './testing/explore-one-human'

const catalogue = vi.hoisted(() => ({ procedure: null as AnyProcedure | null }))
vi.mock('../procedures/index', () => ({ procedureBySlug: () => catalogue.procedure, procedures: [] }))

const database = databasePerTest()
const use = (procedure: AnyProcedure) => {
  catalogue.procedure = procedure
}

test('nothing dangerous happens by one human alone', { timeout: 300_000 }, async () => {
  await exploreOneHuman(database(), use, { runs: 25, seed: 20261128 })
})
