import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { notFound } from '../../domain/errors'
import { runModes } from '../../domain/procedure/types'
import type { Surroundings } from '../../procedures/contract'
import { procedureBySlug } from '../../procedures/index'
import { askPreflight as ask } from '../../store/preflight'
import { signal } from '../../store/signal'
import { authorise, type CommandContext } from '../context'
import { parseInputs } from './start-run'

export const askPreflightInput = z.object({
  slug: z.string().min(1),
  mode: z.enum(runModes),
  inputs: z.record(z.string(), z.unknown()),
})

/** Asks the runner to look at the prerequisites now; the answer is read by the id. Throws ExpectedError. */
export async function askPreflight(
  context: CommandContext,
  environment: Surroundings,
  input: z.output<typeof askPreflightInput>,
): Promise<{ id: string }> {
  authorise(context, 'view')
  const procedure = procedureBySlug(input.slug)
  if (!procedure) throw notFound('This procedure')
  const id = randomUUID()
  await ask(context.store, {
    id,
    procedureId: procedure.slug,
    inputs: parseInputs(procedure, input.inputs),
    mode: input.mode,
    environment: environment.name,
    askedBy: context.person.id,
  })
  await signal(context.store, { what: 'preflight', id })
  return { id }
}
