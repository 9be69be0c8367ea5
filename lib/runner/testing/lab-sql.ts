import { Client } from 'pg'
import type { Scene } from './scene'

export type At = { host: string; port: number }

/** Asks a server of the lab over a connection of its own, outside the product: the source, or a copy, which has the same master. */
export async function labSql<T extends object>(scene: Scene, address: At, text: string): Promise<T[]> {
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

export const labCount = async (scene: Scene, address: At, from: string): Promise<number> =>
  Number((await labSql<{ n: string }>(scene, address, `SELECT count(*) AS n FROM ${from}`))[0]?.n)

/** A moment of a server's own clock that lies after everything committed so far, and before anything that comes. */
export async function labMoment(scene: Scene, address: At): Promise<number> {
  const [row] = await labSql<{ at: string }>(
    scene,
    address,
    'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS at',
  )
  return Math.ceil(Number(row?.at)) + 1
}
