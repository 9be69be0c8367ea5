import { z } from 'zod'
import { conflict, invalidField } from '../../domain/errors'
import { sha256 } from '../../domain/procedure/canonical'
import { shorten } from '../../domain/text'
import { words } from '../../domain/text-fields'
import { lockIncident, readIncident } from '../../store/incident'
import { appendRecordOnce, wasSent } from '../../store/record'
import { readEntry, setCorrected, setPinned } from '../../store/timeline'
import { authorise, type CommandContext } from '../context'
import { changing, draftOn, keyField, numberField, refuseMerged, tell } from '../incident/on-incident'

export const writeInput = z.object({
  number: numberField,
  key: keyField,
  kind: z.enum(['note', 'decision', 'action']),
  text: words(20_000),
  /** Back-dates the entry, which keeps both times. */
  occurredAt: z.number().int().positive().nullable(),
})
export const pinInput = z.object({ number: numberField, entryId: z.string().regex(/^\d{1,18}$/), pinned: z.boolean() })
export const correctInput = z.object({
  number: numberField,
  entryId: z.string().regex(/^\d{1,18}$/),
  text: words(20_000),
})

/**
 * Adds a note, decision or action. The key makes a repeat harmless; a back-dated entry keeps both times. Throws ExpectedError 'not-allowed', 'invalid', 'not-found', 'conflict'.
 */
export async function write(context: CommandContext, input: z.output<typeof writeInput>): Promise<{ id: string }> {
  authorise(context, 'note')
  const { kind, text, occurredAt } = input
  if (occurredAt !== null && occurredAt > context.now() + 60_000)
    throw invalidField('occurredAt', 'The time cannot be in the future.')
  const n = await changing(context, input.number, async (tx) => {
    refuseMerged(await lockIncident(tx, context.environment.name, input.number))
    return appendRecordOnce(
      tx,
      context.token,
      input.key,
      draftOn(context, input.number, kind, text, occurredAt === null ? {} : { occurredAt }),
    )
  })
  return { id: String(n) }
}

/** Corrects an entry by another one; the first stays and says by what it was corrected. Throws ExpectedError. */
export async function correct(context: CommandContext, input: z.output<typeof correctInput>): Promise<{ id: string }> {
  authorise(context, 'note')
  const n = await changing(context, input.number, async (tx) => {
    refuseMerged(await lockIncident(tx, context.environment.name, input.number))
    const entry = await readEntry(tx, input.number, input.entryId)
    // Sending the same words again after a lost answer corrects nothing twice.
    const key = sha256(`${context.person.id} ${input.entryId} ${input.text}`)
    const repeated = await wasSent(tx, context.token, input.number, key)
    const by = await appendRecordOnce(
      tx,
      context.token,
      key,
      draftOn(context, input.number, 'correction', input.text, { corrects: input.entryId }),
    )
    if (!repeated) await setCorrected(tx, input.number, entry.n, by)
    return by
  })
  return { id: String(n) }
}

/** Puts an entry into the story, or takes it out again. Throws ExpectedError. */
export async function pin(
  context: CommandContext,
  { number, entryId, pinned }: z.output<typeof pinInput>,
): Promise<void> {
  authorise(context, 'note')
  await changing(context, number, async (tx) => {
    await readIncident(tx, context.environment.name, number)
    const entry = await readEntry(tx, number, entryId)
    if (entry.kind === 'incident.pin') throw conflict('This entry cannot be pinned.')
    if (!(await setPinned(tx, number, entry.n, pinned))) return
    await tell(tx, context, number, 'pin', `${pinned ? 'Pinned' : 'Unpinned'}: ${shorten(entry.text, 80)}`, { entryId })
  })
}
