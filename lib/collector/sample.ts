import type { ProbeError, Sample } from '../domain/cluster/types'
import type { Clock } from '../ports/clock'
import { PortError } from '../ports/port-error'

/** What went wrong, for a screen: only errors we meant carry their own words. */
export function probeErrorOf(error: unknown): ProbeError {
  if (error instanceof PortError) return { kind: error.detail.probe, message: error.message }
  if (error instanceof LimitError) return { kind: 'timeout', message: error.message }
  return { kind: 'other', message: 'It failed in a way that was not foreseen; the log has the details.' }
}

class LimitError extends Error {}

/**
 * Runs one probe within a time limit of its own and makes a sample of whatever happens: it never throws and never takes
 * longer. The signal is aborted when the limit passes.
 */
export async function sample<T>(
  clock: Clock,
  source: string,
  vantage: Sample<T>['vantage'],
  limitMs: number,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<Sample<T>> {
  const startedAt = clock.now()
  const abort = new AbortController()
  let timer: NodeJS.Timeout | undefined
  try {
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new LimitError(`No answer within ${limitMs / 1000} s.`)
        abort.abort(error)
        reject(error)
      }, limitMs)
    })
    const value = await Promise.race([run(abort.signal), limit])
    return { source, vantage, startedAt, endedAt: clock.now(), ok: true, value }
  } catch (error) {
    return { source, vantage, startedAt, endedAt: clock.now(), ok: false, error: probeErrorOf(error) }
  } finally {
    clearTimeout(timer)
  }
}
