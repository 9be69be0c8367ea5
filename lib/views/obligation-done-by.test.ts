// An open item leads to the procedure that does it, with its form filled in, once the run that owes it is over.
import { expect, test } from 'vitest'
import type { Obligation } from '../domain/run/obligation'
import type { Run } from '../domain/run/run'
import { rebuildOf } from '../procedures/rebuild-replica/inputs'
import { obligationDoneBy } from './copies'

const next = { ...rebuildOf('us-east-1/replica'), title: 'Create the replica' }
const owed = (state: Obligation['state'], more: Partial<Obligation> = { next }): Obligation => ({
  ...{ id: 'replica-home', title: 'Create a replica', why: 'There is none.', state },
  ...more,
})
const run = (state: Run['state']) => ({ id: '20261129t1200z-0a1b2c', state })

test.each<[string, Run['state'], Obligation, string | null]>([
  ['an open item of a run that is over', 'done', owed('open'), 'rebuild-replica'],
  ['an open item of a run that goes on', 'running', owed('open'), null],
  ['an item that is met', 'done', owed('met'), null],
  ['an item that people do by other means', 'done', owed('open', {}), null],
])('%s', (_name, state, item, slug) => {
  expect(obligationDoneBy(run(state), item)?.slug ?? null).toBe(slug)
})
