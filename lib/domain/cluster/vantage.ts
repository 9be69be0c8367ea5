import type { RegionService } from './region-services'
import type { Sample } from './types'

/** How the collector in the other region names itself to a database, so that both sides can tell it from the first. */
export const vantageName = 'castmatch-warroom-dr'

/** Which region a canary asks, seen from where it runs: the home region, or its own one. */
export type CanaryOf = 'home' | 'own'

/** The newest sample of one canary; null while it has not been asked. */
export interface CanarySample {
  of: CanaryOf
  service: RegionService
  sample: Sample<null> | null
}

/** What the collector in the other region tells of both. Its times are on its own clock, of which `now` is the reading. */
export interface VantageReport {
  now: number
  everyMs: number
  canaries: readonly CanarySample[]
}

/** The report with its times on our clock: it was made while we waited for it, between these two moments. */
export function onOurTime(report: VantageReport, askedAt: number, answeredAt: number): VantageReport {
  const shift = (askedAt + answeredAt) / 2 - report.now
  return {
    ...report,
    now: report.now + shift,
    canaries: report.canaries.map((canary) => ({
      ...canary,
      sample: canary.sample && {
        ...canary.sample,
        startedAt: canary.sample.startedAt + shift,
        endedAt: canary.sample.endedAt + shift,
      },
    })),
  }
}
