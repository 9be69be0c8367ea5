import type { PasskeyView } from '../domain/people/account'
import { type RecordDraft, recordBody } from '../domain/record/chain'
import type { Db, Store } from './client'
import type { PeopleRefusal } from './people-changes'
import { ask } from './query'

type Sql = Pick<Store, 'pool'>

interface StoredPasskey extends PasskeyView {
  transports: string[]
}

/** The passkeys of one account, or of all; the newest last. */
export async function listPasskeys(db: Db, accountId?: string): Promise<StoredPasskey[]> {
  const rows = await db.passkey.findMany({
    ...(accountId === undefined ? {} : { where: { accountId } }),
    orderBy: { createdAt: 'asc' },
  })
  return rows.map((row) => ({
    id: row.id,
    accountId: row.accountId,
    name: row.name,
    createdAt: row.createdAt.getTime(),
    publicKey: row.publicKey,
    transports: Array.isArray(row.transports) ? row.transports.map(String) : [],
  }))
}

type Answer = Promise<PeopleRefusal | null>

/** Keeps what a new passkey of this session must sign, for five minutes and once. */
export const keepChallenge = (store: Sql, token: string, challenge: string): Answer =>
  ask(store, 'passkey_challenge', { token, challenge })

/** The challenge that this session was given last; null when there is none. */
export async function challengeOf(db: Db, sessionId: string): Promise<string | null> {
  return (await db.session.findUnique({ where: { id: sessionId }, select: { challenge: true } }))?.challenge ?? null
}

/** Registers a passkey of one's own, under the challenge of this session. */
export const addPasskeyRow = (
  store: Sql,
  token: string,
  challenge: string,
  passkey: { id: string; publicKey: string; name: string; transports: string[] },
  draft: RecordDraft,
): Answer =>
  ask(store, 'passkey_add', {
    ...{ token, challenge, id: passkey.id, public_key: passkey.publicKey, name: passkey.name },
    ...{ transports: JSON.stringify(passkey.transports), body: recordBody(draft) },
  })

/** Forgets a passkey, one's own or, for admins, another person's. */
export const removePasskeyRow = (store: Sql, token: string, id: string, draft: RecordDraft): Answer =>
  ask(store, 'passkey_remove', { token, id, body: recordBody(draft) })
