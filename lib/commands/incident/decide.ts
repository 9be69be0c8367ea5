import { z } from 'zod'
import { conflict, invalidField } from '../../domain/errors'
import { optionNames } from '../../domain/incident/decision'
import { isOpen } from '../../domain/incident/status'
import { catalogue } from '../../procedures/index'
import { changeIncident, lockIncident } from '../../store/incident'
import { authorise, type CommandContext } from '../context'
import { reason } from '../run/steer'
import { authoriseLead, changing, numberField, refuseMerged, tell } from './on-incident'

export const decideWayInput = z.object({
  number: numberField,
  /** Of the decision sheet; also doing nothing is one. */
  option: z.string().min(1).max(80),
  reason,
  /** When the decision was made that the person saw; null where there was none. */
  seenAt: z.number().int().positive().nullable(),
})

/**
 * Records which way out of an incident is taken, with the reason: in the timeline, and as what counts from now on. It starts
 * nothing. Throws ExpectedError 'not-allowed', 'invalid', 'not-found', and 'conflict' when the incident is over or somebody else has
 * decided meanwhile.
 */
export async function decideWay(context: CommandContext, input: z.output<typeof decideWayInput>): Promise<void> {
  authorise(context, 'declare')
  await changing(context, input.number, async (tx) => {
    const incident = await lockIncident(tx, context.environment.name, input.number)
    await authoriseLead(tx, context, input.number)
    refuseMerged(incident)
    if (!isOpen(incident.status)) throw conflict('This incident is resolved. Reopen it to decide again.')
    const { decided } = incident
    if ((decided?.at ?? null) !== input.seenAt)
      throw conflict(
        decided
          ? `${decided.by.name} has decided since then: ${decided.title}. Check it, then decide again.`
          : 'The decision that you saw does not count any more. Decide again.',
      )
    const option = optionNames(catalogue).find(({ id }) => id === input.option)
    if (!option) throw invalidField('option', 'This option is not on the decision sheet.')
    const { id, name } = context.person
    // Two decisions are told apart by their times.
    const at = Math.max(context.now(), (decided?.at ?? 0) + 1)
    await changeIncident(tx, input.number, {
      decided: { option: option.id, title: option.title, reason: input.reason, by: { id, name }, at },
    })
    await tell(tx, context, input.number, 'decision', `Decided: ${option.title}. ${input.reason}`, {
      option: option.id,
      ...(decided && { instead: { option: decided.option, by: decided.by.name, at: decided.at } }),
      href: `/incidents/${input.number}/decision`,
    })
  })
}
