/**
 * How well we see: `live` within three sampling intervals, `late` above that, `blind` past a minute or when nothing was
 * ever observed. Silence is never green.
 */
export type Sight = 'live' | 'late' | 'blind'

/** The collector publishes a picture at least this often. */
export const snapshotEveryMs = 1000

/** After this age a figure is no longer shown; its last value moves into the tooltip. */
const blindAfterMs = 60_000
/** Sources faster than this are not called late by ordinary jitter of the network. */
const graceMs = 1500

/** Sight of one observation. Times in ms; `everyMs` is the source's sampling interval. */
export function sightOf(observedAt: number | null, everyMs: number, now: number): Sight {
  if (observedAt === null) return 'blind'
  const age = now - observedAt
  // A slow source (backups each minute) is not blind before it was late.
  if (age > Math.max(blindAfterMs, 5 * everyMs)) return 'blind'
  return age > Math.max(3 * everyMs, graceMs) ? 'late' : 'live'
}
