import { createHash, createHmac, hkdfSync } from 'node:crypto'
import type { ClientBase } from 'pg'

/*
 * Where nobody is signed in yet (single sign-on, a webhook, the lab's one click), the web proves to the store that it is the
 * web: by an HMAC whose key it derives from its own secret, and which the store's owner places in a table that neither web nor
 * runner may read. Whoever holds the web's database role alone cannot make one.
 */

const keyOf = (secret: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', 'warroom: the web proves itself to its store', 32))

/** A proof over fields, and when it was made, ms. */
interface WebProof {
  at: number
  proof: string
}
export type Prove = (...fields: (string | null)[]) => WebProof

const hashOf = (field: string | null): string =>
  field === null ? '-' : createHash('sha256').update(field).digest('hex')

/** Makes proofs from the web's secret (NEXTAUTH_SECRET); the store's function web_proves checks them. */
export function proverOf(secret: string, now: () => number = Date.now): Prove {
  const key = keyOf(secret)
  return (...fields) => {
    const at = Math.round(now())
    const said = [String(at), ...fields.map(hashOf)].join(' ')
    return { at, proof: createHmac('sha256', key).update(said).digest('hex') }
  }
}

/** Places the key of a web's secret in the store, as its owner. A former key is replaced. */
export async function placeWebKey(owner: ClientBase, secret: string): Promise<void> {
  // A store that is being made as an earlier version had it, to take in its backup, has no place for it yet.
  const { rows } = await owner.query<{ there: boolean }>(`SELECT to_regclass('web_key') IS NOT NULL AS there`)
  if (!rows[0]?.there) return
  // RFC 2104: the key, padded to the block of the hash, once for each of its two rounds.
  const block = (pad: number) => Buffer.concat([keyOf(secret), Buffer.alloc(32)]).map((byte) => byte ^ pad)
  await owner.query(
    `INSERT INTO web_key (id, inner_block, outer_block) VALUES (1, $1, $2)
     ON CONFLICT (id) DO UPDATE SET inner_block = excluded.inner_block, outer_block = excluded.outer_block`,
    [Buffer.from(block(0x36)), Buffer.from(block(0x5c))],
  )
}
