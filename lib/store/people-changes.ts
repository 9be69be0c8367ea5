import type { Role } from '../domain/people/permissions'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import type { Store } from './client'
import { query } from './query'

/*
 * Changes of people and of their credentials. Each is one function of the store, which looks at the session, the role and the
 * fresh authentication of whoever asks, writes down who did what to whom, and appends to the record, all or nothing.
 */

export type PeopleRefusal =
  /** No live session. */
  | 'not-signed-in'
  /** The role is not enough. */
  | 'not-allowed'
  /** The person has not proved within the last minutes who they are. */
  | 'not-fresh'
  /** It is no longer what the person saw, or is gone. */
  | 'changed'
  | 'last-admin'
  /** Another account has this login, address, identity or passkey. */
  | 'taken'

type Sql = Pick<Store, 'pool'>
type Answer = Promise<PeopleRefusal | null>

async function ask(store: Sql, call: string, values: unknown[]): Answer {
  const { rows } = await query(store, `SELECT ${call} AS refused`, values)
  return rows[0]?.refused ?? null
}

/** Adds a person; the password opens one session. */
export const addPersonRow = (
  store: Sql,
  token: string,
  person: { id: string; login: string; name: string; role: Role; passwordHash: string | null },
  draft: RecordDraft,
): Answer =>
  ask(store, 'person_add($1, $2, $3, $4, $5, $6, $7)', [
    token,
    person.id,
    person.login,
    person.name,
    person.role,
    person.passwordHash,
    recordBody(draft),
  ])

export const setRole = (store: Sql, token: string, id: string, from: Role, to: Role, draft: RecordDraft): Answer =>
  ask(store, 'person_set_role($1, $2, $3, $4, $5)', [token, id, from, to, recordBody(draft)])

/** Disables an account and ends its sessions, or enables it. */
export const setAccountDisabled = (
  store: Sql,
  token: string,
  id: string,
  disabled: boolean,
  draft: RecordDraft,
): Answer => ask(store, 'person_set_disabled($1, $2, $3, $4)', [token, id, disabled, recordBody(draft)])

/** One's own password, or another person's, which then opens one session. All other sessions of the account end. */
export const setPasswordHash = (store: Sql, token: string, id: string, hash: string, draft: RecordDraft): Answer =>
  ask(store, 'person_set_password($1, $2, $3, $4)', [token, id, hash, recordBody(draft)])

/** The new password of somebody who signed in with one for a single sign-in. */
export async function choosePasswordHash(
  store: Sql,
  token: string,
  /** What the new password makes of the salt of the one that was given: `same` when it is that one. */
  output: Buffer,
  hash: string,
  draft: RecordDraft,
): Promise<PeopleRefusal | 'same' | null> {
  const { rows } = await query(store, 'SELECT password_choose($1, $2::bytea, $3, $4) AS refused', [
    token,
    output,
    hash,
    recordBody(draft),
  ])
  return rows[0]?.refused ?? null
}

/** Connects an account with an identity of single sign-on; null disconnects it. Its sessions end. */
export const setIdentity = (
  store: Sql,
  token: string,
  id: string,
  identity: { issuer: string; subject: string } | null,
  draft: RecordDraft,
): Answer =>
  ask(store, 'person_connect($1, $2, $3, $4, $5)', [
    token,
    id,
    identity?.issuer ?? null,
    identity?.subject ?? null,
    recordBody(draft),
  ])
