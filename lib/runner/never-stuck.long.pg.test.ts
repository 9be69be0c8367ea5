/*
 * A runner dies, or its lease lapses, at any moment, and another one finds the run wherever it was left: with the definition
 * that it was started by, with another one, or with none. Wherever that is, the run continues or a person is asked within
 * seconds, and Stop ends it and frees its cluster. Places where nobody could continue are refused by the store.
 * Here with every story. WIDE=1 checks every place under every lease and every definition, for as long as it takes.
 */
import { test, vi } from 'vitest'
import type { AnyProcedure } from '../procedures/contract'
import { databasePerTest } from '../store/testing/database'
import { everyPlace } from './testing/every-place'

const catalogue = vi.hoisted(() => new Map<string, AnyProcedure>())
vi.mock('../procedures/index', () => ({ procedureBySlug: (slug: string) => catalogue.get(slug), procedures: [] }))
const database = databasePerTest()

test('from every place that a run can be left in, it continues or asks a person, and can be stopped', async () => {
  await everyPlace(database(), catalogue, process.env.WIDE === '1' ? 'wide' : 'whole')
}, 3_600_000)
