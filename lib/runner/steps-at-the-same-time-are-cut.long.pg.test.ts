/*
 * Steps of a stage act at the same time, and the runner dies after every write of theirs, or its lease lapses around every
 * answer. Whoever takes the run up repeats nothing and loses nothing, and the run ends.
 */
import { expect, test, vi } from 'vitest'
import type { AnyProcedure } from '../procedures/contract'
import { databasePerTest } from '../store/testing/database'
import { cutStages, stagesAreTakenUp } from './testing/cut-stages'

const catalogue = vi.hoisted(() => new Map<string, AnyProcedure>())
vi.mock('../procedures/index', () => ({ procedureBySlug: (slug: string) => catalogue.get(slug), procedures: [] }))
const database = databasePerTest()

test('no effect of a stage is repeated or lost, wherever its runner is lost', async () => {
  const tally = await cutStages(database(), catalogue, 1)
  process.stdout.write(`${tally.cuts} cuts of stages\n`)
  expect(tally).toEqual({ cuts: expect.any(Number), repeated: 0, lost: 0, notDone: 0 })
  expect(tally.cuts).toBeGreaterThan(150)
}, 3_600_000)

test('from every place that a stage can be left in, the run continues or asks a person, and can be stopped', async () => {
  expect(await stagesAreTakenUp(database(), catalogue)).toBeGreaterThan(100)
}, 3_600_000)
