import type { Run } from '../../../domain/run/run'
import type { Scene } from '../scene'

const tagOf = ({ attributes }: { attributes: Record<string, unknown> }): unknown =>
  (attributes.Tags as Record<string, unknown> | undefined)?.['dr-run']

/** Everything that the lab has of a run's copies, by name. */
export function madeBy(scene: Scene, run: Run): { clusters: string[]; instances: string[] } {
  const { estate } = scene.lab.lab.context
  const own = (all: { id: string; attributes: Record<string, unknown> }[]) =>
    all
      .filter((one) => tagOf(one) === run.id)
      .map(({ id }) => id)
      .sort()
  return { clusters: own(estate.clusters()), instances: own(estate.instances()) }
}
