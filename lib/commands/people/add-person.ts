import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { normaliseLogin } from '../../domain/people/account'
import { roles } from '../../domain/people/permissions'
import { controlsMessage, isLine } from '../../domain/text'
import { line } from '../../domain/text-fields'
import { addPersonRow } from '../../store/people-changes'
import { actorOf, authorise, type CommandContext } from '../context'
import { keptOf } from './password'
import { throwRefusal } from './refused'

export const newPassword = z.string().min(12, 'Use at least 12 characters.').max(1024, 'Use at most 1,024 characters.')

export const addPersonInput = z.object({
  login: z
    .string()
    .transform(normaliseLogin)
    .pipe(
      z
        .string()
        .min(2, 'Enter an e-mail address or a login of at least 2 characters.')
        .max(200, 'Use at most 200 characters.')
        .regex(/^[^\s]+$/, 'A login has no blanks.')
        .refine(isLine, controlsMessage),
    ),
  name: line(100, 'Enter a name.'),
  role: z.enum(roles, 'Choose a role.'),
  /** Opens one session, in which the person chooses their own. Empty: the person signs in by single sign-on alone. */
  password: z.union([z.literal('').transform(() => undefined), newPassword]).optional(),
})

/**
 * Adds a person; answers the account's id. Throws ExpectedError 'invalid' at `login` when it is taken, 'not-allowed',
 * 'authentication-needed'.
 */
export async function addPerson(
  context: CommandContext,
  input: z.output<typeof addPersonInput>,
): Promise<{ id: string }> {
  authorise(context, 'manage-people')
  const { password, login, name, role } = input
  const id = randomUUID()
  const passwordHash = password === undefined ? null : await keptOf(password)
  const refusal = await addPersonRow(
    context.store,
    context.token,
    { id, login, name, role, passwordHash },
    {
      kind: 'person.added',
      actor: actorOf(context),
      text: `${name} (${login}) was added as ${role}.`,
      evidence: { accountId: id, role },
    },
  )
  const message = 'Another account has this login or address.'
  throwRefusal(refusal, { changed: message, taken: { field: 'login', message } })
  return { id }
}
