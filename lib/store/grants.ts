import type { ClientBase } from 'pg'

/** The role under which web and runner use the store. */
export const appRole = 'warroom_app'

/**
 * Tables on which the app may do less than everything. The database itself refuses the rest, whatever the code says. The
 * record is written by its function alone, which runs under the owner's rights; what was intended, done or approved may be
 * completed, never removed.
 */
export const restrictedTables: Readonly<Record<string, string>> = {
  _prisma_migrations: 'SELECT',
  record_entry: 'SELECT',
  record_head: 'SELECT',
  effect_journal: 'SELECT, INSERT, UPDATE',
  approval: 'SELECT, INSERT, UPDATE',
  account_change: 'SELECT',
  account_identity: 'SELECT',
  timeline_tally: 'SELECT',
  state_transition: 'SELECT',
  impossible_place: 'SELECT',
  checklist_evidence: 'SELECT, INSERT',
  status_update: 'SELECT, INSERT',
  report_section: 'SELECT, INSERT',
  admission: 'SELECT',
  store_environment: 'SELECT',
}

/**
 * Gives the app's role what it needs in schema `public`, and takes away the rest. Runs after every migration, as the
 * owner of the tables; repeating it changes nothing. A new table is append-only to the app until this has run.
 */
export async function grantToApp(owner: ClientBase): Promise<void> {
  await owner.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC')
  await owner.query(`GRANT USAGE ON SCHEMA public TO ${appRole}`)
  await owner.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO ${appRole}`)
  await owner.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO ${appRole}`)
  await owner.query(`GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ${appRole}`)
  const tables = await owner.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')`,
  )
  const statements = tables.rows.flatMap(({ name }) => {
    const table = `public.${owner.escapeIdentifier(name)}`
    const rights = restrictedTables[name] ?? 'SELECT, INSERT, UPDATE, DELETE'
    return [`REVOKE ALL ON ${table} FROM ${appRole}`, `GRANT ${rights} ON ${table} TO ${appRole}`]
  })
  await owner.query(statements.join(';\n'))
}
