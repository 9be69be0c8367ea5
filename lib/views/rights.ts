import { may, type Permission, roleRight } from '../domain/people/permissions'
import type { PersonRef } from '../domain/people/person'
import type { Right } from '../domain/right'
import { listAccounts } from '../store/people'
import type { ViewContext } from './context'

export const rightTo = ({ person }: Pick<ViewContext, 'person'>, permission: Permission): Right =>
  roleRight(person.role, permission)

/** People who may sign in, the viewer first. */
export async function readPeople({ store, person: me }: ViewContext): Promise<PersonRef[]> {
  const accounts = await listAccounts(store.prisma)
  const others = accounts.filter((a) => a.disabledAt === null && a.id !== me.id && may(a.role, 'declare'))
  return [{ id: me.id, name: me.name }, ...others.map(({ id, name }) => ({ id, name }))]
}
