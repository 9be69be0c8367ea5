import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { notFound } from '../../domain/errors'
import { may } from '../../domain/people/permissions'
import { digestOf } from '../../domain/procedure/canonical'
import { runModes } from '../../domain/procedure/types'
import type { Surroundings } from '../../procedures/contract'
import { procedureBySlug } from '../../procedures/index'
import { admit } from '../../store/admission'
import { askPreflight as ask } from '../../store/preflight'
import { signal } from '../../store/signal'
import { authorise, type CommandContext } from '../context'
import { parseInputs } from './start-run'

export const askPreflightInput = z.object({
  slug: z.string().min(1),
  mode: z.enum(runModes),
  inputs: z.record(z.string(), z.unknown()),
})

/**
 * Asks the runner to look at the prerequisites now; the answer is read by the id. Everybody who asks the same meanwhile has
 * the same answer. Throws ExpectedError, 'too-many-attempts' with when to try again.
 */
export async function askPreflight(
  context: CommandContext,
  environment: Surroundings,
  input: z.output<typeof askPreflightInput>,
): Promise<{ id: string }> {
  authorise(context, 'view')
  await admit(context.store, 'preflight', context.person.id)
  const procedure = procedureBySlug(input.slug)
  if (!procedure) throw notFound('This procedure')
  const asked = {
    procedureId: procedure.slug,
    inputs: parseInputs({ ...procedure, inputs: procedure.draft ?? procedure.inputs }, input.inputs, {
      snapshot: null,
      now: context.now(),
    }),
    mode: input.mode,
    environment: environment.name,
  }
  // Who may approve is not counted among those who could approve this for them: the answer is the same for all of these.
  const digest = digestOf({ ...asked, version: procedure.version, asksAsApprover: may(context.person.role, 'approve') })
  const id = randomUUID()
  const read = await ask(context.store, context.token, { ...asked, id, digest })
  if (read === id) await signal(context.store, { what: 'preflight', id })
  return { id: read }
}
