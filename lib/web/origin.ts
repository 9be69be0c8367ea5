/** The headers by which a browser says from where a request comes. */
export interface RequestOrigin {
  origin: string | null
  host: string | null
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Does a request that changes something come from a page of ours? The Origin must be there, and be the configured site,
 * and the Host must agree with it. Forwarded headers say nothing: a client can write them. A site configured on loopback
 * may be opened under any name of loopback with the same port.
 */
export function comesFromUs({ origin, host }: RequestOrigin, siteUrl: string): boolean {
  if (!origin || origin === 'null' || !host) return false
  const site = new URL(siteUrl)
  let from: URL
  try {
    from = new URL(origin)
  } catch {
    return false
  }
  if (from.origin !== origin || from.protocol !== site.protocol || from.host !== host.toLowerCase()) return false
  if (from.host === site.host) return true
  return loopback.has(site.hostname) && loopback.has(from.hostname) && from.port === site.port
}
