/** What calls have made lives on: over a restart of the lab, and over the loss of its writer. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Address } from '../../contract'
import { startTestLab, type TestLab } from '../../testing'
import { withClient } from '../sql'

let lab: TestLab
let dataDir: string
const begin = async () => {
  lab = await startTestLab({ basePort: 28_100, speedup: 100, dataDir })
}

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'wr-estate-'))
  await begin()
})
afterAll(async () => {
  await lab?.end()
  rmSync(dataDir, { recursive: true, force: true })
})

const cluster = () => lab.lab.context.cluster
const estate = () => lab.lab.context.estate
const sql = <T extends object>(address: Address, text: string) => {
  const { masterUsername: user, databaseName: database } = cluster()
  const login = { user, password: lab.lab.secrets.adminPassword, database }
  return withClient(address, login, async (client) => (await client.query<T>(text)).rows)
}
const restored = () => {
  const found = estate().clusters()[0]
  if (!found) throw new Error('nothing was restored')
  return found
}
const statuses = () => [...estate().clusters(), ...estate().instances()].map(({ id, status }) => `${id} ${status}`)
const become = (...wanted: string[]) => expect.poll(statuses, { timeout: 40_000, interval: 50 }).toEqual(wanted)
const numbers = (address: Address) =>
  sql<{ n: string }>(address, "SELECT n FROM commits WHERE worker = 'kept' ORDER BY n")

test('a restored cluster and its instances come back with the lab, and a reader takes over from a deleted writer', async () => {
  await sql(cluster().writerEndpoint, "INSERT INTO commits (worker, n) VALUES ('kept', 1), ('kept', 2)")
  await sql(cluster().writerEndpoint, "INSERT INTO commits (worker, n) VALUES ('late', 1)")
  await expect.poll(() => cluster().restorable().latest, { timeout: 40_000, interval: 100 }).not.toBeNull()
  const attributes = { DeletionProtection: false }
  estate().restoreCluster({ id: 'kept', sourceId: cluster().id, at: null, attributes })
  await become('kept available')
  for (const n of [1, 2]) estate().createMember({ id: `kept-${n}`, clusterId: 'kept', zone: 'us-west-2a', attributes })
  await become('kept available', 'kept-1 available', 'kept-2 available')
  expect(await numbers(restored().writerEndpoint)).toHaveLength(2)

  await lab.lab.stop()
  await begin()
  await become('kept available', 'kept-1 available', 'kept-2 available')
  expect(restored().writerId).toBe('kept-1')
  await sql(restored().writerEndpoint, "INSERT INTO commits (worker, n) VALUES ('kept', 3)")
  await expect.poll(() => numbers(restored().readerEndpoint), { timeout: 10_000 }).toHaveLength(3)

  estate().deleteInstance('kept-1', null)
  await become('kept available', 'kept-2 available')
  expect(restored().writerId).toBe('kept-2')
  await sql(restored().writerEndpoint, "INSERT INTO commits (worker, n) VALUES ('kept', 4)")
  // Without an instance the data is the cluster's, and the next instance serves it.
  estate().deleteInstance('kept-2', null)
  await become('kept available')
  estate().createMember({ id: 'kept-3', clusterId: 'kept', zone: 'us-west-2a', attributes })
  await become('kept available', 'kept-3 available')
  expect(await numbers(restored().writerEndpoint)).toHaveLength(4)
})
