import { z } from 'zod'
import { conflict } from '../../domain/errors'
import { roleLabels } from '../../domain/incident/labels'
import { releaseRight } from '../../domain/incident/rights'
import { incidentRoles } from '../../domain/incident/types'
import { lockIncident, readRoles, setRole } from '../../store/incident'
import { authorise, type CommandContext, demand } from '../context'
import { changing, numberField, personById, refuseMerged, tell } from './on-incident'

export const roleInput = z.object({ number: numberField, role: z.enum(incidentRoles) })
export const offerRoleInput = roleInput.extend({ to: z.string().min(1, 'Choose a person.') })

type Input = z.output<typeof roleInput>

async function inRole(
  context: CommandContext,
  { number, role }: Input,
  act: (role: {
    tx: Parameters<Parameters<typeof changing>[2]>[0]
    held: NonNullable<Awaited<ReturnType<typeof readRoles>> extends Map<number, (infer H)[]> ? H : never>
    say: (text: string) => Promise<unknown>
  }) => Promise<void>,
): Promise<void> {
  authorise(context, 'declare')
  await changing(context, number, async (tx) => {
    refuseMerged(await lockIncident(tx, context.environment.name, number))
    const held = (await readRoles(tx, [number])).get(number)?.find((h) => h.role === role)
    if (!held) throw conflict('This incident has no such role.')
    await act({ tx, held, say: (text) => tell(tx, context, number, 'role', text) })
  })
}

const roleWord = (role: Input['role']) => roleLabels[role].toLowerCase()
const empty = { holder: null, since: null, offeredTo: null, offeredBy: null }
const me = (context: CommandContext) => ({ id: context.person.id, name: context.person.name })

/** Takes a role that nobody holds. Throws ExpectedError 'conflict' when somebody does. */
export const takeRole = (context: CommandContext, input: Input): Promise<void> =>
  inRole(context, input, async ({ tx, held, say }) => {
    if (held.holder?.id === context.person.id) return
    if (held.holder) throw conflict(`${held.holder.name} is ${roleWord(input.role)}. Ask them to hand it over.`)
    await setRole(tx, input.number, { ...empty, role: input.role, holder: me(context), since: context.now() })
    await say(`${context.person.name} takes ${roleWord(input.role)}.`)
  })

/** Offers a role; it changes hands when the other person accepts. The holder offers, or anybody while nobody holds it. */
export const offerRole = (context: CommandContext, input: z.output<typeof offerRoleInput>): Promise<void> =>
  inRole(context, input, async ({ tx, held, say }) => {
    if (held.holder && held.holder.id !== context.person.id) authorise(context, 'command')
    const to = await personById(tx, input.to)
    if (held.holder?.id === to.id) throw conflict(`${to.name} has this role already.`)
    await setRole(tx, input.number, { ...held, offeredTo: to, offeredBy: me(context) })
    await say(`${context.person.name} offers ${roleWord(input.role)} to ${to.name}.`)
  })

/** Accepts what was offered to oneself. Throws ExpectedError 'conflict' when it is offered no more. */
export const acceptRole = (context: CommandContext, input: Input): Promise<void> =>
  inRole(context, input, async ({ tx, held, say }) => {
    if (held.offeredTo?.id !== context.person.id) throw conflict('This role is no longer offered to you.')
    await setRole(tx, input.number, { ...empty, role: input.role, holder: me(context), since: context.now() })
    const from = held.holder ? ` from ${held.holder.name}` : ''
    await say(`${context.person.name} accepts ${roleWord(input.role)}${from}.`)
  })

/** Lays a role down; it shows as empty. */
export const releaseRole = (context: CommandContext, input: Input): Promise<void> =>
  inRole(context, input, async ({ tx, held, say }) => {
    demand(releaseRight(context.person, held.holder))
    await setRole(tx, input.number, { ...empty, role: input.role })
    await say(`The ${roleWord(input.role)} role is now unassigned. ${held.holder?.name ?? 'Nobody'} held it before.`)
  })
