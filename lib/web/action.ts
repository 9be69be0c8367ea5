import 'server-only'
import { headers } from 'next/headers'
import { unstable_rethrow } from 'next/navigation'
import type { z } from 'zod'
import type { CommandContext } from '../commands/context'
import type { ActionResult } from '../domain/errors'
import { webEnv } from './env'
import { runAction } from './run-action'
import { requireSession } from './session'
import { webStore } from './store'

/** The context of a command for the person whose request this is. Throws ExpectedError as `requireSession` does. */
export async function commandContext(): Promise<CommandContext> {
  const session = await requireSession()
  const { name, kind } = webEnv().environment
  return {
    store: webStore(),
    person: { id: session.person.id, name: session.person.name, role: session.person.role },
    sessionId: session.id,
    token: session.token,
    environment: { name, kind },
    now: Date.now,
  }
}

/**
 * Makes a server action of a command: `export const approve = action(schema, (context, input) => ...)`. The action takes
 * an object or a FormData and never throws what we mean; see `runAction` for what is checked.
 */
export function action<S extends z.ZodType, T>(
  schema: S,
  run: (context: CommandContext, input: z.output<S>) => Promise<T>,
): (input: unknown) => Promise<ActionResult<T>> {
  return async (input) =>
    await runAction(
      {
        origin: async () => {
          const sent = await headers()
          return { origin: sent.get('origin'), host: sent.get('host') }
        },
        siteUrl: webEnv().NEXTAUTH_URL,
        context: commandContext,
        rethrow: unstable_rethrow,
      },
      schema,
      run,
      input,
    )
}
