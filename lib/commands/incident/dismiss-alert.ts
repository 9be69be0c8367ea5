import { z } from 'zod'
import { conflict } from '../../domain/errors'
import { alertSources } from '../../domain/incident/view'
import { counted } from '../../domain/units'
import { dismissAlert as dismiss, dismissGroup } from '../../store/alert'
import { appendRecord } from '../../store/record'
import { inTransaction } from '../../store/transaction'
import { actorOf, authorise, type CommandContext } from '../context'
import { reasonField } from './on-incident'

export const dismissAlertInput = z.object({ id: z.string().max(80), reason: reasonField })

/** Puts an alert aside without an incident; who and why is recorded. Throws ExpectedError. */
export async function dismissAlert(context: CommandContext, input: z.output<typeof dismissAlertInput>): Promise<void> {
  authorise(context, 'declare')
  await inTransaction(context.store, async (tx) => {
    const alert = await dismiss(tx, context.environment.name, input.id, context.now())
    if (!alert) throw conflict('This alert was dismissed already.')
    await appendRecord(tx, context, {
      kind: 'alert.dismissed',
      actor: actorOf(context),
      text: `The alert "${alert.title}" was dismissed: ${input.reason}`,
      evidence: { alertId: input.id },
    })
  })
}

export const dismissAlertsInput = z.object({
  source: z.enum(alertSources),
  name: z.string().max(300),
  severity: z.string().max(300).nullable(),
  /** What began to fire later was not yet on the screen, and stays. */
  until: z.number(),
  reason: reasonField,
})

/** Puts all alerts of a group aside that a person has seen; who and why is recorded once. Throws ExpectedError. */
export async function dismissAlerts(
  context: CommandContext,
  input: z.output<typeof dismissAlertsInput>,
): Promise<void> {
  authorise(context, 'declare')
  const { reason, ...group } = input
  await inTransaction(context.store, async (tx) => {
    const count = await dismissGroup(tx, context.environment.name, group, context.now())
    if (count === 0) throw conflict('These alerts were dismissed already.')
    await appendRecord(tx, context, {
      kind: 'alert.dismissed',
      actor: actorOf(context),
      text: `${counted(count, 'alert')} named "${input.name}" ${count === 1 ? 'was' : 'were'} dismissed: ${reason}`,
      evidence: { ...group, count },
    })
  })
}
