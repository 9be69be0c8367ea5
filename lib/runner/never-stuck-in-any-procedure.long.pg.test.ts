/*
 * The runner of any procedure of the catalogue dies, and another one finds the run wherever it was left: with the definition that
 * it was started by, with another one, or with none. From there it continues or a person is asked within seconds, and Stop ends
 * it. The steps are those of the procedures; what they change are switches. How the sample is drawn: testing/every-procedure.ts.
 *
 * NEVER_STUCK_SEED repeats a finding; WIDE=1 cuts after every write.
 */
import { expect, test, vi } from 'vitest'
import type { AnyProcedure } from '../procedures/contract'
import { databasePerTest } from '../store/testing/database'
import { drives } from './testing/drives/index'
import { everyProcedure } from './testing/every-procedure'

const catalogue = vi.hoisted(() => new Map<string, AnyProcedure>())
const real = vi.hoisted(() => ({ procedures: [] as readonly AnyProcedure[] }))
vi.mock('../procedures/index', async (original) => {
  const { procedures } = await original<typeof import('../procedures/index')>()
  real.procedures = procedures
  return { procedureBySlug: (slug: string) => catalogue.get(slug), procedures: [] }
})
const database = databasePerTest()

test('wherever a run of any procedure is left, it continues or asks a person, and can be stopped', async () => {
  const seed = Number(process.env.NEVER_STUCK_SEED ?? Date.now() % 1_000_000_000)
  const each = process.env.WIDE === '1' ? 1_000 : 25
  const tally = await everyProcedure(database(), catalogue, real.procedures, { each, seed }).catch((error) => {
    throw new Error(`NEVER_STUCK_SEED=${seed}: ${error}`)
  })
  process.stdout.write(`seed ${seed}: ${JSON.stringify(tally)}\n`)
  expect(Object.keys(tally).sort()).toEqual(drives.map(({ name }) => name).sort())
  for (const { cut, uncut } of Object.values(tally)) expect(cut).toBeGreaterThan((cut + uncut) / 3)
}, 3_600_000)
