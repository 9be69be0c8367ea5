import type { Fate, Point } from './doomed-runner'
import type { Drive } from './drives/drive'
import { seeded } from './sample'

interface Strike {
  point: Point
  how: Fate
}

/**
 * A sample of a drive's crash matrix by a seed, as many strikes as the drive says. How it is drawn: at effects, of those that are under
 * way at the same time where there are such in a lab that can be used again, of all certain ones otherwise; at writes, of all that a
 * run certainly has. Which of them, before or after, and whether the runner dies or its lease lapses: each as likely as any other.
 */
export function sampleOf({ parallel, certain, sampled, reusable }: Drive, seed: number): Strike[] {
  const next = seeded(seed)
  const one = <T>(of: readonly [T, ...T[]]): T => of[Math.floor(next() * of.length)] ?? of[0]
  const upTo = (n: number) => 1 + Math.floor(next() * n)
  const strike = (at: Point['at'], n: number): Strike => ({
    point: { at, n, when: one(['before', 'after']) },
    how: one(['kill', 'lapse']),
  })
  const [first, ...others] = (reusable && parallel?.effects) || []
  const effect = () => strike('effect', first === undefined ? upTo(certain.effect) : one([first, ...others]))
  const drawn = <T>(count: number, draw: () => T) => Array.from({ length: count }, draw)
  return [...drawn(sampled.effects, effect), ...drawn(sampled.writes, () => strike('write', upTo(certain.write)))]
}
