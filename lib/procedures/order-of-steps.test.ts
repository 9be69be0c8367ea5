// The order is what keeps two writers from taking writes at once: clients are held before anything moves, the old writer is
// closed before they are let through, and nothing is closed before somebody said yes.
import { expect, test } from 'vitest'
import { faultOfStages } from '../domain/run/stage'
import { definitionHash, type Surroundings } from './contract'
import { procedures } from './index'
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
    'close',
  ])
})

test('of a failover without any of them', () => {
  const aws = { ...everything.aws, quarantineSecurityGroupId: null }
  expect(orderIn({ ...everything, aws, pooler: null, kubernetes: null })).toEqual([
    'confirm',
    'baseline',
    'approve',
    'fail-over',
    'fence',
    'readers-follow',
    'verify-recovery',
    'close',
  ])
})

test('no procedure of the catalogue has a stage that cannot be run', () => {
  for (const procedure of procedures) expect(faultOfStages(procedure.steps(everything))).toBeNull()
})

test('a step whose stage has changed is not the step that a run started with', () => {
  const [step] = primaryFailover.steps(everything)
  if (!step) throw new Error('P1 has steps')
  const stage = { id: 'two', title: 'Two', atOnce: 2, whenOneFails: 'others-hold' as const }
  const hashes = [step, { ...step, stage }, { ...step, stage: { ...stage, atOnce: 3 } }].map((s) =>
    definitionHash(1, s),
  )
  expect(new Set(hashes).size).toBe(3)
})
