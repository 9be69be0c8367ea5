import pg from 'pg'
import { grantToRoles } from './grants'
import { writeRules } from './rules'
import { writeRunRules } from './run-rules'
import { everything, readMigrations, withSchemaEngine } from './schema-engine'
import { placeWebKey } from './web-proof'
import { writeWords } from './words'

/** Key of the advisory lock under which a store is migrated: two starts wait for each other instead of colliding. */
export const migrationLock = 7_263_118_402n

class MigrationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'MigrationError'
  }
}

export interface MigrateOptions {
  /** The web's own secret (NEXTAUTH_SECRET): by a key of it the store knows the web. Left out, the store keeps the key it has. */
  webSecret?: string
  /** Applies these migrations and no others: for a store that takes in the rows of an earlier version. */
  only?: readonly string[]
}

/**
 * Applies what is missing from `prisma/migrations`, then writes the domain's rules and grants to the roles of web and runner, under
 * one advisory lock. Repeating it changes nothing. `url` is the owner's. Returns the names just applied.
 * Throws MigrationError when a migration was refused, one failed half-way before, or an applied one was edited since.
 */
export async function migrate(url: string, { webSecret, only }: MigrateOptions = {}): Promise<string[]> {
  const lock = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    application_name: 'warroom-migrate',
  })
  await lock.connect()
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [migrationLock.toString()])
    const applied = await applyMissing(url, only).catch((error: unknown) => refusedWhole(lock, error))
    await inOneTransaction(lock, async () => {
      await writeWords(lock)
      await writeRunRules(lock)
      await writeRules(lock)
      await grantToRoles(lock)
      if (webSecret !== undefined) await placeWebKey(lock, webSecret)
    })
    return applied
  } finally {
    await lock.end() // releases the lock as well
  }
}

async function applyMissing(url: string, only?: readonly string[]): Promise<string[]> {
  const migrationsList = await readMigrations(only)
  return await withSchemaEngine(url, async (engine) => {
    const state = await engine.diagnoseMigrationHistory({
      migrationsList,
      optInToShadowDatabase: false,
      filters: everything,
    })
    if (state.failedMigrationNames.length > 0)
      throw new MigrationError(
        `Migration ${state.failedMigrationNames.join(', ')} failed half-way earlier. Restore the store from its backup, or repair the tables manually and delete that row of _prisma_migrations.`,
      )
    if (state.editedMigrationNames.length > 0)
      throw new MigrationError(
        `Migration ${state.editedMigrationNames.join(', ')} was edited after it had been applied to this store.`,
      )
    if (state.history?.diagnostic === 'migrationsDirectoryIsBehind' || state.history?.diagnostic === 'historiesDiverge')
      throw new MigrationError(
        `The store was migrated by a newer version of the War Room (${state.history.unpersistedMigrationNames.join(', ')}). Start that version, or restore an older store.`,
      )
    const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: everything })
    return appliedMigrationNames
  })
}

/**
 * A migration that PostgreSQL refused left nothing behind, so it may be tried again as soon as its reason is gone: only the engine's
 * note that it began is taken back.
 */
async function refusedWhole(owner: pg.Client, error: unknown): Promise<never> {
  if (!(error instanceof pg.DatabaseError)) throw error
  const { rows } = await owner.query<{ name: string }>(
    'DELETE FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL RETURNING migration_name AS name',
  )
  const hint = error.hint ? ` ${error.hint}` : ''
  throw new MigrationError(
    `Migration ${rows.map(({ name }) => name).join(', ')} was refused, and nothing of it was applied. ${error.message}.${hint}`,
    { cause: error },
  )
}

async function inOneTransaction(client: pg.Client, act: () => Promise<void>): Promise<void> {
  await client.query('BEGIN')
  try {
    await act()
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}
