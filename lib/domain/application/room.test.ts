// Whether twelve pods find room in a region where none run is asked before they are needed.
import { expect, test } from 'vitest'
import { type ClusterRoom, placeable, quantityOf, requestsOf } from './room'

test.each<[unknown, number | null]>([
  ['250m', 0.25],
  ['2', 2],
  ['1.5', 1.5],
  [4, 4],
  ['128Mi', 134_217_728],
  ['16Gi', 17_179_869_184],
  ['1k', 1_000],
  ['5G', 5_000_000_000],
  ['1e3', 1_000],
  ['', null],
  ['much', null],
  ['.', null],
  [null, null],
])('the quantity %j is %j', (text, figure) => {
  expect(quantityOf(text as string)).toBe(figure)
})

const asking = (cpu: string, memory: string) => ({ resources: { requests: { cpu, memory } } })

test('a pod asks for all of its containers, or for its largest init container where that is more', () => {
  expect(requestsOf({ containers: [asking('1', '1Gi'), asking('500m', '1Gi')] })).toEqual({
    cpu: 1.5,
    memory: 2 ** 31,
    pods: 1,
  })
  expect(requestsOf({ containers: [asking('1', '1Gi')], initContainers: [asking('2', '1Mi')] }).cpu).toBe(2)
  expect(requestsOf({})).toEqual({ cpu: 0, memory: 0, pods: 1 })
})

const node = (cpu: number, pods = 100, more: Partial<ClusterRoom['nodes'][0]> = {}) => ({
  name: 'n',
  takesPods: true,
  allocatable: { cpu, memory: 100, pods },
  requested: { cpu: 0, memory: 0, pods: 0 },
  ...more,
})
const pod = { cpu: 2, memory: 10, pods: 1 }

test.each<[string, ClusterRoom['nodes'], number]>([
  ['no node', [], 0],
  ['one that has room for all', [node(100)], 9],
  ['two with three cores each, which no pod can share', [node(3), node(3)], 2],
  ['one that lacks memory', [node(100, 100, { allocatable: { cpu: 100, memory: 35, pods: 100 } })], 3],
  ['one that takes two pods more', [node(100, 5, { requested: { cpu: 0, memory: 0, pods: 3 } })], 2],
  ['one that is cordoned', [node(100, 100, { takesPods: false })], 0],
  ['one that is asked for more than it has', [node(2, 100, { requested: { cpu: 3, memory: 0, pods: 1 } })], 0],
])('%s', (_what, nodes, fit) => {
  expect(placeable({ nodes }, [{ pod, count: 9 }])).toBe(fit)
})
