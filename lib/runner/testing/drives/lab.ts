import type { Run } from '../../../domain/run/run'
import { type At, labSql } from '../lab-sql'
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

/** Says so where the application may still log in to what was left by a cutover. */
export async function unfenced(scene: Scene, source: At): Promise<string[]> {
  const query = "SELECT rolcanlogin AS may FROM pg_roles WHERE rolname = 'castmatch_app'"
  const [role] = await labSql<{ may: boolean }>(scene, source, query)
  return role?.may === false ? [] : ['The source is not fenced']
}
