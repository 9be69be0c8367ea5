/** The AWS CLI, as an independent client of the lab's AWS Health. It ignores AWS_ENDPOINT_URL here, and goes to us-east-1. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Cli, cliOf } from '../aws/cli-testing'
import type { EffectLog, LabFault, LabRoute } from '../contract'
import { ArmedApiFaults } from '../faults/api-faults'
import { registerHealth } from './index'

// The client takes seconds to start on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const secrets = { awsAccessKeyId: 'AKIATESTCASTMATCH001', awsSecretAccessKey: 'a test key that signs nothing else' }
/** Nothing here changes anything. */
const log: EffectLog = { append: (entry) => ({ n: 1, at: 0, ...entry }), list: () => [] }
const faults = new Map<string, LabFault>()
const routes: LabRoute[] = []
const fault = (id: string) => {
  const found = faults.get(id)
  if (!found) throw new Error(`no fault ${id}`)
  return found
}
const server = createServer(async (request, response) => {
  for (const route of routes) if (await route(request, response)) return
  response.writeHead(404).end()
})
let cli: Cli
beforeAll(async () => {
  registerHealth({
    context: { apiFaults: new ArmedApiFaults(), log },
    secrets,
    addRoute: (route) => void routes.push(route),
    addFault: (one) => void faults.set(one.id, one),
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  cli = cliOf({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, secrets })
})
afterAll(() => {
  server.close()
  cli?.end()
})

const events = async (filter: object, ...more: string[]) =>
  (await cli.json('health', 'describe-events', '--region', 'us-east-1', '--filter', JSON.stringify(filter), ...more))
    .events

test('an event is open until it is closed, and found by region, service and status', async () => {
  const west = { regions: ['us-west-2'], eventStatusCodes: ['open'] }
  expect(await events(west)).toEqual([])
  await fault('health-event').start('us-west-2', { services: 'RDS,EC2', category: 'issue' })
  const found = await events({ ...west, services: ['RDS'] })
  expect(found).toMatchObject([
    {
      service: 'RDS',
      eventTypeCode: 'AWS_RDS_OPERATIONAL_ISSUE',
      eventTypeCategory: 'issue',
      region: 'us-west-2',
      statusCode: 'open',
      eventScopeCode: 'PUBLIC',
    },
  ])
  const { startTime } = found[0]
  // Version 1 of the CLI shows the seconds as they came.
  const at = typeof startTime === 'number' ? startTime * 1000 : Date.parse(startTime)
  expect(Math.abs(at - Date.now())).toBeLessThan(120_000)
  expect(await events({ ...west, regions: ['us-east-1'] })).toEqual([])
  await fault('health-event').heal()
  expect(await events(west)).toEqual([])
  expect(await events({ regions: ['us-west-2'], eventStatusCodes: ['closed'] })).toHaveLength(2)
})

test('without a support plan the API says so by its own name', async () => {
  await fault('health-subscription-required').start(null, {})
  const refused = await cli.run(['health', 'describe-events', '--region', 'us-east-1'])
  expect(refused.stderr).toContain('(SubscriptionRequiredException)')
  await fault('health-subscription-required').heal()
  expect((await cli.run(['health', 'describe-events', '--region', 'us-east-1'])).code).toBe(0)
})
