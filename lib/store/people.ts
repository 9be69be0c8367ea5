import { createHash } from 'node:crypto'
import type { Account, SessionView, SignInMethod } from '../domain/people/account'
import type { Role } from '../domain/people/permissions'
import type { SessionTimes } from '../domain/people/session-rules'
import type { Db, Store } from './client'
import { query } from './query'

interface AccountRow {
  id: string
  login: string
  name: string
  role: Role
  passwordHash: string | null
  passwordOnce: boolean
  oidcSubject: string | null
  disabledAt: Date | null
  createdAt: Date
}

const toAccount = (row: AccountRow): Account => ({
  id: row.id,
  login: row.login,
  name: row.name,
  role: row.role,
  hasPassword: row.passwordHash !== null,
  passwordOnce: row.passwordOnce,
  hasSingleSignOn: row.oidcSubject !== null,
  disabledAt: row.disabledAt?.getTime() ?? null,
  createdAt: row.createdAt.getTime(),
})

export async function listAccounts(db: Db): Promise<Account[]> {
  return (await db.account.findMany({ orderBy: [{ name: 'asc' }, { login: 'asc' }] })).map(toAccount)
}

export async function findAccount(db: Db, id: string): Promise<Account | null> {
  const row = await db.account.findUnique({ where: { id } })
  return row && toAccount(row)
}

/** The account with its password hash: for signing in, never for a screen. */
export async function findAccountByLogin(
  db: Db,
  login: string,
): Promise<{ account: Account; passwordHash: string | null } | null> {
  const row = await db.account.findUnique({ where: { login } })
  return row && { account: toAccount(row), passwordHash: row.passwordHash }
}

export async function findAccountBySubject(
  db: Db,
  issuer: string,
  subject: string,
): Promise<{ account: Account; byAdmin: boolean } | null> {
  const row = await db.account.findUnique({
    where: { oidcIssuer_oidcSubject: { oidcIssuer: issuer, oidcSubject: subject } },
  })
  return row && { account: toAccount(row), byAdmin: row.oidcByAdmin }
}

export interface NewAccount {
  login: string
  name: string
  role: Role
  passwordHash?: string
  oidc?: { issuer: string; subject: string; verifiedEmail: string }
}

/** Adds an account that nobody else made: by a first sign-in or by the seed. Null when its login or address is taken. */
export async function addAccount(db: Db, account: NewAccount): Promise<Account | null> {
  const data = {
    login: account.login,
    name: account.name,
    role: account.role,
    passwordHash: account.passwordHash ?? null,
    oidcIssuer: account.oidc?.issuer ?? null,
    oidcSubject: account.oidc?.subject ?? null,
    verifiedEmail: account.oidc?.verifiedEmail ?? null,
  }
  const made = await db.account.createManyAndReturn({ data: [data], skipDuplicates: true })
  return made[0] ? toAccount(made[0]) : null
}

/** Connects an account to single sign-on by an address that the provider vouched for, if it is not connected yet. */
export async function linkSubject(
  db: Db,
  id: string,
  oidc: { issuer: string; subject: string; verifiedEmail: string },
): Promise<boolean> {
  const { count } = await db.account.updateMany({
    where: { id, oidcSubject: null },
    data: { oidcIssuer: oidc.issuer, oidcSubject: oidc.subject, verifiedEmail: oidc.verifiedEmail },
  })
  return count === 1
}

/** Keeps the address that single sign-on vouched for just now, unless another account has it. */
export async function keepVerifiedEmail(store: Pick<Store, 'pool'>, id: string, email: string): Promise<void> {
  await query(
    store,
    `UPDATE account SET verified_email = $2 WHERE id = $1 AND verified_email IS DISTINCT FROM $2
     AND NOT EXISTS (SELECT 1 FROM account other WHERE other.id <> $1 AND (other.verified_email = $2 OR other.login = $2))`,
    [id, email],
  )
}

export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex')

export interface NewSession {
  token: string
  accountId: string
  method: SignInMethod
  now: number
  expiresAt: number
  userAgent: string | null
  address: string | null
  /** The hash that the password matched. */
  proof?: string
  /** When the person proved who they are, ms: now unless told; null when the provider did not say. */
  authenticatedAt?: number | null
}

/**
 * Opens a session and answers its id; or why not: the account is disabled, its password was replaced meanwhile, or it was one for
 * a single sign-in and has been used.
 */
export async function startSession(
  store: Pick<Store, 'pool'>,
  session: NewSession,
): Promise<{ id: string; refused: null } | { id: null; refused: 'disabled' | 'changed' | 'used' }> {
  const { authenticatedAt } = session
  const { rows } = await query(
    store,
    `SELECT session_id AS id, refused FROM session_start($1, $2, $3, $4,
       CASE WHEN $5 THEN clock_timestamp() ELSE $6::timestamptz END, $7, $8, $9, $10)`,
    [
      session.token,
      session.accountId,
      session.method,
      session.proof ?? null,
      authenticatedAt === undefined,
      authenticatedAt === undefined || authenticatedAt === null ? null : new Date(authenticatedAt),
      new Date(session.now),
      new Date(session.expiresAt),
      session.userAgent?.slice(0, 300) ?? null,
      session.address,
    ],
  )
  return rows[0]
}

/** Opens a session that nothing stands against. Throws when something does. */
export async function addSession(store: Pick<Store, 'pool'>, session: NewSession): Promise<string> {
  const { id, refused } = await startSession(store, session)
  if (id === null) throw new Error(`The session was refused: ${refused}`)
  return id
}

/** The person of a session has proved anew who they are, just now unless told. Why not, or null. */
export async function authenticateSession(
  store: Pick<Store, 'pool'>,
  token: string,
  how: { method: SignInMethod; proof?: string; authenticatedAt?: number },
): Promise<'not-signed-in' | 'changed' | null> {
  const { rows } = await query(
    store,
    'SELECT session_authenticate($1, $2, $3, COALESCE($4::timestamptz, clock_timestamp())) AS refused',
    [token, how.method, how.proof ?? null, how.authenticatedAt === undefined ? null : new Date(how.authenticatedAt)],
  )
  return rows[0]?.refused ?? null
}

export interface StoredSession {
  id: string
  account: Account
  method: SignInMethod
  times: SessionTimes
}

/** The session that a token stands for, with its account, live or not. */
export async function findSessionByToken(db: Db, token: string): Promise<StoredSession | null> {
  const row = await db.session.findUnique({ where: { tokenHash: tokenHash(token) }, include: { account: true } })
  if (!row) return null
  return {
    id: row.id,
    account: toAccount(row.account),
    method: row.method as SignInMethod,
    times: {
      lastSeenAt: row.lastSeenAt.getTime(),
      expiresAt: row.expiresAt.getTime(),
      revokedAt: row.revokedAt?.getTime() ?? null,
      accountDisabledAt: row.account.disabledAt?.getTime() ?? null,
      mustChoosePassword: row.mustChoosePassword,
    },
  }
}

/** Times of many sessions at once, by the hashes of their tokens; those that are unknown are left out. */
export async function sessionTimesByHash(db: Db, hashes: string[]): Promise<Map<string, SessionTimes>> {
  const rows = await db.session.findMany({
    where: { tokenHash: { in: hashes } },
    select: {
      tokenHash: true,
      lastSeenAt: true,
      expiresAt: true,
      revokedAt: true,
      mustChoosePassword: true,
      account: { select: { disabledAt: true } },
    },
  })
  return new Map(
    rows.map((row) => [
      row.tokenHash,
      {
        lastSeenAt: row.lastSeenAt.getTime(),
        expiresAt: row.expiresAt.getTime(),
        revokedAt: row.revokedAt?.getTime() ?? null,
        accountDisabledAt: row.account.disabledAt?.getTime() ?? null,
        mustChoosePassword: row.mustChoosePassword,
      },
    ]),
  )
}

export async function noteActivity(db: Db, id: string, now: number): Promise<void> {
  await db.session.updateMany({ where: { id, revokedAt: null }, data: { lastSeenAt: new Date(now) } })
}

/** Sessions that may still be live, newest activity first. */
export async function listSessions(db: Db, now: number, idleSince: number, accountId?: string): Promise<SessionView[]> {
  const rows = await db.session.findMany({
    where: {
      ...(accountId === undefined ? {} : { accountId }),
      revokedAt: null,
      expiresAt: { gt: new Date(now) },
      lastSeenAt: { gt: new Date(idleSince) },
      account: { disabledAt: null },
    },
    orderBy: { lastSeenAt: 'desc' },
    take: 500,
  })
  return rows.map((row) => ({
    id: row.id,
    accountId: row.accountId,
    method: row.method as SignInMethod,
    createdAt: row.createdAt.getTime(),
    lastSeenAt: row.lastSeenAt.getTime(),
    expiresAt: row.expiresAt.getTime(),
    userAgent: row.userAgent,
    address: row.address,
  }))
}

/** Ends sessions at once; returns how many stood. `except` is spared. */
export async function revokeSessions(
  db: Db,
  which: { id?: string; accountId?: string; except?: string },
  now: number,
): Promise<number> {
  const { count } = await db.session.updateMany({
    where: {
      revokedAt: null,
      ...(which.id === undefined ? {} : { id: which.id }),
      ...(which.accountId === undefined ? {} : { accountId: which.accountId }),
      ...(which.except === undefined ? {} : { NOT: { id: which.except } }),
    },
    data: { revokedAt: new Date(now) },
  })
  return count
}

/** Has this account signed in from this address since then? */
export async function knowsAddress(db: Db, accountId: string, address: string, since: number): Promise<boolean> {
  const found = await db.session.findFirst({
    where: { accountId, address, createdAt: { gt: new Date(since) } },
    select: { id: true },
  })
  return found !== null
}
