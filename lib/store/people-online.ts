import { may, type Permission, roles } from '../domain/people/permissions'
import {
  type AccountChangeKind,
  handoverMs,
  type KnownPeople,
  type SecondPersonRefusal,
  secondPersonRefusal,
  secondPersonSentence,
} from '../domain/people/second-person'

import type { Store } from './client'
import { query } from './query'

type Sql = Pick<Store, 'pool'>

const rolesThatMay = (permission: Permission) => roles.filter((role) => may(role, permission))

/** What the rule on second persons needs to know, as of now on the store's clock, and the names of those it may speak of. */
export interface PeopleNow extends KnownPeople {
  now: number
  names: ReadonlyMap<string, string>
}

/** Throws ExpectedError 'store-unavailable'. */
export async function knownPeople(store: Sql): Promise<PeopleNow> {
  const { rows } = await query(
    store,
    `SELECT clock_timestamp() AS now,
       (SELECT COALESCE(jsonb_agg(jsonb_build_object('accountId', c.account_id, 'kind', c.kind, 'byId', c.by_id,
           'at', floor(extract(epoch FROM c.at) * 1000)) ORDER BY c.at), '[]')
        FROM account_change c WHERE c.at > clock_timestamp() - make_interval(secs => $1)) AS changes,
       (SELECT COALESCE(jsonb_agg(jsonb_build_object('accountId', i.account_id, 'key', i.key)), '[]') FROM account_identity i
        WHERE EXISTS (SELECT 1 FROM account_identity o WHERE o.key = i.key AND o.account_id <> i.account_id)) AS identities,
       (SELECT COALESCE(jsonb_object_agg(a.id, a.name), '{}') FROM account a) AS names`,
    [handoverMs / 1000],
    'known_people',
  )
  const row = rows[0] as {
    now: Date
    changes: { accountId: string; kind: AccountChangeKind; byId: string | null; at: number }[]
    identities: { accountId: string; key: string }[]
    names: Record<string, string>
  }
  return {
    now: row.now.getTime(),
    changes: row.changes,
    identities: row.identities,
    names: new Map(Object.entries(row.names)),
  }
}

/** The two between whom something is decided: the one for whom it is asked, and the one who decides. */
export const betweenTwo = (
  run: { startedBy: { id: string; name: string } },
  asker: string,
  other: { id: string; name: string },
  names: ReadonlyMap<string, string>,
) => ({
  starter: asker === run.startedBy.id ? run.startedBy : { id: asker, name: names.get(asker) ?? 'the person who asked' },
  other,
  requested: asker !== run.startedBy.id,
})

/** The first of those who acted beside whom this account is no second person, and why; null beside all of whom it is one. */
export function firstRefusal(
  acted: readonly string[],
  other: string,
  people: PeopleNow,
): { besides: string; refusal: SecondPersonRefusal } | null {
  for (const besides of acted) {
    const refusal = secondPersonRefusal(besides, other, people, people.now)
    if (refusal) return { besides, refusal }
  }
  return null
}

/** Who may approve by role, and when each last acted in a live session or had a live page open, ms; the latest first. */
async function approversByRole(store: Sql): Promise<{ id: string; name: string; seenAt: number | null }[]> {
  const { rows } = await query(
    store,
    `SELECT a.id::text AS id, a.name, max(GREATEST(s.last_seen_at, s.present_at)) FILTER (WHERE s.revoked_at IS NULL AND s.expires_at > clock_timestamp()
         AND NOT s.must_choose_password) AS seen
     FROM account a LEFT JOIN session s ON s.account_id = a.id
     WHERE a.role::text = ANY($1) AND a.disabled_at IS NULL
     GROUP BY a.id, a.name ORDER BY seen DESC NULLS LAST, a.name`,
    [rolesThatMay('approve')],
  )
  return rows.map(({ id, name, seen }) => ({ id, name, seenAt: (seen as Date | null)?.getTime() ?? null }))
}

/**
 * Who may approve what these people began or chose, and when each was last seen in a live session, ms; the latest first. With
 * them, why those who have the role are no second person. With nobody in `acted`, one person is enough.
 */
export async function approversOf(
  store: Sql,
  acted: readonly string[],
): Promise<{
  approvers: { id: string; name: string; seenAt: number | null }[]
  refusals: Map<string, SecondPersonRefusal>
  people: PeopleNow
}> {
  const [all, people] = await Promise.all([approversByRole(store), knownPeople(store)])
  const refusals = new Map<string, SecondPersonRefusal>()
  for (const { id } of all) {
    const refusal = firstRefusal(acted, id, people)
    if (refusal) refusals.set(id, refusal.refusal)
  }
  return { approvers: all.filter(({ id }) => !refusals.has(id)), refusals, people }
}

/** How many may approve what `starter` begins and were seen in a live session in the last quarter of an hour. */
export async function approversOnline(store: Sql, starter: string): Promise<number> {
  const { approvers, people } = await approversOf(store, [starter])
  return approvers.filter(({ seenAt }) => seenAt !== null && seenAt > people.now - 15 * 60_000).length
}

/**
 * Why this account may not do that now, in a sentence; null when it may. With `besides`, those who began it or chose it, only
 * a further person may.
 */
export async function refusalFor(
  store: Sql,
  person: { id: string; name: string },
  permission: Permission,
  besides: readonly { id: string; name: string }[] = [],
): Promise<string | null> {
  // Asked right before an effect is sent: both at once.
  const [{ rows }, people] = await Promise.all([
    query(
      store,
      'SELECT role::text AS role, disabled_at IS NOT NULL AS disabled FROM account WHERE id::text = $1',
      [person.id],
      'right_of_account',
    ),
    besides.length > 0 ? knownPeople(store) : null,
  ])
  const account = rows[0] as { role: string; disabled: boolean } | undefined
  if (!account) return `${person.name} no longer has an account.`
  if (account.disabled) return `The account of ${person.name} is disabled.`
  if (!rolesThatMay(permission).some((role) => role === account.role))
    return `${person.name} may no longer do this: their role is now ${account.role}.`
  if (people === null) return null
  const found = firstRefusal(
    besides.map(({ id }) => id),
    person.id,
    people,
  )
  if (!found) return null
  const name = people.names.get(found.besides) ?? besides.find(({ id }) => id === found.besides)?.name ?? ''
  return secondPersonSentence(found.refusal, { starter: { id: found.besides, name }, other: person }, people, null)
}
