import type { CanaryView } from '../../domain/cluster/types'
import type { State } from './state'

/** One service of a region, in a word. */
export function presentCanary({ vote }: Pick<CanaryView, 'vote'>): { state: State; word: string } {
  switch (vote) {
    case 'ok':
      return { state: 'ok', word: 'OK' }
    case 'fail':
      return { state: 'problem', word: 'FAIL' }
    case 'unknown':
      return { state: 'unknown', word: 'UNKNOWN' }
    default:
      return vote satisfies never
  }
}

/** A region by its services: fine only when each was seen to answer lately. */
export function presentRegion(canaries: readonly Pick<CanaryView, 'vote'>[]): {
  state: State
  word: string
  says: string
} {
  const count = (vote: CanaryView['vote']) => canaries.filter((one) => one.vote === vote).length
  const of = `of ${canaries.length} services`
  const [ok, fail] = [count('ok'), count('fail')]
  if (fail > 0)
    return {
      state: fail * 2 > canaries.length ? 'problem' : 'lagging',
      word: fail * 2 > canaries.length ? 'PROBLEM' : 'WARN',
      says: `${fail} ${of} fail`,
    }
  if (ok === canaries.length && ok > 0) return { state: 'ok', word: 'OK', says: `${ok} ${of} respond` }
  return {
    state: 'unknown',
    word: 'UNKNOWN',
    says: canaries.length === 0 ? 'not observed yet' : `${ok} ${of} respond, the others are unknown`,
  }
}
