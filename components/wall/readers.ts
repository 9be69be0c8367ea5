import type { WallNode, WallPicture } from '../../lib/domain/wall/picture'
import { shortNames } from '../../lib/web/present/format'

/** A sentence with the short names of the nodes that it speaks of: the wall has no room for what they all share. */
export function withShortNames(text: string, nodes: readonly Pick<WallNode, 'id'>[]): string {
  const names = shortNames(nodes.map(({ id }) => id))
  return nodes
    .map(({ id }) => id)
    .toSorted((a, b) => b.length - a.length)
    .reduce((said, id) => said.replaceAll(id, names[id] ?? id), text)
}

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
