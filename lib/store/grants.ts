import type { ClientBase } from 'pg'

/** The role under which web and runner use the store. */
export const appRole = 'warroom_app'

/**
 * Tables that only ever grow. The app may read them and add to them; the database itself refuses anything else,
 * whatever the code says. A new table is append-only until `grantToApp` has seen that it is not listed here.
 */
export const appendOnlyTables: readonly string[] = ['record_entry']

/** Tables that the app does not touch at all, or reads only. */
const readOnlyTables: readonly string[] = ['_prisma_migrations']

/**
 * Gives the app's role what it needs in schema `public`, and takes away the rest. Runs after every migration, as the
 * owner of the tables; repeating it changes nothing.
 */
export async function grantToApp(owner: ClientBase): Promise<void> {
  await owner.query(`REVOKE CREATE ON SCHEMA public FROM PUBLIC`)
  await owner.query(`GRANT USAGE ON SCHEMA public TO ${appRole}`)
  await owner.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO ${appRole}`)
  await owner.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO ${appRole}`)
  await owner.query(`GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ${appRole}`)
  const tables = await owner.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')`,
  )
  for (const { name } of tables.rows) {
    const table = `public.${owner.escapeIdentifier(name)}`
    await owner.query(`REVOKE ALL ON ${table} FROM ${appRole}`)
    const rights = readOnlyTables.includes(name)
      ? 'SELECT'
      : appendOnlyTables.includes(name)
        ? 'SELECT, INSERT'
        : 'SELECT, INSERT, UPDATE, DELETE'
    await owner.query(`GRANT ${rights} ON ${table} TO ${appRole}`)
  }
}
