import pg from 'pg'
import { type EnvironmentStamp, refusedStamp } from '../domain/store-environments'
import type { Store } from './client'
import { query } from './query'

/** A store that belongs to others, or was never prepared: nothing that is tried again helps. */
export class WrongStoreError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'WrongStoreError'
  }
}

const missingTable = '42P01'

/** The environments that a store belongs to. Throws WrongStoreError for one of another version, ExpectedError when it is away. */
export async function readStamps(store: Pick<Store, 'pool'>): Promise<EnvironmentStamp[]> {
  try {
    const { rows } = await query(
      store,
      'SELECT name, kind FROM environment WHERE stamped_at IS NOT NULL ORDER BY name',
      [],
    )
    return rows
  } catch (error) {
    if ((error as { code?: unknown }).code !== missingTable) throw error
    throw new WrongStoreError(
      'This store was not prepared for this version. Run "npm run migrate" with WARROOM_CONFIG as the store\'s owner.',
    )
  }
}

/**
 * Stamps a store with an environment, as its owner; repeating it changes nothing. Throws WrongStoreError when the store
 * belongs to others that do not share one, or holds their runs.
 */
export async function stampStore(ownerUrl: string, own: EnvironmentStamp): Promise<void> {
  const owner = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: 5_000 })
  await owner.connect()
  try {
    await owner.query('BEGIN')
    await owner.query('LOCK TABLE environment IN SHARE ROW EXCLUSIVE MODE')
    // A store from before there were stamps says by its runs whose it is.
    const { rows } = await owner.query<EnvironmentStamp>(
      `SELECT name, kind FROM environment WHERE stamped_at IS NOT NULL
       UNION SELECT environment, environment_kind FROM run WHERE NOT EXISTS (SELECT 1 FROM environment WHERE stamped_at IS NOT NULL)`,
    )
    const refused = refusedStamp(own, rows)
    if (refused) throw new WrongStoreError(refused)
    await owner.query(
      `INSERT INTO environment AS e (name, kind, stamped_at) VALUES ($1, $2, clock_timestamp())
       ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, stamped_at = excluded.stamped_at WHERE e.stamped_at IS NULL`,
      [own.name, own.kind],
    )
    await owner.query('COMMIT')
  } finally {
    await owner.end()
  }
}
