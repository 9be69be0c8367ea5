import type { Actor } from '../domain/actor'
import { ExpectedError } from '../domain/errors'
import { may, type Permission, type Role, roleNeededFor } from '../domain/people/permissions'
import type { Store } from '../store/client'
import type { Prove } from '../store/web-proof'

/** Who asks for a command, and what it works with. The session was read from the store for this very request. */
export interface CommandContext {
  store: Store
  person: { id: string; name: string; role: Role }
  sessionId: string
  /** The token of that session: functions of the store that decide ask for it, and check it themselves. */
  token: string
  /** Where the request comes from: limits on guessing count by it. */
  address: string
  /** By which this web proves to the store that it is the web. */
  prove: Prove
  environment: { name: string; kind: 'production' | 'staging' | 'lab' }
  /** Milliseconds since the epoch. */
  now(): number
}

export const actorOf = (context: Pick<CommandContext, 'person'>): Extract<Actor, { kind: 'person' }> => ({
  kind: 'person',
  id: context.person.id,
  name: context.person.name,
})

const article = (role: Role) => (/^[aeiou]/.test(role) ? `an ${role}` : `a ${role}`)

/** Refuses, with the role that is needed, what this person may not do. Throws ExpectedError 'not-allowed'. */
export function authorise(context: Pick<CommandContext, 'person'>, permission: Permission): void {
  if (may(context.person.role, permission)) return
  throw new ExpectedError(
    'not-allowed',
    `Your role is ${context.person.role}; this needs ${article(roleNeededFor(permission))}.`,
  )
}
