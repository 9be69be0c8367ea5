import type { ActionResult } from '../../lib/domain/errors'
import type { ReportActionView, ReportSectionView, ReportView } from '../../lib/domain/incident/view'

type Act<Input, Value = unknown> = (input: Input) => Promise<ActionResult<Value>>

/** What the report's screen may ask for. A save with an older version loses politely (`conflict`). */
export interface ReportActions {
  save: Act<{ number: number; key: ReportSectionView['key']; text: string; version: number }, { version: number }>
  /** `id` null makes a new action. */
  action: Act<{
    number: number
    id: string | null
    title: string
    ownerId: string | null
    dueOn: string | null
    state: ReportActionView['state']
    version: number
  }>
  move: Act<{ number: number; version: number; to: ReportView['state'] }>
}
