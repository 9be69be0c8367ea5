import { may, type Role } from '../people/permissions'
import { allowed, notAllowed, notNow, type Right } from '../right'

/** Leading an incident is for the role commander and above, and for whoever commands this very incident. */
export const leadRight = (role: Role, commandsIt: boolean): Right =>
  may(role, 'command') || (commandsIt && may(role, 'declare'))
    ? allowed
    : notAllowed('Only the commander of this incident or the role commander can do this.')

/** A role in an incident is released by whoever holds it, or by the role commander and above. */
export const releaseRight = (
  person: { id: string; role: Role },
  holder: { id: string; name: string } | null | undefined,
): Right => {
  if (!holder) return notNow('This role is unassigned.')
  return (holder.id === person.id && may(person.role, 'declare')) || may(person.role, 'command')
    ? allowed
    : notAllowed(`Only ${holder.name} or a commander can release this role.`)
}
