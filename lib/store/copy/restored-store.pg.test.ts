/*
 * The store is lost and restored from a backup. What happened in between is not in it: runs must not go on as if nothing had
 * happened, no old approval may be used, and the record must say what was done. And a restore must never cost the data that
 * is there.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { verifyChain } from '../../domain/record/chain'
import { brokenRule, placeOf } from '../../domain/run/places'
import { activeRunStates } from '../../domain/run/restored'
import type { RunState } from '../../domain/run/states'
import { bench, Switch, switchProcedure } from '../../runner/testing/one-effect'
import { createStore, type Store } from '../client'
import { migrate } from '../migrate'
import { enqueue } from '../page'
import { createDatabase } from '../prepare'
import { appendRecordSql, readRecord, readRecordHead } from '../record'
import { readRun } from '../run'
import { signal } from '../signal'
import { createTestDatabase, type TestDatabase } from '../testing/database'
import { addAccount, addSession } from '../testing/people'
import { takeBackup } from './backup'
import { describeStore } from './catalogue'
import { type BackupReader, checkBackupFile } from './file'
import { checkBackup, restoreBackup, settleStore } from './restore'

const service = { kind: 'service' as const, name: 'Other' }
const note = (kind: string) => ({ kind, actor: service, text: kind })

let dir = ''
let file = ''
let database: TestDatabase
let ends: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'wr-restore-'))
  file = join(dir, 'store.backup')
  ends = []
  database = await createTestDatabase()
})
afterEach(async () => {
  for (const end of ends.reverse()) await end()
  const left = (await asAdmin('SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)', [`${name()}_`]))
    .rows
  await database.drop()
  for (const row of left) await asAdmin(`DROP DATABASE ${row.name} WITH (FORCE)`)
  rmSync(dir, { recursive: true, force: true })
})

const name = () => new URL(database.ownerUrl).pathname.slice(1)
async function asAdmin(sql: string, values: unknown[] = []) {
  const admin = new pg.Client({ connectionString: inject('postgresAdminUrl') })
  await admin.connect()
  return await admin.query(sql, values).finally(() => admin.end())
}
/** The owner in every part: nothing but it is connected. */
const everyRole = (store: Store) => ({ web: store, runner: store, owner: store, runnerUrl: database.ownerUrl })
const setWish = async (store: Store, id: string, wish: string) => {
  await store.pool.query('UPDATE run SET wish = $2, version = version + 1 WHERE id = $1', [id, wish])
  await signal(store, { what: 'run', id })
}
/** A run that is over, as a row alone. */
const addRun = (store: Store, id: string) =>
  store.pool.query(
    `INSERT INTO run (id, procedure_id, procedure_version, title, mode, environment, environment_kind, cluster, reason, two_persons,
       inputs, facts, checks, state, sentence, started_by_id, started_by_name, started_at)
     VALUES ($1, 'p', 1, 't', 'real', 'test', 'staging', 'c', '', true, '{}', '{}', '[]', 'done', '', 'a', 'a', now())`,
    [id],
  )
/** Opens the store as its owner for one piece of work: nothing may be connected while it is restored. */
async function withStore<T>(use: (store: Store) => Promise<T>): Promise<T> {
  const store = createStore(database.ownerUrl)
  return await use(store).finally(() => store.close())
}
const rows = async (sql: string, values: unknown[] = []) =>
  await withStore(async ({ pool }) => (await pool.query(sql, values)).rows)

async function restore(path = file, expected: string[] = []) {
  const adminUrl = inject('postgresAdminUrl')
  return await restoreBackup({
    backup: await checkBackup(path),
    adminUrl,
    database: name(),
    expected,
    create: async (fresh, migrations) => {
      await createDatabase(adminUrl, fresh)
      const url = new URL(adminUrl)
      url.pathname = `/${fresh}`
      await migrate(url.href, { only: migrations })
    },
  })
}
const wholeRecord = () => withStore(async (store) => verifyChain(readRecord(store), await readRecordHead(store)))

describe('a backup', () => {
  test('brings back every row, and the store can do what it could', async () => {
    await withStore(async (store) => {
      await addAccount(store, { login: 'robin@example.org', name: 'Röbin "Doe"\t\\.', role: 'admin' })
      await addRun(store, 'r')
      await store.pool.query(
        `INSERT INTO run_output (run_id, n, at, kind, text) VALUES ('r', 1, now(), 'says', $1), ('r', 2, now(), 'says', '\\.'), ('r', 3, now(), 'says', '')`,
        ['one\ntwo\n\\.\nthree\\N 🚒'],
      )
      await store.pool.query(
        `INSERT INTO lag_sample VALUES ('test', '2026-11-28T01:02:03.004Z', '{"a": {"seconds": 0.1, "bytes": null}}')`,
      )
      for (let n = 0; n < 3; n += 1) await appendRecordSql(store.pool, { ...note('incident.note'), incidentNumber: 7 })
    })
    const before = await rows(`SELECT * FROM run_output ORDER BY n`)
    const accounts = await rows('SELECT * FROM account')
    const taken = await takeBackup(database.ownerUrl, file)
    expect(taken.footer.rows).toMatchObject({ account: 1, run_output: 3, record_entry: 3, lag_sample: 1 })
    await rows(`TRUNCATE account CASCADE`)
    const report = await restore()
    expect(report).toMatchObject({
      record: { whole: true, entries: 3 },
      differences: [],
      migrated: [],
      rows: taken.footer.rows,
    })
    expect(await rows(`SELECT * FROM run_output ORDER BY n`)).toEqual(before)
    expect(await rows('SELECT * FROM account')).toEqual(accounts)
    // Counted once, as it was; and every trigger is back.
    expect(await rows('SELECT everything FROM timeline_tally')).toEqual([{ everything: 3 }])
    await expect(rows(`UPDATE record_entry SET text = 'other'`)).rejects.toThrow(/append-only/)
    await withStore(({ pool }) => appendRecordSql(pool, { ...note('incident.note'), incidentNumber: 7 }))
    expect(await rows('SELECT everything FROM timeline_tally')).toEqual([{ everything: 4 }])
    expect(await withStore(({ pool }) => migrate(database.ownerUrl).finally(() => pool))).toEqual([])
    // The app’s role is let in again, and is let do no more than before.
    const count = await database.runner.pool.query('SELECT count(*)::int AS n FROM account')
    expect(count.rows).toEqual([{ n: 1 }])
    await expect(database.runner.pool.query(`DELETE FROM record_entry`)).rejects.toThrow(/permission denied/)
  })

  test('is of one moment, also while the store is written to all the time', async () => {
    const store = createStore(database.ownerUrl)
    let writing = true
    let written = 0
    const writers = Array.from({ length: 4 }, async () => {
      while (writing) {
        const run = randomBytes(6).toString('hex')
        await store.pool.query(
          `WITH e AS (SELECT record_append($1)) INSERT INTO mark (environment, at, kind, text) SELECT 'test', clock_timestamp(), 'event', $2 FROM e`,
          [JSON.stringify({ ...note('step.note'), text: run, runId: run }), run],
        )
        written += 1
      }
    })
    await expect.poll(() => written).toBeGreaterThan(50)
    const { footer } = await takeBackup(database.ownerUrl, file)
    const during = written
    await expect.poll(() => written).toBeGreaterThan(during + 50)
    writing = false
    await Promise.all(writers)
    await store.close()
    // Entry and mark of each transaction are both in it or neither.
    expect(footer.rows.mark).toBe(footer.rows.record_entry)
    expect(footer.head.n).toBe(footer.rows.record_entry)
    const report = await restore()
    expect(report.record).toMatchObject({ whole: true, entries: footer.head.n })
    expect(await rows('SELECT count(*)::int AS n FROM mark')).toEqual([{ n: footer.rows.mark }])
    expect(await wholeRecord()).toMatchObject({ whole: true, entries: footer.head.n + 1 })
  })

  test('is readable by its owner alone, and is never overwritten', async () => {
    await takeBackup(database.ownerUrl, file)
    const { mode } = await import('node:fs').then(({ statSync }) => statSync(file))
    expect(mode & 0o077).toBe(0)
    await expect(takeBackup(database.ownerUrl, file)).rejects.toThrow('is there already')
  })

  test('that cannot be written leaves no file and no session behind', async () => {
    await expect(takeBackup(database.ownerUrl, join(dir, 'no-such-folder', 'x'))).rejects.toThrow(/ENOENT/)
    const sessions = async () => (await asAdmin(`SELECT 1 FROM pg_stat_activity WHERE datname = $1`, [name()])).rows
    await expect.poll(sessions).toEqual([])
  })
})

describe('a restore is refused, and the data that is there stays,', () => {
  const kept = async () => {
    await rows(`INSERT INTO mark VALUES ('test', now(), 'event', 'after the backup')`)
    return async () => {
      expect(await rows('SELECT text FROM mark')).toEqual([{ text: 'after the backup' }])
      const { rows: left } = await asAdmin('SELECT 1 FROM pg_database WHERE starts_with(datname, $1)', [`${name()}_`])
      expect(left).toEqual([])
    }
  }

  test('while anything is connected to the store, which is named', async () => {
    await takeBackup(database.ownerUrl, file)
    const stillThere = await kept()
    const user = new pg.Client({ connectionString: database.ownerUrl, application_name: 'warroom' })
    await user.connect()
    await expect(restore()).rejects.toThrow(
      /^The store is in use: warroom from .* \(1\)\. Stop every web and runner first/,
    )
    await user.end()
    await stillThere()
  })

  test('when any byte of the file is not what was written', async () => {
    await takeBackup(database.ownerUrl, file)
    const stillThere = await kept()
    const whole = readFileSync(file)
    const damaged = [
      ...[0, 11, Math.floor(whole.length / 2), whole.length - 75, whole.length - 40, whole.length - 1].map((at) => {
        const other = Buffer.from(whole)
        other[at] = (other[at] ?? 0) ^ 1
        return other
      }),
      whole.subarray(0, whole.length - 1),
      whole.subarray(0, Math.floor(whole.length / 2)),
      Buffer.concat([whole, Buffer.from('x')]),
      Buffer.alloc(0),
      Buffer.from('a letter to a friend, long enough to be taken for something else than nothing at all'),
    ]
    for (const bytes of damaged) {
      writeFileSync(join(dir, 'damaged'), bytes)
      await expect(restore(join(dir, 'damaged'))).rejects.toThrow(/is damaged: .* Nothing was changed/)
    }
    await expect(restore(join(dir, 'nothing'))).rejects.toThrow('There is no file')
    await stillThere()
  })

  test('when the file is of a newer version, or of one with other migrations', async () => {
    await takeBackup(database.ownerUrl, file)
    const stillThere = await kept()
    await withHeader((header) => ({ ...header, format: 2 }))
    await expect(restore()).rejects.toThrow(/newer version/)
    await withHeader((header) => ({
      ...header,
      format: 1,
      migrations: [...header.migrations, { name: '20991231235959_later', checksum: 'x' }],
    }))
    await expect(restore()).rejects.toThrow(/newer version of the War Room \(20991231235959_later\)/)
    await withHeader((header) => ({
      ...header,
      migrations: header.migrations.slice(0, 1).map((m) => ({ ...m, checksum: 'other' })),
    }))
    await expect(restore()).rejects.toThrow(/with another migration 20261122222649_people_leases_history/)
    await stillThere()
  })

  test('when it is of another environment than the store is for, by its configuration or by its stamps', async () => {
    await rows('DELETE FROM environment')
    await rows(`INSERT INTO environment (name) VALUES ('production')`)
    await takeBackup(database.ownerUrl, file)
    await rows(`UPDATE environment SET name = 'test'`)
    await expect(restore(file, ['lab'])).rejects.toThrow(
      'This backup is of production, and this store is for lab. Nothing was changed.',
    )
    const stillThere = await kept()
    await expect(restore(file, ['production'])).rejects.toThrow(
      'This backup is of production, and this store is for test.',
    )
    await stillThere()
  })

  test('when it breaks off half-way', async () => {
    await takeBackup(database.ownerUrl, file)
    const stillThere = await kept()
    await withHeader((header) => ({
      ...header,
      tables: header.tables.map((t) => (t.name === 'account' ? { ...t, columns: [...t.columns, 'shoe_size'] } : t)),
    }))
    await expect(restore()).rejects.toThrow('columns that its own migrations do not make: account.shoe_size')
    await stillThere()
  })
})

describe('a restored store', () => {
  test('tells what somebody had changed manually in the store that was backed up', async () => {
    await rows('CREATE INDEX by_hand ON mark (text)')
    await takeBackup(database.ownerUrl, file)
    const { differences } = await restore()
    expect(differences).toEqual(['- index CREATE INDEX by_hand ON public.mark USING btree (text)'])
  })

  test('takes in a backup of an earlier version and brings it to this one', async () => {
    const all = (
      await withStore(({ pool }) => pool.query('SELECT migration_name AS name FROM _prisma_migrations ORDER BY 1'))
    ).rows as { name: string }[]
    const earlier = all.slice(0, 6).map((row) => row.name)
    const adminUrl = inject('postgresAdminUrl')
    await asAdmin(`DROP DATABASE ${name()}`)
    await createDatabase(adminUrl, name())
    await migrate(database.ownerUrl, { only: earlier })
    await rows(`INSERT INTO mark VALUES ('test', now(), 'event', 'early')`)
    await takeBackup(database.ownerUrl, file)
    const { migrated, differences } = await restore()
    expect(migrated).toEqual(all.slice(6).map((row) => row.name))
    expect(differences).toEqual([])
    expect(await rows('SELECT text FROM mark')).toEqual([{ text: 'early' }])
  })

  test('keeps the data that was there before, and only the last of it', async () => {
    await takeBackup(database.ownerUrl, file)
    const first = (await restore()).replaced
    await rows(`INSERT INTO mark VALUES ('test', now(), 'event', 'one')`)
    await new Promise((done) => setTimeout(done, 1_100)) // their names are a second apart
    const second = (await restore()).replaced
    expect(second).not.toBe(first)
    const { rows: left } = await asAdmin('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [
      `${name()}_`,
    ])
    expect(left).toEqual([{ datname: second }])
  })

  test('has no run, step, approval, lease, session or message that goes on by itself, and its record says so', async () => {
    const world = new Switch()
    await scene(world)
    const thrown = world.thrown
    const sessions = (await rows('SELECT id FROM session WHERE revoked_at IS NULL')).length
    await takeBackup(database.ownerUrl, file)
    const took = Date.now()
    const { settled } = await restore()
    expect(settled).toMatchObject({ sessions, messages: 1, effects: 1 })
    expect(sessions).toBeGreaterThan(0)
    expect(settled.runs).toHaveLength(5)

    const active = await rows('SELECT id FROM run WHERE state = ANY($1)', [activeRunStates])
    expect(active).toHaveLength(5)
    const runs = await withStore((store) => Promise.all(active.map(({ id }) => readRun(store, id as string))))
    for (const run of runs) {
      expect(run.state).toBe('needs-person')
      expect(run.sentence).toContain(`restored from a backup of ${new Date(took).toISOString().slice(0, 10)}`)
      expect(run.wish).toBeNull()
      // No store refuses to move it on from here.
      expect(brokenRule(placeOf(run))).toBeNull()
      expect(run.approvals.map(({ state }) => state)).not.toContain('open')
      expect(run.approvals.map(({ state }) => state)).not.toContain('approved')
      expect(run.effects.every(({ outcome }) => outcome !== null)).toBe(true)
      expect(run.steps.map(({ state }) => state)).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^(checking|waiting|acting|unknown|verifying|undoing)$/)]),
      )
    }
    expect(await rows('SELECT count(*)::int AS n FROM session WHERE revoked_at IS NULL')).toEqual([{ n: 0 }])
    expect(await rows('SELECT DISTINCT expires_at <= now() AS ended, epoch > 1000000 AS apart FROM lease')).toEqual([
      { ended: true, apart: true },
    ])
    expect(await rows('SELECT state FROM outbox')).toEqual([{ state: 'withdrawn' }])
    const said = await rows(`SELECT kind, text, run_id FROM record_entry ORDER BY n DESC LIMIT 6`)
    expect(said.map((entry) => entry.kind).sort()).toEqual([...Array(5).fill('run.restored'), 'store.restored'])
    expect(said.find(({ kind }) => kind === 'store.restored')?.text).toMatch(
      /^The store was restored from a backup of .* UTC: 5 active runs paused, \d approvals? invalidated, \d+ sessions? ended\.$/,
    )
    expect(await wholeRecord()).toMatchObject({ whole: true })

    // Whoever drives runs now leaves them alone, and a person can stop each of them or go on.
    const store = createStore(database.ownerUrl)
    ends.push(store.close)
    const [b, other] = [undefined, 'staging'].map((name) =>
      bench(everyRole(store), world, switchProcedure(world, name ? 'SAFE' : 'DANGEROUS'), name),
    )
    if (!b || !other) throw new Error('there are two environments')
    for (const one of [b, other]) {
      ends.push(one.end)
      const { lease } = one.runner()
      await expect.poll(() => lease.state.leading).toBe(true)
    }
    const acting = runs.find((run) => run.effects.length > 0)
    if (!acting) throw new Error('no run was at work')
    expect(acting.steps[0]).toMatchObject({ state: 'failed', touched: true })
    expect(acting.effects).toMatchObject([{ outcome: 'unknown' }])
    for (const run of runs.filter((one) => one.id !== acting.id)) {
      await setWish(store, run.id, 'stop')
      await b.reaches(run.id, ['stopped'])
    }
    expect((await readRun(store, acting.id)).state).toBe('needs-person')
    expect(world.thrown).toBe(thrown)
  })

  test('a store that was restored by other means is settled in place, and only while nothing uses it', async () => {
    const world = new Switch()
    await scene(world)
    const takenAt = Date.parse('2026-11-28T03:12:00Z')
    const user = new pg.Client({ connectionString: database.ownerUrl, application_name: 'warroom' })
    await user.connect()
    await expect(settleStore(database.ownerUrl, takenAt)).rejects.toThrow('The store is in use: warroom')
    await user.end()
    expect((await settleStore(database.ownerUrl, takenAt)).runs).toHaveLength(5)
    expect(await rows('SELECT DISTINCT state FROM run')).toEqual([{ state: 'needs-person' }])
    expect((await rows(`SELECT text FROM record_entry WHERE kind = 'store.restored'`))[0]?.text).toContain(
      'backup of 2026-11-28 03:12 UTC',
    )
  })

  /** A run in each state in which one can be found, and what else is under way. */
  async function scene(world: Switch): Promise<void> {
    const store = createStore(database.ownerUrl)
    // A runner drives every run of its environment; each of these is left where one runner left it.
    const asking = bench(everyRole(store), world, switchProcedure(world, 'DANGEROUS'))
    const acting = bench(everyRole(store), world, switchProcedure(world, 'SAFE'), 'staging')
    const start = (b: typeof acting, id: string) => b.start({ resources: [id] })
    const driven = async (b: typeof acting, run: string, state: RunState) => {
      const runner = b.runner()
      await b.reaches(run, [state])
      await runner.stop()
    }
    const waiting = await start(asking, 'waiting')
    await driven(asking, waiting, 'waiting')
    const paused = await start(acting, 'paused')
    await setWish(store, paused, 'pause')
    await driven(acting, paused, 'paused')
    world.next = 'refused'
    const asked = await start(acting, 'asked')
    await driven(acting, asked, 'needs-person')
    // One whose call has been sent and not answered: its runner is lost in the middle.
    let sent = () => {}
    const calling = new Promise<void>((done) => {
      sent = done
    })
    await start(acting, 'acting')
    const lost = acting.runner({
      send: async () => {
        sent()
        return await new Promise(() => {})
      },
    })
    await calling
    await lost.kill()
    await setWish(store, asked, 'stop')
    await start(acting, 'preparing')
    const found = await store.pool.query('SELECT state FROM run ORDER BY state')
    expect(found.rows.map(({ state }) => state)).toEqual(['needs-person', 'paused', 'preparing', 'running', 'waiting'])
    const account = await addAccount(store, { login: 'robin', name: 'Robin', role: 'admin' })
    const now = Date.now()
    await addSession(store, { token: randomBytes(16).toString('hex'), accountId: account.id })
    await store.pool.query(
      `INSERT INTO incident (environment, title, kind, severity, scenario, symptoms, status, status_times, impact_started_at,
         declared_by_id, declared_by_name, declared_at)
       VALUES ('test', 'Down', 'real', 'SEV2', 'S1', '[]', 'triage', '[]', now(), 'a', 'Ann', now())`,
    )
    await enqueue(store.prisma, {
      id: 'page-1',
      environment: 'test',
      number: 1,
      about: 'page',
      payload: { channel: 'status-page', incident: 'test-1', title: 'Down', text: 'Down' },
      now,
    })
    await store.close()
  }
})

/** Writes the file anew with another header; its checksum is right. */
async function withHeader(change: (header: Awaited<ReturnType<BackupReader['header']>>) => object): Promise<void> {
  const { contentBytes } = await checkBackupFile(file)
  const content = gunzipSync(readFileSync(file).subarray(0, contentBytes))
  const end = content.indexOf(10)
  const header = JSON.parse(content.subarray(0, end).toString())
  const { createHash } = await import('node:crypto')
  const zipped = gzipSync(Buffer.concat([Buffer.from(JSON.stringify(change(header))), content.subarray(end)]))
  const sum = createHash('sha256').update(zipped).digest('hex')
  writeFileSync(file, Buffer.concat([zipped, Buffer.from(`\nsha256 ${sum}\n`)]))
}

test('two stores of this version say the same of themselves', async () => {
  const other = await createTestDatabase()
  try {
    const of = async (url: string) => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      return await describeStore(client).finally(() => client.end())
    }
    const mine = await of(database.ownerUrl)
    expect(await of(other.ownerUrl)).toEqual(mine)
    for (const kind of ['table', 'column', 'constraint', 'index', 'function', 'trigger', 'enum', 'sequence', 'schema'])
      expect(mine.some((line) => line.startsWith(`${kind} `))).toBe(true)
  } finally {
    await other.drop()
  }
})
