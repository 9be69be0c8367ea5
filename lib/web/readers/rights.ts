import 'server-only'
import type { PersonRef, Right } from '../../domain/incident/view'
import { may, type Permission, roleNeededFor } from '../../domain/people/permissions'
import { listAccounts } from '../../store/people'
import type { CurrentSession } from '../session-reader'
import { webStore } from '../store'

export type Person = CurrentSession['person']

export const rightTo = (person: Person, permission: Permission): Right =>
  may(person.role, permission)
    ? { allowed: true, why: null }
    : { allowed: false, why: `This needs the role ${roleNeededFor(permission)}.` }
/** The right, unless something else stands against it. */
export const unless = (right: Right, why: string | null): Right =>
  right.allowed && why ? { allowed: false, why } : right

/** People who may sign in, the viewer first. */
export async function readPeople(me: Person): Promise<PersonRef[]> {
  const accounts = await listAccounts(webStore().prisma)
  const others = accounts.filter((a) => a.disabledAt === null && a.id !== me.id && may(a.role, 'declare'))
  return [{ id: me.id, name: me.name }, ...others.map(({ id, name }) => ({ id, name }))]
}
