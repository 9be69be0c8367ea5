import { randomUUID } from 'node:crypto'
import type { Role } from '../../domain/people/permissions'
import type { StoreByRole } from '../../store/testing/database'
import { testSecret } from '../../store/testing/postgres'
import { proverOf } from '../../store/web-proof'
import type { CommandContext } from '../context'

/**
 * A person with an account and a session that has just been opened, as commands meet them; the session is of now by the store's
 * clock, whatever `now` tells commands. The same login is the same account: asked for in another role, the account gets that role.
 */
export async function signedIn(
  stores: Pick<StoreByRole, 'owner' | 'web'>,
  person: { login: string; name?: string; role: Role },
  environment: CommandContext['environment'],
  now: () => number = Date.now,
): Promise<CommandContext> {
  const { login, role, name = login } = person
  const token = randomUUID()
  const { rows } = await stores.owner.pool.query<{ id: string; name: string; session: string }>(
    `WITH a AS (INSERT INTO account (id, login, name, role) VALUES (gen_random_uuid(), $1, $2, $3::account_role)
         ON CONFLICT (login) DO UPDATE SET role = excluded.role RETURNING id, name),
       s AS (INSERT INTO session (id, token_hash, account_id, method, created_at, last_seen_at, expires_at, address, authenticated_at, authenticated_by)
         SELECT gen_random_uuid(), encode(sha256(convert_to($4, 'UTF8')), 'hex'), a.id, 'password', clock_timestamp(), clock_timestamp(),
           clock_timestamp() + interval '7 days', '10.0.0.1', clock_timestamp(), 'password' FROM a RETURNING id)
     SELECT a.id::text AS id, a.name, s.id::text AS session FROM a, s`,
    [login, name, role, token],
  )
  const [row] = rows
  if (!row) throw new Error(`${login} could not be signed in`)
  return {
    store: stores.web,
    person: { id: row.id, name: row.name, role },
    sessionId: row.session,
    token,
    address: '10.0.0.1',
    prove: proverOf(testSecret),
    environment,
    now,
  }
}
