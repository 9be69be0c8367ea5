// What the collector in the other region says is believed only as far as it can be read.
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { PortError } from '../../ports/port-error'
import { createVantage } from './index'

const secret = 's'.repeat(32)
const report = {
  now: 1,
  everyMs: 1000,
  canaries: [
    { of: 'home', service: 'rds', sample: null },
    {
      of: 'own',
      service: 's3',
      sample: { source: 's3', vantage: 'dr-region', startedAt: 0, endedAt: 1, ok: true, value: null },
    },
  ],
}
let server: Server | null = null
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function at(answer: RequestListener) {
  server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return createVantage({ url: `http://127.0.0.1:${port}/`, secret })
}
const failure = (call: Promise<unknown>) =>
  call.then(
    () => null,
    (error: unknown) => (error instanceof PortError ? error : Promise.reject(error)),
  )

test('a whole report is handed on, and asked for with the secret', async () => {
  let asked = ''
  const vantage = await at((request, response) => {
    asked = `${request.url} ${request.headers.authorization}`
    response.end(JSON.stringify(report))
  })
  expect(await vantage.report()).toEqual(report)
  expect(asked).toBe(`/report Bearer ${secret}`)
})

test.each<[string, number, string, string]>([
  ['a refusal', 401, '{"error":"no"}', 'auth'],
  ['a page of a proxy', 200, '<html>', 'transient'],
  ['a report that lacks its time', 200, JSON.stringify({ ...report, now: undefined }), 'transient'],
  [
    'a service that nobody knows',
    200,
    JSON.stringify({ ...report, canaries: [{ of: 'home', service: 'x', sample: null }] }),
    'transient',
  ],
  ['an endless answer', 200, `"${'x'.repeat(200_000)}"`, 'transient'],
])('%s is an error of its own, without the secret in it', async (_, status, body, errorClass) => {
  const vantage = await at((_request, response) => void response.writeHead(status).end(body))
  const error = await failure(vantage.report())
  expect(error?.errorClass).toBe(errorClass)
  expect(error?.message).not.toContain(secret)
})

test('one that is silent or gone says so', async () => {
  const silent = await at(() => undefined)
  const late = await failure(silent.report(AbortSignal.timeout(50)))
  expect(late?.detail.probe).toBe('timeout')
  const left = await at(() => undefined)
  await new Promise((done) => server?.close(done))
  const gone = await failure(left.report())
  expect(gone?.detail.probe).toBe('refused')
})
