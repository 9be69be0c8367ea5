import { Client } from 'pg'
import type { Run } from '../../../domain/run/run'
import type { Scene } from '../scene'

export interface Address {
  host: string
  port: number
}

/** Asks a server of the lab as its master. */
export async function sql<T extends object>(scene: Scene, address: Address, text: string): Promise<T[]> {
  const { databaseName: database, masterUsername: user } = scene.lab.lab.context.cluster
  const client = new Client({ ...address, database, user, password: scene.lab.lab.secrets.adminPassword })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<T>(text)).rows
  } finally {
    await client.end()
  }
}

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
