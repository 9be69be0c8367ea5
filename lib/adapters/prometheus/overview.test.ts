import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createPrometheus } from './index'

const asked = { errorRatio: 'castmatch_api_error_ratio', p95Ms: 'castmatch_api_p95_ms', ownAlerts: {} }

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

type Vector = [labels: Record<string, string>, value: string][]

/** Where an answer comes, however late on a busy machine, it is the answer that is told, and not the limit. */
const patientMs = 15_000

/** A query API that answers each expression with its series. */
async function prometheus(
  answers: Record<string, Vector>,
  behave?: (response: ServerResponse) => void,
  limitMs = patientMs,
) {
  const seen: { method: string | undefined; url: string | undefined; query: string | null }[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      const query = new URLSearchParams(text).get('query')
      seen.push({ method: request.method, url: request.url, query })
      if (behave) return behave(response)
      const result = (answers[query ?? ''] ?? []).map(([metric, value]) => ({ metric, value: [1, value] }))
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    answers,
    seen,
    server,
    metrics: createPrometheus({ url: `http://127.0.0.1:${port}/prom/`, limitMs, ...asked }),
  }
}

describe('what Prometheus says', () => {
  test('is counted and read from whole expressions sent by POST', async () => {
    const { metrics, seen } = await prometheus({
      up: [
        [{ instance: 'a' }, '1'],
        [{ instance: 'b' }, '0'],
      ],
      pg_up: [[{ instance: 'a' }, '1']],
      'ALERTS{alertstate="firing"}': [
        [{ alertname: 'ReplicaLag', alertstate: 'firing', severity: 'page', server: 'replica-1' }, '1'],
      ],
      castmatch_api_error_ratio: [
        [{ region: 'x' }, '0.25'],
        [{ region: 'y' }, 'NaN'],
      ],
      castmatch_api_p95_ms: [[{}, '12.5']],
    })
    expect(await metrics.overview()).toEqual({
      targets: 2,
      targetsUp: 1,
      alertsFiring: [{ name: 'ReplicaLag', severity: 'page', subjects: ['replica-1'] }],
      errorRatio: 0.25,
      p95Ms: 12.5,
      pgUp: true,
    })
    expect(new Set(seen.map((s) => `${s.method} ${s.url}`))).toEqual(new Set(['POST /prom/api/v1/query']))
  })

  test('has no heartbeats among the alerts, the gravest first, and asks for our own by their labels', async () => {
    const firing = (alertname: string, severity: string): [Record<string, string>, string] => [
      { alertname, severity },
      '1',
    ]
    const all = [
      firing('Slow', 'warning'),
      firing('Watchdog', 'none'),
      firing('InfoInhibitor', 'info'),
      firing('Down', 'critical'),
    ]
    const promql = 'ALERTS{alertstate="firing",service="cast\\"match"}'
    const { server } = await prometheus({ [promql]: all, 'failed_share{job="api"}': [[{}, '0.5']] })
    const { port } = server.address() as AddressInfo
    const metrics = createPrometheus({
      ...asked,
      url: `http://127.0.0.1:${port}/prom/`,
      ownAlerts: { service: 'cast"match' },
      errorRatio: 'failed_share{job="api"}',
    })
    expect(await metrics.overview()).toMatchObject({
      alertsFiring: [
        { name: 'Down', severity: 'critical' },
        { name: 'Slow', severity: 'warning' },
      ],
      errorRatio: 0.5,
    })
  })

  test('is unknown where there is no series, and no ratio of no requests is zero', async () => {
    const { metrics } = await prometheus({ castmatch_api_error_ratio: [[{}, 'NaN']] })
    expect(await metrics.overview()).toMatchObject({ errorRatio: null, p95Ms: null, pgUp: null, targets: 0 })
  })

  test('of the writer is not drowned by readers that are up', async () => {
    const world = await prometheus({
      pg_up: [
        [{ instance: 'w' }, '1'],
        [{ instance: 'r' }, '1'],
      ],
      pg_replication_is_replica: [
        [{ instance: 'w' }, '0'],
        [{ instance: 'r' }, '1'],
      ],
    })
    expect((await world.metrics.overview()).pgUp).toBe(true)
    world.answers.pg_up = [
      [{ instance: 'w' }, '0'],
      [{ instance: 'r' }, '1'],
    ]
    world.answers.pg_replication_is_replica = [[{ instance: 'r' }, '1']]
    expect((await world.metrics.overview()).pgUp).toBe(false)
    world.answers.pg_replication_is_replica = [[{ instance: 'r' }, '0']]
    expect((await world.metrics.overview()).pgUp, 'the reader was promoted').toBe(true)
  })

  test('about servers that disagree says nothing about a writer that was never seen', async () => {
    const { metrics } = await prometheus({
      pg_up: [
        [{ instance: 'a' }, '1'],
        [{ instance: 'b' }, '0'],
      ],
    })
    expect((await metrics.overview()).pgUp).toBeNull()
  })
})

describe('a Prometheus that fails', () => {
  test.each([
    ['hangs', (response: ServerResponse) => void response, 'timeout', 'timeout'],
    ['resets', (response: ServerResponse) => response.socket?.resetAndDestroy(), 'unreachable', 'reset'],
    ['closes', (response: ServerResponse) => response.socket?.end(), 'unreachable', 'closed'],
    ['answers a web page', (response: ServerResponse) => response.end('<html>'), 'other', 'api'],
    [
      'answers another shape',
      (response: ServerResponse) => response.end('{"status":"success","data":{"resultType":"vector","result":[{}]}}'),
      'other',
      'api',
    ],
    ['wants a password', (response: ServerResponse) => response.writeHead(401).end('no'), 'auth', 'auth'],
    [
      'refuses the query',
      (response: ServerResponse) =>
        response.writeHead(400).end('{"status":"error","errorType":"bad_data","error":"parse error"}'),
      'config',
      'api',
    ],
  ])('because it %s is told apart', async (_name, behave, errorClass, probe) => {
    const { metrics } = await prometheus({}, behave, probe === 'timeout' ? 100 : patientMs)
    await expect(metrics.overview()).rejects.toMatchObject({ name: 'PortError', errorClass, detail: { probe } })
  })

  test('because nothing listens is refused', async () => {
    const { metrics, server } = await prometheus({})
    server.close()
    await expect(metrics.overview()).rejects.toMatchObject({ detail: { probe: 'refused' } })
  })
})
