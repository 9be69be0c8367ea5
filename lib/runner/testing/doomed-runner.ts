/*
 * A runner in a process of its own that dies, or freezes, at a point that the parent names: at the nth journal write or
 * the nth effect, before or after it. Not part of the product: the crash matrix starts it.
 *   DOOM = {"storeUrl","environment","secrets","point":{"at":"write"|"effect","n":1,"when":"before"|"after"},"how":"kill"|"freeze","fence":"on"|"off"}
 */
import pg from 'pg'
import { createKubernetes } from '../../adapters/kubernetes/index'
import { createPgbouncer } from '../../adapters/pgbouncer/index'
import { createPostgresControl } from '../../adapters/postgres/control'
import { createPostgres } from '../../adapters/postgres/index'
import { createRds } from '../../adapters/rds/index'
import type { EnvironmentConfig } from '../../config/environment'
import { createStore, runnerLockMs } from '../../store/client'
import { leaseStore } from '../../store/lease'
import type { SendCall } from '../effects'
import { Lease } from '../lease'
import { createProcedureRunner } from '../procedures'

export interface Point {
  at: 'write' | 'effect'
  n: number
  when: 'before' | 'after'
}

export interface Doom {
  storeUrl: string
  environment: EnvironmentConfig
  secrets: {
    awsAccessKeyId: string
    awsSecretAccessKey: string
    database: string
    recovery: string
    pooler: string | null
  }
  point: Point
  how: 'kill' | 'freeze'
  fence: 'on' | 'off'
}

const doom = JSON.parse(process.env.DOOM ?? '') as Doom
const counted = { write: 0, effect: 0 }

function meet(at: Point['at'], when: Point['when'], n: number): void {
  const { point } = doom
  if (point.at !== at || point.when !== when || point.n !== n) return
  process.kill(process.pid, doom.how === 'kill' ? 'SIGKILL' : 'SIGSTOP')
}

const isJournalWrite = (text: string) => /record_append|effect_intend|effect_settle/.test(text)
/** The statement of a query, prepared (an object that names it) or not: a write that is not seen is never struck. */
const textOf = (query: unknown): string =>
  typeof query === 'string' ? query : String((query as { text?: unknown } | null)?.text ?? '')

const store = createStore(doom.storeUrl, { connections: 3, lockMs: runnerLockMs })
const query = store.pool.query.bind(store.pool) as (...args: unknown[]) => Promise<unknown>
store.pool.query = (async (...args: unknown[]) => {
  if (!isJournalWrite(textOf(args[0]))) return await query(...args)
  counted.write += 1
  const n = counted.write
  meet('write', 'before', n)
  const result = await query(...args)
  meet('write', 'after', n)
  return result
}) as typeof store.pool.query

const send =
  (real: SendCall): SendCall =>
  async (call, signal) => {
    counted.effect += 1
    const n = counted.effect
    meet('effect', 'before', n)
    // Stopping takes hold at the next turn of the loop: nothing may be sent in between.
    if (doom.how === 'freeze') await new Promise((resolve) => setTimeout(resolve, 20))
    const reply = await real(call, signal)
    meet('effect', 'after', n)
    return reply
  }

const { environment, secrets } = doom
const { aws, database, kubernetes, pooler } = environment
const fleet = createRds({
  region: aws.region,
  drRegion: aws.drRegion,
  endpointUrl: aws.endpointUrl,
  credentials: { accessKeyId: secrets.awsAccessKeyId, secretAccessKey: secrets.awsSecretAccessKey },
})
const lease = new Lease(leaseStore(store), `collector:${environment.name}`, `doomed-${process.pid}`)
if (doom.fence === 'off') {
  // The control: a runner that believes it always has its turn, and that the newest epoch is its own.
  Object.defineProperty(lease, 'inTime', { get: () => true })
  const held = { epoch: 0, holder: '' }
  const reader = new pg.Pool({ connectionString: doom.storeUrl, max: 1 })
  setInterval(() => {
    reader
      .query('SELECT holder, epoch FROM lease LIMIT 1')
      .then(({ rows }) => Object.assign(held, { holder: rows[0]?.holder, epoch: Number(rows[0]?.epoch) }))
      .catch(() => {})
  }, 20)
  Object.defineProperty(lease, 'state', {
    get: () => ({ leading: held.epoch > 0, epoch: held.epoch, provisional: false }),
  })
  Object.defineProperty(lease, 'holder', { get: () => held.holder })
}
const runner = createProcedureRunner({
  store,
  storeUrl: doom.storeUrl,
  lease,
  environment,
  ports: {
    fleet,
    database: createPostgres({
      user: database.user,
      password: secrets.database,
      database: database.name,
      tls: 'disable',
    }),
    workloads: kubernetes ? createKubernetes(kubernetes) : null,
    metrics: null,
    control:
      database.recovery && secrets.recovery
        ? createPostgresControl({
            user: database.recovery.user,
            password: secrets.recovery,
            database: database.name,
            tls: 'disable',
          })
        : null,
    pooler: pooler && secrets.pooler ? createPgbouncer({ ...pooler, password: secrets.pooler }) : null,
    snapshot: () => null,
  },
  onChanged: () => {},
  log: () => {},
  wrapSend: send,
})
lease.start()
runner.start()
process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(0))
