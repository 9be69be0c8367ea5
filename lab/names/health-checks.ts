import { request } from 'node:http'
import { connect } from 'node:net'
import { z } from 'zod'
import { AwsError } from '../aws/errors'

export const healthCheckSchema = z.object({
  id: z.string(),
  callerReference: z.string(),
  version: z.number(),
  type: z.enum(['TCP', 'HTTP']),
  /** Null: the name is resolved anew for each check. */
  ipAddress: z.string().nullable(),
  port: z.number(),
  domainName: z.string().nullable(),
  resourcePath: z.string().nullable(),
  /** Seconds between two checks, before the lab's pace. */
  requestInterval: z.union([z.literal(10), z.literal(30)]),
  failureThreshold: z.number(),
  inverted: z.boolean(),
  disabled: z.boolean(),
})
export type HealthCheck = z.infer<typeof healthCheckSchema>

/** Where Route 53 checks from; in the lab each is a connection of its own from this machine. */
const checkers = [
  { region: 'us-east-1', address: '203.0.113.11' },
  { region: 'us-west-1', address: '203.0.113.12' },
  { region: 'eu-west-1', address: '203.0.113.13' },
] as const
/** More than this part of the checkers must find it well (Route 53, "how Route 53 determines whether a health check is healthy"). */
const healthyShare = 0.18

export interface Observation {
  region: string
  address: string
  status: string
  at: number
}

interface Watched {
  check: HealthCheck
  observations: Observation[]
  /** What the checks themselves say; null before the first. */
  passes: boolean | null
  /** Results in a row that say otherwise. */
  against: number
}

export interface HealthCheckSettings {
  speedup: number
  /** The address behind a name; null when it has none. */
  resolve(name: string): string | null
}

/** Health checks that are really made, at the lab's pace. Throws AwsError: NoSuchHealthCheck, HealthCheckVersionMismatch. */
export class HealthChecks {
  readonly #watched = new Map<string, Watched>()
  #timers = new Set<NodeJS.Timeout>()
  #running = false

  constructor(private readonly settings: HealthCheckSettings) {}

  load(checks: readonly HealthCheck[]): void {
    this.#watched.clear()
    for (const check of checks) this.#watched.set(check.id, { check, observations: [], passes: null, against: 0 })
  }

  all(): HealthCheck[] {
    return [...this.#watched.values()].map(({ check }) => check)
  }

  has(id: string): boolean {
    return this.#watched.has(id)
  }

  get(id: string): HealthCheck {
    return this.#of(id).check
  }

  observations(id: string): Observation[] {
    return this.#of(id).observations
  }

  /**
   * A disabled check counts as healthy; inverted, as unhealthy. One that has not been checked yet counts as healthy, whichever way
   * it is read: a lab that has just started fails nothing over.
   */
  isHealthy(id: string): boolean {
    const watched = this.#watched.get(id)
    if (!watched) return true
    const { check, passes } = watched
    if (!check.disabled && passes === null) return true
    return (check.disabled || passes === true) !== check.inverted
  }

  /** `version` is the one that the caller has read; null changes it whatever it is. */
  update(id: string, version: number | null, changes: Partial<HealthCheck>): HealthCheck {
    const watched = this.#of(id)
    if (version !== null && version !== watched.check.version)
      throw new AwsError(
        'HealthCheckVersionMismatch',
        'The value of HealthCheckVersion in the request does not match the value of HealthCheckVersion in the health check.',
      )
    watched.check = { ...watched.check, ...changes, version: watched.check.version + 1 }
    watched.against = 0
    return watched.check
  }

  start(): void {
    this.#running = true
    for (const { check } of this.#watched.values()) void this.#go(check.id)
  }

  stop(): void {
    this.#running = false
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  async #go(id: string): Promise<void> {
    const watched = this.#watched.get(id)
    if (!this.#running || !watched) return
    const { check } = watched
    if (!check.disabled) await this.#look(watched)
    if (!this.#running) return
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer)
        void this.#go(id)
      },
      (check.requestInterval * 1000) / this.settings.speedup,
    )
    this.#timers.add(timer)
  }

  async #look(watched: Watched): Promise<void> {
    const { check } = watched
    const results = await Promise.all(checkers.map(() => this.#probe(check)))
    if (watched.check.version !== check.version) return
    const at = Date.now()
    watched.observations = checkers.map((checker, i) => ({ ...checker, at, status: results[i]?.says ?? '' }))
    const passes = results.filter(({ ok }) => ok).length / checkers.length > healthyShare
    if (watched.passes === null) watched.passes = passes
    watched.against = passes === watched.passes ? 0 : watched.against + 1
    if (watched.against < check.failureThreshold) return
    watched.passes = passes
    watched.against = 0
  }

  #probe(check: HealthCheck): Promise<Probed> {
    const host = check.ipAddress ?? (check.domainName === null ? null : this.settings.resolve(check.domainName))
    if (host === null) return Promise.resolve({ ok: false, says: 'Failure: DNS resolution failed: NXDOMAIN' })
    // Ten seconds for the connection, at the lab's pace and with room for a busy machine.
    const limitMs = Math.max(1_000, 10_000 / this.settings.speedup)
    return check.type === 'TCP' ? probeTcp(host, check.port, limitMs) : probeHttp(host, check, limitMs)
  }

  #of(id: string): Watched {
    const watched = this.#watched.get(id)
    if (!watched) throw new AwsError('NoSuchHealthCheck', `A health check with id ${id} does not exist.`)
    return watched
  }
}

interface Probed {
  ok: boolean
  says: string
}

const failed = (error: NodeJS.ErrnoException): Probed => ({
  ok: false,
  says:
    error.code === 'ECONNREFUSED'
      ? 'Failure: Connection refused. The endpoint actively refused the connection.'
      : `Failure: The health checker could not establish a connection (${error.code ?? error.message}).`,
})
const late: Probed = {
  ok: false,
  says: 'Failure: The health checker could not establish a connection within the timeout limit.',
}

function probeTcp(host: string, port: number, limitMs: number): Promise<Probed> {
  return new Promise((done) => {
    const socket = connect({ host, port, timeout: limitMs })
    const end = (result: Probed) => {
      socket.destroy()
      done(result)
    }
    socket.once('connect', () => end({ ok: true, says: 'Success: TCP connection established' }))
    socket.once('timeout', () => end(late))
    socket.once('error', (error) => end(failed(error)))
  })
}

function probeHttp(host: string, check: HealthCheck, limitMs: number): Promise<Probed> {
  return new Promise((done) => {
    const asked = request({
      host,
      port: check.port,
      path: check.resourcePath ?? '/',
      headers: { host: check.domainName ?? host, 'user-agent': 'Amazon-Route53-Health-Check-Service' },
      timeout: limitMs,
      agent: false,
    })
    asked.once('response', (response) => {
      response.resume()
      response.on('error', () => {})
      const status = response.statusCode ?? 0
      const ok = status >= 200 && status < 400
      done({ ok, says: `${ok ? 'Success' : 'Failure'}: HTTP Status Code ${status}, ${response.statusMessage}` })
      response.once('close', () => asked.destroy())
    })
    asked.once('timeout', () => {
      done(late)
      asked.destroy()
    })
    asked.once('error', (error) => done(failed(error)))
    asked.end()
  })
}
