const secondMs = 1000

/** A search for the moment of damage, as it began. */
export type Search = {
  /** Nothing earlier is looked at, ms. */
  fromAt: number
  /** A person knows that the data was good then; otherwise it is only as far back as can be restored to. */
  fromProved: boolean
  /** The damage was there by then, ms. */
  badAt: number
  /** Narrow enough, ms. */
  withinMs: number
}

/** One temporary restore of a search. */
export type Probe = {
  n: number
  /** To which moment it is restored, ms. */
  at: number
  /** Null until it was asked. */
  verdict: 'sound' | 'damaged' | 'unknown' | null
  says: string
  /** From the choice of the moment to the answer, ms. */
  tookMs: number | null
}

/** Between these the damage was done, by the answers so far; null where nobody has seen the data good. */
export function intervalOf(
  { fromAt, fromProved, badAt }: Search,
  probes: readonly Probe[],
): { goodAt: number | null; badAt: number } {
  const of = (verdict: Probe['verdict']) => probes.filter((probe) => probe.verdict === verdict).map(({ at }) => at)
  const sound = of('sound')
  return {
    goodAt: sound.length > 0 ? Math.max(...sound) : fromProved ? fromAt : null,
    badAt: Math.min(badAt, ...of('damaged')),
  }
}

/** Where in the interval is looked, in this order: others than the middle only where that one could not be told. */
const places = [1 / 2, 1 / 4, 3 / 4, 1 / 8, 5 / 8, 3 / 8, 7 / 8]

/**
 * To which moment is restored next: the middle of the interval, on a whole second where it has one. Null when the interval is
 * narrow enough, or when nothing in it can be restored to.
 */
export function pointToProbe(search: Search, probes: readonly Probe[], latestAt: number): number | null {
  const { goodAt, badAt } = intervalOf(search, probes)
  const from = goodAt ?? search.fromAt
  if (badAt - from <= search.withinMs) return null
  const asked = new Set(probes.map(({ at }) => at))
  for (const place of places) {
    const middle = from + (badAt - from) * place
    const whole = Math.floor(middle / secondMs) * secondMs
    const at = Math.min(whole > from ? whole : Math.floor(middle), latestAt)
    if (at > from && at < badAt && !asked.has(at)) return at
  }
  return null
}

/** With a moment on a whole second the halves differ by up to this, ms. */
const unevenMs = secondMs

/** How many restores narrow a span of this length to `withinMs`, at most. */
export function probesNeeded(spanMs: number, withinMs: number): number {
  let needed = 0
  for (let left = spanMs; left > withinMs && needed < 64; needed += 1) left = left / 2 + unevenMs
  return needed
}

/** To how much a span is narrowed by so many restores, ms. */
export const narrowedBy = (spanMs: number, restores: number): number => Math.max(secondMs, spanMs / 2 ** restores)
