import type { Incident } from '../incident/incident'
import { severities } from '../incident/types'

/** Open incidents as the wall takes them: a real one before a drill, then by severity, then the newest. */
export const byGravity = <T extends Pick<Incident, 'kind' | 'severity' | 'number'>>(open: readonly T[]): T[] =>
  open.toSorted(
    (a, b) =>
      Number(a.kind === 'drill') - Number(b.kind === 'drill') ||
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      b.number - a.number,
  )
