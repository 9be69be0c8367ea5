import { cutText } from '../domain/text'
import type { LeaseAttempt, LeaseStore } from '../ports/lease-store'
import { type Store, storeError } from './client'

interface Row {
  holder: string
  epoch: string
  expires_in_ms: string
}

/**
 * Leases on the store's clock. `clock_timestamp()` and not `now()`: a statement that had to wait for the row must judge by
 * the time at which it got it. Throws ExpectedError 'store-unavailable'.
 */
export function leaseStore(store: Pick<Store, 'pool'>): LeaseStore {
  const query = async (text: string, values: unknown[]) => {
    try {
      return await store.pool.query<Row>({ text, values, name: cutText(text, 60) })
    } catch (error) {
      throw storeError(error)
    }
  }
  return {
    async acquire(name, holder, ttlMs): Promise<LeaseAttempt> {
      const taken = await query(acquireSql, [name, holder, ttlMs])
      if (taken.rows[0]) return { held: true, ...figures(taken.rows[0]) }
      const other = await query(readSql, [name])
      const row = other.rows[0]
      // Between the two statements nobody deletes leases, so there is one.
      if (!row) throw new Error(`The lease ${name} was refused and is not there.`)
      return { held: false, holder: row.holder, ...figures(row) }
    },
    async renew(name, holder, epoch, ttlMs) {
      const renewed = await query(renewSql, [name, holder, epoch, ttlMs])
      return renewed.rowCount === 1
    },
    async release(name, holder, epoch) {
      await query(releaseSql, [name, holder, epoch])
    },
  }
}

const figures = (row: Row) => ({ epoch: Number(row.epoch), expiresInMs: Number(row.expires_in_ms) })

const remaining = `round(extract(epoch FROM lease.expires_at - clock_timestamp()) * 1000)::bigint AS expires_in_ms`
const until = (parameter: string) => `clock_timestamp() + ${parameter}::double precision * interval '1 millisecond'`

/**
 * Takes a free or expired lease under the next epoch, or extends our own; touches nothing when another holds it. Taking it
 * waits for fenced statements under way, which hold a key share; renewing it does not.
 */
const acquireSql = `/* lease: acquire */ WITH free AS (
    SELECT 1 FROM lease WHERE name = $1 AND (holder = $2 OR expires_at <= clock_timestamp()) FOR UPDATE)
  INSERT INTO lease (name, holder, epoch, expires_at)
  SELECT $1, $2, 1, ${until('$3')} FROM (SELECT count(*) FROM free) waited
  ON CONFLICT (name) DO UPDATE SET
    holder = excluded.holder,
    epoch = CASE WHEN lease.holder = excluded.holder AND lease.expires_at > clock_timestamp()
                 THEN lease.epoch ELSE lease.epoch + 1 END,
    expires_at = ${until('$3')}
  WHERE lease.holder = excluded.holder OR lease.expires_at <= clock_timestamp()
  RETURNING holder, epoch, ${remaining}`

const readSql = `/* lease: read */ SELECT holder, epoch, ${remaining} FROM lease WHERE name = $1`

const renewSql = `/* lease: renew */ UPDATE lease SET expires_at = ${until('$4')}
  WHERE name = $1 AND holder = $2 AND epoch = $3`

const releaseSql = `/* lease: release */ UPDATE lease SET expires_at = clock_timestamp()
  WHERE name = $1 AND holder = $2 AND epoch = $3 AND expires_at > clock_timestamp()`
