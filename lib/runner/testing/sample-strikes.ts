import type { Fate, Point } from './doomed-runner'
import type { Drive } from './drives/drive'
import { seeded } from './sample'

interface Strike {
  point: Point
  how: Fate
}

/**
 * A sample of a drive's crash matrix by a seed. How it is drawn: one strike at an effect, of those that are under way at the same
 * time where there are such and of all certain ones otherwise; and, where the lab can be used again, one at a write, of all that a
 * run certainly has. Which of them, before or after, and whether the runner dies or its lease lapses: each as likely as any other.
 */
export function sampleOf({ parallel, certain, reusable }: Drive, seed: number): Strike[] {
  const next = seeded(seed)
  const one = <T>(of: readonly [T, ...T[]]): T => of[Math.floor(next() * of.length)] ?? of[0]
  const upTo = (n: number) => 1 + Math.floor(next() * n)
  const strike = (at: Point['at'], n: number): Strike => ({
    point: { at, n, when: one(['before', 'after']) },
    how: one(['kill', 'lapse']),
  })
  const [first, ...others] = parallel?.effects ?? []
  const staged = reusable && first !== undefined
  const effect = strike('effect', staged ? one([first, ...others]) : upTo(certain.effect))
  return reusable ? [effect, strike('write', upTo(certain.write))] : [effect]
}
