import { describe, expect, test } from 'vitest'
import { catalogue } from '../../procedures/index'
import type { CandidateView, Diagnosis } from '../cluster/types'
import { type CatalogueEntry, firstChoice, fittingFor, recommended, recovers, unfitOn, wayHome } from './catalogue'

const candidate = (allowed: CandidateView['allowed']) => ({ allowed }) as CandidateView
const seen = (topology: Parameters<typeof at>[0], ...allowed: CandidateView['allowed'][]) =>
  at(topology, allowed.map(candidate))
function at(topology: 'hybrid' | 'aurora' | 'multi_az_cluster' | 'instance' | 'unknown', candidates: CandidateView[]) {
  return { topology, rdsObservedAt: 1, candidates }
}
const entry = (key: string): CatalogueEntry => {
  const found = catalogue.find((one) => one.key === key)
  if (!found) throw new Error(`no ${key}`)
  return found
}
const failover = entry('P1')

describe('what cannot be run is said with its reason', () => {
  test('nothing is refused before RDS has described anything', () => {
    expect(unfitOn(failover, { topology: 'unknown', rdsObservedAt: null, candidates: [] })).toBeNull()
    expect(unfitOn(failover, { topology: 'aurora', rdsObservedAt: null, candidates: [] })).toBeNull()
    expect(unfitOn(failover, null)).toBeNull()
  })

  test('a shape that is not known, or that the procedure does not list', () => {
    const elsewhere = { title: 'Cross-region recovery', topologies: ['hybrid', 'instance'], needs: [] } as const
    expect(unfitOn(elsewhere, seen('unknown'))).toContain('unsupported')
    expect(unfitOn(elsewhere, seen('multi_az_cluster'))).toBe(
      'Cross-region recovery cannot run on a Multi-AZ DB cluster.',
    )
    expect(unfitOn(elsewhere, seen('hybrid'))).toBeNull()
  })

  test('a failover with nowhere to go', () => {
    expect(unfitOn(failover, seen('instance'))).toContain('no Multi-AZ standby and no read replica')
    expect(unfitOn(failover, seen('aurora'))).toContain('no reader in its region')
    expect(unfitOn(failover, seen('hybrid', 'other-region'))).toContain('no reader in its region')
    expect(unfitOn(failover, seen('instance', 'no'))).toBeNull()
  })
})

describe('what is recommended', () => {
  const finding = { recommend: true, scenario: 'S1' } as const

  test('the customer’s order is that of the catalogue', () => {
    const keys = (scenario: 'S1' | 'S2' | 'S3' | 'S4') => fittingFor(scenario, catalogue).map(({ key }) => key)
    expect([keys('S1'), keys('S2'), keys('S3'), keys('S4')]).toEqual([
      ['P1', 'P3'],
      ['P2', 'P4'],
      ['P3', 'P4'],
      ['P2', 'P4'],
    ])
  })

  test('while the home region is not responding, nothing that acts in it', () => {
    const outage = { ...seen('hybrid', 'other-region'), diagnosis: { kind: 'region-outage' } } as const
    expect(firstChoice('S3', catalogue, outage)?.key).toBe('P3')
    expect(firstChoice('S1', catalogue, outage)?.key).toBe('P3')
    // Without a replica there, none is a choice, and what the runbook has is named with what it lacks.
    const alone = { ...seen('hybrid', 'allowed'), diagnosis: { kind: 'region-outage' } } as const
    expect(firstChoice('S3', catalogue, alone)).toBeNull()
    expect(recommended({ recommend: true, scenario: 'S3' }, catalogue, alone)).toMatchObject({
      entry: { key: 'P3' },
      unfit: expect.stringContaining('no replica in another region'),
    })
    expect(firstChoice('S3', catalogue, seen('hybrid', 'allowed'))?.key).toBe('P4')
  })

  test('only where the finding calls for a procedure', () => {
    expect(recommended({ ...finding, recommend: false }, catalogue, null)).toBeNull()
    expect(recommended({ ...finding, scenario: null }, catalogue, null)).toBeNull()
    expect(recommended(finding, [], null)).toBeNull()
  })

  test('the first that can be run; when none can, the first at all with the reason', () => {
    expect(recommended(finding, catalogue, seen('aurora', 'allowed'))).toEqual({ entry: failover, unfit: null })
    expect(recommended(finding, catalogue, seen('aurora'))).toMatchObject({
      entry: failover,
      unfit: expect.stringContaining('nothing can take over'),
    })
    const other = { ...failover, key: 'P9', slug: 'other', needs: [] }
    expect(recommended(finding, [...catalogue, other], seen('aurora'))).toEqual({ entry: other, unfit: null })
  })
})

test('a run that only looks, or that no scenario calls for, recovers nothing', () => {
  const recovering = (slug: string, inputs: Record<string, unknown> = {}) => {
    const entry = catalogue.find((one) => one.slug === slug)
    if (!entry) throw new Error(`${slug} is not in the catalogue`)
    return recovers(entry, inputs)
  }
  expect(recovering('primary-failover')).toBe(true)
  expect(recovering('point-in-time-recovery', { goal: 'extract' })).toBe(true)
  expect(recovering('point-in-time-recovery', { goal: 'inspect' })).toBe(false)
  expect(recovering('remove-copy')).toBe(false)
})

test('the way home is named while the writer is in the other region and the home region is there again', () => {
  const keys = (writerId: string | null, kind: Diagnosis['kind']) =>
    wayHome({ writerId, diagnosis: { kind } as Diagnosis }, catalogue).map(({ key }) => key)
  expect(keys('us-east-1/replica', 'degraded')).toEqual(['P6', 'P7'])
  expect(keys('us-east-1/replica', 'region-outage')).toEqual([])
  expect([keys('primary', 'degraded'), keys(null, 'unknown')]).toEqual([[], []])
})
