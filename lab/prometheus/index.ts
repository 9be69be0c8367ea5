import type { IncomingMessage } from 'node:http'
import type { Lab } from '../contract'
import { collectorUser } from '../postgres/seed'
import { roomsOf } from '../workload/rooms'
import { type Alert, alertSamples, evaluateAlerts } from './alerts'
import { evaluate, parseQuery, QueryError, type Sample } from './promql'
import { numberSamples, scrapeNode, workloadSamples } from './scrape'

const everyMs = 2000
/** Moments kept: ten minutes, so that `time` may lie a little in the past. */
const kept = 300
/** A value older than this is stale and no longer answered, as in Prometheus. */
const lookBackMs = 300_000
const bodyLimit = 64 * 1024

interface Moment {
  at: number
  samples: Sample[]
}

/**
 * A Prometheus-compatible query API at `/prometheus` over what the lab measures itself: PostgreSQL by real connections
 * every two seconds, the application by the real results of its pods, alerts with their `for` delays.
 */
export function registerPrometheus(lab: Lab): void {
  const { cluster } = lab.context
  const { ledger } = roomsOf(lab)
  const login = { database: cluster.databaseName, user: collectorUser, password: lab.secrets.warroomPassword }
  const moments: Moment[] = []
  let alerts: Alert[] = []
  let timer: NodeJS.Timeout | null = null
  let stopped = false

  const scrape = async () => {
    const nodes = await Promise.all(cluster.nodes().map((node) => scrapeNode(node, login)))
    const now = Date.now()
    const measured = [
      ...nodes.flat(),
      ...workloadSamples(ledger.attempts(now), now),
      ...numberSamples(ledger.greatest()),
    ]
    alerts = evaluateAlerts(alerts, measured, now)
    moments.push({ at: now, samples: [...measured, ...alertSamples(alerts)] })
    if (moments.length > kept) moments.shift()
    if (!stopped) timer = setTimeout(() => void scrape(), everyMs)
  }
  lab.addPart({
    start: () => void scrape(),
    stop: () => {
      stopped = true
      if (timer) clearTimeout(timer)
    },
  })

  lab.addRoute(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://lab')
    if (!url.pathname.startsWith('/prometheus/')) return false
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
      return true
    }
    const bad = (error: string) => answer(400, { status: 'error', errorType: 'bad_data', error })
    switch (url.pathname.slice('/prometheus'.length)) {
      case '/-/healthy':
      case '/-/ready':
        response.end('Prometheus Server is Healthy.\n')
        return true
      case '/api/v1/query': {
        const parameters = request.method === 'POST' ? await formBody(request) : url.searchParams
        if (!parameters) return bad('error parsing form values: http: request body too large')
        const time = parameters.get('time') ?? url.searchParams.get('time')
        const at = time === null ? Date.now() : parseTime(time)
        if (at === null) return bad(`invalid parameter "time": cannot parse "${time}" to a valid timestamp`)
        try {
          const query = parseQuery(parameters.get('query') ?? url.searchParams.get('query') ?? '')
          const moment = moments.findLast((one) => one.at <= at && at - one.at <= lookBackMs)
          return answer(200, { status: 'success', data: evaluate(query, moment?.samples ?? [], at / 1000) })
        } catch (error) {
          if (error instanceof QueryError) return bad(error.message)
          throw error
        }
      }
      case '/api/v1/targets': {
        const last = moments[moments.length - 1]
        const activeTargets = (last?.samples ?? [])
          .filter((sample) => sample.name === 'up')
          .map((sample) => ({
            labels: sample.labels,
            discoveredLabels: {},
            scrapePool: sample.labels.job,
            scrapeUrl: `http://${sample.labels.instance}/metrics`,
            health: sample.value === 1 ? 'up' : 'down',
            lastError: '',
            lastScrape: new Date(last?.at ?? 0).toISOString(),
            scrapeInterval: `${everyMs / 1000}s`,
          }))
        return answer(200, { status: 'success', data: { activeTargets, droppedTargets: [] } })
      }
      case '/api/v1/alerts':
        return answer(200, { status: 'success', data: { alerts: alerts.map(presentAlert) } })
      default:
        response.writeHead(404, { 'content-type': 'text/plain' })
        response.end('404 page not found\n')
        return true
    }
  })
}

function presentAlert({ rule, labels, since, state, value }: Alert): Record<string, unknown> {
  return {
    labels: { ...labels, alertname: rule.name, severity: rule.severity },
    annotations: { summary: rule.summary },
    state,
    activeAt: new Date(since).toISOString(),
    value: value.toExponential(),
  }
}

/** Seconds since 1970 or RFC 3339, as milliseconds; null when it is neither. */
function parseTime(text: string): number | null {
  const seconds = Number(text)
  const at = text.trim() !== '' && Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text)
  return Number.isFinite(at) ? at : null
}

async function formBody(request: IncomingMessage): Promise<URLSearchParams | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bodyLimit) return null
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}
