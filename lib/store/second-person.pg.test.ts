/*
 * The rule on second persons is asked by screens, commands and the runner as a function of the domain, and by the store's decision
 * as a function of its own. Over generated histories of accounts the two say the same.
 */
import fc from 'fast-check'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import {
  type AccountChange,
  accountChangeKinds,
  handoverMs,
  type KnownPeople,
  secondPersonRefusal,
} from '../domain/people/second-person'
import { knownPeople } from './people-online'
import { databasePerTest } from './testing/database'
import { addAccount } from './testing/people'

const database = databasePerTest()
const now = Date.UTC(2026, 5, 1)
const ids = Array.from({ length: 6 }, (_, n) => `00000000-0000-4000-8000-00000000000${n}`)
const account = fc.constantFrom(...ids)

const change: fc.Arbitrary<AccountChange> = fc.record({
  accountId: account,
  kind: fc.constantFrom(...accountChangeKinds),
  byId: fc.option(account, { freq: 6 }),
  // Around the limit more often than anywhere else: the last moment that counts, and the first that does not.
  at: fc.oneof(
    fc.integer({ min: now - 2 * handoverMs, max: now }),
    fc.constantFrom(now - handoverMs, now - handoverMs + 1, now - handoverMs - 1),
  ),
})
const identity = fc.record({ accountId: account, key: fc.constantFrom('address a', 'address b', 'subject c') })
const people: fc.Arbitrary<KnownPeople> = fc.record({
  changes: fc.array(change, { maxLength: 7 }),
  identities: fc.uniqueArray(identity, { maxLength: 4, selector: (one) => `${one.accountId} ${one.key}` }),
})

async function tell(owner: pg.Client, { changes, identities }: KnownPeople): Promise<void> {
  await owner.query('TRUNCATE account_change, account_identity')
  await owner.query(
    `INSERT INTO account_change (account_id, kind, by_id, at)
     SELECT x."accountId", x.kind, x."byId", to_timestamp(x.at / 1000.0)
     FROM jsonb_to_recordset($1) AS x("accountId" uuid, kind text, "byId" uuid, at bigint)`,
    [JSON.stringify(changes)],
  )
  await owner.query(
    `INSERT INTO account_identity (account_id, key)
     SELECT x."accountId", x.key FROM jsonb_to_recordset($1) AS x("accountId" uuid, key text)`,
    [JSON.stringify(identities)],
  )
}

test('domain and store agree about every pair of accounts', async () => {
  const owner = new pg.Client({ connectionString: database().ownerUrl })
  await owner.connect()
  try {
    await owner.query(
      "INSERT INTO account (id, login, name, role) SELECT id, id::text, id::text, 'viewer' FROM unnest($1::uuid[]) AS id",
      [ids],
    )
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(people, async (known) => {
        await tell(owner, known)
        const { rows } = await owner.query<{ starter: string; other: string; refused: string | null }>(
          `SELECT s::text AS starter, o::text AS other, second_person_refusal(s::text, o, to_timestamp($2 / 1000.0)) AS refused
           FROM unnest($1::uuid[]) AS s, unnest($1::uuid[]) AS o`,
          [ids, now],
        )
        for (const { starter, other, refused } of rows) {
          const reason = secondPersonRefusal(starter, other, known, now)?.reason ?? null
          seen.add(String(reason))
          expect({ starter, other, refused: reason }).toEqual({ starter, other, refused })
        }
      }),
      { numRuns: Number(process.env.SECOND_PERSON_RUNS ?? 150), seed: 20261128 },
    )
    expect([...seen].sort()).toEqual(['favour', 'null', 'same-hand', 'same-identity', 'starter'])
  } finally {
    await owner.end()
  }
})

/** Why one of two accounts that were just added is no second person beside the other. */
async function refusalBetween(first: string, second: string) {
  const approver = (login: string) => addAccount(database().owner, { login, name: login, role: 'approver' })
  const [a, b] = await Promise.all([approver(first), approver(second)])
  const known = await knownPeople(database().runner)
  return secondPersonRefusal(a.id, b.id, known, known.now)
}

describe('what the store knows', () => {
  test.each([
    ['robin@example.org', 'Robin+oncall@Example.org'],
    ['robin@example.org', 'ｒobin@example.org'],
  ])('%s and %s are one mailbox', async (first, second) => {
    expect((await refusalBetween(first, second))?.reason).toBe('same-identity')
  })

  test.each([
    ['robin@example.org', 'robin@example.com'],
    ['robin@example.org', 'robin'],
    ['+@example.org', '+a@example.org'],
  ])('%s and %s are two', async (first, second) => {
    expect(await refusalBetween(first, second)).toBeNull()
  })

  test('the app can neither write nor change what was done to accounts, nor what identifies them', async () => {
    const { runner: store } = database()
    for (const statement of [
      "INSERT INTO account_change (account_id, kind) VALUES (gen_random_uuid(), 'created')",
      'UPDATE account_change SET by_id = NULL',
      'DELETE FROM account_change',
      'DELETE FROM account_identity',
    ])
      await expect(store.pool.query(statement)).rejects.toMatchObject({ code: '42501' })
  })
})
