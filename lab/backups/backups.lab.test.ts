/** Backups of a real server, opened by programs that share nothing with the lab: gpg, gunzip and psql. */
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Lab } from '../contract'
import { withClient } from '../postgres/sql'
import type { ObjectVersion } from '../s3/object'
import { ObjectStore } from '../s3/object-store'
import { startTestLab, type TestLab } from '../testing'
import { copyDump } from './copy-dump'
import { registerBackups } from './index'
import type { BackupJob } from './job'

let lab: TestLab
let job: BackupJob
let home: string
let dump: ObjectVersion

beforeAll(async () => {
  home = mkdtempSync('/tmp/wr-gpg-')
  lab = await startTestLab({
    basePort: 25_100,
    speedup: 100,
    register: (created: Lab) => {
      job = registerBackups(created)
    },
  })
  dump = await job.run()
})
afterAll(async () => {
  spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'])
  await lab?.end()
  if (home) rmSync(home, { recursive: true, force: true })
})

const at = (version: ObjectVersion) =>
  readFileSync(join(lab.lab.context.dataDir, 's3', version.bucket, `${version.versionId}.data`))
const objects = async () => {
  const store = new ObjectStore(join(lab.lab.context.dataDir, 's3'))
  await store.open()
  return store
}
const platform = () => {
  const found = lab.lab.context.platform?.()
  if (!found) throw new Error('the writer does not run')
  return found
}

/** What gpg makes of it, and what it says of the signature. */
function opened(data: Buffer): { text: string; status: string } {
  const gpg = (args: string[], input?: Buffer) =>
    spawnSync('gpg', ['--homedir', home, '--batch', '--no-tty', ...args], { input, maxBuffer: 64 << 20 })
  for (const name of ['decryption-private.asc', 'signing-public.asc']) gpg(['--import', join(job.keys, name)])
  const file = join(home, 'data.gpg')
  writeFileSync(file, data)
  const { stdout, stderr, status } = gpg(['--status-fd', '2', '--decrypt', file])
  if (status !== 0) return { text: '', status: stderr.toString() }
  return { text: gunzipSync(stdout).toString('utf8'), status: stderr.toString() }
}

/** Loads a dump into a fresh database by psql, and answers what is in it. */
async function loaded(name: string, text: string) {
  const { address, login } = platform()
  await withClient(address, login, (client) => client.query(`CREATE DATABASE ${name}`))
  const file = join(home, `${name}.sql`)
  writeFileSync(file, text)
  const args = [
    '-h',
    address.host,
    '-p',
    String(address.port),
    '-U',
    login.user,
    '-d',
    name,
    '-v',
    'ON_ERROR_STOP=1',
    '-q',
    '-X',
    '-f',
    file,
  ]
  await new Promise<void>((done, fail) => {
    const env = { NODE_ENV: 'test' as const, PATH: process.env.PATH, PGPASSWORD: login.password }
    execFile('psql', args, { env }, (error, _stdout, stderr) => (error ? fail(new Error(stderr)) : done()))
  })
  return contents(name)
}

const counted = ['users', 'castings', 'audit_logs', 'commits', 'dr_heartbeat', 'sessions']

async function contents(database: string) {
  const { address, login } = platform()
  return withClient(address, { ...login, database }, async (client) => {
    const tables: Record<string, unknown> = {}
    for (const table of counted) {
      const { rows } = await client.query(
        `SELECT count(*)::int AS rows, md5(string_agg(t::text, '|' ORDER BY t::text)) AS sum FROM ${table} t`,
      )
      tables[table] = rows[0]
    }
    const { rows: rest } = await client.query(`
      SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint WHERE connamespace = 'public'::regnamespace
      UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
      UNION ALL SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
      UNION ALL SELECT grantee || ' ' || table_name, privilege_type FROM information_schema.role_table_grants WHERE table_schema = 'public'
      UNION ALL SELECT sequencename, last_value::text FROM pg_sequences WHERE schemaname = 'public'
      ORDER BY 1, 2`)
    return { tables, rest }
  })
}

test('a backup is encrypted, signed and compressed, and holds what the database held', async () => {
  const data = at(dump)
  const sum = createHash('sha256').update(data)
  const hex = sum.copy().digest('hex')
  expect(dump.metadata).toMatchObject({ checksum: hex, 'source-environment': 'production', format: 'plain' })
  expect(dump.checksum).toEqual({ algorithm: 'SHA256', type: 'FULL_OBJECT', value: sum.digest('base64') })
  const { text, status } = opened(data)
  expect(status).toMatch(/\[GNUPG:\] VALIDSIG/)
  expect(status).toMatch(/\[GNUPG:\] DECRYPTION_OKAY/)
  expect(text).toContain('-- PostgreSQL database dump complete')
  expect(Buffer.byteLength(text)).toBe(Number(dump.metadata['plain-bytes']))
  expect(await loaded('by_pg_dump', text)).toEqual(await contents('castmatch_production'))
})

test('the sidecar names the sum of the dump, and the roles keep their passwords', async () => {
  const store = await objects()
  const sidecar = store.find(dump.bucket, `${dump.key}.sha256`, null)
  expect(sidecar && at(sidecar).toString()).toBe(`${dump.metadata.checksum}  ${dump.key.slice('daily/'.length)}\n`)
  const roles = store.find(dump.bucket, dump.key.replace('.sql.gz.gpg', '.globals.sql.gz.gpg'), null)
  const { text } = opened(roles ? at(roles) : Buffer.alloc(0))
  expect(text).toContain('CREATE ROLE castmatch_app;')
  expect(text).toMatch(/ALTER ROLE castmatch_app WITH .*LOGIN.* PASSWORD 'SCRAM-SHA-256\$/)
  expect(text).toContain('GRANT pg_read_all_data TO warroom;')
})

test('a dump made by COPY alone holds the same', async () => {
  const { address, login } = platform()
  const database = 'castmatch_production'
  let text = ''
  await withClient(address, { ...login, database }, async (client) => {
    for await (const chunk of copyDump(client)) text += chunk.toString()
  })
  expect(await loaded('by_copy', text)).toEqual(await contents(database))
})

test('each fault of the backups shows, and is gone when it is healed', async () => {
  const { lab: running } = lab
  const newest = () => job.dumps().at(-1) ?? dump
  const sum = (data: Buffer) => createHash('sha256').update(data).digest('hex')

  await running.startFault('backup-flipped', null, {})
  expect(newest().versionId).not.toBe(dump.versionId)
  expect(sum(at(newest()))).not.toBe(newest().metadata.checksum)
  expect(newest().size).toBe(dump.size)
  expect(opened(at(newest())).status).not.toMatch(/DECRYPTION_OKAY/)
  await running.heal('backup-flipped')

  await running.startFault('backup-truncated', null, {})
  expect(newest().size).toBe(Math.floor(dump.size / 2))
  expect(opened(at(newest())).text).toBe('')
  await running.heal('backup-truncated')

  await running.startFault('backup-small', null, {})
  expect(newest().size).toBeGreaterThan(11_000)
  expect(newest().size).toBeLessThan(14_000)
  expect(sum(at(newest()))).toBe(newest().metadata.checksum)
  expect(opened(at(newest())).text).not.toContain('CREATE TABLE')
  await running.heal('backup-small')

  await running.startFault('backup-archived', null, {})
  expect(newest().storageClass).toBe('GLACIER')
  await running.heal('backup-archived')

  await running.startFault('backup-sidecar-newest', null, {})
  const all = (await objects())
    .current(dump.bucket)
    .sort((a, b) => a.lastModified - b.lastModified || a.sequence - b.sequence)
  expect(all.at(-1)?.key).toBe(`${dump.key}.sha256`)
  await running.heal('backup-sidecar-newest')

  await running.startFault('backup-job-stopped', null, {})
  expect(job.stopped).toBe(true)
  await running.heal(null)
  expect(job.stopped).toBe(false)
  expect(newest()).toMatchObject({ versionId: dump.versionId, storageClass: 'STANDARD' })
})
