import { randomBytes } from 'node:crypto'
import type { EnvironmentKind } from '../../domain/environment'
import { conflict, ExpectedError, invalidField, notSignedIn } from '../../domain/errors'
import { labPeople, normaliseLogin } from '../../domain/people/account'
import type { Role } from '../../domain/people/permissions'
import { sessionState } from '../../domain/people/session-rules'
import {
  isAdmitted,
  ownAddress,
  type ProvidedIdentity,
  type SingleSignOnRules,
} from '../../domain/people/single-sign-on'
import { controlsMessage, isLine } from '../../domain/text'
import {
  confirmBySubject,
  findAccountBySubject,
  findSessionByToken,
  type Opening,
  openByPassword,
  openBySubject,
  openInLab,
  recordSignOnRefusal,
} from '../../store/people'
import { attempt, type SignInContext } from './guarded'

export type { SignInContext } from './guarded'

const refused = () => new ExpectedError('invalid', 'That login and password do not match an account.')
const disabled = () => new ExpectedError('not-allowed', 'This account is disabled. Ask an admin.')
const unproved = () =>
  new ExpectedError(
    'unavailable',
    'The store does not know this War Room. Run "npm run migrate" with NEXTAUTH_SECRET, the secret of this web.',
  )

/** A token that nobody can guess; the store keeps its SHA-256 only. */
const opening = ({ userAgent, address }: SignInContext): Opening => ({
  token: randomBytes(32).toString('base64url'),
  userAgent,
  address,
})

/**
 * Signs a person in by login and password and returns the session's token. Guesses are limited per pair, address and
 * account. A password that an admin set opens one session, in which nothing but choosing a new one is possible.
 * Throws ExpectedError 'invalid' (without telling which of the two was wrong; at the field `login` when nobody can have such a
 * login), 'conflict' for a password that has been used, 'too-many-attempts', 'store-unavailable'.
 */
export async function signInByPassword(
  context: SignInContext,
  credentials: { login: string; password: string },
): Promise<string> {
  // Nobody has such a login, and nothing of it could be counted or kept.
  if (!isLine(credentials.login.trim())) throw invalidField('login', controlsMessage)
  const open = opening(context)
  const proved = await attempt(context, normaliseLogin(credentials.login), credentials.password)
  const refusal = await openByPassword(context.store, proved, open)
  switch (refusal) {
    case null:
      return open.token
    case 'used':
      throw conflict('This one-time password has already been used. Ask an admin for a new one.')
    case 'wrong':
      throw refused()
  }
}

/**
 * Signs in whoever the identity provider vouches for and the rules admit. Somebody new becomes a viewer under an address of their
 * own; an account is connected by such an address only. In a session that is open already, the person proves anew who they are:
 * its token comes back. Throws ExpectedError 'not-allowed', and 'conflict' for another person than the one of that session.
 */
export async function signInBySubject(
  context: SignInContext & { session: string | null },
  identity: ProvidedIdentity,
  rules: SingleSignOnRules,
): Promise<string> {
  const { store } = context
  const db = store.prisma
  const known = await findAccountBySubject(db, identity.issuer, identity.subject)
  const present = context.session === null ? null : await findSessionByToken(db, context.session)
  const again = present !== null && sessionState(present.times, context.now()) === 'live'
  if (again && known?.account.id !== present.account.id)
    throw conflict('You confirmed with a different account from the one that is signed in.')
  // Whom an admin connected is let in by that; everybody else by the rules, each time.
  if (!known?.byAdmin && !isAdmitted(identity, rules)) return await refuseAndRecord(context, identity)
  const address = ownAddress(identity, rules)
  const subject = { issuer: identity.issuer, subject: identity.subject, ownAddress: address }
  if (again && context.session !== null) {
    const { authenticatedAt } = identity
    if (authenticatedAt === null)
      throw new ExpectedError('not-allowed', 'The provider did not report when you last signed in.')
    const refusal = await confirmBySubject(store, context.prove, context.session, { ...subject, authenticatedAt })
    if (refusal === 'unproved') throw unproved()
    if (refusal !== null) throw notSignedIn()
    return context.session
  }
  const open = opening(context)
  const { authenticatedAt, name } = identity
  const whole = { ...subject, authenticatedAt, name: name?.trim() || address || identity.subject }
  const refusal = await openBySubject(store, context.prove, whole, open)
  switch (refusal) {
    case null:
      return open.token
    case 'refused':
      return await refuseAndRecord(context, identity)
    case 'disabled':
      throw disabled()
    case 'unproved':
      throw unproved()
  }
}

/** Records who was refused, so that an admin can connect them; always throws. */
async function refuseAndRecord(context: SignInContext, { issuer, subject, email }: ProvidedIdentity): Promise<never> {
  await recordSignOnRefusal(
    context.store,
    context.prove,
    { issuer, subject },
    {
      kind: 'person.sign-on-refused',
      actor: { kind: 'service', name: 'Single sign-on' },
      text: `${email ?? 'Somebody'} was rejected: not allowed, or no verified address. Subject: ${subject}`,
      evidence: { issuer, subject, email },
    },
  )
  throw new ExpectedError(
    'not-allowed',
    'This identity is not allowed to sign in. An admin can connect it to an account.',
  )
}

/** One click in a lab: signs in as the lab's person of a role. Refused everywhere else. */
export async function signInAsLabRole(
  context: SignInContext & { environmentKind: EnvironmentKind },
  role: Role,
): Promise<string> {
  if (context.environmentKind !== 'lab')
    throw new ExpectedError('not-allowed', 'Signing in by role exists in a lab environment only.')
  const person = labPeople.find((candidate) => candidate.role === role)
  if (!person) throw refused()
  const open = opening(context)
  const refusal = await openInLab(context.store, context.prove, person, open)
  switch (refusal) {
    case null:
      return open.token
    case 'not-lab':
      throw new ExpectedError('not-allowed', 'The store of this War Room is not one of a lab alone.')
    case 'unproved':
      throw unproved()
    case 'changed':
      // The button says a role: somebody whose role was changed since, or who was disabled, is not that any more.
      throw new ExpectedError(
        'not-allowed',
        `${person.name} no longer has the role ${role}. An admin can change that in Settings.`,
      )
  }
}
