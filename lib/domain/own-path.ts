/** Stands for whatever site we run on; `.invalid` is nobody's. */
const here = 'http://here.invalid'
const longest = 2000
/** Addresses of our pages are plain words and numbers; what needs an escape, a dot or a backslash is none of ours. */
const plain = /^(?:\/|(?:\/[A-Za-z0-9][A-Za-z0-9_-]*)+)$/
/** Not pages to arrive at: the sign-in page would lead to itself, and an API answers with data. */
const noPage = /^\/(?:sign-in|api)(?:\/|$)/

/**
 * A path of a page of our own, with its query, from something that was sent from outside (`next=`, `callbackUrl`, a link in
 * a record); null for anything else. It is read as browsers read addresses (WHATWG URL), and what is returned means the same
 * when it is read again: `/.//elsewhere.example` becomes `//elsewhere.example` at the first reading and another site at the
 * second. A full address counts when its origin is `site`.
 */
export function ownPath(asked: unknown, site = here): string | null {
  if (typeof asked !== 'string' || asked.length > longest) return null
  let url: URL
  try {
    url = new URL(asked, site)
  } catch {
    return null
  }
  if (url.origin !== new URL(site).origin || url.username || url.password) return null
  if (!plain.test(url.pathname) || noPage.test(url.pathname)) return null
  return url.pathname + url.search
}

/** The address of one of our pages, for messages that are read elsewhere. */
export const siteLink = (site: string, path: `/${string}`): string => site.replace(/\/$/, '') + path
