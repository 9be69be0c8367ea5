import { expect, test } from 'vitest'
import { primaryFailover } from '../../procedures/primary-failover'
import { everything } from '../../procedures/testing/surroundings'
import { checklistKeys } from './items'
import { saysWithSkip, skippedFor } from './skipped'

const ann = { id: 'a', name: 'Ann' }
const readers = {
  title: 'Check that readers follow',
  by: ann,
  reason: 'Two are enough',
  serves: ['replication'] as const,
}

test('an item that does not hold names the skip that it hangs on, by whom and why', () => {
  const skip = skippedFor('replication', 'fail', [readers])
  expect(saysWithSkip('One reader is missing.', skip)).toBe(
    '“Check that readers follow” was skipped by Ann: Two are enough. One reader is missing.',
  )
})

test('one that holds all the same says nothing of it, and neither does one that hangs on other steps', () => {
  expect(skippedFor('replication', 'pass', [readers])).toBeNull()
  expect(skippedFor('tls', 'fail', [readers])).toBeNull()
  expect(saysWithSkip('Fine.', null)).toBe('Fine.')
})

test('whoever goes without the readers, the pods or the verification is told so where it counts', () => {
  const steps = primaryFailover.steps(everything)
  const serves = (id: string) => steps.find((step) => step.id === id)?.serves ?? []
  expect(serves('readers-follow')).toContain('replication')
  expect(serves('switch-api')).toContain('app-health')
  expect(serves('verify-recovery')).toContain('connectivity')
  for (const step of steps) for (const key of step.serves ?? []) expect(checklistKeys).toContain(key)
})
