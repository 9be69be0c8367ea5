import { randomBytes } from 'node:crypto'
import { conflict, ExpectedError, notSignedIn } from '../../domain/errors'
import { type Account, labPeople, normaliseLogin } from '../../domain/people/account'
import type { Role } from '../../domain/people/permissions'
import { absoluteLimitMs, sessionState } from '../../domain/people/session-rules'
import {
  isAdmitted,
  ownAddress,
  type ProvidedIdentity,
  type SingleSignOnRules,
} from '../../domain/people/single-sign-on'
import {
  addAccount,
  authenticateSession,
  findAccountByLogin,
  findAccountBySubject,
  findSessionByToken,
  keepVerifiedEmail,
  linkSubject,
  type NewSession,
  startSession,
} from '../../store/people'
import { appendRecord } from '../../store/record'
import { countAttempt } from '../../store/sign-in-limit'
import { type AttemptFrom, guardedPassword } from './guarded'

/** Where a sign-in comes from. */
export interface SignInContext extends AttemptFrom {
  userAgent: string | null
}

const refused = () => new ExpectedError('invalid', 'That login and password do not match an account.')
const disabled = () => new ExpectedError('not-allowed', 'This account is disabled. Ask an admin of the War Room.')

/**
 * Signs a person in by login and password and returns the session's token. Guesses are limited per pair, address and
 * account. A password that an admin set opens one session, in which nothing but choosing a new one is possible.
 * Throws ExpectedError 'invalid' (without telling which of the two was wrong), 'conflict' for a password that has been used,
 * 'too-many-attempts', 'store-unavailable'.
 */
export async function signInByPassword(
  context: SignInContext,
  credentials: { login: string; password: string },
): Promise<string> {
  const found = await guardedPassword(context, normaliseLogin(credentials.login), credentials.password)
  if (!found) throw refused()
  return await begin(context, { accountId: found.account.id, method: 'password', proof: found.proof })
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
  const open = context.session === null ? null : await findSessionByToken(db, context.session)
  const again = open !== null && sessionState(open.times, context.now()) === 'live'
  if (again && known?.account.id !== open.account.id)
    throw conflict('You confirmed as somebody else than the person who is signed in here.')
  // Whom an admin connected is let in by that; everybody else by the rules, each time.
  if (!known?.byAdmin && !isAdmitted(identity, rules)) return await refuseAndRecord(context, identity)
  const address = ownAddress(identity, rules)
  const account = known?.account ?? (address === null ? null : await connectOrAdd(context, identity, address))
  if (!account) return await refuseAndRecord(context, identity)
  if (account.disabledAt !== null) throw disabled()
  if (known && address !== null) await keepVerifiedEmail(store, account.id, address)
  if (!again || context.session === null)
    return await begin(context, { accountId: account.id, method: 'oidc', authenticatedAt: identity.authenticatedAt })
  if (identity.authenticatedAt === null)
    throw new ExpectedError('not-allowed', 'The provider does not say when you proved who you are.')
  const refusal = await authenticateSession(store, context.session, {
    method: 'oidc',
    authenticatedAt: identity.authenticatedAt,
  })
  if (refusal !== null) throw notSignedIn()
  return context.session
}

/** Keeps who was refused, once an hour, so that an admin can connect them; always throws. */
async function refuseAndRecord(context: SignInContext, { issuer, subject, email }: ProvidedIdentity): Promise<never> {
  const db = context.store.prisma
  const { failures } = await countAttempt(db, `refused ${issuer} ${subject}`, { failures: 1, windowMs: 3_600_000 })
  if (failures === 1)
    await appendRecord(db, {
      kind: 'person.sign-on-refused',
      actor: { kind: 'service', name: 'Single sign-on' },
      text: `${email ?? 'Somebody'} was refused: not on the list, or without a verified address. Subject: ${subject}`,
      evidence: { issuer, subject, email },
    })
  throw new ExpectedError(
    'not-allowed',
    'This identity may not sign in here. An admin of the War Room can connect it to an account.',
  )
}

async function connectOrAdd(
  context: SignInContext,
  identity: ProvidedIdentity,
  address: string,
): Promise<Account | null> {
  const db = context.store.prisma
  const { issuer, subject } = identity
  const oidc = { issuer, subject, verifiedEmail: address }
  const added = await addAccount(db, { login: address, name: identity.name?.trim() || address, role: 'viewer', oidc })
  if (added) return added
  const existing = await findAccountByLogin(db, address)
  if (existing && (await linkSubject(db, existing.account.id, oidc))) return existing.account
  // Two first sign-ins at once: the other one made or connected it. Otherwise the address is another account's.
  return (await findAccountBySubject(db, issuer, subject))?.account ?? null
}

/** One click in a lab: signs in as the lab's person of a role. Refused everywhere else. */
export async function signInAsLabRole(
  context: SignInContext & { environmentKind: 'production' | 'staging' | 'lab' },
  role: Role,
): Promise<string> {
  if (context.environmentKind !== 'lab')
    throw new ExpectedError('not-allowed', 'Signing in by role exists in a lab environment only.')
  const person = labPeople.find((candidate) => candidate.role === role)
  if (!person) throw refused()
  const db = context.store.prisma
  const account = (await findAccountByLogin(db, person.login))?.account ?? (await addAccount(db, person))
  const settled = account ?? (await findAccountByLogin(db, person.login))?.account
  // The button says a role: somebody whose role was changed since, or who was disabled, is not that any more.
  if (!settled || settled.disabledAt !== null || settled.role !== role)
    throw new ExpectedError(
      'not-allowed',
      `${person.name} is no longer ${role} here. An admin can change that back in Settings.`,
    )
  return await begin(context, { accountId: settled.id, method: 'lab' })
}

async function begin(
  context: SignInContext,
  session: Pick<NewSession, 'accountId' | 'method' | 'proof' | 'authenticatedAt'>,
): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  const now = context.now()
  const { refused: refusal } = await startSession(context.store, {
    ...session,
    token,
    now,
    expiresAt: now + absoluteLimitMs,
    userAgent: context.userAgent,
    address: context.address,
  })
  switch (refusal) {
    case null:
      return token
    case 'used':
      throw conflict('This password was good for one sign-in. Ask an admin for a new one.')
    case 'changed':
      throw refused()
    case 'disabled':
      throw disabled()
  }
}
