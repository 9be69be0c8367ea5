import { keptOf } from '../../commands/people/password'
import type { SignInMethod } from '../../domain/people/account'
import type { Role } from '../../domain/people/permissions'
import type { Store } from '../client'

/** An account as tests find it there, made by the owner of the tables: the roles of web and runner may not. */
export async function addAccount(
  owner: Pick<Store, 'pool'>,
  person: { login: string; name: string; role: Role; password?: string; disabled?: boolean },
): Promise<{ id: string; login: string; name: string; role: Role }> {
  const { login, name, role, password, disabled = false } = person
  const { rows } = await owner.pool.query<{ id: string }>(
    `INSERT INTO account (id, login, name, role, password_hash, disabled_at)
     VALUES (gen_random_uuid(), $1, $2, $3::account_role, $4, CASE WHEN $5 THEN clock_timestamp() END) RETURNING id::text`,
    [login, name, role, password === undefined ? null : await keptOf(password), disabled],
  )
  if (!rows[0]) throw new Error(`${login} was not added`)
  return { id: rows[0].id, login, name, role }
}

/** A session that was opened at `at` (ms, now unless told), of a person who proved then who they are. Returns its id. */
export async function addSession(
  owner: Pick<Store, 'pool'>,
  session: { token: string; accountId: string; method?: SignInMethod; at?: number; address?: string | null },
): Promise<string> {
  const { token, accountId, method = 'password', at = Date.now(), address = '10.0.0.1' } = session
  const { rows } = await owner.pool.query<{ id: string }>(
    `INSERT INTO session (id, token_hash, account_id, method, created_at, last_seen_at, expires_at, address, authenticated_at, authenticated_by)
     VALUES (gen_random_uuid(), encode(sha256(convert_to($1, 'UTF8')), 'hex'), $2, $3, $4::timestamptz, $4::timestamptz, $4::timestamptz + interval '7 days', $5, $4::timestamptz, $3)
     RETURNING id::text`,
    [token, accountId, method, new Date(at), address],
  )
  if (!rows[0]) throw new Error('The session was not added')
  return rows[0].id
}
