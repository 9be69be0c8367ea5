import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EffectLog, LabFault, LabRoute } from '../../../lab/contract'
import { ArmedApiFaults } from '../../../lab/faults/api-faults'
import { registerHealth } from '../../../lab/health/index'
import { createHealth } from './index'

const secrets = { awsAccessKeyId: 'AKIATEST', awsSecretAccessKey: 'test' }
const apiFaults = new ArmedApiFaults()
const faults = new Map<string, LabFault>()
const routes: LabRoute[] = []
/** Takes the place of the lab for one test. */
let instead: ((response: ServerResponse) => void) | null = null
const server = createServer(async (request, response) => {
  if (instead) return instead(response)
  for (const route of routes) if (await route(request, response)) return
})
let health: ReturnType<typeof createHealth>
beforeAll(async () => {
  const log: EffectLog = { append: (entry) => ({ n: 1, at: 0, ...entry }), list: () => [] }
  registerHealth({
    context: { apiFaults, log },
    secrets,
    addRoute: (route) => void routes.push(route),
    addFault: (one) => void faults.set(one.id, one),
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  health = createHealth({
    endpointUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: secrets.awsAccessKeyId, secretAccessKey: secrets.awsSecretAccessKey },
  })
})
afterAll(() => {
  health.close()
  server.closeAllConnections()
  server.close()
})

test('open events of a region are read, and closed ones are not', async () => {
  const wanted = [['us-west-2'], ['RDS', 'EC2']] as const
  expect(await health.open(...wanted)).toEqual([])
  await faults.get('health-event')?.start('us-west-2', { services: 'RDS, S3', category: 'issue' })
  const [event, ...others] = await health.open(...wanted)
  expect(others).toEqual([])
  expect(event).toMatchObject({
    service: 'RDS',
    region: 'us-west-2',
    code: 'AWS_RDS_OPERATIONAL_ISSUE',
    category: 'issue',
  })
  expect(Math.abs((event?.startedAt ?? 0) - Date.now())).toBeLessThan(60_000)
  expect(await health.open(['us-east-1'], ['RDS'])).toEqual([])
  await faults.get('health-event')?.heal()
  expect(await health.open(...wanted)).toEqual([])
})

test('an account without a support plan is told apart from a platform without events', async () => {
  await faults.get('health-subscription-required')?.start(null, {})
  await expect(health.open(['us-west-2'], ['RDS'])).rejects.toMatchObject({
    errorClass: 'config',
    message: 'AWS Health answers only with a Business or Enterprise support plan (SubscriptionRequiredException).',
  })
  await faults.get('health-subscription-required')?.heal()
})

test.each([
  ['a page', 200, '<html></html>'],
  ['an empty answer', 200, ''],
  ['an answer without its list', 200, '{}'],
  ['a list of another kind', 200, '{"events":"none"}'],
])('%s is not taken for a platform without events', async (_what, status, text) => {
  instead = (response) => response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(text)
  await expect(health.open(['us-west-2'], ['RDS'])).rejects.toMatchObject({ name: 'PortError' })
  instead = null
})

test('throttling is told as such', async () => {
  apiFaults.arm('api-throttle', ['health'], { kind: 'throttle', calls: null, operation: null })
  await expect(health.open(['us-west-2'], ['RDS'])).rejects.toMatchObject({ errorClass: 'transient' })
  apiFaults.disarm('api-throttle')
})
