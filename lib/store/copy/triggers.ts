import { quotedName } from '../../domain/text'
import type { Reads } from './catalogue'

/** How ALTER TABLE says each state of a trigger. */
const verbs: Record<string, string> = { O: 'ENABLE', A: 'ENABLE ALWAYS', R: 'ENABLE REPLICA', D: 'DISABLE' }

/**
 * Switches the triggers of these tables off inside the caller's transaction: what comes from a backup, and what a restore makes
 * of it, are not moves that people or runners make. Returns what switches each back to what it was. Needs the tables' owner.
 */
export async function triggersOff(client: Reads, tables: readonly string[]): Promise<() => Promise<void>> {
  const { rows } = await client.query<{ at: string; name: string; state: string }>(
    `SELECT c.relname AS at, t.tgname AS name, t.tgenabled::text AS state FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY($1) AND NOT t.tgisinternal AND t.tgparentid = 0`,
    [tables],
  )
  const change = async (statements: string[]) => {
    if (statements.length) await client.query(statements.join(';\n'))
  }
  await change(tables.map((name) => `ALTER TABLE ${quotedName(name)} DISABLE TRIGGER USER`))
  return () =>
    change(
      rows.map(({ at, name, state }) => `ALTER TABLE ${quotedName(at)} ${verbs[state]} TRIGGER ${quotedName(name)}`),
    )
}
