import type { NodeView, Snapshot } from '../../lib/domain/cluster/types'

/** Where everything of the topology stands, in the drawing's own units. Pure, so that it can be tested. */
export interface Box {
  x: number
  y: number
  w: number
  h: number
}
interface Region {
  box: Box
  name: string
  note: string
}
interface TopologyLayout {
  width: number
  height: number
  /** The home region, and the other one while a node is there; from top to bottom. */
  regions: Region[]
  app: Box
  pooler: Box | null
  writer: { node: NodeView | null; zone: Box; box: Box }
  /** In the writer's region. */
  readers: { node: NodeView; zone: Box; box: Box }[]
  /** In the region that the writer is not in. */
  remote: { node: NodeView; box: Box }[]
}

const width = 762
const readerStep = 86
const gap = 8

/**
 * Application, pooler and writer from left to right, the readers in their zones beside the writer, the other region
 * below; above, when the writer is in the recovery region. Places follow roles, not names, so a failover is seen as a move.
 */
export function layoutTopology(
  snapshot: Pick<Snapshot, 'nodes' | 'writerId' | 'environment' | 'pool'>,
): TopologyLayout {
  const { nodes, environment } = snapshot
  const byName = (a: NodeView, b: NodeView) => a.id.localeCompare(b.id)
  const writer = nodes.find((n) => n.id === snapshot.writerId) ?? nodes.find((n) => n.role === 'writer') ?? null
  const isElsewhere = (n: NodeView) => n.role === 'cross-region' || n.region === environment.drRegion
  const away = writer !== null && isElsewhere(writer)
  const others = nodes.filter((n) => n !== writer).sort(byName)
  const remote = others.filter((n) => isElsewhere(n) !== away)
  const readers = others.filter((n) => !remote.includes(n))
  const rows = Math.max(2, readers.length)
  const largeHeight = 28 + rows * readerStep
  const smallHeight = remote.length ? Math.max(74, 16 + remote.length * 58) : 0
  const top = 4
  const largeY = away && remote.length ? top + smallHeight + gap : top
  const smallY = away ? top : top + largeHeight + gap
  const height = top + largeHeight + (remote.length ? gap + smallHeight : 0) + 6
  const zoneHeight = rows * readerStep - 12
  const writerZone = { x: 294, y: largeY + 28, w: 196, h: zoneHeight }
  const writerBox = { x: 303, y: writerZone.y + 23, w: 178, h: Math.min(zoneHeight - 31, 129) }
  const axis = writerBox.y + writerBox.h / 2
  const pooler = snapshot.pool.value && !snapshot.pool.value.present ? null : { x: 148, y: axis - 55, w: 102, h: 110 }
  const home = { name: environment.region, note: environment.cluster }
  const recovery = { name: environment.drRegion, note: 'recovery region' }
  const large = { ...(away ? recovery : home), box: { x: 284, y: largeY, w: 470, h: largeHeight } }
  const small = { ...(away ? home : recovery), box: { x: 284, y: smallY, w: 470, h: smallHeight } }
  return {
    width,
    height,
    regions: remote.length === 0 ? [large] : away ? [small, large] : [large, small],
    app: { x: 12, y: axis - 55, w: 108, h: 110 },
    pooler,
    writer: { node: writer, zone: writerZone, box: writerBox },
    readers: readers.map((node, i) => {
      const y = largeY + 28 + i * readerStep
      return { node, zone: { x: 550, y, w: 196, h: 74 }, box: { x: 559, y: y + 23, w: 178, h: 44 } }
    }),
    remote: remote.map((node, i) => ({ node, box: { x: 559, y: smallY + 15 + i * 58, w: 178, h: 44 } })),
  }
}
