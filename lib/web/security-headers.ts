/** The page's path and query as it was asked for, so that signing in can lead back to it; written by bin/web.ts alone. */
export const pathHeader = 'x-warroom-path'

/** Where Next looks for a nonce: what a client sends under these names is thrown away. */
export const policyHeaders = ['content-security-policy', 'content-security-policy-report-only']

interface AskedFor {
  /** The site's own address, from the configuration. */
  site: string
  path: string
  /** Unguessable and new for each request. */
  nonce: string
  /** Pages from their sources need eval, styles without a nonce and a socket of Next's own. */
  dev: boolean
}

/**
 * Styles that sonner writes into the page when the first message is shown; it takes no nonce. First the empty element, then
 * its text. `security-headers.test.ts` holds the sum against the installed version.
 */
export const sonnerStyles = [
  'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  'sha256-StEaX+se6YS7pqjzrzMIA0KaX9zF/8zAhvQXZAe5epY=',
]

/**
 * What a browser may do with an answer. Pages run our own scripts only: those that carry this answer's nonce, and what they
 * load. `style-src-attr` is as loose as React needs it: a style attribute of a component is in the HTML. Next reads the
 * nonce from the request's own copy of this header.
 */
export function contentSecurityPolicy({ site, path, nonce, dev }: AskedFor): string {
  const pages = !path.startsWith('/api/')
  const directives: Record<string, string[]> = pages
    ? {
        'default-src': ["'none'"],
        'script-src': ["'self'", `'nonce-${nonce}'`, "'strict-dynamic'", ...(dev ? ["'unsafe-eval'"] : [])],
        'style-src': dev
          ? ["'self'", "'unsafe-inline'"]
          : ["'self'", `'nonce-${nonce}'`, ...sonnerStyles.map((sum) => `'${sum}'`)],
        'style-src-attr': ["'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'font-src': ["'self'"],
        'connect-src': ["'self'", ...(dev ? ['ws:'] : [])],
        'worker-src': ["'self'"],
        'manifest-src': ["'self'"],
        'form-action': ["'self'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
      }
    : { 'default-src': ["'none'"], 'form-action': ["'none'"], 'base-uri': ["'none'"], 'frame-ancestors': ["'none'"] }
  if (site.startsWith('https:')) directives['upgrade-insecure-requests'] = []
  return Object.entries(directives)
    .map(([name, sources]) => [name, ...sources].join(' '))
    .join('; ')
}

/** All headers by which browsers protect a page, for every answer of the web process. */
export function securityHeaders(asked: AskedFor): Record<string, string> {
  return {
    'content-security-policy': contentSecurityPolicy(asked),
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'permissions-policy':
      'camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=(), display-capture=()',
    'cross-origin-resource-policy': 'same-origin',
    ...(asked.site.startsWith('https:')
      ? { 'strict-transport-security': 'max-age=31536000', 'cross-origin-opener-policy': 'same-origin' }
      : {}),
  }
}

/**
 * Does an address contain a control character (C0, DEL, C1 in UTF-8)? None of ours does, and what is read from it would
 * reach the store or a log.
 */
export const addressHasControls = (url: string): boolean => /%(?:[01][0-9a-f]|7f|c2%[89][0-9a-f])/i.test(url)

/** The path that a page was asked for under, without what Next's router adds to it. */
export function askedPath(url: string): string {
  const at = url.indexOf('?')
  if (at === -1) return url
  const query = new URLSearchParams(url.slice(at))
  query.delete('_rsc')
  return url.slice(0, at) + (query.size > 0 ? `?${query}` : '')
}
