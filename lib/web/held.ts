import { ExpectedError } from '../domain/errors'

/** What was read, and when it was read if it cannot be read any more (ms); null while it can. */
interface Held<T> {
  value: T
  heldSince: number | null
}

/**
 * One reading for all who ask at the same time: while it runs, and for `freshMs` from its start, it is shared. When the store
 * is away, or slower than `patienceMs`, the last one is given, marked. Throws what the reading throws when there is none.
 */
export function sharedReading<T>(read: () => Promise<T>, freshMs: number, patienceMs: number, now: () => number) {
  let running: { at: number; settled: boolean; value: Promise<T> } | null = null
  let last: { at: number; value: T } | null = null

  function begin() {
    const at = now()
    const begun = { at, settled: false, value: read() }
    begun.value.then(
      (value) => {
        begun.settled = true
        last = { at, value }
      },
      () => {
        begun.settled = true
      },
    )
    return begun
  }

  return async (): Promise<Held<T>> => {
    if (!running || (running.settled && now() - running.at > freshMs)) running = begin()
    const reading = running.value.then((value): Held<T> => ({ value, heldSince: null }))
    const before: { at: number; value: T } | null = last
    if (!before) return reading
    const held: Held<T> = { value: before.value, heldSince: before.at }
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<Held<T>>((resolve) => {
      timer = setTimeout(resolve, patienceMs, held)
    })
    try {
      return await Promise.race([reading, patience])
    } catch (error) {
      if (error instanceof ExpectedError && error.code === 'store-unavailable') return held
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
}
