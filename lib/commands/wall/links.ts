import { randomBytes, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { conflict } from '../../domain/errors'
import { appendRecord } from '../../store/record'
import { inTransaction } from '../../store/transaction'
import { addWallLink, revokeWallLink as revoke } from '../../store/wall'
import { actorOf, authorise, type CommandContext } from '../context'
import { words } from '../incident/on-incident'

export const createWallLinkInput = z.object({ label: words(80, 'Say where it will hang.') })
export const revokeWallLinkInput = z.object({ id: z.string().max(80) })

/** Makes a read-only address of the wall. Its token is shown once and kept as a hash only. Throws ExpectedError. */
export async function createWallLink(
  context: CommandContext,
  siteUrl: string,
  input: z.output<typeof createWallLinkInput>,
): Promise<{ href: string }> {
  authorise(context, 'declare')
  const token = randomBytes(32).toString('base64url')
  const id = randomUUID()
  await inTransaction(context.store, async (tx) => {
    const by = { id: context.person.id, name: context.person.name }
    await addWallLink(tx, {
      environment: context.environment.name,
      id,
      token,
      label: input.label,
      at: context.now(),
      by,
    })
    await appendRecord(tx, context, {
      kind: 'wall.link-created',
      actor: actorOf(context),
      text: `A link to the wall was made: ${input.label}.`,
      evidence: { id },
    })
  })
  return { href: `${siteUrl.replace(/\/$/, '')}/wall?link=${token}` }
}

/** Ends a link at its next look. Throws ExpectedError 'conflict' when it was ended before. */
export async function revokeWallLink(
  context: CommandContext,
  input: z.output<typeof revokeWallLinkInput>,
): Promise<void> {
  authorise(context, 'declare')
  await inTransaction(context.store, async (tx) => {
    const link = await revoke(tx, context.environment.name, input.id, context.now())
    if (!link) throw conflict('This link was ended already.')
    await appendRecord(tx, context, {
      kind: 'wall.link-revoked',
      actor: actorOf(context),
      text: `The link to the wall "${link.label}" was ended.`,
      evidence: { id: input.id },
    })
  })
}
