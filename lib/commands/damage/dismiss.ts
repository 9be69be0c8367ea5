import { z } from 'zod'
import { damageKinds, damageScenario } from '../../domain/cluster/damage'
import { conflict } from '../../domain/errors'
import { dismissDamage as dismiss } from '../../store/damage'
import { actorOf, authorise, type CommandContext } from '../context'
import { reasonField } from '../incident/on-incident'

export const dismissDamageInput = z.object({
  kind: z.enum(damageKinds),
  /** When the finding was made, ms: with the kind, its name. */
  foundAt: z.number().int().positive(),
  reason: reasonField,
})

/**
 * Dismisses a finding of corruption or deletion: the collector takes the data as it is from then on, and a failover is no longer
 * blocked by it. Who and why is recorded. Throws ExpectedError 'not-allowed', 'conflict', 'store-unavailable'.
 */
export async function dismissDamage(
  context: CommandContext,
  { kind, foundAt, reason }: z.output<typeof dismissDamageInput>,
): Promise<void> {
  authorise(context, 'command')
  const environment = context.environment.name
  const done = await dismiss(
    context.store,
    context.token,
    { environment, kind, foundAt, reason },
    {
      kind: 'damage.dismissed',
      actor: actorOf(context),
      text: `The finding of ${kind} (${damageScenario[kind]}) was dismissed: ${reason}`,
      evidence: { environment, kind, foundAt, reason },
    },
  )
  if (!done) throw conflict('This finding is not open: it was dismissed already, or is not stored yet.')
}
