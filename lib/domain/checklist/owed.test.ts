import { expect, test } from 'vitest'
import { duty } from '../run/obligation'
import { owedFor, saysWithOwed } from './owed'

const route = duty('pooler-host-1', 'Route PgBouncer to the new writer', 'It is paused.', ['connectivity'])
const keep = duty('retain-source', 'Keep the old database', 'It has rows that nothing else has.')

test('an item that does not hold names the open items that hold it up, and no others', () => {
  const owed = owedFor('connectivity', 'fail', [route, keep])
  expect(owed).toEqual([route])
  expect(saysWithOwed('The pooler is paused.', owed)).toBe(
    'The pooler is paused. Open item of the run: Route PgBouncer to the new writer.',
  )
  expect(owedFor('dns', 'unknown', [route, keep])).toEqual([])
})

test('one that holds, one that is looked at, and one whose open item is settled name none', () => {
  for (const state of ['pass', 'hand', 'running']) expect(owedFor('connectivity', state, [route])).toEqual([])
  for (const state of ['met', 'accepted'] as const)
    expect(owedFor('connectivity', 'fail', [{ ...route, state }])).toEqual([])
  expect(saysWithOwed('Fine.', [])).toBe('Fine.')
})
