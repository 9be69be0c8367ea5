import type { Diagnosis } from '../cluster/types'
import type { Severity } from './types'

/** The severity to start from, with its reason; a person decides. */
export function suggestSeverity(diagnosis: Pick<Diagnosis, 'kind' | 'certainty'> | null): {
  severity: Severity
  reason: string
} {
  switch (diagnosis?.kind) {
    case 'corruption':
    case 'deletion':
      return { severity: 'SEV1', reason: 'Data is damaged or lost.' }
    case 'region-outage':
      return { severity: 'SEV1', reason: 'The home region is not responding.' }
    case 'primary-down':
    case 'split-brain':
    case 'wedged-writer':
      return { severity: 'SEV1', reason: 'Writes are failing or data can diverge.' }
    case 'primary-suspected':
    case 'failing-over':
      return { severity: 'SEV1', reason: 'Writes may be failing; lower it if they are not.' }
    case 'own-partition':
      return { severity: 'SEV2', reason: 'We cannot see the cluster; the application may be fine.' }
    case 'degraded':
      return { severity: 'SEV2', reason: 'A part of the cluster is degraded; the writer is fine.' }
    case 'unknown':
    case undefined:
      return { severity: 'SEV2', reason: 'The state of the cluster is unknown.' }
    case 'healthy':
      return { severity: 'SEV3', reason: 'No failure is detected.' }
  }
}
