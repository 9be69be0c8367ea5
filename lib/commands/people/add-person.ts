import { z } from 'zod'
import { invalidField } from '../../domain/errors'
import { type Account, normaliseLogin } from '../../domain/people/account'
import { roles } from '../../domain/people/permissions'
import { controlsMessage, isLine } from '../../domain/text'
import { line } from '../../domain/text-fields'
import { addAccount } from '../../store/people'
import { appendRecord } from '../../store/record'
import { inTransaction } from '../../store/transaction'
import { actorOf, authorise, type CommandContext } from '../context'
import { hashPassword } from './password'

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
  /** Empty: the person signs in by single sign-on alone. */
  password: z.union([z.literal('').transform(() => undefined), newPassword]).optional(),
})

/** Adds a person. Throws ExpectedError 'invalid' at `login` when it is taken. */
export async function addPerson(context: CommandContext, input: z.output<typeof addPersonInput>): Promise<Account> {
  authorise(context, 'manage-people')
  const { password, ...person } = input
  const passwordHash = password === undefined ? undefined : await hashPassword(password)
  return await inTransaction(context.store, async (tx) => {
    const account = await addAccount(tx, { ...person, ...(passwordHash ? { passwordHash } : {}) })
    if (!account) throw invalidField('login', 'Somebody has this login already.')
    await appendRecord(tx, {
      kind: 'person.added',
      actor: actorOf(context),
      text: `${account.name} (${account.login}) was added as ${account.role}.`,
      evidence: { accountId: account.id, role: account.role },
    })
    return account
  })
}
