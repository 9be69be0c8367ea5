import type { Snapshot } from '../domain/cluster/types'
import type { Detection } from '../domain/incident/types'
import type { ViewSource } from './context'

const fresh = 60_000

/** The picture of this moment, or null when the collector has been silent for a minute. */
export function presentPicture(source: Pick<ViewSource, 'snapshot' | 'now'>): Snapshot | null {
  const snapshot = source.snapshot()
  return snapshot && source.now() - snapshot.takenAt < fresh ? snapshot : null
}

/** What the collector says is wrong, and since when; null while it says nothing is. */
export function presentDetection(source: Pick<ViewSource, 'snapshot' | 'now'>): Detection | null {
  const diagnosis = presentPicture(source)?.diagnosis
  if (!diagnosis || diagnosis.kind === 'healthy' || diagnosis.kind === 'unknown') return null
  const { since, headline, kind, certainty } = diagnosis
  return { at: since, headline, kind, certainty }
}
