// A procedure's form opens ready for what it was opened for: no dry run is mistaken for the recovery, and nothing real is chosen
// where no real incident is open.
import { expect, it } from 'vitest'
import { peopleOf, start } from '../commands/testing/people-in-an-incident'
import type { Snapshot } from '../domain/cluster/types'
import { databasePerTest } from '../store/testing/database'
import { readStart } from './start'
import { viewSource } from './testing/source'

const database = databasePerTest()
const { open, someone } = peopleOf(database)
const down = { kind: 'primary-down', headline: 'db-1 does not respond' } as Snapshot['diagnosis']
const seen = (diagnosis: Snapshot['diagnosis'], takenAt = start): Snapshot => ({ takenAt, diagnosis }) as Snapshot
const opens = (number: number | null, snapshot: Snapshot | null, kind: 'lab' | 'production' = 'lab') => {
  const source = viewSource(database().web, { snapshot: () => snapshot, now: () => start })
  return readStart({ ...source, environment: { ...source.environment, kind } }, number)
}

it('opens as the incident is meant, with the diagnosis of now as its reason', async () => {
  const commander = await someone('commander')
  const real = await open(commander, { kind: 'real', title: 'Writer down' })
  expect(await opens(real.number, seen(down))).toEqual({
    mode: 'real',
    reason: `INC-${real.number}: db-1 does not respond`,
  })
  expect(await opens(real.number, seen({ ...down, kind: 'healthy' }))).toEqual({
    mode: 'real',
    reason: `INC-${real.number}: Writer down`,
  })
  // A diagnosis of minutes ago is no reason.
  expect((await opens(real.number, seen(down, start - 61_000))).reason).toBe(`INC-${real.number}: Writer down`)
})

it('opens a drill as a drill where one may be run, and is never real by itself', async () => {
  const commander = await someone('commander')
  const drill = await open(commander, { kind: 'drill', title: 'First Tuesday' })
  expect((await opens(drill.number, null)).mode).toBe('drill')
  expect((await opens(drill.number, null, 'production')).mode).toBe('dry-run')
  expect(await opens(null, seen(down))).toEqual({ mode: 'dry-run', reason: 'db-1 does not respond' })
  expect(await opens(null, null)).toEqual({ mode: 'dry-run', reason: '' })
  expect(await opens(999_999, null)).toEqual({ mode: 'dry-run', reason: '' })
})
