import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { castmatch } from '../../config/castmatch'
import { conflict, invalidField, notFound } from '../../domain/errors'
import { incidentLabel } from '../../domain/incident/labels'
import { isOpen } from '../../domain/incident/status'
import { pageChannels, pageLevels } from '../../domain/incident/view'
import { followUpId, mayBeOpenThere, pageMessageId } from '../../domain/outbox'
import { siteLink } from '../../domain/own-path'
import { sha256 } from '../../domain/procedure/canonical'
import { words } from '../../domain/text-fields'
import { lockIncident } from '../../store/incident'
import { acknowledgePage, addPage, enqueue, findPage, sentMessage } from '../../store/page'
import { appendRecord, appendRecordOnce, wasSent } from '../../store/record'
import { inTransaction } from '../../store/transaction'
import { actorOf, authorise, type CommandContext } from '../context'
import { changing, draftOn, keyField, numberField, refuseMerged, tell } from '../incident/on-incident'

export const pageInput = z.object({
  number: numberField.nullable(),
  level: z.enum(pageLevels),
  channel: z.enum(pageChannels),
  message: words(1000),
  key: keyField.optional(),
})
export const acknowledgeInput = z.object({ pageId: z.string().max(80) })
export const showAccountInput = z.object({ service: z.string().max(80) })

/**
 * Pages a level of the matrix. The page and its message are written together; a runner sends it under the page's id, so
 * that a repeat wakes nobody twice. Throws ExpectedError.
 */
export async function page(context: CommandContext, siteUrl: string, input: z.output<typeof pageInput>): Promise<void> {
  authorise(context, 'declare')
  const level = castmatch.escalation.find((l) => l.level === input.level)
  if (!level) throw invalidField('level', 'There is no such level.')
  const { number } = input
  if (number === null) throw conflict('Pages need an open incident. Declare one first.')
  // Without a key of its own, the same page asked twice within moments is one.
  const key =
    input.key ?? sha256(`${level.level} ${input.channel} ${input.message} ${Math.floor(context.now() / 10_000)}`)
  await changing(context, number, async (tx) => {
    // Held, so that an incident that ends at this moment ends this page too.
    const incident = await lockIncident(tx, context.environment.name, number)
    refuseMerged(incident)
    if (await wasSent(tx, context.token, number, key)) return
    if (!isOpen(incident.status)) throw conflict('This incident is resolved. Reopen it before you page someone.')
    const id = randomUUID()
    const now = context.now()
    await addPage(tx, incident, {
      id,
      level: input.level,
      channel: input.channel,
      message: input.message,
      askedBy: { id: context.person.id, name: context.person.name },
      askedAt: now,
    })
    const label = incidentLabel(number)
    const link = siteLink(siteUrl, `/incidents/${number}`)
    const drill = incident.kind === 'drill' ? '[DRILL] ' : ''
    await enqueue(tx, {
      id: pageMessageId(id),
      number,
      environment: incident.environment,
      about: id,
      now,
      payload:
        input.channel === 'pagerduty'
          ? {
              channel: 'pagerduty',
              level: input.level,
              summary: `${drill}${label} ${incident.severity}: ${input.message}`,
              severity: incident.severity === 'SEV1' ? 'critical' : incident.severity === 'SEV2' ? 'warning' : 'info',
              incident: label,
              link,
            }
          : {
              channel: 'slack',
              text: `${drill}${level.level} ${level.role} (${level.name}): ${input.message}`,
              incident: label,
              link,
            },
    })
    await appendRecordOnce(
      tx,
      context.token,
      key,
      draftOn(context, number, 'page', `Paged ${level.level} ${level.role}, ${level.name}: ${input.message}`, {
        pageId: id,
        channel: input.channel,
        href: '/escalation',
      }),
    )
  })
}

/** Notes that a page was answered, and has the pager told, so that it calls nobody else. Throws ExpectedError 'conflict' when it was before. */
export async function acknowledge(context: CommandContext, input: z.output<typeof acknowledgeInput>): Promise<void> {
  authorise(context, 'note')
  const found = await findPage(context.store.prisma, context.environment.name, input.pageId)
  if (!found) throw notFound('This page')
  await changing(context, found.number, async (tx) => {
    const now = context.now()
    const acknowledged = await acknowledgePage(tx, context.environment.name, input.pageId, context.person.name, now)
    if (!acknowledged) throw conflict('This page was acknowledged already.')
    const first = await sentMessage(tx, pageMessageId(input.pageId))
    const known = first && (first.state === 'queued' || mayBeOpenThere(first))
    if (acknowledged.channel === 'pagerduty' && acknowledged.endedAt === null && known)
      await enqueue(tx, {
        id: followUpId(input.pageId, 'acknowledge'),
        number: acknowledged.number,
        environment: context.environment.name,
        about: input.pageId,
        now,
        payload: {
          channel: 'pagerduty',
          tells: 'acknowledge',
          page: pageMessageId(input.pageId),
          level: acknowledged.level,
        },
      })
    const seconds = Math.max(0, Math.round((now - acknowledged.askedAt) / 1000))
    await tell(
      tx,
      context,
      acknowledged.number,
      'page',
      `Page to ${acknowledged.level} acknowledged after ${seconds} s, noted by ${context.person.name}.`,
      { pageId: input.pageId, seconds },
    )
  })
}

/** Shows an external account number in full; the showing is recorded first. Throws ExpectedError. */
export async function showAccount(
  context: CommandContext,
  input: z.output<typeof showAccountInput>,
): Promise<{ accountNumber: string }> {
  authorise(context, 'declare')
  const contact = castmatch.externalContacts.find(({ service }) => service === input.service)
  if (!contact) throw notFound('This contact')
  await inTransaction(context.store, (tx) =>
    appendRecord(tx, context, {
      kind: 'account.shown',
      actor: actorOf(context),
      text: `${context.person.name} viewed the account number of ${contact.service}.`,
      evidence: { service: contact.service },
    }),
  )
  return { accountNumber: contact.accountNumber }
}
