import { z } from 'zod'
import { gravities, gravityOf, isHeartbeat, type OwnAlerts } from '../../domain/alert'
import type { Metrics } from '../../ports/metrics'
import { PortError } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'

interface PrometheusSettings {
  /** Address of the server; `/api/v1/query` is added. */
  url: string
  /** PromQL of the share of requests that fail, and of the 95th percentile of their time in ms. */
  errorRatio: string
  p95Ms: string
  /** Labels by which an alert is about this environment. */
  ownAlerts: OwnAlerts
  limitMs?: number
}

const vector = z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }))
const answer = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.discriminatedUnion('resultType', [
      z.object({ resultType: z.literal('vector'), result: vector }),
      z.object({ resultType: z.enum(['matrix', 'scalar', 'string']), result: z.unknown() }),
    ]),
  }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
])
type Series = { labels: Record<string, string>; value: number }

/** Labels that every alert has: they are not what it is about. */
const ofEvery = ['__name__', 'alertname', 'alertstate', 'severity']

/** An answer longer than this is not one of ours. */
const maxCharacters = 4_000_000

/** Queries a Prometheus-compatible server by POST, so that no label value is ever cut by a shell or an address. */
export function createPrometheus(settings: PrometheusSettings): Metrics {
  const url = `${settings.url.replace(/\/+$/, '')}/api/v1/query`
  const limitMs = settings.limitMs ?? 4_000
  const { errorRatio, p95Ms } = settings
  // A label's value in PromQL has the escapes of a JSON string.
  const firing = Object.entries({ alertstate: 'firing', ...settings.ownAlerts }).map(
    ([label, value]) => `${label}=${JSON.stringify(value)}`,
  )

  async function query(promql: string, outer: AbortSignal | undefined, at?: number): Promise<Series[]> {
    const limit = AbortSignal.timeout(limitMs)
    const signal = outer ? AbortSignal.any([outer, limit]) : limit
    let status = 0
    let text: string
    try {
      const response = await fetch(url, {
        method: 'POST',
        body: new URLSearchParams({ query: promql, ...(at === undefined ? {} : { time: (at / 1000).toFixed(3) }) }),
        headers: { accept: 'application/json' },
        redirect: 'error',
        signal,
      })
      status = response.status
      text = await response.text()
    } catch (error) {
      throw failure(error, limit.aborted || outer?.aborted === true, limitMs)
    }
    if (text.length > maxCharacters) throw strange('a far longer answer than expected')
    let parsed: z.infer<typeof answer>
    try {
      parsed = answer.parse(JSON.parse(text))
    } catch (error) {
      if (status === 401 || status === 403)
        throw new PortError('auth', 'Prometheus refused our request.', {
          code: String(status),
          outcome: 'rejected',
          probe: 'auth',
        })
      throw strange(status === 200 ? 'an answer of another shape' : `status ${status}`, error)
    }
    if (parsed.status === 'error')
      throw new PortError(
        status >= 500 ? 'transient' : 'config',
        `Prometheus refused the query (${parsed.errorType}).`,
        {
          code: parsed.errorType,
          outcome: 'rejected',
          probe: 'api',
        },
      )
    if (status !== 200) throw strange(`status ${status}`)
    if (parsed.data.resultType !== 'vector') throw strange('another type of result')
    return parsed.data.result.map((s) => ({ labels: s.metric, value: Number(s.value[1]) }))
  }

  // Only a server that answers says whether it is the writer, so the last one that did is remembered.
  let writers = new Set<string>()

  return {
    async application(at, signal) {
      const [errors, p95] = await Promise.all([query(errorRatio, signal, at), query(p95Ms, signal, at)])
      return { errorRatio: worst(errors), p95Ms: worst(p95) }
    },

    async byLabel(metric, label) {
      const found: Record<string, number> = {}
      for (const { labels, value } of await query(metric, undefined)) {
        const name = labels[label]
        if (name !== undefined && Number.isFinite(value)) found[name] = Math.max(found[name] ?? value, value)
      }
      return found
    },
    async overview(signal) {
      const [up, pgUp, replicas, alerts, errors, p95] = await Promise.all([
        query('up', signal),
        query('pg_up', signal),
        query('pg_replication_is_replica', signal),
        query(`ALERTS{${firing.join(',')}}`, signal),
        query(errorRatio, signal),
        query(p95Ms, signal),
      ])
      const now = replicas.filter((s) => s.value === 0).map((s) => s.labels.instance ?? '')
      if (now.length) writers = new Set(now)
      return {
        targets: up.length,
        targetsUp: up.filter((s) => s.value === 1).length,
        // Gravest first, because the first is named where there is room for one.
        alertsFiring: alerts
          .filter(({ labels }) => !isHeartbeat(labels.alertname ?? null, labels.severity ?? null))
          .map(({ labels }) => ({
            name: labels.alertname ?? 'unnamed',
            severity: labels.severity ?? 'unknown',
            subjects: Object.entries(labels).flatMap(([label, value]) => (ofEvery.includes(label) ? [] : [value])),
          }))
          .toSorted((a, b) => gravities.indexOf(gravityOf(a.severity)) - gravities.indexOf(gravityOf(b.severity))),
        errorRatio: worst(errors),
        p95Ms: worst(p95),
        pgUp: writerUp(pgUp, writers),
      }
    },
  }
}

/** The greatest finite value; null when there is none (a ratio without requests is NaN). */
function worst(series: Series[]): number | null {
  const values = series.map((s) => s.value).filter(Number.isFinite)
  return values.length ? Math.max(...values) : null
}

/**
 * `pg_up` of the writer. Readers that are up say nothing about it: while no writer was ever seen, the answer is known only
 * when all servers agree.
 */
function writerUp(series: Series[], writers: Set<string>): boolean | null {
  const own = series.filter((s) => writers.has(s.labels.instance ?? ''))
  if (own.length) return own.some((s) => s.value === 1)
  if (!series.length) return null
  const up = series.filter((s) => s.value === 1).length
  return up === series.length ? true : up === 0 ? false : null
}

function failure(error: unknown, late: boolean, limitMs: number): PortError {
  if (late)
    return new PortError('timeout', `Prometheus did not respond within ${limitMs} ms.`, {
      outcome: 'rejected',
      probe: 'timeout',
      cause: error,
    })
  const closed = /UND_ERR_SOCKET|other side closed/.test(String((error as { cause?: { code?: string } }).cause?.code))
  return (
    fromSocketError(error, 'Prometheus') ??
    new PortError('unreachable', closed ? 'Prometheus closed the connection.' : 'Prometheus cannot be reached.', {
      outcome: 'rejected',
      probe: closed ? 'closed' : 'unreachable',
      cause: error,
    })
  )
}

const strange = (what: string, cause?: unknown) =>
  new PortError('other', `Prometheus gave ${what}.`, { outcome: 'rejected', probe: 'api', cause })
