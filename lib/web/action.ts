import 'server-only'
import { headers } from 'next/headers'
import { unstable_rethrow } from 'next/navigation'
import type { z } from 'zod'
import type { CommandContext } from '../commands/context'
import type { ActionResult } from '../domain/errors'
import { addressOf } from './address'
import { webEnv } from './env'
import { runAction } from './run-action'
import { type CurrentSession, requireLimitedSession, requireSession } from './session'
import { webProver, webStore } from './store'

/** The context of a command for the person whose request this is. Throws ExpectedError as `requireSession` does. */
export async function commandContext(): Promise<CommandContext> {
  return await contextOf(await requireSession())
}

/** The context of choosing a password, for somebody who may do nothing else. Throws ExpectedError 'not-signed-in'. */
export async function limitedContext(): Promise<CommandContext> {
  return await contextOf(await requireLimitedSession())
}

async function contextOf(session: CurrentSession & { token: string }): Promise<CommandContext> {
  const { name, kind } = webEnv().environment
  return {
    store: webStore(),
    person: { id: session.person.id, name: session.person.name, role: session.person.role },
    sessionId: session.id,
    token: session.token,
    address: addressOf(await headers()),
    prove: webProver(),
    environment: { name, kind },
    now: Date.now,
  }
}

/**
 * Makes a server action of a command: `export const approve = action(schema, (context, input) => ...)`. Whoever calls it gives
 * what the schema takes; what arrives is parsed by it. It never throws what we mean; see `runAction` for what is checked.
 */
export const action: <S extends z.ZodType, T>(
  ...made: Parameters<typeof received<S, T>>
) => (input: z.input<S>) => Promise<ActionResult<T>> = received

/** The same for a request whose body is whatever was sent. */
export function received<S extends z.ZodType, T>(
  schema: S,
  run: (context: CommandContext, input: z.output<S>) => Promise<T>,
  context: () => Promise<CommandContext> = commandContext,
): (input: unknown) => Promise<ActionResult<T>> {
  return async (input) =>
    await runAction(
      {
        origin: async () => {
          const sent = await headers()
          return { origin: sent.get('origin'), host: sent.get('host') }
        },
        siteUrl: webEnv().NEXTAUTH_URL,
        context,
        rethrow: unstable_rethrow,
      },
      schema,
      run,
      input,
    )
}
