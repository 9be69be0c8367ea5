import { createHash } from 'node:crypto'
import type { Account, SessionView, SignInMethod } from '../domain/people/account'
import type { Role } from '../domain/people/permissions'
import type { SessionTimes } from '../domain/people/session-rules'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import { cleanLine, cutText } from '../domain/text'
import type { Db, Store } from './client'
import { ask, call, query } from './query'
import type { Prove } from './web-proof'

interface AccountRow {
  id: string
  login: string
  name: string
  role: Role
  hasPassword: boolean
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
  hasPassword: row.hasPassword,
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

export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex')

type Sql = Pick<Store, 'pool'>

/** Begins an attempt at a password: what it is hashed with, alike for every login, or how long to wait, ms. */
export async function beginSignIn(
  store: Sql,
  by: { login: string; address: string; group: string },
): Promise<{ attempt: string; salt: string; parameters: string } | { waitMs: number }> {
  const { rows } = await query(store, 'SELECT * FROM sign_in_begin($1, $2, $3)', [by.login, by.address, by.group])
  const { attempt, salt, parameters, wait_ms: waitMs } = rows[0]
  return waitMs === null ? { attempt, salt, parameters } : { waitMs: Number(waitMs) }
}

/** A session to be opened: the token that the browser gets, and where it was asked for. */
export interface Opening {
  token: string
  userAgent: string | null
  address: string
}
const whence = ({ token, userAgent, address }: Opening) => ({
  token,
  user_agent: userAgent && cutText(cleanLine(userAgent), 300),
  address,
})

type Opened<Refusal> = Promise<Refusal | null>
async function opened<Refusal extends string>(...of: Parameters<typeof call>): Opened<Refusal> {
  const row = await call<{ session_id: string | null; refused: Refusal | null }>(...of)
  if (row?.refused) return row.refused
  if (!row?.session_id) throw new Error('The store opened no session and did not say why')
  return null
}

/** Opens a session for whoever proves a password; or why not: it is wrong, or was good for one sign-in and has been used. */
export const openByPassword = (
  store: Sql,
  proved: { attempt: string; output: Buffer },
  opening: Opening,
): Opened<'wrong' | 'used'> =>
  opened(store, 'session_open_password', { attempt: proved.attempt, output: proved.output, ...whence(opening) })

interface Subject {
  issuer: string
  subject: string
  /** An address of their own that the provider vouches for. */
  ownAddress: string | null
  /** When they proved who they are, ms; null when the provider did not say. */
  authenticatedAt: number | null
}

/** Opens a session for whoever the provider vouched for, and makes or connects their account first. Why not, or null. */
export const openBySubject = (
  store: Sql,
  prove: Prove,
  { issuer, subject, ownAddress, name, authenticatedAt }: Subject & { name: string },
  opening: Opening,
): Opened<'unproved' | 'refused' | 'disabled'> => {
  const at = authenticatedAt === null ? null : Math.round(authenticatedAt)
  const { at: provedAt, proof } = prove(
    'open subject',
    issuer,
    subject,
    ownAddress,
    name,
    at === null ? null : String(at),
    opening.token,
  )
  return opened(store, 'session_open_subject', {
    ...{ issuer, subject, own_address: ownAddress, name, authenticated_ms: at },
    ...whence(opening),
    ...{ at_ms: provedAt, proof },
  })
}

/** Opens a session for a person of the lab. Why not, or null. */
export const openInLab = (
  store: Sql,
  prove: Prove,
  { login, name, role }: { login: string; name: string; role: Role },
  opening: Opening,
): Opened<'unproved' | 'not-lab' | 'changed'> => {
  const { at, proof } = prove('open lab', login, name, role, opening.token)
  return opened(store, 'session_open_lab', { login, name, role, ...whence(opening), at_ms: at, proof })
}

/** Why a session does not count as confirmed anew. `wrong`: not by its own person. */
type ConfirmRefusal = 'not-signed-in' | 'wrong' | 'unproved' | 'not-lab'
const confirmed = ask<ConfirmRefusal>

/** The person of a session has proved anew by password who they are. Why not, or null. */
export const confirmByPassword = (store: Sql, token: string, proved: { attempt: string; output: Buffer }) =>
  confirmed(store, 'session_prove_password', { token, attempt: proved.attempt, output: proved.output })

/** The same by single sign-on, at the time that the provider named. */
export const confirmBySubject = (
  store: Sql,
  prove: Prove,
  token: string,
  { issuer, subject, ownAddress, authenticatedAt }: Subject & { authenticatedAt: number },
) => {
  const at = Math.round(authenticatedAt)
  const { at: provedAt, proof } = prove('prove subject', issuer, subject, ownAddress, String(at), token)
  return confirmed(store, 'session_prove_subject', {
    ...{ token, issuer, subject, own_address: ownAddress, authenticated_ms: at },
    ...{ at_ms: provedAt, proof },
  })
}

/** The same by one click, in a lab. */
export const confirmInLab = (store: Sql, prove: Prove, token: string) => {
  const { at, proof } = prove('prove lab', token)
  return confirmed(store, 'session_prove_lab', { token, at_ms: at, proof })
}

/** With what the password of this session's person is hashed; null when they have none. */
export async function saltOfSession(store: Sql, token: string): Promise<{ salt: string; parameters: string } | null> {
  const { rows } = await query(store, 'SELECT salt, parameters FROM session_salt($1)', [token])
  return rows[0]?.salt ? rows[0] : null
}

/** Somebody whom single sign-on named was refused: recorded, at most once an hour for each. */
export async function recordSignOnRefusal(
  store: Sql,
  prove: Prove,
  { issuer, subject }: Pick<Subject, 'issuer' | 'subject'>,
  draft: RecordDraft,
): Promise<void> {
  const body = recordBody(draft)
  const { at, proof } = prove('record', body)
  await query(store, 'SELECT sign_on_refused($1, $2, $3, $4, $5)', [issuer, subject, body, at, proof])
}

export interface StoredSession {
  id: string
  account: Account
  method: SignInMethod
  times: SessionTimes
}

/** The session that a token stands for, with its account, live or not. */
export async function findSessionByToken(db: Db, token: string): Promise<StoredSession | null> {
  const [row] = await db.$queryRaw<SessionRow[]>`
    SELECT s.id::text, s.method, s.last_seen_at AS "lastSeenAt", s.expires_at AS "expiresAt", s.revoked_at AS "revokedAt",
      s.must_choose_password AS "mustChoosePassword", a.id::text AS "accountId", a.login, a.name, a.role::text,
      a.has_password AS "hasPassword", a.password_once AS "passwordOnce", a.oidc_subject AS "oidcSubject",
      a.disabled_at AS "disabledAt", a.created_at AS "createdAt"
    FROM session_of(${token}) s JOIN account a ON a.id = s.account_id`
  if (!row) return null
  return {
    id: row.id,
    account: toAccount({ ...row, id: row.accountId }),
    method: row.method,
    times: {
      lastSeenAt: row.lastSeenAt.getTime(),
      expiresAt: row.expiresAt.getTime(),
      revokedAt: row.revokedAt?.getTime() ?? null,
      accountDisabledAt: row.disabledAt?.getTime() ?? null,
      mustChoosePassword: row.mustChoosePassword,
    },
  }
}

interface SessionRow extends AccountRow {
  method: SignInMethod
  lastSeenAt: Date
  expiresAt: Date
  revokedAt: Date | null
  mustChoosePassword: boolean
  accountId: string
}

/** Times of many sessions at once; those that are unknown are left out. */
export async function sessionTimes(db: Db, ids: string[]): Promise<Map<string, SessionTimes>> {
  const rows = await db.session.findMany({
    where: { id: { in: ids } },
    select: {
      id: true,
      lastSeenAt: true,
      expiresAt: true,
      revokedAt: true,
      mustChoosePassword: true,
      account: { select: { disabledAt: true } },
    },
  })
  return new Map(
    rows.map((row) => [
      row.id,
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

/** The person of this session did something just now. */
export async function noteActivity(db: Db, token: string): Promise<void> {
  await db.$queryRaw`SELECT session_seen(${token})::text`
}

/** These sessions have a live stream open: whoever looks is there. It keeps no session from ending by idleness. */
export async function notePresence(db: Db, ids: string[]): Promise<void> {
  await db.$queryRaw`SELECT session_present(${ids}::uuid[])::text`
}

/** Signs out: the session ends by its own token. */
export async function endSession(db: Db, token: string): Promise<void> {
  await db.$queryRaw`SELECT session_end(${token})::text`
}

/**
 * Ends one session of an account, or all of them, of one's own all but the one that asks. One's own, or as an admin. Returns
 * how many. Throws ExpectedError 'not-signed-in', 'not-allowed'.
 */
export async function endSessionsOf(
  tx: Db,
  token: string,
  accountId: string,
  sessionId: string | null,
): Promise<number> {
  const rows = await tx.$queryRaw<{ ended: number }[]>`
    SELECT sessions_end(${token}, ${accountId}::uuid, ${sessionId}::uuid) AS ended`
  return rows[0]?.ended ?? 0
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
