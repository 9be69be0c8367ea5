import { isIP } from 'node:net'
import pg from 'pg'
import type { EnvironmentConfig } from './environment'

/** Something that a program of ours talks to or listens at, by the name under which it is configured. */
export interface Place {
  what: string
  /** Empty for a socket of this machine's file system. */
  host: string
  encrypted: boolean
}

/** Can only this machine be reached by this name or address? */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  if (isIP(name) === 4) return name.startsWith('127.')
  if (isIP(name) === 6) return name === '::1' || name.startsWith('::ffff:127.')
  return name === '' || name === 'localhost' || name.endsWith('.localhost')
}

export const placeOfUrl = (what: string, url: string): Place => {
  const { hostname, protocol } = new URL(url)
  return { what, host: hostname, encrypted: protocol === 'https:' }
}

/** Where the driver would go by this address, and whether it would check who answers; it is asked, not guessed. */
export function placeOfStore(what: string, url: string): Place {
  const { host, ssl } = new pg.Client({ connectionString: url }) as unknown as { host: string; ssl: unknown }
  const settings = typeof ssl === 'object' && ssl !== null ? (ssl as Record<string, unknown>) : {}
  const checked = settings.rejectUnauthorized !== false && settings.checkServerIdentity === undefined
  return { what, host: host.startsWith('/') ? '' : host, encrypted: Boolean(ssl) && checked }
}

/** All places that an environment file names. */
function placesOf({ aws, poolers, metrics, vantage, integrations, names }: EnvironmentConfig): Place[] {
  const urls: [string, string | undefined][] = [
    ['aws.endpointUrl', aws.endpointUrl],
    ['metrics.url', metrics?.url],
    ['vantage.url', vantage?.url],
    ['integrations.pagerduty.url', integrations?.pagerduty?.url],
    ['integrations.slack.url', integrations?.slack?.url],
    ['integrations.statusPage.url', integrations?.statusPage?.url],
  ]
  return [
    ...urls.flatMap(([what, url]) => (url === undefined ? [] : [placeOfUrl(what, url)])),
    ...resolverPlaces(names),
    ...poolers.map(({ host, tls }, i) => ({ what: `poolers.${i}.host`, host, encrypted: tls === 'verify-full' })),
  ]
}

/** Resolvers are asked for names and told nothing else, so that a plain wire gives nothing away. */
const resolverPlaces = (names: EnvironmentConfig['names']): Place[] =>
  Object.entries(names?.resolvers ?? {}).flatMap(([kind, all]) =>
    all.map((address, i) => ({
      what: `names.resolvers.${kind}.${i}`,
      host: new URL(`dns://${address}`).hostname,
      encrypted: true,
    })),
  )

/**
 * What keeps an environment from being used with these places: a lab, in which everybody is let in by one click, is refused
 * unless everything is on this machine; production is refused where something leaves this machine without TLS.
 */
export function reachProblems(environment: EnvironmentConfig, others: Place[]): string[] {
  const places = [...placesOf(environment), ...others]
  const far = places.filter(({ host }) => !isLoopback(host))
  switch (environment.kind) {
    case 'lab':
      return [
        ...(environment.aws.endpointUrl === undefined
          ? ['aws.endpointUrl is missing: without it, the lab would call AWS itself']
          : []),
        ...far.map(({ what, host }) => `${what}: ${host} is not this machine; a lab must run entirely on loopback`),
      ]
    case 'production':
      return [
        ...(environment.database.tls === 'verify-full'
          ? []
          : ['database.tls: production is refused without TLS; use verify-full']),
        ...far
          .filter(({ encrypted }) => !encrypted)
          .map(({ what, host }) => `${what}: production is refused without TLS to ${host}; use ${remedyFor(what)}`),
      ]
    case 'staging':
      return []
  }
}

function remedyFor(what: string): string {
  if (what === 'DATABASE_URL') return 'sslmode=verify-full'
  const pooler = /^poolers\.\d+/.exec(what)
  if (pooler) return `${pooler[0]}.tls verify-full`
  if (what === 'RUNNER_HOST') return 'RUNNER_TLS_CERT and RUNNER_TLS_KEY, or 127.0.0.1 with a proxy that ends TLS'
  return 'https'
}
