import pg from 'pg'
import type { TestDatabase } from './database'

/** One statement as the owner of the tables: for what the app's role may not do, such as moving the past. */
export async function asOwner(database: TestDatabase, text: string, values: unknown[] = []): Promise<pg.QueryResult> {
  const owner = new pg.Client({ connectionString: database.ownerUrl })
  await owner.connect()
  try {
    return await owner.query(text, values)
  } finally {
    await owner.end()
  }
}
