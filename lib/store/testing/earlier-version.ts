import pg from 'pg'
import { databaseUrl } from '../prepare'
import { everything, readMigrations, withSchemaEngine } from '../schema-engine'

/** The last migration of the versions in which web and runner shared the role warroom_app. */
const lastOfOneRole = '20261123084200_audit_trail'

/** What those versions let their one role do, word for word. */
const formerGrants = (tables: string[]) => {
  const restricted: Record<string, string> = {
    _prisma_migrations: 'SELECT',
    record_entry: 'SELECT',
    record_head: 'SELECT',
    effect_journal: 'SELECT, INSERT, UPDATE',
    approval: 'SELECT, INSERT, UPDATE',
    timeline_tally: 'SELECT',
    checklist_evidence: 'SELECT, INSERT',
    status_update: 'SELECT, INSERT',
    report_section: 'SELECT, INSERT',
  }
  return [
    'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
    'GRANT USAGE ON SCHEMA public TO warroom_app',
    'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO warroom_app',
    'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO warroom_app',
    'GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO warroom_app',
    ...tables.flatMap((name) => [
      `REVOKE ALL ON public.${name} FROM warroom_app`,
      `GRANT ${restricted[name] ?? 'SELECT, INSERT, UPDATE, DELETE'} ON public.${name} TO warroom_app`,
    ]),
  ]
}

/**
 * A store as those versions left it: database `warroom`, its tables, and the role warroom_app with this password. Returns
 * the owner's address and the role's.
 */
export async function storeOfOneRole(
  adminUrl: string,
  password: string,
): Promise<{ ownerUrl: string; appUrl: string }> {
  const ownerUrl = databaseUrl(adminUrl, 'warroom')
  const on = async (url: string, act: (client: pg.Client) => Promise<unknown>) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await act(client).finally(() => client.end())
  }
  await on(adminUrl, async (admin) => {
    await admin.query(
      `CREATE ROLE warroom_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '${password}'`,
    )
    await admin.query('CREATE DATABASE warroom')
  })
  const all = await readMigrations()
  const earlier = all.migrationDirectories.filter(({ path }) => path <= lastOfOneRole)
  await withSchemaEngine(ownerUrl, (engine) =>
    engine.applyMigrations({ migrationsList: { ...all, migrationDirectories: earlier }, filters: everything }),
  )
  await on(ownerUrl, async (owner) => {
    const { rows } = await owner.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
    )
    await owner.query(formerGrants(rows.map(({ name }) => name)).join(';'))
  })
  const app = new URL(ownerUrl)
  app.username = 'warroom_app'
  app.password = password
  return { ownerUrl, appUrl: app.href }
}
