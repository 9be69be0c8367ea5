import { ExpectedError } from '../domain/errors'
import { incidentLabel } from '../domain/incident/labels'
import { isOpen } from '../domain/incident/status'
import type { RunMode } from '../domain/procedure/types'
import { cutText } from '../domain/text'
import { readIncident } from '../store/incident'
import type { ViewSource } from './context'

/** With what the form of a procedure opens; all of it may be changed. */
export interface StartOpens {
  mode: RunMode
  /** Empty where nothing is known that could be a reason. */
  reason: string
}

/** A diagnosis older than this is no reason for anything. */
const freshMs = 60_000
const longestReason = 500

/**
 * A procedure that is opened from an incident is meant for it: real in a real one, a drill in a drill. The reason is the diagnosis of
 * now, or else what the incident is called. Without an open incident nothing is real before somebody chooses it.
 */
export async function readStart(source: ViewSource, incidentNumber: number | null): Promise<StartOpens> {
  const { store, environment, snapshot, now } = source
  const found =
    incidentNumber === null
      ? null
      : await readIncident(store.prisma, environment.name, incidentNumber).catch((error: unknown) => {
          if (error instanceof ExpectedError && error.code === 'not-found') return null
          throw error
        })
  const incident = found && isOpen(found.status) ? found : null
  const seen = snapshot()
  const diagnosis = seen && now() - seen.takenAt < freshMs && seen.diagnosis.kind !== 'healthy' ? seen.diagnosis : null
  const words = diagnosis?.headline ?? incident?.title ?? ''
  return {
    mode:
      incident === null
        ? 'dry-run'
        : incident.kind === 'real'
          ? 'real'
          : environment.kind === 'production'
            ? 'dry-run'
            : 'drill',
    reason: cutText(incident && words ? `${incidentLabel(incident.number)}: ${words}` : words, longestReason),
  }
}
