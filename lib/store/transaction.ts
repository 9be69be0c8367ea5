import { type Db, type Store, storeError } from './client'

/** Prisma's name for a serialization failure or a deadlock: the whole transaction may simply be tried again. */
const writeConflict = 'P2034'

interface TransactionOptions {
  isolation?: 'ReadCommitted' | 'RepeatableRead' | 'Serializable'
  /** Longest run of the transaction, ms. */
  timeoutMs?: number
  /** Tries in all when PostgreSQL reports a write conflict. */
  tries?: number
}

/**
 * Runs `act` in one transaction; an error thrown by it rolls everything back. A write conflict is tried again, so `act`
 * must do nothing but talk to `tx`. Throws what `act` throws, and ExpectedError 'store-unavailable'.
 */
export async function inTransaction<T>(
  store: Pick<Store, 'prisma'>,
  act: (tx: Db) => Promise<T>,
  { isolation = 'ReadCommitted', timeoutMs = 10_000, tries = 3 }: TransactionOptions = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await store.prisma.$transaction((tx) => act(tx), { isolationLevel: isolation, timeout: timeoutMs })
    } catch (error) {
      const mapped = storeError(error)
      if ((mapped as { code?: unknown }).code !== writeConflict || attempt >= tries) throw mapped
    }
  }
}
