import 'server-only'
import type { Detection } from '../commands/incident/declare'
import type { Snapshot } from '../domain/cluster/types'
import { liveHub } from '../web/hub'

const fresh = 60_000

/** The picture of this moment, or null when the collector has been silent for a minute. */
export function presentPicture(now = Date.now()): Snapshot | null {
  const snapshot = liveHub().snapshot()
  return snapshot && now - snapshot.takenAt < fresh ? snapshot : null
}

/** What the collector says is wrong, and since when; null while it says nothing is. */
export function presentDetection(): Detection | null {
  const diagnosis = presentPicture()?.diagnosis
  if (!diagnosis || diagnosis.kind === 'healthy' || diagnosis.kind === 'unknown') return null
  const { since, headline, kind, certainty } = diagnosis
  return { at: since, headline, kind, certainty }
}
