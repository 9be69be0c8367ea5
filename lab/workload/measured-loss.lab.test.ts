// The application writes numbered commits and remembers which were acknowledged. The replicas stop receiving, the writer
// dies, a replica takes over: what was acknowledged and is not there any more is the loss, counted, not estimated.
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { registerRooms } from '../rooms'
import { startTestLab, type TestLab } from '../testing'
import { readWorkload, until } from './read-workload'

let running: TestLab

beforeAll(async () => {
  running = await startTestLab({ basePort: 21_260, register: registerRooms })
})
afterAll(() => running.end())

test('a failover after the links were cut loses acknowledged commits, and the count is exact', async () => {
  const { lab, url } = running
  const read = () => readWorkload(url, lab.secrets.token)
  const calm = await until(read, (now) => now.acknowledged > 30)
  expect(calm).toMatchObject({ lost: 0, lossError: null })

  for (const target of ['castmatch-prod-replica-1', 'castmatch-prod-replica-2']) {
    // One fault of a kind is active at a time, so each replica gets its own.
    await lab.startFault(target.endsWith('1') ? 'cut-link' : 'blackhole-link', target, {})
  }
  const cut = await read()
  await until(read, (now) => now.acknowledged > cut.acknowledged + 30)
  await lab.startFault('kill-writer', null, {})
  const dark = await until(read, (now) => now.lossError !== null && now.downtimes.length > 0)
  expect(dark.lost).toBeNull()
  expect(dark.downtimes[0]?.to).toBeNull()

  lab.context.cluster.failover('castmatch-prod-replica-1')
  const after = await until(read, (now) => now.downtimes[0]?.to != null && now.lost !== null)
  expect(after.writer.id).toBe('castmatch-prod-replica-1')
  expect(after.lost).toBeGreaterThan(0)
  const again = await until(read, (now) => now.acknowledged > after.acknowledged)
  expect(again.lost).toBe(after.lost)

  // Counted once more by other means: each lost number is asked for, one by one.
  const { host, port } = lab.context.cluster.node('castmatch-prod-replica-1')?.address ?? { host: '', port: 0 }
  const client = new pg.Client({
    host,
    port,
    user: 'castmatch_app',
    password: lab.secrets.applicationPassword,
    database: lab.context.cluster.databaseName,
  })
  await client.connect()
  let missing = 0
  for (const { pod, lost } of again.loss?.byPod ?? [])
    for (const [from, to] of lost)
      for (let n = from; n <= to; n++) {
        const { rowCount } = await client.query('SELECT 1 FROM commits WHERE worker = $1 AND n = $2', [pod, n])
        missing += rowCount === 0 ? 1 : 0
      }
  await client.end()
  expect(missing).toBe(again.lost)
})

test('the measurement needs the token', async () => {
  expect((await fetch(`${running.url}/lab/workload`)).status).toBe(401)
})
