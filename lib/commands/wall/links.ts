import { randomBytes, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { conflict } from '../../domain/errors'
import { siteLink } from '../../domain/own-path'
import { line } from '../../domain/text-fields'
import { countWord, plural } from '../../domain/units'
import { defaultWallLinkDays, mostWallLinks, wallLinkDays, wallLinkExpiry } from '../../domain/wall/link'
import { appendRecord } from '../../store/record'
import { inTransaction } from '../../store/transaction'
import {
  addWallLink,
  countWallLinks,
  revokeWallLink as revoke,
  revokeAllWallLinks as revokeAll,
} from '../../store/wall'
import { actorOf, authorise, type CommandContext } from '../context'

export const createWallLinkInput = z.object({
  label: line(80, 'Enter the location of the screen.'),
  days: z.literal(wallLinkDays).default(defaultWallLinkDays),
})
export const revokeWallLinkInput = z.object({ id: z.string().max(80) })
export const revokeAllWallLinksInput = z.strictObject({})

/**
 * Makes a read-only address of the wall that expires. Its token is shown once and kept as a hash only; it is in the
 * fragment of the address, which browsers send to nobody. Throws ExpectedError 'not-allowed', and 'conflict' when too many
 * links stand.
 */
export async function createWallLink(
  context: CommandContext,
  siteUrl: string,
  input: z.output<typeof createWallLinkInput>,
): Promise<{ href: string; expiresAt: number }> {
  authorise(context, 'declare')
  const token = randomBytes(32).toString('base64url')
  const id = randomUUID()
  const at = context.now()
  const environment = context.environment.name
  const expiresAt = wallLinkExpiry(at, input.days)
  await inTransaction(context.store, async (tx) => {
    if ((await countWallLinks(tx, environment, at)) >= mostWallLinks)
      throw conflict(`There are ${mostWallLinks} wall links already. Revoke those that are no longer needed.`)
    const by = { id: context.person.id, name: context.person.name }
    await addWallLink(tx, { environment, id, token, label: input.label, at, expiresAt, by })
    await appendRecord(tx, context, {
      kind: 'wall.link-created',
      actor: actorOf(context),
      text: `Wall link created: ${input.label}. It expires after ${input.days} ${plural(input.days, 'day')}.`,
      evidence: { id, expiresAt },
    })
  })
  return { href: siteLink(siteUrl, `/wall#link=${token}`), expiresAt }
}

/** Ends a link at its next look. Throws ExpectedError 'conflict' when it was revoked before. */
export async function revokeWallLink(
  context: CommandContext,
  input: z.output<typeof revokeWallLinkInput>,
): Promise<void> {
  authorise(context, 'declare')
  await inTransaction(context.store, async (tx) => {
    const link = await revoke(tx, context.environment.name, input.id, context.now())
    if (!link) throw conflict('This link was revoked already.')
    await appendRecord(tx, context, {
      kind: 'wall.link-revoked',
      actor: actorOf(context),
      text: `Wall link revoked: ${link.label}.`,
      evidence: { id: input.id },
    })
  })
}

/** Ends every link that stands. Throws ExpectedError 'conflict' when there is none. */
export async function revokeAllWallLinks(context: CommandContext): Promise<{ revoked: number }> {
  authorise(context, 'declare')
  return await inTransaction(context.store, async (tx) => {
    const revoked = await revokeAll(tx, context.environment.name, context.now())
    if (revoked === 0) throw conflict('There are no wall links to revoke.')
    await appendRecord(tx, context, {
      kind: 'wall.link-revoked',
      actor: actorOf(context),
      text: `All wall links revoked: ${countWord(revoked)} ${plural(revoked, 'link')}.`,
      evidence: { revoked },
    })
    return { revoked }
  })
}
