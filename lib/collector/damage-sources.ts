import { nodeWords } from '../domain/cluster/node-key'
import { answers } from './assemble'
import type { NodeProbe } from './node-probe'
import type { World } from './world'

/** Which probes meet a damaged page or index now, in words. */
export function meetDamage(world: World): string[] {
  const nodes = [...world.nodes.values()].flatMap((node) => {
    const asked = { position: node.position, sessions: node.blocking, replication: node.replication, slots: node.slots }
    return Object.entries(asked).flatMap(([what, { error }]) =>
      error?.kind === 'damaged' ? [`${what} of ${nodeWords(node.id)}`] : [],
    )
  })
  return [...(world.write?.track.error?.kind === 'damaged' ? ['heartbeat of the writer'] : []), ...nodes]
}

/** A reader that replicates, one at home before one elsewhere; always the same one while it answers. */
export function readerToCheck(world: World, home: string, now: number): NodeProbe | null {
  const region = new Map((world.inventory.value?.instances ?? []).map((one) => [one.id, one.region]))
  const readers = [...world.nodes.values()]
    .filter((node) => node.id !== world.writerId && answers(node, now) && node.seen?.value.standby === true)
    .sort((a, b) => Number(region.get(a.id) !== home) - Number(region.get(b.id) !== home) || b.id.localeCompare(a.id))
  return readers[0] ?? null
}
