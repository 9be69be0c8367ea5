import { ExpectedError } from './errors'

/** How often one person may ask for something: so many at once, and one more in each `everyMs`. */
interface Rate {
  /** What is refused, as the subject of a sentence. */
  what: string
  burst: number
  everyMs: number
}

/**
 * What costs others something while it is answered: sessions on the guarded database, or the whole record walked through.
 * Nobody who works meets these limits: a form that looks again at each pause in typing, a double click, a team that reloads.
 */
export const rates = {
  preflight: { what: 'The prerequisites', burst: 30, everyMs: 1_000 },
  'dry-run': { what: 'Dry runs', burst: 5, everyMs: 20_000 },
  export: { what: 'Exports', burst: 10, everyMs: 5_000 },
  pdf: { what: 'PDFs', burst: 5, everyMs: 15_000 },
  'record-check': { what: 'Checks of the record', burst: 5, everyMs: 10_000 },
} as const satisfies Record<string, Rate>
export type RateName = keyof typeof rates

/** The refusal of one who asks too often, with when to try again. */
export function tooOften(rate: Rate, waitMs: number): ExpectedError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  return new ExpectedError('too-many-attempts', `${rate.what} were requested too often. Try again in ${seconds} s.`, {
    retryAfterSeconds: seconds,
  })
}

/** Dry runs at once in one environment: each looks at the guarded database for as long as it lasts. */
export const dryRunsAtOnce = 3
/** Looks at the prerequisites at once by one runner; more wait. */
export const looksAtOnce = 2
