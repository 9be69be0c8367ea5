import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Lab } from '../contract'
import { applicationUser } from '../postgres/seed'
import { withClient } from '../postgres/sql'
import { type Loss, measureLoss } from './loss'
import { roomsOf } from './rooms'

/**
 * The application's workload: keeps the ledger of acknowledged commits and answers `GET /lab/workload` (header
 * `x-lab-token`) with counts, downtime and the loss measured against the present writer. The pods themselves are run by
 * the Kubernetes room.
 */
export function registerWorkload(lab: Lab): void {
  const { ledger, pooler } = roomsOf(lab)
  const { cluster } = lab.context
  const login = {
    database: cluster.databaseName,
    user: applicationUser,
    password: lab.secrets.applicationPassword,
  }
  lab.addPart({
    start: async () => {
      await ledger.open()
      // Only rows of earlier runs, of which this ledger knows nothing: the table must not grow for ever.
      await withClient(cluster.writerEndpoint, login, (client) =>
        client.query("DELETE FROM commits WHERE at < now() - interval '1 day'"),
      ).catch((error: Error) => console.error(`lab: old commits were not removed: ${error.message}`))
    },
    stop: () => ledger.close(),
  })
  lab.addRoute(async (request, response) => {
    if (new URL(request.url ?? '/', 'http://lab').pathname !== '/lab/workload') return false
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      response.end(`${JSON.stringify(body)}\n`)
      return true
    }
    if (!authorised(request, lab.secrets.token)) return answer(401, { error: 'The header x-lab-token is not right.' })
    if (request.method !== 'GET') return answer(405, { error: 'Only GET is served here.' })
    const writer = cluster.node(cluster.writerId())
    let loss: Loss | null = null
    let lossError: string | null = null
    try {
      loss = await measureLoss(ledger.acknowledged, writer?.address ?? cluster.writerEndpoint, login)
    } catch (error) {
      lossError = `The writer cannot be read: ${(error as Error).message}`
    }
    const attempts = ledger.attempts(Date.now())
    return answer(200, {
      at: Date.now(),
      ...ledger.totals(),
      lastMinute: { ok: attempts.filter((one) => one.ok).length, failed: attempts.filter((one) => !one.ok).length },
      downtimes: ledger.downtimes.map((one) => ({ ...one, ms: (one.to ?? Date.now()) - one.from })),
      pooler,
      writer: { id: cluster.writerId(), address: writer?.address ?? null },
      lost: loss?.lost ?? null,
      loss,
      lossError,
    })
  })
}

function authorised(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(String(request.headers['x-lab-token'] ?? ''))
  const expected = Buffer.from(token)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
