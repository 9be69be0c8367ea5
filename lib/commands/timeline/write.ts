import { z } from 'zod'
import { conflict, invalidField } from '../../domain/errors'
import { readWritten } from '../../domain/incident/story'
import { lockIncident } from '../../store/incident'
import { appendOnce, readEntry, setCorrected, setPinned, wasSent } from '../../store/timeline'
import { authorise, type CommandContext } from '../context'
import { changing, draftOn, keyField, numberField, refuseMerged, tell, words } from '../incident/on-incident'

export const writeInput = z.object({
  number: numberField,
  typed: words(20_000),
  /** The writer's distance to UTC, east positive. */
  offsetMinutes: z.coerce
    .number()
    .int()
    .min(-14 * 60)
    .max(14 * 60),
  key: keyField,
})
export const pinInput = z.object({ number: numberField, entryId: z.string().regex(/^\d{1,18}$/) })
export const correctInput = pinInput.extend({ text: words(20_000), key: keyField })

/**
 * Adds a note, decision or action. The key makes a repeat harmless; a time in front back-dates the entry, which keeps
 * both times. Throws ExpectedError 'not-allowed', 'invalid', 'not-found', 'conflict'.
 */
export async function write(context: CommandContext, input: z.output<typeof writeInput>): Promise<{ id: string }> {
  authorise(context, 'note')
  const { kind, text, occurredAt } = readWritten(input.typed, context.now(), input.offsetMinutes)
  if (text === '') throw invalidField('typed', 'Write something after the command.')
  const n = await changing(context, input.number, async (tx) => {
    refuseMerged(await lockIncident(tx, input.number))
    return appendOnce(
      tx,
      input.number,
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
    refuseMerged(await lockIncident(tx, input.number))
    const entry = await readEntry(tx, input.number, input.entryId)
    const repeated = await wasSent(tx, input.number, input.key)
    const by = await appendOnce(
      tx,
      input.number,
      input.key,
      draftOn(context, input.number, 'correction', input.text, { corrects: input.entryId }),
    )
    if (!repeated) await setCorrected(tx, input.number, entry.n, by)
    return by
  })
  return { id: String(n) }
}

async function mark(
  context: CommandContext,
  { number, entryId }: z.output<typeof pinInput>,
  pinned: boolean,
): Promise<void> {
  authorise(context, 'note')
  await changing(context, number, async (tx) => {
    const entry = await readEntry(tx, number, entryId)
    if (entry.kind === 'incident.pin') throw conflict('This entry cannot be pinned.')
    if (!(await setPinned(tx, number, entry.n, pinned))) return
    const said = entry.text.length > 80 ? `${entry.text.slice(0, 79)}…` : entry.text
    await tell(tx, context, number, 'pin', `${pinned ? 'Pinned' : 'Unpinned'}: ${said}`, { entryId })
  })
}

/** Puts an entry into the story. */
export const pin = (context: CommandContext, input: z.output<typeof pinInput>) => mark(context, input, true)
export const unpin = (context: CommandContext, input: z.output<typeof pinInput>) => mark(context, input, false)
