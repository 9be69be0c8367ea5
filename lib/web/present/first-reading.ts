/**
 * What the first HTML of a page was made with: the moment, and the zone in which it names times. The server and the browser
 * that takes the page over must write the same words, so both ask here. The server keeps one for each request (bin/web.ts),
 * the browser finds it on the page's root element.
 */
export interface FirstReading {
  /** Milliseconds since the epoch, on the server's clock. */
  at: number
  /** IANA name, as the browser said it in its cookie; UTC before it has. */
  zone: string
}

/** Where the server keeps the reading of the request that it answers. */
export const readingKey = Symbol.for('castmatch.first-reading')
/** The viewer's zone, so that the first HTML names times as the browser will. */
export const zoneCookie = 'warroom-zone'

const holder = globalThis as { [readingKey]?: { getStore(): FirstReading | undefined } }
let ofPage: FirstReading | null | undefined

function readPage(): FirstReading | null {
  const { at, zone } = document.documentElement.dataset
  return at && zone ? { at: Number(at), zone } : null
}

/** The reading of this request or page; null where there is none, as in a test. */
export function firstReading(): FirstReading | null {
  if (typeof document === 'undefined') return holder[readingKey]?.getStore() ?? null
  ofPage ??= readPage()
  return ofPage
}

/** The zone of times that are shown; undefined is that of the machine. */
export const viewerZone = (): string | undefined => firstReading()?.zone

/** A zone that a cookie names, where this machine knows it; UTC otherwise. */
export function zoneFrom(cookie: string | null): string {
  try {
    const name = decodeURIComponent(cookie ?? '')
    new Intl.DateTimeFormat('en', { timeZone: name })
    return name || 'UTC'
  } catch {
    return 'UTC'
  }
}

/**
 * Remembers the browser's zone for a year. True when this page was made for another one and the next will be right; false
 * also where the browser keeps no cookie.
 */
export function rememberZone(): boolean {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const cookie = `${zoneCookie}=${encodeURIComponent(zone)}`
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing in one of the browsers we support
  if (viewerZone() !== zone) document.cookie = `${cookie}; path=/; max-age=31536000; samesite=lax`
  return viewerZone() !== undefined && viewerZone() !== zone && document.cookie.split('; ').includes(cookie)
}
