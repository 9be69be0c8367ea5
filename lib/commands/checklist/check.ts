import { z } from 'zod'
import { checklistItem, checklistKeys } from '../../domain/checklist/items'
import { notFound } from '../../domain/errors'
import { askProbes, keepHandTick, lockItem } from '../../store/checklist'
import { lockIncident } from '../../store/incident'
import { authorise, type CommandContext } from '../context'
import { changing, numberField, reasonField, refuseOver, tell } from '../incident/on-incident'

export const runCheckInput = z.object({ number: numberField, key: z.enum(checklistKeys).nullable().default(null) })
export const tickByHandInput = z.object({ number: numberField, key: z.enum(checklistKeys), reason: reasonField })

/** Asks a runner to look at one item now, or at all ten. Throws ExpectedError. */
export async function runCheck(context: CommandContext, input: z.output<typeof runCheckInput>): Promise<void> {
  authorise(context, 'note')
  await changing(context, input.number, async (tx) => {
    refuseOver(await lockIncident(tx, context.environment.name, input.number))
    if ((await askProbes(tx, input.number, input.key, context.now())) === 0) throw notFound('This item')
  })
}

/** Ticks an item without a probe, with a reason; it stays marked as ticked manually. Throws ExpectedError. */
export async function tickByHand(context: CommandContext, input: z.output<typeof tickByHandInput>): Promise<void> {
  authorise(context, 'declare')
  await changing(context, input.number, async (tx) => {
    refuseOver(await lockIncident(tx, context.environment.name, input.number))
    const item = await lockItem(tx, input.number, input.key)
    if (!item) throw notFound('This item')
    const by = { id: context.person.id, name: context.person.name }
    await keepHandTick(tx, input.number, input.key, { by, reason: input.reason, at: context.now() })
    const title = checklistItem(input.key)?.title ?? input.key
    await tell(tx, context, input.number, 'checklist', `${title} marked manually: ${input.reason}`, {
      item: input.key,
      probe: { state: item.state, says: item.says, checkedAt: item.checkedAt },
    })
  })
}
