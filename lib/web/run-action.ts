import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import type { CommandContext } from '../commands/context'
import { type ActionError, type ActionResult, ExpectedError, type FieldErrors } from '../domain/errors'
import { controlsMessage, fieldsWithControls } from '../domain/text'
import { log } from './log'
import { comesFromUs, type RequestOrigin } from './origin'

/** What the wrapper needs from the request; the rest of it does not know Next. */
export interface ActionRequest {
  origin(): Promise<RequestOrigin>
  siteUrl: string
  /** Reads the session from the store. Throws ExpectedError. */
  context(): Promise<CommandContext>
  /** Rethrows what the framework throws for its own purposes, such as a redirect. */
  rethrow(error: unknown): void
}

/**
 * Runs one action: origin, session, input, command, in this order; nothing later is looked at when something earlier is
 * refused. Errors that we mean come back as sentences, wrong input as messages per field, and anything else is logged
 * under a reference that the person sees.
 */
export async function runAction<S extends z.ZodType, T>(
  request: ActionRequest,
  schema: S,
  run: (context: CommandContext, input: z.output<S>) => Promise<T>,
  input: unknown,
): Promise<ActionResult<T>> {
  try {
    if (!comesFromUs(await request.origin(), request.siteUrl))
      throw new ExpectedError(
        'not-allowed',
        'This request did not come from a page of this War Room. Reload the page and try again.',
      )
    const context = await request.context()
    const controls = fieldsWithControls(input)
    if (controls.length > 0)
      throw new ExpectedError('invalid', 'Some fields are invalid.', {
        fields: Object.fromEntries(controls.map((field) => [field, [controlsMessage]])),
      })
    const parsed = schema.safeParse(input)
    if (!parsed.success)
      throw new ExpectedError('invalid', 'Some fields are invalid.', {
        fields: fieldErrors(parsed.error),
      })
    return { ok: true, value: await run(context, parsed.data) }
  } catch (error) {
    request.rethrow(error)
    return { ok: false, error: refusal(error) }
  }
}

/** The answer to an error: what we meant as it is, anything else logged under a reference. */
export function refusal(error: unknown): ActionError {
  if (error instanceof ExpectedError)
    return {
      code: error.code,
      message: error.message,
      fields: error.fields,
      retryAfterSeconds: error.retryAfterSeconds,
    }
  const reference = randomUUID().slice(0, 8)
  log.error({ reference, err: error }, 'an action failed unexpectedly')
  return {
    code: 'unexpected',
    message: `Unexpected error. The log has details under reference ${reference}.`,
    reference,
    fields: null,
    retryAfterSeconds: null,
  }
}

function fieldErrors(error: z.ZodError): FieldErrors {
  const fields: FieldErrors = {}
  for (const issue of error.issues) {
    const field = issue.path.join('.') || 'form'
    fields[field] = [...(fields[field] ?? []), issue.message]
  }
  return fields
}
