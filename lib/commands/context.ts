import type { Actor } from '../domain/actor'
import type { EnvironmentKind } from '../domain/environment'
import { ExpectedError } from '../domain/errors'
import { type Permission, type Role, roleRight } from '../domain/people/permissions'
import type { Right } from '../domain/right'
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
  environment: { name: string; kind: EnvironmentKind }
  /** Milliseconds since the epoch. */
  now(): number
}

export const actorOf = (context: Pick<CommandContext, 'person'>): Extract<Actor, { kind: 'person' }> => ({
  kind: 'person',
  id: context.person.id,
  name: context.person.name,
})

/** Refuses what there is no right to, with its reason. Throws ExpectedError 'not-allowed' or 'conflict'. */
export function demand(right: Right): void {
  if (!right.allowed) throw new ExpectedError(right.code, right.why)
}

/** Refuses, with the role that is needed, what this person may not do. Throws ExpectedError 'not-allowed'. */
export const authorise = (context: Pick<CommandContext, 'person'>, permission: Permission): void =>
  demand(roleRight(context.person.role, permission))
