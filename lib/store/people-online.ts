import { may, type Permission, roles } from '../domain/people/permissions'
import { type Store, storeError } from './client'

const rolesThatMay = (permission: Permission) => roles.filter((role) => may(role, permission))

/** Accounts other than this one that may approve and were seen in a live session in the last quarter of an hour. */
export async function approversOnline(store: Pick<Store, 'pool'>, otherThan: string): Promise<number> {
  try {
    const { rows } = await store.pool.query<{ n: number }>(
      `SELECT count(DISTINCT a.id)::int AS n FROM account a JOIN session s ON s.account_id = a.id
       WHERE a.id::text <> $1 AND a.role::text = ANY($2) AND a.disabled_at IS NULL AND s.revoked_at IS NULL
         AND s.expires_at > clock_timestamp() AND s.last_seen_at > clock_timestamp() - interval '15 minutes'`,
      [otherThan, rolesThatMay('approve')],
    )
    return rows[0]?.n ?? 0
  } catch (error) {
    throw storeError(error)
  }
}

/** Who other than this account may approve, and when each was last seen in a live session, ms; the latest first. */
export async function approversOf(
  store: Pick<Store, 'pool'>,
  otherThan: string,
): Promise<{ id: string; name: string; seenAt: number | null }[]> {
  try {
    const { rows } = await store.pool.query<{ id: string; name: string; seen: Date | null }>(
      `SELECT a.id::text AS id, a.name, max(s.last_seen_at) FILTER (WHERE s.revoked_at IS NULL AND s.expires_at > clock_timestamp()) AS seen
       FROM account a LEFT JOIN session s ON s.account_id = a.id
       WHERE a.id::text <> $1 AND a.role::text = ANY($2) AND a.disabled_at IS NULL
       GROUP BY a.id, a.name ORDER BY seen DESC NULLS LAST, a.name LIMIT 12`,
      [otherThan, rolesThatMay('approve')],
    )
    return rows.map(({ id, name, seen }) => ({ id, name, seenAt: seen?.getTime() ?? null }))
  } catch (error) {
    throw storeError(error)
  }
}

/** Why this account may not do that now, in a sentence; null when it may. */
export async function refusalFor(
  store: Pick<Store, 'pool'>,
  person: { id: string; name: string },
  permission: Permission,
): Promise<string | null> {
  try {
    const { rows } = await store.pool.query<{ role: string; disabled: boolean }>(
      `SELECT role::text AS role, disabled_at IS NOT NULL AS disabled FROM account WHERE id::text = $1`,
      [person.id],
    )
    const account = rows[0]
    if (!account) return `${person.name} has no account any more.`
    if (account.disabled) return `The account of ${person.name} is disabled.`
    return rolesThatMay(permission).some((role) => role === account.role)
      ? null
      : `${person.name} may not do this any more: the role is ${account.role} now.`
  } catch (error) {
    throw storeError(error)
  }
}
