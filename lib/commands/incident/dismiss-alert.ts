import { z } from 'zod'
import { conflict } from '../../domain/errors'
import { dismissAlert as dismiss } from '../../store/alert'
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
