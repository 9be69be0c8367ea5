import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Client } from 'pg'
import { backupLoader } from '../bin/starting/backup-loader'
import { prepareKeys, seal } from '../lab/backups/seal'
import { backupBucket } from '../lab/s3/object'
import { startS3Room } from '../lab/s3/testing'
import type { LoadSource } from '../lib/ports/backup-loader'
import { loadingEnv } from '../lib/runner/testing/loading-config'
import { startScratchServer } from '../lib/store/testing/scratch-server'
import type { Figure } from './figure'

/** Gigabytes of SQL; `RESTORE_GB=2` and 8 are the goal's, and take their time. */
const gigabytes = Number(process.env.RESTORE_GB ?? '0.3')
const rounds = Number(process.env.RESTORE_ROUNDS ?? '2')
/** Which sides are measured; the memory of ours for 8 GB needs one of them. */
const sides = (process.env.RESTORE_SIDES ?? 'theirs,gpg,library').split(',')
const residentMb = 256

const words =
  'casting actor agency audition callback role extra stunt voice lead support review contract call sheet'.split(' ')

/** A plain dump with rows such as an application has: they compress to about a third. */
export async function* dump(bytes: number): AsyncGenerator<Buffer> {
  yield Buffer.from(
    "--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.13\n-- Dumped by pg_dump version 15.13\n\nSET statement_timeout = 0;\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\nSELECT pg_catalog.set_config('search_path', '', false);\n\n",
  )
  const tables = ['users', 'castings', 'audit_logs', 'messages']
  for (const table of tables)
    yield Buffer.from(
      `CREATE TABLE public.${table} (id bigint NOT NULL, owner bigint NOT NULL, title text, note text, token text, at timestamp with time zone);\n`,
    )
  for (const table of tables) {
    yield Buffer.from(`COPY public.${table} (id, owner, title, note, token, at) FROM stdin;\n`)
    let made = 0
    let id = 0
    while (made < bytes / tables.length) {
      let text = ''
      const random = randomBytes(500 * 12)
      for (let n = 0; n < 500; n++) {
        id += 1
        const pick = (k: number) => words[(random[n * 12 + k] ?? 0) % words.length]
        const note = Array.from({ length: 10 }, (_, k) => pick(k)).join(' ')
        text += `${id}\t${random.readUInt32LE(n * 12) % 100_000}\t${pick(0)} ${pick(1)} ${id}\t${note}\t${random.toString('hex', n * 12, n * 12 + 12)}\t2026-11-${10 + (id % 20)} 0${id % 10}:12:00+00\n`
      }
      const chunk = Buffer.from(text)
      made += chunk.length
      yield chunk
    }
    yield Buffer.from('\\.\n\n')
  }
  for (const table of tables)
    yield Buffer.from(
      `ALTER TABLE ONLY public.${table} ADD CONSTRAINT ${table}_pkey PRIMARY KEY (id);\nCREATE INDEX ${table}_owner ON public.${table} USING btree (owner);\n`,
    )
  yield Buffer.from('\n--\n-- PostgreSQL database dump complete\n--\n\n')
}

const has = async (program: string) => {
  const child = spawn('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
  return ((await once(child, 'close')) as [number])[0] === 0
}

async function shell(script: string, env: Record<string, string>): Promise<void> {
  const child = spawn('bash', ['-o', 'pipefail', '-c', script], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2000)
  })
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`the pipeline ended with ${code}: ${complaint}`)
}

/** Peak resident memory of every process below this one that the loader started, by its name, MB. */
function watchMemory() {
  const peaks = new Map<string, number>()
  const look = () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
        const isOurs = line.some((word) => word.endsWith('load-backup.ts'))
        if (!isOurs) continue
        const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
        peaks.set(pid, Math.max(peaks.get(pid) ?? 0, Number(peak) / 1024))
      } catch {
        // It has just ended.
      }
  }
  const timer = setInterval(look, 200)
  return () => {
    clearInterval(timer)
    return Math.max(...peaks.values())
  }
}

/**
 * A dump in S3, encrypted and compressed, until it is loaded and verified: against one shell pipeline of aws, gpg, gunzip and psql, which
 * verifies nothing but its own exit codes. Both load into the same durable server, in turns.
 */
export async function run(): Promise<Figure[]> {
  const home = mkdtempSync(join(tmpdir(), 'wr-bench-restore-'))
  const [room, server] = await Promise.all([startS3Room(), startScratchServer({ durable: true })])
  const root = new Client({ connectionString: server.url })
  try {
    await root.connect()
    const keys = join(home, 'keys')
    await prepareKeys(keys)
    const hasGpg = await has('gpg')
    const hasPipeline = hasGpg && (await has('psql')) && (await has('aws'))
    const gpgHome = mkdtempSync(join(tmpdir(), 'wr-gpg-'))
    const gpg = `gpg --homedir ${gpgHome} --batch --no-tty --quiet --trust-model always`
    if (hasGpg)
      for (const name of ['decryption-private.asc', 'signing-private.asc'])
        await shell(`${gpg} --import ${join(keys, name)}`, {})
    const sealed = hasGpg ? await sealedByGpg(room, gpgHome) : await seal(room.store, keys, dump(gigabytes * 1e9))
    const sha256 = sealed.digests.sha256.toString('hex')
    const version = await room.store.put(
      {
        bucket: backupBucket,
        key: 'daily/bench.sql.gz.gpg',
        storageClass: 'STANDARD',
        contentType: 'application/pgp-encrypted',
        metadata: { checksum: sha256 },
        checksum: { algorithm: 'SHA256', type: 'FULL_OBJECT', value: sealed.digests.sha256.toString('base64') },
      },
      sealed,
    )
    const source: LoadSource = {
      bucket: backupBucket,
      region: 'us-west-2',
      key: version.key,
      versionId: version.versionId,
      etag: `"${version.etag.replaceAll('"', '')}"`,
      size: version.size,
      sha256,
      signature: 'required',
    }
    const admin = new URL(server.url)
    const address = { host: admin.hostname, port: Number(admin.port) }
    let n = 0
    const inDatabase = async (load: (database: string) => Promise<void>) => {
      n += 1
      const database = `bench_${n}`
      await root.query(`CREATE DATABASE ${database}`)
      await root.query('CHECKPOINT')
      const begun = performance.now()
      await load(database)
      const ms = performance.now() - begun
      await root.query(`DROP DATABASE ${database}`)
      return ms
    }
    const theirs = () =>
      inDatabase((database) =>
        shell(
          `aws --endpoint-url ${room.url} s3 cp s3://${backupBucket}/${version.key} - | ${gpg} --decrypt | gunzip | psql -X -q -v ON_ERROR_STOP=1 -d ${database}`,
          {
            AWS_ACCESS_KEY_ID: room.secrets.awsAccessKeyId,
            AWS_SECRET_ACCESS_KEY: room.secrets.awsSecretAccessKey,
            AWS_DEFAULT_REGION: 'us-west-2',
            PGHOST: address.host,
            PGPORT: String(address.port),
            PGUSER: 'postgres',
            PGPASSWORD: admin.password,
          },
        ),
      )
    const loader = backupLoader()
    let peakMb = 0
    const ours = (decryptWith: 'gpg' | 'library') =>
      inDatabase(async (database) => {
        Object.assign(process.env, loadingEnv({ home, s3Url: room.url, credentials: room.secrets, keys, decryptWith }))
        const stop = watchMemory()
        const target = { ...address, database, user: 'postgres', password: admin.password, tls: null }
        const needs = { roles: [], extensions: [] }
        const signal = new AbortController().signal
        const result = await loader.load({ source, target, needs }, { signal, progress: () => {} })
        peakMb = Math.max(peakMb, stop())
        if (result.kind !== 'loaded') throw new Error(result.says)
      })
    const times: Record<'theirs' | 'gpg' | 'library', number[]> = { theirs: [], gpg: [], library: [] }
    for (let round = 0; round < rounds; round++) {
      if (hasPipeline && sides.includes('theirs')) times.theirs.push(await theirs())
      if (hasGpg && sides.includes('gpg')) times.gpg.push(await ours('gpg'))
      if (sides.includes('library')) times.library.push(await ours('library'))
    }
    const best = (all: number[]) => (all.length > 0 ? Math.min(...all) : null)
    const against = best(times.theirs)
    const figure = (metric: string, spans: number[], most: number): Figure[] => {
      const ms = best(spans)
      if (ms === null) return []
      const met = against === null || ms <= most * against
      return [
        {
          bench: 'restore',
          metric: `${gigabytes} GB of SQL from S3 until loaded and verified, best of ${spans.length}, ${metric}, against a shell pipeline`,
          ours: ms,
          theirs: against,
          unit: 'ms',
          n: spans.length,
          goal: `<= ${most}x`,
          met,
        },
      ]
    }
    return [
      ...figure('with gpg', times.gpg, 1),
      ...figure('with the library alone', times.library, 1.3),
      {
        bench: 'restore',
        metric: 'peak resident memory of the loading program',
        ours: peakMb,
        theirs: null,
        unit: 'MB',
        n: n,
        goal: `<= ${residentMb} MB`,
        met: peakMb <= residentMb,
      },
    ]
  } finally {
    await root.end()
    await Promise.all([room.end(), server.stop()])
    rmSync(home, { recursive: true, force: true })
  }
}

/** Sealed by gpg, which is faster than the library: nothing is measured of it. */
async function sealedByGpg(room: Awaited<ReturnType<typeof startS3Room>>, home: string) {
  const child = spawn(
    'gpg',
    `--homedir ${home} --batch --no-tty --quiet --trust-model always --compress-algo none --sign --local-user signing@castmatch.example --recipient decryption@castmatch.example --encrypt`.split(
      ' ',
    ),
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const fed = pipeline(Readable.from(dump(gigabytes * 1e9)), createGzip({ level: 6 }), child.stdin)
  const received = await room.store.receive(child.stdout)
  await fed
  return { ...received, plainBytes: 0 }
}
