// The metrics are measured: when the server really dies the exporter's query fails, the alert waits its time and fires.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createOneNodeLab, type OneNodeLab } from '../workload/one-node-lab'
import { until } from '../workload/read-workload'
import { registerPrometheus } from './index'

let lab: OneNodeLab

beforeAll(async () => {
  lab = await createOneNodeLab(21_320)
  registerPrometheus(lab)
  await lab.start()
})
// The set-up itself may have failed.
afterAll(() => lab?.stop())

interface Answer {
  status: string
  error?: string
  data?: { result: { metric: Record<string, string>; value: [number, string] }[] }
}

async function ask(query: string): Promise<Answer> {
  const answer = await fetch(lab.url('/prometheus/api/v1/query'), {
    method: 'POST',
    body: new URLSearchParams({ query }),
  })
  return (await answer.json()) as Answer
}
const value = async (query: string) => (await ask(query)).data?.result[0]?.value[1]

test('a dead server is down, PostgresDown fires after its delay, and both end when it is back', async () => {
  await until(
    () => value('pg_up'),
    (up) => up === '1',
  )
  await lab.server.kill()
  await until(
    () => value('pg_up'),
    (up) => up === '0',
  )
  await until(
    () => value('ALERTS{alertname="PostgresDown",alertstate="pending"}'),
    (pending) => pending === '1',
  )
  const firing = await until(
    () => ask('ALERTS{alertstate="firing"}'),
    ({ data }) => (data?.result.length ?? 0) > 0,
  )
  expect(firing.data?.result[0]?.metric).toMatchObject({
    alertname: 'PostgresDown',
    severity: 'critical',
    server: 'writer',
  })
  await lab.server.start()
  await until(
    () => ask('ALERTS'),
    ({ data }) => data?.result.length === 0,
  )
  expect(await value('pg_up')).toBe('1')
})

test('GET and POST answer alike, targets are listed, and nonsense is refused as Prometheus does', async () => {
  const get = (await (await fetch(lab.url('/prometheus/api/v1/query?query=up'))).json()) as Answer
  expect(get.data?.result[0]?.metric).toEqual((await ask('up')).data?.result[0]?.metric)
  const targets = (await (await fetch(lab.url('/prometheus/api/v1/targets'))).json()) as {
    data: { activeTargets: { health: string }[] }
  }
  expect(targets.data.activeTargets.map((target) => target.health)).toEqual(['up'])
  expect(await ask('pg_up{')).toMatchObject({ status: 'error', errorType: 'bad_data' })
})
