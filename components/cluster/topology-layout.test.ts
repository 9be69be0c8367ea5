import { describe, expect, it } from 'vitest'
import type { NodeView, Reading, Snapshot } from '../../lib/domain/cluster/types'
import { type Box, layoutTopology } from './topology-layout'

const node = (id: string, role: NodeView['role'], region = 'us-west-2') => ({ id, role, region, zone: 'z' }) as NodeView
const of = (nodes: NodeView[], writerId: string | null, pool: Snapshot['pool']['value'] = null) =>
  layoutTopology({
    nodes,
    writerId,
    environment: { name: 'lab', kind: 'lab', region: 'us-west-2', drRegion: 'us-east-1', cluster: 'c' },
    pool: { value: pool } as Reading<NonNullable<Snapshot['pool']['value']>>,
  })

describe('places of the topology', () => {
  it('follow roles: after a failover the new writer stands where the old one stood', () => {
    const before = of([node('a', 'writer'), node('b', 'reader'), node('x', 'cross-region', 'us-east-1')], 'a')
    const after = of([node('a', 'reader'), node('b', 'writer'), node('x', 'cross-region', 'us-east-1')], 'b')
    expect(after.writer.box).toEqual(before.writer.box)
    expect(after.writer.node?.id).toBe('b')
    expect(after.readers.map((r) => r.node.id)).toEqual(['a'])
  })
  it('keep a place for a writer that nobody knows', () => {
    const layout = of([node('b', 'reader'), node('c', 'reader')], null)
    expect(layout.writer.node).toBeNull()
    expect(layout.readers).toHaveLength(2)
  })
  it('never put one box on another, however many readers there are', () => {
    const readers = ['b', 'c', 'd', 'e', 'f'].map((id) => node(id, 'reader'))
    const layout = of([node('a', 'writer'), ...readers, node('x', 'cross-region', 'us-east-1')], 'a')
    const boxes = [...layout.readers.map((r) => r.box), ...layout.remote.map((r) => r.box)].sort((p, q) => p.y - q.y)
    for (let i = 1; i < boxes.length; i++)
      expect(boxes[i]?.y).toBeGreaterThanOrEqual((boxes[i - 1]?.y ?? 0) + (boxes[i - 1]?.h ?? 0))
    for (const box of boxes) expect(box.y + box.h).toBeLessThanOrEqual(layout.height)
  })
  it('leave the pooler out when clients go straight to the database', () =>
    expect(
      of([node('a', 'writer')], 'a', { present: false } as NonNullable<Snapshot['pool']['value']>).pooler,
    ).toBeNull())
  it('have no second region when no node is there', () =>
    expect(of([node('a', 'writer')], 'a').regions.map(({ name }) => name)).toEqual(['us-west-2']))
  it('put a promoted writer into the box of the recovery region, and what is at home into that of the home region', () => {
    const east = 'us-east-1'
    const layout = of(
      [node('a', 'unknown'), node('b', 'reader'), node('x', 'writer', east), node('y', 'cross-region', east)],
      'x',
    )
    const [home, away] = layout.regions
    expect([home?.name, away?.name]).toEqual(['us-west-2', east])
    const isIn = (box: Box, region: Box | undefined) =>
      region !== undefined && box.y >= region.y && box.y + box.h <= region.y + region.h
    expect(isIn(layout.writer.box, away?.box)).toBe(true)
    expect(layout.readers.map(({ node, box }) => [node.id, isIn(box, away?.box)])).toEqual([['y', true]])
    expect(layout.remote.map(({ node, box }) => [node.id, isIn(box, home?.box)])).toEqual([
      ['a', true],
      ['b', true],
    ])
    for (const { box } of layout.regions) expect(box.y + box.h).toBeLessThanOrEqual(layout.height)
    expect((home?.box.y ?? 0) + (home?.box.h ?? 0)).toBeLessThan(away?.box.y ?? 0)
  })
})
