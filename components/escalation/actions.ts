import type { ActionResult } from '../../lib/domain/errors'
import type { PageLevel } from '../incident/actions'

export interface EscalationActions {
  page: PageLevel
  /** The whole account number; that it was shown is recorded. */
  showAccount: (input: { service: string }) => Promise<ActionResult<{ accountNumber: string }>>
}
