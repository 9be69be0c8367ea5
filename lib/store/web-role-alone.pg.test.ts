/*
 * Somebody has broken into the web and holds its database role, and nothing else: no session of a person, no secret of the web.
 * Whatever they send to the store, they forge no approval, no intent, no run and no entry of the record, and get at nobody's
 * session. Tables and functions are read from the catalogue: a new one fails here until somebody has said what it is.
 */

import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import type { CommandContext } from '../commands/context'
import { declare } from '../commands/incident/declare'
import { writesFail } from '../commands/testing/people-in-an-incident'
import { signedIn } from '../commands/testing/signed-in'
import { stagedFence, stageRun } from '../commands/testing/staged-run'
import { awsCalls } from '../domain/procedure/testing/calls'
import { functionRights, runnerRole, tableRights, webRole } from './grants'
import { intend } from './journal'
import { leaseStore } from './lease'
import { appendRecordSql } from './record'
import { databasePerTest } from './testing/database'

const database = databasePerTest()
let web: pg.Client
let ann: CommandContext
let number = 0

/** What the web writes itself: a forged row here is none of what is protected, and docs/decisions/0024 says what it is worth. */
const workingTables = [
  'alert',
  'checklist_item',
  'incident',
  'incident_role',
  'incident_task',
  'integration_test',
  'outbox',
  'page',
  'report_action',
  'report_section',
  'status_update',
  'timeline_mark',
  'wall_link',
  'webhook_event',
]
/** Changed by what anybody may call before they are signed in; nothing follows from a row. */
const countedTables = ['admission', 'sign_in_attempt', 'sign_in_limit']

const denied = '42501'
/** The code by which the store refused a statement, or "done". */
const sent = (client: pg.Client, text: string, values: unknown[] = []): Promise<string> =>
  client.query(text, values).then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  )

const tables = async (): Promise<{ name: string; columns: string[] }[]> =>
  (
    await database().owner.pool.query<{ name: string; columns: string[] }>(
      `SELECT c.relname AS name, ARRAY(SELECT attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND attnum > 0
         AND NOT attisdropped AND attgenerated = '' ORDER BY attnum) AS columns
       FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') ORDER BY relname`,
    )
  ).rows
interface Callable {
  name: string
  signature: string
  types: string[]
  returns: string
  definer: boolean
  path: string | null
  owner: string
  public: boolean
}
const functions = async (): Promise<Callable[]> =>
  (
    await database().owner.pool.query<Callable>(
      `SELECT p.proname AS name, p.oid::regprocedure::text AS signature, p.prosecdef AS definer, p.proowner::regrole::text AS owner,
         ARRAY(SELECT CASE WHEN p.provariadic <> 0 AND i = p.pronargs THEN 'VARIADIC ' ELSE '' END || t::regtype::text
           FROM unnest(p.proargtypes) WITH ORDINALITY x(t, i)) AS types, p.prorettype::regtype::text AS returns,
         (SELECT split_part(s, '=', 2) FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%') AS path,
         has_function_privilege('public', p.oid, 'EXECUTE') AS public
       FROM pg_proc p WHERE pronamespace = 'public'::regnamespace ORDER BY proname`,
    )
  ).rows

/**
 * Everything that must not change: rows of all tables but those that the web writes, and all rights and functions; but not who has
 * a page open, which the web alone sees, and by which nobody may do anything.
 */
async function whatCounts(): Promise<Record<string, string>> {
  const { pool } = database().owner
  const names = (await tables())
    .map(({ name }) => name)
    .filter((name) => !workingTables.includes(name) && !countedTables.includes(name))
  const parts = names.map(
    (name) =>
      `SELECT '${name}' AS what, COALESCE(md5(string_agg(row, '|' ORDER BY row)), '-') AS sum
         FROM (SELECT (to_jsonb(t) - 'present_at')::text AS row FROM ${name} t) rows`,
  )
  const { rows } = await pool.query<{ what: string; sum: string }>(
    `${parts.join(' UNION ALL ')}
     UNION ALL SELECT 'functions', md5(string_agg(p.oid || p.prosrc || COALESCE(p.proacl::text, '') || p.proowner, '|' ORDER BY p.oid)) FROM pg_proc p
     UNION ALL SELECT 'rights', md5(string_agg(c.oid::text || COALESCE(c.relacl::text, '') || c.relowner || '' || c.relhastriggers || c.relhasrules, '|' ORDER BY c.oid))
       FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
     UNION ALL SELECT 'triggers', md5(string_agg(g.oid || g.tgenabled::text, '|' ORDER BY g.oid)) FROM pg_trigger g
     UNION ALL SELECT 'roles', md5(string_agg(rolname || rolsuper || rolcreaterole || rolcreatedb || rolbypassrls, '|' ORDER BY rolname)) FROM pg_roles
     UNION ALL SELECT 'members', COALESCE(md5(string_agg(roleid || '>' || member, '|' ORDER BY roleid, member)), '-') FROM pg_auth_members`,
  )
  return Object.fromEntries(rows.map(({ what, sum }) => [what, sum]))
}

beforeEach(async () => {
  await stageRun(database())
  const here = { name: 'lab', kind: 'lab' } as const
  ann = await signedIn(database(), { login: 'ann', name: 'Ann', role: 'admin' }, here)
  await signedIn(database(), { login: 'bo', name: 'Bo', role: 'approver' }, here)
  number = (await declare(ann, writesFail())).number
  web = new pg.Client({ connectionString: database().webUrl })
  await web.connect()
})
afterEach(() => web.end())

describe('the catalogue', () => {
  it('has no table and no function that nobody has said the rights of', async () => {
    expect((await tables()).map(({ name }) => name).filter((name) => !tableRights[name])).toEqual([])
    const known = await functions()
    expect(known.map(({ name }) => name).filter((name) => !functionRights[name])).toEqual([])
    expect(
      Object.keys(tableRights)
        .filter((name) => workingTables.includes(name) !== writes(name))
        .toSorted(),
    ).toEqual([])
  })

  it('gives both roles what is listed and nothing more, also after another migration', async () => {
    for (const [role, whose] of [
      [webRole, 'web'],
      [runnerRole, 'runner'],
    ] as const)
      for (const { name, columns } of await tables()) {
        const rights = tableRights[name]?.[whose]
        const { rows } = await database().owner.pool.query<Record<string, boolean>>(
          `SELECT ${['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'].map((r) => `has_table_privilege($1, $2, '${r}') AS "${r}"`).join(', ')},
             ${columns.map((column) => `has_column_privilege($1, $2, '${column}', 'SELECT') AS "SELECT ${column}"`).join(', ')}`,
          [role, `public.${name}`],
        )
        const unread = rights?.read === 'all' ? [] : rights?.read === 'none' || !rights ? columns : rights.read.without
        expect([role, name, rows[0]]).toEqual([
          role,
          name,
          {
            INSERT: rights?.insert === true,
            UPDATE: rights?.update === true,
            DELETE: rights?.delete === true,
            TRUNCATE: false,
            REFERENCES: false,
            TRIGGER: false,
            ...Object.fromEntries(columns.map((column) => [`SELECT ${column}`, !unread.includes(column)])),
          },
        ])
      }
  })

  it('lets no function be called by everybody, and lets none that has the owner’s rights look elsewhere than in our schema', async () => {
    const owner = (await functions()).find(({ name }) => name === 'record_append')?.owner
    for (const f of await functions()) {
      expect([f.signature, f.public, f.owner]).toEqual([f.signature, false, owner])
      if (f.definer) expect([f.signature, f.path]).toEqual([f.signature, '"public, pg_temp"'.replaceAll('"', '')])
      // What the web calls and decides, decides under the owner's rights or reads only.
      if (functionRights[f.name] === 'web') expect([f.signature, f.definer]).toEqual([f.signature, true])
    }
  })

  it('lets neither role make objects, temporary ones included', async () => {
    const { rows } = await database().owner.pool.query(
      `SELECT bool_or(has_database_privilege(r, current_database(), p)) AS any FROM unnest($1::text[]) r, unnest(ARRAY['CREATE', 'TEMP']) p
       UNION ALL SELECT bool_or(has_schema_privilege(r, 'public', 'CREATE')) FROM unnest($1::text[]) r`,
      [[webRole, runnerRole]],
    )
    expect(rows).toEqual([{ any: false }, { any: false }])
  })
})

/** Does the web write this table itself, or some columns of it? */
function writes(name: string): boolean {
  const rights = tableRights[name]?.web
  return Boolean(rights?.insert ?? rights?.update ?? rights?.delete)
}

describe('by statements on tables', () => {
  it('nothing that counts can be added, changed, deleted, emptied, copied into, locked or given a trigger', async () => {
    const before = await whatCounts()
    for (const { name, columns } of await tables()) {
      if (workingTables.includes(name)) continue
      const statements = [
        `INSERT INTO ${name} DEFAULT VALUES`,
        `INSERT INTO ${name} (${columns.join(', ')}) SELECT ${columns.join(', ')} FROM ${name}`,
        `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => 'NULL').join(', ')}) ON CONFLICT DO NOTHING`,
        ...columns.map((column) => `UPDATE ${name} SET ${column} = NULL`),
        `DELETE FROM ${name}`,
        `TRUNCATE ${name} CASCADE`,
        `MERGE INTO ${name} t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE`,
        `COPY ${name} FROM STDIN`,
        `SELECT 1 FROM ${name} FOR UPDATE`,
        `SELECT 1 FROM ${name} FOR KEY SHARE`,
        `LOCK TABLE ${name} IN ROW EXCLUSIVE MODE`,
        `LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`,
        `CREATE TRIGGER mine BEFORE INSERT ON ${name} EXECUTE FUNCTION record_is_append_only()`,
        `CREATE RULE mine AS ON INSERT TO ${name} DO INSTEAD NOTHING`,
        `CREATE INDEX ON ${name} (${columns[0]})`,
        `ALTER TABLE ${name} DISABLE TRIGGER ALL`,
        `ALTER TABLE ${name} OWNER TO ${webRole}`,
        `ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`,
        `COMMENT ON TABLE ${name} IS 'mine'`,
        `GRANT ALL ON ${name} TO ${webRole}`,
        `DROP TABLE ${name} CASCADE`,
        `DO $$ BEGIN DELETE FROM ${name}; END $$`,
      ]
      for (const statement of statements) {
        const answer = await sent(web, `BEGIN; SET LOCAL lock_timeout = 500; ${statement}`)
        await web.query('ROLLBACK')
        // A right that is not there to be given is a warning and changes nothing.
        if (!statement.startsWith('GRANT')) expect([statement, answer]).toEqual([statement, denied])
      }
    }
    expect(await whatCounts()).toEqual(before)
  })

  it('nobody’s password, token or key can be read', async () => {
    for (const statement of [
      'SELECT password_hash FROM account',
      'SELECT * FROM account',
      'SELECT a FROM account a',
      'SELECT to_jsonb(a) FROM account a',
      'SELECT token_hash FROM session',
      'SELECT 1 FROM session WHERE token_hash > $$0$$',
      'SELECT * FROM session ORDER BY token_hash',
      'TABLE web_key',
      'TABLE decoy_key',
      'TABLE sign_in_attempt',
      'COPY session TO STDOUT',
      'SELECT stavalues1 FROM pg_statistic',
      'SELECT rolpassword FROM pg_authid',
      'SELECT passwd FROM pg_shadow',
    ])
      expect([statement, await sent(web, statement)]).toEqual([statement, denied])
    const { rows } = await web.query(
      `SELECT attname FROM pg_stats WHERE tablename IN ('account', 'session') AND attname IN ('password_hash', 'token_hash')`,
    )
    expect(rows).toEqual([])
  })
})

describe('by other ways', () => {
  it('it is refused to become somebody else, to make objects, to set the server, and to reach files', async () => {
    const before = await whatCounts()
    for (const statement of [
      ...[
        'SET ROLE postgres',
        `SET ROLE ${runnerRole}`,
        'SET SESSION AUTHORIZATION postgres',
        `GRANT ${runnerRole} TO ${webRole}`,
      ],
      ...[
        `ALTER ROLE ${webRole} SUPERUSER`,
        `ALTER ROLE ${webRole} CREATEROLE`,
        `ALTER ROLE ${runnerRole} PASSWORD 'x'`,
        'CREATE ROLE mine LOGIN',
      ],
      ...[
        'CREATE TEMP TABLE approval (id text)',
        'CREATE TEMP VIEW run AS SELECT 1',
        'CREATE SCHEMA mine',
        'CREATE TABLE public.mine (id int)',
      ],
      ...[
        'CREATE FUNCTION pg_temp.now() RETURNS int LANGUAGE sql AS $$SELECT 1$$',
        'CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$SELECT 1$$',
      ],
      ...[
        'CREATE OR REPLACE FUNCTION record_append(p_body text) RETURNS bigint LANGUAGE sql AS $$SELECT 1::bigint$$',
        'ALTER FUNCTION record_append(text) SECURITY INVOKER',
      ],
      ...[
        'CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)',
        'CREATE TYPE public.mine AS (a int)',
        'CREATE CAST (text AS uuid) WITH INOUT',
      ],
      ...[
        'CREATE EXTENSION dblink',
        'CREATE EXTENSION file_fdw',
        'CREATE SERVER mine FOREIGN DATA WRAPPER postgres_fdw',
        'CREATE LANGUAGE plpython3u',
      ],
      ...[
        'CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION record_is_append_only()',
        'CREATE PUBLICATION mine FOR ALL TABLES',
        "CREATE SUBSCRIPTION mine CONNECTION 'x' PUBLICATION y",
      ],
      ...[
        "SET session_replication_role = 'replica'",
        "SET log_statement = 'all'",
        "SET plpgsql.extra_errors = 'all'; SET zero_damaged_pages = on",
        'ALTER SYSTEM SET fsync = off',
        'SET lo_compat_privileges = on',
      ],
      ...[
        "COPY account TO PROGRAM 'cat'",
        "COPY alert FROM PROGRAM 'id'",
        "COPY alert FROM '/etc/passwd'",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_export(1, '/tmp/x')",
      ],
      ...[
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT pg_ls_dir('.')",
        'SELECT pg_reload_conf()',
        'SELECT pg_promote()',
        'SELECT pg_switch_wal()',
      ],
      ...[
        'ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT ALL ON TABLES TO PUBLIC',
        'REASSIGN OWNED BY postgres TO CURRENT_USER',
        'DROP OWNED BY postgres',
        'CLUSTER record_entry',
        'REINDEX TABLE record_entry',
      ],
      ...[
        'SELECT setval($$effect_journal_id_seq$$, 1)',
        'SELECT nextval($$effect_journal_id_seq$$)',
        'SECURITY LABEL ON TABLE run IS $$x$$',
      ],
      ...[
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $$warroom_runner$$ OR usename = $$postgres$$',
      ],
    ])
      expect([statement, await sent(web, statement)]).not.toEqual([statement, 'done'])
    expect(await whatCounts()).toEqual(before)
  })

  it('settings of a session change what no function decides', async () => {
    const before = await whatCounts()
    for (const setting of [
      'SET search_path = pg_temp, pg_catalog',
      `SET warroom.person = '${ann.person.id}'`,
      'SET transform_null_equals = on',
      'SET row_security = off',
      'SET plpgsql.check_asserts = off',
      "SET DateStyle = 'SQL, DMY'",
      "SET TimeZone = 'Pacific/Kiritimati'",
      "SET default_transaction_isolation = 'repeatable read'",
      'SET standard_conforming_strings = off',
    ]) {
      await web.query(setting)
      expect(await sent(web, 'SELECT public.record_append_as($1, $2)', [randomUUID(), body()])).not.toBe('done')
      expect(await sent(web, 'SELECT public.record_append($1)', [body()])).toBe(denied)
    }
    expect(await whatCounts()).toEqual(before)
  })

  it('a transaction that began while a session stood decides nothing once it has ended', async () => {
    await web.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await web.query('SELECT count(*) FROM session')
    await database().owner.pool.query('UPDATE session SET revoked_at = clock_timestamp()')
    expect(await sent(web, 'SELECT record_append_as($1, $2)', [ann.token, body(ann.person)])).toMatch(/^WR40/)
    await web.query('ROLLBACK')
  })

  it('large objects hold nothing that anybody reads', async () => {
    const before = await whatCounts()
    await sent(web, "SELECT lo_from_bytea(0, 'x')")
    expect(await whatCounts()).toEqual(before)
  })

  it('whatever it locks, the runner keeps its turn, intends and records', async () => {
    await web.query('BEGIN')
    for (const { name } of await tables())
      for (const mode of ['ACCESS SHARE', 'ACCESS EXCLUSIVE']) {
        await web.query('SAVEPOINT s')
        if ((await sent(web, `LOCK TABLE ${name} IN ${mode} MODE NOWAIT`)) !== 'done') await web.query('ROLLBACK TO s')
      }
    await web.query('SELECT pg_advisory_lock(k) FROM generate_series(7263118400::bigint, 7263118410::bigint) k')
    const { runner } = database()
    const renewed = leaseStore(runner).renew(stagedFence.lease, stagedFence.holder, stagedFence.epoch, 60_000)
    expect(await renewed).toBe(true)
    const intent = {
      runId: 'r',
      stepId: 's',
      attempt: 1,
      direction: 'do',
      call: awsCalls.FailoverDBCluster,
      cli: '',
      digest: 'call',
      dangerous: false,
      sentence: '',
      appMs: 0,
    } as const
    const draft = {
      kind: 'effect.intent',
      actor: { kind: 'runner', name: 'runner', epoch: 7 },
      text: 'x',
      runId: 'r',
    } as const
    expect((await intend(runner, stagedFence, intent, draft)).refused).toBeNull()
    await appendRecordSql(runner.pool, draft)
    await web.query('ROLLBACK')
  })
})

/** An entry of the record as a person would have written it. */
const body = (person: { id: string; name: string } = { id: randomUUID(), name: 'Ann' }, kind = 'account.shown') =>
  JSON.stringify({
    kind,
    actor: { kind: 'person', id: person.id, name: person.name },
    text: 'forged',
    incidentId: null,
    runId: null,
    stepId: null,
    evidence: null,
  })

describe('by functions', () => {
  it('those of others are not called', async () => {
    for (const f of await functions()) {
      if (functionRights[f.name] === 'web' || functionRights[f.name] === 'both' || f.returns === 'trigger') continue
      // A pure function of nothing is not called at all, so words are given.
      const call = `SELECT ${f.name}(${f.types.map((type) => (type === 'text' ? "'x'" : type.replace(/^(VARIADIC )?(.*)$/, '$1NULL::$2'))).join(', ')})`
      expect([call, await sent(web, call)]).toEqual([call, denied])
    }
  })

  /** What an intruder can read or think of, by type; never what a person or the web proves itself with. */
  async function guesses(): Promise<Record<string, fc.Arbitrary<unknown>>> {
    const { rows } = await web.query<{ id: string; account: string }>(
      'SELECT id::text, account_id::text AS account FROM session',
    )
    const people = rows.flatMap(({ id, account }) => [id, account])
    const entries = [
      'approval.given',
      'effect.intent',
      'run.started',
      'account.shown',
      'incident.note',
      'person.added',
      'step.retry',
    ].map((kind) =>
      JSON.stringify({
        kind,
        actor: { kind: 'person', id: ann.person.id, name: 'Ann' },
        text: 'forged',
        runId: 'r',
        stepId: 's',
        incidentId: String(number),
        evidence: { approvalId: 'a' },
      }),
    )
    const service = JSON.stringify({
      kind: 'incident.page',
      actor: { kind: 'service', name: 'PagerDuty' },
      text: 'forged',
      incidentId: String(number),
    })
    const words = [
      '',
      'a',
      'r',
      's',
      'lab',
      'shown',
      'approved',
      'refused',
      'second-person',
      'break-glass',
      'ann',
      'bo',
      'admin',
      'stop',
      'pause',
      'retry',
      'skip',
      'needs-person',
      'https://issuer',
      "'; DROP TABLE run; --",
      '0'.repeat(64),
      randomUUID(),
    ]
    const json = [
      {},
      { id: 'x', steps: [], resources: [], facts: {}, inputs: {} },
      {
        run: 'r',
        step: 's',
        stepFrom: 'failed',
        stepTo: 'checking',
        runFrom: 'needs-person',
        runTo: 'running',
        facts: { decision: {} },
        skipped: null,
        stepEntry: entries[6],
        runEntry: entries[2],
      },
    ]
    return {
      text: fc.constantFrom(null, ...words, ...people, ...entries, service),
      jsonb: fc.constantFrom(null, ...json.map((value) => JSON.stringify(value))),
      uuid: fc.constantFrom(null, randomUUID(), ...people),
      account_role: fc.constantFrom(null, 'admin', 'approver', 'viewer'),
      bytea: fc.constantFrom(null, Buffer.alloc(32), Buffer.from('x')),
      integer: fc.constantFrom(null, 0, 1, number),
      bigint: fc.constantFrom(null, 0, Date.now(), 1),
      boolean: fc.boolean(),
      'text[]': fc.constantFrom(null, ['s']),
      'uuid[]': fc.constantFrom(null, people),
    }
  }

  it('those that the web may call do nothing that counts without a session of a person or a proof of the web', async () => {
    const before = await whatCounts()
    const pool = await guesses()
    const callable = (await functions()).filter(({ name }) => ['web', 'both'].includes(functionRights[name] ?? ''))
    expect(callable.length).toBeGreaterThan(30)
    for (const f of callable) {
      const values = f.types.map((type) => {
        const one = pool[type]
        if (!one) throw new Error(`Say what an intruder would try for a ${type}, of ${f.signature}`)
        return one
      })
      const call = `SELECT ${f.name}(${f.types.map((type, i) => `$${i + 1}::${type}`).join(', ')})`
      await fc.assert(
        fc.asyncProperty(fc.tuple(...values), async (args) => {
          await sent(web, call, args)
        }),
        { numRuns: 60, seed: 11 },
      )
      expect([f.signature, await whatCounts()]).toEqual([f.signature, before])
    }
  })

  test.each([
    [
      'an approval',
      (token: string) => [
        `SELECT approval_decide($1, 'lab', 'a', 'approved', 'second-person', NULL, 'shown', NULL, $2)`,
        [token, body(ann.person, 'approval.given')],
      ],
    ],
    [
      'broken glass',
      (token: string) => [
        `SELECT approval_decide($1, 'lab', 'a', 'approved', 'break-glass', 'because', 'shown', NULL, $2)`,
        [token, body(ann.person, 'approval.break-glass')],
      ],
    ],
    [
      'a run',
      (token: string) => [
        `SELECT run_start($1, 'lab', $2, $3)`,
        [token, '{"id":"x","mode":"real","steps":[],"resources":[]}', body(ann.person, 'run.started')],
      ],
    ],
    [
      'a stop',
      (token: string) => [
        `SELECT run_wish($1, 'lab', 'r', 'stop', $2)`,
        [token, body(ann.person, 'run.asked-to-stop')],
      ],
    ],
    ['an entry', (token: string) => ['SELECT record_append_as($1, $2)', [token, body(ann.person)]]],
    [
      'a person',
      (token: string) => [
        `SELECT person_add($1, gen_random_uuid(), 'eve', 'Eve', 'admin', NULL, $2)`,
        [token, body(ann.person, 'person.added')],
      ],
    ],
  ] as [string, (token: string) => [string, unknown[]]][])(
    '%s is not forged with what can be read of a session',
    async (_what, attack) => {
      const before = await whatCounts()
      const { rows } = await web.query<{ id: string }>(
        'SELECT id::text FROM session UNION SELECT account_id::text FROM session',
      )
      for (const token of ['', ...rows.map(({ id }) => id)]) {
        const [text, values] = attack(token)
        const answer = await web.query(text, values).then(
          ({ rows: [row] }) => Object.values(row as Record<string, unknown>)[0],
          (error: { code?: string }) => error.code,
        )
        expect(answer === 'not-signed-in' || answer === 'WR401').toBe(true)
      }
      expect(await whatCounts()).toEqual(before)
    },
  )

  it('no session is opened without the password, and guesses at it are counted wherever they come from', async () => {
    await database().owner.pool.query(
      `UPDATE account SET password_hash = '$argon2id-sha256$v=19$m=19456,t=2,p=1$c2FsdA$' || rtrim(encode(sha256('output'), 'base64'), '=') WHERE login = 'bo'`,
    )
    const begin = (address: string) => web.query('SELECT * FROM sign_in_begin($1, $2, $2)', ['bo', address])
    const open = async (attempt: unknown, output: Buffer) =>
      (
        await web.query('SELECT * FROM session_open_password($1, $2, $3, NULL, NULL)', [
          attempt,
          output,
          't'.repeat(40),
        ])
      ).rows[0]
    const { attempt } = (await begin('10.1.0.1')).rows[0]
    expect(await open(attempt, Buffer.from('guess'))).toEqual({ session_id: null, refused: 'wrong' })
    // An attempt is good for one guess.
    expect(await open(attempt, Buffer.from('output'))).toEqual({ session_id: null, refused: 'wrong' })
    let let_in = 0
    for (let i = 0; i < 80; i++) if ((await begin(`10.2.${i}.1`)).rows[0].attempt) let_in += 1
    expect(let_in).toBeLessThan(60)
  })

  it('the lab’s one click and single sign-on take a proof that the role alone cannot make', async () => {
    const now = Date.now()
    const forged = 'f'.repeat(64)
    for (const [text, values] of [
      [
        'SELECT refused FROM session_open_lab($1, $2, $3, $4, NULL, NULL, $5, $6)',
        ['sasha@lab', 'Sasha', 'admin', 't'.repeat(40), now, forged],
      ],
      [
        'SELECT refused FROM session_open_subject($1, $2, $3, $4, $5, $6, NULL, NULL, $7, $8)',
        ['https://i', 's', 'ann', 'Ann', now, 't'.repeat(40), now, forged],
      ],
    ] as const)
      expect((await web.query(text, [...values])).rows).toEqual([{ refused: 'unproved' }])
  })
})

describe('the runner’s role', () => {
  it('makes no account, no session and no approval, and writes in the name of no person', async () => {
    const before = await whatCounts()
    const runner = new pg.Client({ connectionString: database().runnerUrl })
    await runner.connect()
    try {
      const closed = [
        'account',
        'session',
        'passkey',
        'account_change',
        'account_identity',
        'environment',
        'web_key',
        'decoy_key',
        'record_entry',
        'record_head',
      ]
      for (const name of [...closed, ...Object.keys(tableRights).filter((one) => one.startsWith('rule_'))])
        for (const statement of [`INSERT INTO ${name} DEFAULT VALUES`, `DELETE FROM ${name}`, `TRUNCATE ${name}`])
          expect([statement, await sent(runner, statement)]).toEqual([statement, denied])
      for (const f of await functions()) {
        if (functionRights[f.name] !== 'web' || f.returns === 'trigger') continue
        const call = `SELECT ${f.name}(${f.types.map((type) => `NULL::${type}`).join(', ')})`
        expect([call, await sent(runner, call)]).toEqual([call, denied])
      }
      for (const statement of [
        `UPDATE approval SET state = 'approved'`,
        `UPDATE approval SET state = 'approved', kind = 'second-person', decided_by_id = '${ann.person.id}', decided_by_name = 'Ann', decided_at = now()`,
        `UPDATE approval SET decided_by_id = 'x'`,
        `UPDATE approval SET digest = 'other'`,
        `UPDATE approval SET covers = '[]'`,
        `UPDATE approval SET expires_at = now() + interval '1 year'`,
        `INSERT INTO approval SELECT (jsonb_populate_record(a, '{"id": "b", "state": "approved", "decided_by_id": "x"}')).* FROM approval a`,
        'DELETE FROM approval',
      ])
        expect([statement, await sent(runner, statement)]).toEqual([statement, denied])
      expect(await sent(runner, 'SELECT record_append($1)', [body(ann.person)])).toBe(denied)
    } finally {
      await runner.end()
    }
    expect(await whatCounts()).toEqual(before)
  })
})
