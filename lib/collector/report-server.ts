import { createServer, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { bearerIs } from '../domain/bearer'
import type { VantageReport } from '../domain/cluster/vantage'

/** Hands the report of the collector in the other region to whoever knows the secret: `GET /report`, and `GET /health` to all. */
export class ReportServer {
  readonly #server: Server

  constructor(
    secret: string,
    report: () => VantageReport,
    /** Certificate and key, PEM; plain HTTP without. */
    tls: { cert: string; key: string } | null = null,
  ) {
    const answer: Parameters<typeof createServer>[1] = (request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://vantage')
      if (request.method !== 'GET') json(response, 405, { error: 'Only GET is answered here.' })
      else if (pathname === '/health') json(response, 200, { ok: true })
      else if (!bearerIs(request.headers.authorization, secret))
        json(response, 401, { error: 'The secret is missing or wrong.' })
      else if (pathname === '/report') json(response, 200, report())
      else json(response, 404, { error: 'There is nothing here.' })
    }
    this.#server = tls ? createTlsServer({ ...tls, minVersion: 'TLSv1.2' }, answer) : createServer(answer)
  }

  /** Answers the port. Rejects when it is taken. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, resolve)
    })
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : port
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}
