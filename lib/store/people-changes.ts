import type { Role } from '../domain/people/permissions'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import type { Store } from './client'
import { ask } from './query'

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

/** Adds a person; the password opens one session. */
export const addPersonRow = (
  store: Sql,
  token: string,
  person: { id: string; login: string; name: string; role: Role; passwordHash: string | null },
  draft: RecordDraft,
): Answer =>
  ask(store, 'person_add', {
    ...{ token, id: person.id, login: person.login, name: person.name, role: person.role },
    ...{ password_hash: person.passwordHash, body: recordBody(draft) },
  })

export const setRole = (store: Sql, token: string, id: string, from: Role, to: Role, draft: RecordDraft): Answer =>
  ask(store, 'person_set_role', { token, account: id, from, to, body: recordBody(draft) })

/** Disables an account and ends its sessions, or enables it. */
export const setAccountDisabled = (
  store: Sql,
  token: string,
  id: string,
  disabled: boolean,
  draft: RecordDraft,
): Answer => ask(store, 'person_set_disabled', { token, account: id, disabled, body: recordBody(draft) })

/** One's own password, or another person's, which then opens one session. All other sessions of the account end. */
export const setPasswordHash = (store: Sql, token: string, id: string, hash: string, draft: RecordDraft): Answer =>
  ask(store, 'person_set_password', { token, account: id, password_hash: hash, body: recordBody(draft) })

/** The new password of somebody who signed in with one for a single sign-in. */
export const choosePasswordHash = (
  store: Sql,
  token: string,
  /** What the new password makes of the salt of the one that was given: `same` when it is that one. */
  output: Buffer,
  hash: string,
  draft: RecordDraft,
): Promise<PeopleRefusal | 'same' | null> =>
  ask(store, 'password_choose', { token, output, password_hash: hash, body: recordBody(draft) })

/** Connects an account with an identity of single sign-on; null disconnects it. Its sessions end. */
export const setIdentity = (
  store: Sql,
  token: string,
  id: string,
  identity: { issuer: string; subject: string } | null,
  draft: RecordDraft,
): Answer =>
  ask(store, 'person_connect', {
    ...{ token, account: id, issuer: identity?.issuer ?? null, subject: identity?.subject ?? null },
    body: recordBody(draft),
  })
