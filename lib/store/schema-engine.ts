import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import type { MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg'
import * as engineModule from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'

/*
 * Prisma's own migration engine, as WebAssembly over the same driver as the client. Prisma's command line would fetch
 * a native engine from its own host, which a machine in the middle of an outage may not reach
 * (docs/decisions/0006-migrations-by-wasm-engine.md).
 */

const root = join(import.meta.dirname, '../..')
export const schemaPath = join(root, 'prisma/schema.prisma')
export const migrationsPath = join(root, 'prisma/migrations')

/** No table or enum is managed by anybody else in our database. */
export const everything = { externalTables: [], externalEnums: [] }

/**
 * The driver adapter, handing a migration to PostgreSQL whole. As shipped it cuts a script at every semicolon, also inside
 * the body of a function. Whole, a migration is one implicit transaction as well: it applies entirely or not at all.
 */
class WholeScriptPg extends PrismaPg {
  /** Why PostgreSQL refused a script: the engine tells only that it did. */
  refusal: pg.DatabaseError | null = null

  override async connect() {
    const adapter = await super.connect()
    adapter.executeScript = async (script) => {
      await adapter
        .underlyingDriver()
        .query(script)
        .catch((error: unknown) => {
          if (error instanceof pg.DatabaseError) this.refusal = error
          throw error
        })
    }
    return adapter
  }
}

let instantiated: Promise<void> | null = null

async function instantiate(): Promise<void> {
  const folder = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'))
  const { instance } = await WebAssembly.instantiate(await readFile(join(folder, 'schema_engine_bg.wasm')), {
    './schema_engine_bg.js': engineModule as unknown as WebAssembly.ModuleImports,
  })
  engineModule.__wbg_set_wasm(instance.exports)
  ;(instance.exports.__wbindgen_start as () => void)()
}

/**
 * Opens the engine on one database, hands it to `use` and closes it. Throws what PostgreSQL said of a script that it refused;
 * errors of the engine are thrown as they are.
 */
export async function withSchemaEngine<T>(url: string, use: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  instantiated ??= instantiate()
  await instantiated
  const datamodel = await readFile(schemaPath, 'utf8')
  const pool = new pg.Pool({
    connectionString: url,
    max: 2,
    connectionTimeoutMillis: 5_000,
    application_name: 'warroom-migrate',
  })
  pool.on('error', () => {}) // the query that needed the connection reports it
  try {
    const scripts = new WholeScriptPg(pool)
    const factory = bindMigrationAwareSqlAdapterFactory(scripts)
    const engine = await engineModule.SchemaEngine.new({ datamodels: [[schemaPath, datamodel]] }, () => {}, factory)
    try {
      return await use(engine)
    } catch (error) {
      throw scripts.refusal ?? error
    } finally {
      engine.free()
    }
  } finally {
    await pool.end()
  }
}

/** Reads the folder of migrations in order of name; with `only`, those of these names. */
export async function readMigrations(only?: readonly string[]): Promise<MigrationList> {
  const entries = await readdir(migrationsPath, { withFileTypes: true })
  const names = entries
    .filter((entry) => entry.isDirectory() && (only === undefined || only.includes(entry.name)))
    .map((entry) => entry.name)
  return {
    baseDir: migrationsPath,
    lockfile: {
      path: 'migration_lock.toml',
      content: await readFile(join(migrationsPath, 'migration_lock.toml'), 'utf8'),
    },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(
      names.sort().map(async (path) => ({
        path,
        migrationFile: {
          path: 'migration.sql',
          content: { tag: 'ok' as const, value: await readFile(join(migrationsPath, path, 'migration.sql'), 'utf8') },
        },
      })),
    ),
  }
}
