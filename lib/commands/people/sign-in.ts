import { randomBytes } from 'node:crypto'
import { ExpectedError, invalidField } from '../../domain/errors'
import { type Account, labPeople, normaliseLogin, type SignInMethod } from '../../domain/people/account'
import {
  accountLimit,
  addressGroup,
  addressLimit,
  type GuessingLimit,
  knownAddressMs,
  pairLimit,
} from '../../domain/people/guessing'
import type { Role } from '../../domain/people/permissions'
import { absoluteLimitMs } from '../../domain/people/session-rules'
import { controlsMessage, isLine } from '../../domain/text'
import type { Store } from '../../store/client'
import {
  addAccount,
  addSession,
  findAccountByLogin,
  findAccountBySubject,
  knowsAddress,
  linkSubject,
} from '../../store/people'
import { type Counted, countAttempt, takeBack } from '../../store/sign-in-limit'
import { passwordMatches } from './password'

/** Where a sign-in comes from. */
export interface SignInContext {
  store: Store
  address: string
  userAgent: string | null
  now(): number
}

const refused = () => new ExpectedError('invalid', 'That login and password do not match an account.')

/**
 * Signs a person in by login and password and returns the session's token. Guesses are limited per pair, address and
 * account. Throws ExpectedError 'invalid' (without telling which of the two was wrong; at the field `login` when nobody can
 * have such a login), 'too-many-attempts',
 * 'store-unavailable'.
 */
export async function signInByPassword(
  context: SignInContext,
  credentials: { login: string; password: string },
): Promise<string> {
  // Nobody has such a login, and nothing of it could be counted or kept.
  if (!isLine(credentials.login.trim())) throw invalidField('login', controlsMessage)
  const db = context.store.prisma
  const login = normaliseLogin(credentials.login)
  const from = addressGroup(context.address)
  const keys = { pair: `pair ${from} ${login}`, address: `address ${from}`, account: `account ${login}` }

  refuseOver(pairLimit, await countAttempt(db, keys.pair, pairLimit))
  refuseOver(addressLimit, await countAttempt(db, keys.address, addressLimit))
  const found = await findAccountByLogin(db, login)
  const onAccount = await countAttempt(db, keys.account, accountLimit)
  if (onAccount.failures > accountLimit.failures) {
    // Somebody guesses at this account from many places. Its own people still get in from where they signed in before.
    const since = context.now() - knownAddressMs
    const known = found !== null && (await knowsAddress(db, found.account.id, context.address, since))
    if (!known) refuseOver(accountLimit, onAccount)
  }

  const matches = await passwordMatches(found?.passwordHash ?? null, credentials.password)
  if (!found || !matches || found.account.disabledAt !== null) throw refused()
  await takeBack(db, keys.pair, [keys.address, keys.account])
  return await startSession(context, found.account.id, 'password')
}

/**
 * Signs in whoever the identity provider vouches for. Somebody new becomes a viewer. An account is connected by its
 * address only when the provider says that the address is verified. Throws ExpectedError 'not-allowed'.
 */
export async function signInBySubject(
  context: SignInContext,
  identity: { issuer: string; subject: string; email: string | null; emailVerified: boolean; name: string | null },
): Promise<string> {
  const db = context.store.prisma
  const account =
    (await findAccountBySubject(db, identity.issuer, identity.subject)) ?? (await connectOrAdd(context, identity))
  if (account.disabledAt !== null)
    throw new ExpectedError('not-allowed', 'This account is disabled. Ask an admin of the War Room.')
  return await startSession(context, account.id, 'oidc')
}

async function connectOrAdd(context: SignInContext, identity: Parameters<typeof signInBySubject>[1]): Promise<Account> {
  const db = context.store.prisma
  const { issuer, subject } = identity
  const login = normaliseLogin(identity.email ?? subject)
  const added = await addAccount(db, {
    login,
    name: identity.name?.trim() || login,
    role: 'viewer',
    oidc: { issuer, subject },
  })
  if (added) return added
  const existing = await findAccountByLogin(db, login)
  if (!existing) {
    // Two first sign-ins at once: the other one made it.
    const same = await findAccountBySubject(db, issuer, subject)
    if (same) return same
  } else if (identity.email !== null && identity.emailVerified) {
    const linked = await linkSubject(db, existing.account.id, issuer, subject)
    const same = linked ? existing.account : await findAccountBySubject(db, issuer, subject)
    if (same) return same
  }
  throw new ExpectedError(
    'not-allowed',
    'An account with this address exists and is not connected to this sign-in. Ask an admin of the War Room.',
  )
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
  return await startSession(context, settled.id, 'lab')
}

async function startSession(context: SignInContext, accountId: string, method: SignInMethod): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  const now = context.now()
  await addSession(context.store.prisma, {
    token,
    accountId,
    method,
    now,
    expiresAt: now + absoluteLimitMs,
    userAgent: context.userAgent,
    address: context.address,
  })
  return token
}

function refuseOver(limit: GuessingLimit, counted: Counted): void {
  if (counted.failures <= limit.failures) return
  const minutes = Math.max(1, Math.ceil(counted.endsInMs / 60_000))
  throw new ExpectedError(
    'too-many-attempts',
    `Too many attempts. Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}, or ask an admin for a new password.`,
    { retryAfterSeconds: Math.ceil(counted.endsInMs / 1000) },
  )
}
