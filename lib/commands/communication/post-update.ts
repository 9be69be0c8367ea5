import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { updateEveryMinutes } from '../../domain/incident/incident'
import { incidentLabel } from '../../domain/incident/labels'
import { isOpen } from '../../domain/incident/status'
import { audiences } from '../../domain/incident/view'
import { siteLink } from '../../domain/own-path'
import { sha256 } from '../../domain/procedure/canonical'
import { words } from '../../domain/text-fields'
import { changeIncident, lockIncident } from '../../store/incident'
import { addUpdate, enqueue } from '../../store/page'
import { appendRecordOnce, wasSent } from '../../store/record'
import { authorise, type CommandContext } from '../context'
import { changing, draftOn, keyField, numberField, refuseMerged } from '../incident/on-incident'

export const postUpdateInput = z.object({
  number: numberField,
  audience: z.enum(audiences),
  text: words(5000),
  key: keyField.optional(),
})

/**
 * Tells people how it stands: kept in the timeline, sent to Slack, and for the audience of the status page to its webhook
 * too. The next one is due after as many minutes as the severity asks for. Throws ExpectedError.
 */
export async function postUpdate(
  context: CommandContext,
  siteUrl: string,
  input: z.output<typeof postUpdateInput>,
): Promise<void> {
  authorise(context, 'note')
  await changing(context, input.number, async (tx) => {
    const incident = await lockIncident(tx, context.environment.name, input.number)
    refuseMerged(incident)
    const key = input.key ?? sha256(`update ${input.audience} ${input.text} ${Math.floor(context.now() / 60_000)}`)
    if (await wasSent(tx, context.token, input.number, key)) return
    const id = randomUUID()
    const now = context.now()
    const by = { id: context.person.id, name: context.person.name }
    await addUpdate(tx, input.number, { id, at: now, by, audience: input.audience, text: input.text })
    const label = incidentLabel(input.number)
    const text = incident.kind === 'drill' ? `[DRILL] ${input.text}` : input.text
    const common = { number: input.number, environment: incident.environment, about: id, now }
    await enqueue(tx, {
      ...common,
      id: `update-${id}-slack`,
      payload: {
        channel: 'slack',
        text,
        incident: label,
        link: siteLink(siteUrl, `/incidents/${input.number}`),
      },
    })
    // A drill never reaches the public.
    if (input.audience === 'status-page' && incident.kind === 'real')
      await enqueue(tx, {
        ...common,
        id: `update-${id}-status-page`,
        payload: { channel: 'status-page', text, incident: label, title: incident.title },
      })
    if (isOpen(incident.status))
      await changeIncident(tx, input.number, { nextUpdateDueAt: now + updateEveryMinutes[incident.severity] * 60_000 })
    await appendRecordOnce(
      tx,
      context.token,
      key,
      draftOn(context, input.number, 'update', input.text, { audience: input.audience, updateId: id }),
    )
  })
}
