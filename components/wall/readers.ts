import type { WallNode, WallPicture } from '../../lib/domain/wall/picture'

type Nodes = Pick<WallPicture, 'nodes' | 'writerId'>

/** The writer, or the first that calls itself one while none is known. */
export const writerOf = ({ nodes, writerId }: Nodes): WallNode | undefined =>
  nodes.find((node) => node.id === writerId) ?? nodes.find((node) => node.role === 'writer')

/** The others in their order: this region's first, then by name. */
export const readersOf = (picture: Nodes): WallNode[] => {
  const writer = writerOf(picture)
  return picture.nodes
    .filter((node) => node !== writer)
    .sort((a, b) => Number(a.role === 'cross-region') - Number(b.role === 'cross-region') || a.id.localeCompare(b.id))
}
