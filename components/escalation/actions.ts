import type { ActionResult } from '../../lib/domain/errors'
import type { PageLevel } from '../incident/actions'

export interface EscalationActions {
  page: PageLevel
  /** A person saw the page, known by another way than the pager's own answer. */
  acknowledge: (input: { pageId: string }) => Promise<ActionResult<unknown>>
  /** The whole account number; that it was shown is recorded. */
  showAccount: (input: { service: string }) => Promise<ActionResult<{ accountNumber: string }>>
}
