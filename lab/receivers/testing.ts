import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach } from 'vitest'
import type { Lab, LabFault, LabRoute } from '../contract'
import { type ReceivedMessage, registerReceivers } from './index'

interface Described {
  pagerduty: { url: string; routingKey: string; webhookSecret: string }
  slack: { url: string; token: string; channel: string }
  statusPage: { url: string; token: string }
}

/** One HTTP server a test with the receivers' route, which is all that they need of a lab; what they tell comes back to it. */
export function receiversPerTest(token: string) {
  let server: Server
  let receivers: Described
  let faults = new Map<string, LabFault>()
  let webhook: { signature: string; body: string }[] = []
  let url = ''
  beforeEach(async () => {
    const routes: LabRoute[] = []
    webhook = []
    faults = new Map()
    server = createServer(async (request, response) => {
      if (request.url === '/api/alerts') {
        let body = ''
        for await (const chunk of request) body += String(chunk)
        webhook.push({ signature: String(request.headers['x-pagerduty-signature']), body })
        response.writeHead(202).end('{}')
        return
      }
      for (const route of routes) if (await route(request, response)) return
      response.writeHead(404).end()
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    url = `http://127.0.0.1:${port}`
    const lab = {
      context: { ports: { http: port } },
      secrets: { token },
      addRoute: (route: LabRoute) => routes.push(route),
      addFault: (added: LabFault) => faults.set(added.id, added),
      describe: (values: { receivers: Described }) => {
        receivers = values.receivers
      },
    }
    registerReceivers(lab as unknown as Lab, `${url}/api/alerts`)
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })
  return {
    receivers: () => receivers,
    fault(id = 'receiver-refuses'): LabFault {
      const found = faults.get(id)
      if (!found) throw new Error(`no fault ${id}`)
      return found
    },
    webhook: () => webhook,
    url: () => url,
    messages: async (): Promise<ReceivedMessage[]> => {
      const answer = await fetch(`${url}/lab/messages`, { headers: { 'x-lab-token': token } })
      return ((await answer.json()) as { messages: ReceivedMessage[] }).messages
    },
  }
}
