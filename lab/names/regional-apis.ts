import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { LabPart } from '../contract'

export interface RegionalApi {
  region: string
  host: string
  port: number
}

/**
 * What stands in front of the application in each region, as a load balancer does: it answers 200 while a pod behind it is ready,
 * and 503 without one.
 */
export function regionalApis(apis: readonly RegionalApi[], readyPods: (region: string) => number): LabPart {
  const servers: Server[] = []
  return {
    async start() {
      for (const { region, host, port } of apis) {
        const server = createServer((_request, response) => {
          const ready = readyPods(region)
          response.writeHead(ready > 0 ? 200 : 503, { 'content-type': 'application/json', connection: 'close' })
          response.end(`${JSON.stringify({ region, ready })}\n`)
        })
        servers.push(server)
        server.listen({ host, port })
        await once(server, 'listening')
      }
    },
    stop() {
      for (const server of servers.splice(0)) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}
