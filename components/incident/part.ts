import type { IncidentView } from '../../lib/domain/incident/view'
import type { IncidentActions } from '../../lib/web/present/actions'

/** What each part of an incident's screen is given. */
export interface PartProps {
  incident: IncidentView
  actions: IncidentActions
  /** After the incident was changed: it is read again. */
  onDone: () => void
}
