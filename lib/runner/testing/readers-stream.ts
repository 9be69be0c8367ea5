import type { Scene } from './scene'

/** A writer and two readers that stream, in the lab's truth and in what the collector has heard of it. */
export function readersStream(scene: Scene): boolean {
  const snapshot = scene.snapshot()
  const { cluster } = scene.lab.lab.context
  if (cluster.status !== 'available') return false
  const readers = cluster.nodes().filter((n) => n.role === 'reader')
  return (
    snapshot !== null &&
    snapshot.writerId === cluster.writerId() &&
    readers.length === 2 &&
    snapshot.nodes.every((n) => n.rdsStatus.value === 'available') &&
    readers.every((r) => r.status === 'available' && snapshot.nodes.find((n) => n.id === r.id)?.stream.alive === true)
  )
}
