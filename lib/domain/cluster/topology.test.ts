import { describe, expect, test } from 'vitest'
import { detectTopology } from './topology'

const cluster = (engine: string, tags: Record<string, string> = {}) => ({ engine, tags })
const instance = (more: Partial<Parameters<typeof detectTopology>[1][number]> = {}) => ({
  engine: 'postgres',
  clusterId: null,
  ...more,
})

describe('the shape of a guarded database', () => {
  test.each([
    ['aurora', cluster('aurora-postgresql'), []],
    ['multi_az_cluster', cluster('postgres'), []],
    ['hybrid', cluster('postgres', { 'dr-lab': 'hybrid' }), [instance({ clusterId: 'c' })]],
    ['instance', null, [instance()]],
    ['aurora', cluster('aurora-postgresql', { 'dr-lab': 'hybrid' }), []],
    ['unknown', cluster('aurora-mysql', { 'dr-lab': 'hybrid' }), []],
    ['unknown', cluster('aurora-mysql'), []],
    ['unknown', null, [instance({ engine: 'mysql' })]],
    ['unknown', null, [instance({ clusterId: 'another' })]],
    ['unknown', null, []],
  ] as const)('%s is recognised by what the API describes', (topology, described, instances) => {
    expect(detectTopology(described, [...instances])).toBe(topology)
  })

  test('a tag of another value does not make a cluster hybrid', () => {
    expect(detectTopology(cluster('postgres', { 'dr-lab': 'no' }), [])).toBe('multi_az_cluster')
  })
})
