import { createHash } from 'node:crypto'
import type { Account, SessionView, SignInMethod } from '../domain/people/account'
import type { Role } from '../domain/people/permissions'
import type { SessionTimes } from '../domain/people/session-rules'
import { cleanLine, cutText } from '../domain/text'
import type { Db } from './client'

interface AccountRow {
  id: string
  login: string
  name: string
  role: Role
  passwordHash: string | null
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

export async function findAccountBySubject(db: Db, issuer: string, subject: string): Promise<Account | null> {
  const row = await db.account.findUnique({
    where: { oidcIssuer_oidcSubject: { oidcIssuer: issuer, oidcSubject: subject } },
  })
  return row && toAccount(row)
}

export interface NewAccount {
  login: string
  name: string
  role: Role
  passwordHash?: string
  oidc?: { issuer: string; subject: string }
}

/** Adds an account unless the login is taken; null then. */
export async function addAccount(db: Db, account: NewAccount): Promise<Account | null> {
  const data = {
    login: account.login,
    name: account.name,
    role: account.role,
    passwordHash: account.passwordHash ?? null,
    oidcIssuer: account.oidc?.issuer ?? null,
    oidcSubject: account.oidc?.subject ?? null,
  }
  const made = await db.account.createManyAndReturn({ data: [data], skipDuplicates: true })
  return made[0] ? toAccount(made[0]) : null
}

/** Connects an account to single sign-on, if it is not connected yet. */
export async function linkSubject(db: Db, id: string, issuer: string, subject: string): Promise<boolean> {
  const { count } = await db.account.updateMany({
    where: { id, oidcSubject: null },
    data: { oidcIssuer: issuer, oidcSubject: subject },
  })
  return count === 1
}

/** Compare and set: false when the role is no longer `from`. */
export async function changeAccountRole(db: Db, id: string, from: Role, to: Role): Promise<boolean> {
  const { count } = await db.account.updateMany({ where: { id, role: from }, data: { role: to } })
  return count === 1
}

export async function setAccountDisabled(db: Db, id: string, disabledAt: number | null): Promise<boolean> {
  const { count } = await db.account.updateMany({
    where: { id, disabledAt: disabledAt === null ? { not: null } : null },
    data: { disabledAt: disabledAt === null ? null : new Date(disabledAt) },
  })
  return count === 1
}

export async function setPasswordHash(db: Db, id: string, passwordHash: string): Promise<void> {
  await db.account.update({ where: { id }, data: { passwordHash } })
}

/**
 * Locks all admin accounts that may sign in and counts them, so that two changes at once cannot remove the last one
 * between them. Inside a transaction only.
 */
export async function lockEnabledAdmins(tx: Db): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id::text FROM account WHERE role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE`
  return rows.map((row) => row.id)
}

export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex')

export async function addSession(
  db: Db,
  session: {
    token: string
    accountId: string
    method: SignInMethod
    now: number
    expiresAt: number
    userAgent: string | null
    address: string | null
  },
): Promise<string> {
  const now = new Date(session.now)
  const row = await db.session.create({
    data: {
      tokenHash: tokenHash(session.token),
      accountId: session.accountId,
      method: session.method,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: new Date(session.expiresAt),
      userAgent: session.userAgent && cutText(cleanLine(session.userAgent), 300),
      address: session.address,
    },
    select: { id: true },
  })
  return row.id
}

export interface StoredSession {
  id: string
  account: Account
  times: SessionTimes
}

/** The session that a token stands for, with its account, live or not. */
export async function findSessionByToken(db: Db, token: string): Promise<StoredSession | null> {
  const row = await db.session.findUnique({ where: { tokenHash: tokenHash(token) }, include: { account: true } })
  if (!row) return null
  return {
    id: row.id,
    account: toAccount(row.account),
    times: {
      lastSeenAt: row.lastSeenAt.getTime(),
      expiresAt: row.expiresAt.getTime(),
      revokedAt: row.revokedAt?.getTime() ?? null,
      accountDisabledAt: row.account.disabledAt?.getTime() ?? null,
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
