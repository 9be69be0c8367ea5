/**
 * Limits on guessing passwords (docs/decisions/0004-guessing-limits.md). Each guess is counted before it is checked, so
 * that many at once count as many; a right password takes its count back.
 */
export interface GuessingLimit {
  /** Failed attempts that are let through per window. */
  failures: number
  windowMs: number
}

/** One account from one address: what a mistyping person meets. */
export const pairLimit: GuessingLimit = { failures: 5, windowMs: 15 * 60_000 }
/** One address, any account. An office behind one address has room. */
export const addressLimit: GuessingLimit = { failures: 40, windowMs: 15 * 60_000 }
/** One account, any address. Past it only addresses known for that account are let through, under their own pair limit. */
export const accountLimit: GuessingLimit = { failures: 60, windowMs: 60 * 60_000 }
/** How often it is recorded that single sign-on named somebody who may not come in. */
export const refusedLimit: GuessingLimit = { failures: 1, windowMs: 60 * 60_000 }
/** How long an address stays known after a sign-in from it. */
export const knownAddressMs = 30 * 24 * 3_600_000

/** Whoever holds one IPv6 address holds its whole /64. */
export function addressGroup(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
  if (!plain.includes(':')) return plain
  const [head = '', tail] = plain.toLowerCase().split('%')[0]?.split('::') ?? []
  const left = head ? head.split(':') : []
  const right = tail ? tail.split(':') : []
  const missing = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array<string>(missing).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}

/**
 * The address a request really came from. Only as many entries of X-Forwarded-For count as there are proxies of our own
 * in front, from the right: what a client writes there itself stands further left.
 */
export function clientAddress(
  socketAddress: string | undefined,
  forwardedFor: string | undefined,
  proxies: number,
): string {
  const way = (forwardedFor ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
  const address = proxies > 0 ? (way[Math.max(0, way.length - proxies)] ?? socketAddress) : socketAddress
  return (address ?? 'unknown').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
}
