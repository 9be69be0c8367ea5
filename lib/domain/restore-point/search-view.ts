import type { Probe } from './bisect'

/** A search for the moment of damage, as its run shows it. Times: ms. */
export interface SearchView {
  /** The interval at the start. */
  fromAt: number
  toAt: number
  /** By the answers so far; null where no copy was seen good. */
  goodAt: number | null
  badAt: number
  probes: Probe[]
  most: number
  /** How long a restore takes, in words. */
  perProbe: string
}
