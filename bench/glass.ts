import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPagerduty } from '../lib/adapters/pagerduty/index'
import { createSlack } from '../lib/adapters/slack/index'
import { breakGlass } from '../lib/commands/run/decide'
import { createOutbox } from '../lib/runner/outbox'
import { bench, Switch, surroundings, switchProcedure } from '../lib/runner/testing/one-effect'
import { listenForSignals } from '../lib/store/signal'
import { startTestStore } from '../lib/store/testing/database'
import { type Figure, quantile } from './figure'

const times = 40

/** From the click on "Break glass", at the server, to the moment in which both the pager and the chat have the message. */
export async function run(): Promise<Figure[]> {
  const server = await startTestStore()
  let arrived: () => void = () => {}
  const outside = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      arrived()
      const pager = request.url === '/v2/enqueue'
      response.writeHead(pager ? 202 : 200, { 'content-type': 'application/json' })
      response.end(pager ? '{"status":"success"}' : '{"ok":true,"ts":"1"}')
    })
  })
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`
  const world = new Switch()
  const b = bench(server, world, switchProcedure(world, 'DANGEROUS'))
  const outbox = createOutbox({
    store: server.runner,
    runner: 'bench',
    environment: surroundings.name,
    site: 'http://localhost:3000',
    pager: createPagerduty({ url, routingKey: 'a routing key' }),
    chat: createSlack({ url, token: 'a token', channel: '#incidents' }),
    statusPage: null,
    log: () => {},
  })
  const listening = listenForSignals(server.runnerUrl, ({ what }) => what !== 'preflight' && outbox.wake())
  const spans: number[] = []
  try {
    b.runner()
    outbox.start()
    const alone = await b.person('Starter')
    for (let i = 0; i < times; i++) {
      world.on = false
      const runId = await b.start()
      const asked = (await b.reaches(runId, ['waiting'])).approvals.at(-1)
      if (!asked) throw new Error('nothing is asked')
      let left = 2
      const both = new Promise<number>((resolve) => {
        arrived = () => {
          left -= 1
          if (left === 0) resolve(performance.now())
        }
      })
      const clicked = performance.now()
      await breakGlass(alone, surroundings, {
        runId,
        approvalId: asked.id,
        digest: asked.digest,
        typed: asked.typeToConfirm,
        reason: 'Nobody else answers.',
      })
      spans.push((await both) - clicked)
      await b.reaches(runId, ['done'])
    }
    const p99 = quantile(spans, 0.99)
    return [
      {
        bench: 'glass',
        metric: 'break-glass to page and chat message outside, p99',
        ours: p99,
        theirs: null,
        unit: 'ms',
        n: spans.length,
        goal: '<= 1000 ms',
        met: p99 <= 1000,
      },
    ]
  } finally {
    await listening.close()
    await outbox.stop()
    await b.end()
    outside.closeAllConnections()
    await new Promise((resolve) => outside.close(resolve))
    await server.stop()
  }
}
