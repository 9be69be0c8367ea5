// The order is what keeps two writers from taking writes at once: clients are held before anything moves, the old writer is
// closed before they are let through, and nothing is closed before somebody said yes.
import { expect, test } from 'vitest'
import type { Surroundings } from './contract'
import { primaryFailover } from './primary-failover'
import { everything } from './testing/surroundings'

const orderIn = (surroundings: Surroundings) => primaryFailover.steps(surroundings).map((step) => step.id)

test('of a failover with a pooler, a quarantine group and workloads', () => {
  expect(orderIn(everything)).toEqual([
    'confirm',
    'baseline',
    'approve',
    'hold-traffic',
    'fence-first',
    'fail-over',
    'fence',
    'switch-pooler',
    'switch-api',
    'readers-follow',
    'verify-recovery',
    'left-sessions',
    'close',
  ])
})

test('of a failover without any of them', () => {
  const aws = { ...everything.aws, quarantineSecurityGroupId: null }
  expect(orderIn({ ...everything, aws, poolers: [], kubernetes: null })).toEqual([
    'confirm',
    'baseline',
    'approve',
    'fail-over',
    'fence',
    'readers-follow',
    'verify-recovery',
    'left-sessions',
    'close',
  ])
})
