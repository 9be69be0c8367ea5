import type { ProbeError, Sample } from './types'

/** The recent course of one probe, folded from its samples: what votes and readings are decided from. */
export interface Track<T> {
  value: T | null
  /** End of the newest good sample. */
  okAt: number | null
  /** End of the first good sample of the present unbroken row of good ones; null while it fails. */
  okSince: number | null
  /** End of the newest sample of any kind. */
  endedAt: number | null
  failures: number
  failingSince: number | null
  error: ProbeError | null
}

export function emptyTrack<T>(): Track<T> {
  return { value: null, okAt: null, okSince: null, endedAt: null, failures: 0, failingSince: null, error: null }
}

/** Folds one sample in. A late answer (older than what is known) changes nothing. */
export function track<T>(before: Track<T>, sample: Sample<T>): Track<T> {
  if (before.endedAt !== null && sample.endedAt < before.endedAt) return before
  if (sample.ok)
    return {
      value: sample.value,
      okAt: sample.endedAt,
      okSince: before.okSince ?? sample.endedAt,
      endedAt: sample.endedAt,
      failures: 0,
      failingSince: null,
      error: null,
    }
  return {
    ...before,
    okSince: null,
    endedAt: sample.endedAt,
    failures: before.failures + 1,
    // The failure began when the probe was sent, not when its time ran out.
    failingSince: before.failingSince ?? sample.startedAt,
    error: sample.error,
  }
}

/** Refused and torn connections are evidence of a dead process; silence alone is not. */
export function isHard(error: ProbeError | null): boolean {
  return error !== null && (error.kind === 'refused' || error.kind === 'reset' || error.kind === 'closed')
}
