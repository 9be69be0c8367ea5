import type { NodeView, Snapshot } from '../../lib/domain/cluster/types'

/** Where everything of the topology stands, in the drawing's own units. Pure, so that it can be tested. */
export interface Box {
  x: number
  y: number
  w: number
  h: number
}
interface TopologyLayout {
  width: number
  height: number
  home: Box
  away: (Box & { name: string }) | null
  app: Box
  pooler: Box | null
  writer: { node: NodeView | null; zone: Box; box: Box }
  readers: { node: NodeView; zone: Box; box: Box }[]
  remote: { node: NodeView; box: Box }[]
}

const width = 762
const readerStep = 86

/**
 * Application, pooler and writer from left to right, the readers in their zones beside the writer, the other region
 * below. Places follow roles, not names, so a failover is seen as a move.
 */
export function layoutTopology(
  snapshot: Pick<Snapshot, 'nodes' | 'writerId' | 'environment' | 'pool'>,
): TopologyLayout {
  const { nodes, environment } = snapshot
  const byName = (a: NodeView, b: NodeView) => a.id.localeCompare(b.id)
  const writer = nodes.find((n) => n.id === snapshot.writerId) ?? nodes.find((n) => n.role === 'writer') ?? null
  const others = nodes.filter((n) => n !== writer).sort(byName)
  const remote = others.filter((n) => n.role === 'cross-region' || n.region === environment.drRegion)
  const readers = others.filter((n) => !remote.includes(n))
  const rows = Math.max(2, readers.length)
  const homeHeight = 28 + rows * readerStep
  const zoneHeight = rows * readerStep - 12
  const homeY = 4
  const awayHeight = remote.length ? Math.max(74, 16 + remote.length * 58) : 0
  const height = homeY + homeHeight + (remote.length ? 8 + awayHeight : 0) + 6
  const writerZone = { x: 294, y: homeY + 28, w: 196, h: zoneHeight }
  const writerBox = { x: 303, y: writerZone.y + 23, w: 178, h: Math.min(zoneHeight - 31, 129) }
  const axis = writerBox.y + writerBox.h / 2
  const pooler = snapshot.pool.value && !snapshot.pool.value.present ? null : { x: 148, y: axis - 55, w: 102, h: 110 }
  const awayY = homeY + homeHeight + 8
  return {
    width,
    height,
    home: { x: 284, y: homeY, w: 470, h: homeHeight },
    away: remote.length ? { x: 284, y: awayY, w: 470, h: awayHeight, name: environment.drRegion } : null,
    app: { x: 12, y: axis - 55, w: 108, h: 110 },
    pooler,
    writer: { node: writer, zone: writerZone, box: writerBox },
    readers: readers.map((node, i) => {
      const y = homeY + 28 + i * readerStep
      return { node, zone: { x: 550, y, w: 196, h: 74 }, box: { x: 559, y: y + 23, w: 178, h: 44 } }
    }),
    remote: remote.map((node, i) => ({ node, box: { x: 559, y: awayY + 15 + i * 58, w: 178, h: 44 } })),
  }
}
