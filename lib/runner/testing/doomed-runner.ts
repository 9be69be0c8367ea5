/*
 * A runner in a process of its own that dies, freezes, or loses its lease and goes on, at a point that the parent names: at
 * the nth journal write or the nth effect, before or after it. Not part of the product: the crash matrix starts it.
 *   DOOM = {"storeUrl","environment","labDir","point":{"at":"write"|"effect","n":1,"when":"before"|"after"},"how":"kill"|"freeze"|"lapse","fence":"on"|"off"}
 */
import pg from 'pg'
import { createResolvers } from '../../adapters/dns/index'
import { createApplication } from '../../adapters/kubernetes/application'
import { createKubernetes } from '../../adapters/kubernetes/index'
import { createPgbouncer } from '../../adapters/pgbouncer/index'
import { createPostgresControl } from '../../adapters/postgres/control'
import { createPostgres } from '../../adapters/postgres/index'
import { createReconciler } from '../../adapters/postgres/reconcile/index'
import { SessionBudget } from '../../adapters/postgres/sessions'
import { createRds } from '../../adapters/rds/index'
import { createRoute53 } from '../../adapters/route53/index'
import type { EnvironmentConfig } from '../../config/environment'
import { readLabConnection } from '../../config/lab-environment'
import { resolverList } from '../../config/names'
import { createStore, runnerLockMs } from '../../store/client'
import { leaseStore } from '../../store/lease'
import type { SendCall } from '../effects'
import { Lease } from '../lease'
import { createProcedureRunner } from '../procedures'
import { stageRestores } from './restores'

export interface Point {
  at: 'write' | 'effect'
  n: number
  when: 'before' | 'after'
}

/** What happens at the point. */
export type Fate = 'kill' | 'freeze' | 'lapse'

export interface Doom {
  storeUrl: string
  environment: EnvironmentConfig
  /** Where the lab wrote down its addresses and secrets. */
  labDir: string
  point: Point
  how: Fate
  fence: 'on' | 'off'
}

/** How many writes and effects there were. */
export type Counted = Record<Point['at'], number>

/** What it tells its parent: how far it has come, and that its lease has lapsed at the point. */
export interface Said {
  met: Counted
  struck?: true
}

const doom = JSON.parse(process.env.DOOM ?? '') as Doom
const counted: Counted = { write: 0, effect: 0 }
const say = (more: Omit<Said, 'met'> = {}) => process.send?.({ met: counted, ...more } satisfies Said)

const past = new pg.Pool({ connectionString: doom.storeUrl, max: 1 })

async function meet(at: Point['at'], when: Point['when'], n: number): Promise<void> {
  const { point } = doom
  if (point.at !== at || point.when !== when || point.n !== n) return
  switch (doom.how) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL')
      return
    case 'freeze':
      process.kill(process.pid, 'SIGSTOP')
      // Stopping takes hold at the next turn of the loop: nothing may be sent in between.
      await new Promise((resolve) => setTimeout(resolve, 20))
      return
    case 'lapse':
      await past.query("UPDATE lease SET expires_at = clock_timestamp() - interval '1 ms' WHERE holder = $1", [
        lease.holder,
      ])
      say({ struck: true })
  }
}

const isJournalWrite = (text: string) =>
  /record_append|run_moves|approval_request|effect_intend|effect_settle/.test(text)
/** The statement of a query, prepared (an object that names it) or not: a write that is not seen is never struck. */
const textOf = (query: unknown): string =>
  typeof query === 'string' ? query : String((query as { text?: unknown } | null)?.text ?? '')

const store = createStore(doom.storeUrl, { connections: 3, lockMs: runnerLockMs })
const query = store.pool.query.bind(store.pool) as (...args: unknown[]) => Promise<unknown>
store.pool.query = (async (...args: unknown[]) => {
  if (!isJournalWrite(textOf(args[0]))) return await query(...args)
  counted.write += 1
  say()
  const n = counted.write
  await meet('write', 'before', n)
  const result = await query(...args)
  await meet('write', 'after', n)
  return result
}) as typeof store.pool.query

const send =
  (real: SendCall): SendCall =>
  async (call, signal) => {
    counted.effect += 1
    say()
    const n = counted.effect
    await meet('effect', 'before', n)
    const reply = await real(call, signal)
    await meet('effect', 'after', n)
    return reply
  }

const { environment } = doom
const facts = readLabConnection(doom.labDir)
const { secrets } = facts
const { aws, database, kubernetes, poolers } = environment
const credentials = { accessKeyId: secrets.awsAccessKeyId, secretAccessKey: secrets.awsSecretAccessKey }
const { endpointUrl } = aws
const fleet = createRds({ region: aws.region, drRegion: aws.drRegion, endpointUrl, credentials })
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
const guarded = createPostgres({
  user: database.user,
  password: secrets.warroomPassword,
  database: database.name,
  tls: 'disable',
  sessions: new SessionBudget().for('runs'),
})
const control = database.recovery
  ? createPostgresControl({
      user: database.recovery.user,
      password: secrets.adminPassword,
      database: database.name,
      tls: 'disable',
    })
  : null
const reconciler = database.recovery
  ? createReconciler({
      user: database.recovery.user,
      password: secrets.adminPassword,
      tls: 'disable',
      sessions: new SessionBudget().for('runs'),
    })
  : null
const restores = stageRestores(environment, facts, store)
const runner = createProcedureRunner({
  store,
  storeUrl: doom.storeUrl,
  lease,
  environment,
  ports: {
    fleet,
    database: guarded,
    workloads: kubernetes ? createKubernetes(kubernetes) : null,
    application:
      kubernetes?.drApplication && kubernetes.drContext
        ? createApplication({ kubeconfig: kubernetes.kubeconfig, context: kubernetes.drContext })
        : null,
    metrics: null,
    control,
    reconciler,
    backups: restores.look,
    restorer: restores.restorer,
    names: createRoute53({ endpointUrl, credentials }),
    resolvers: createResolvers(resolverList(environment)),
    poolers: poolers.map((pooler) =>
      createPgbouncer({ ...pooler, password: facts.poolers.find(({ name }) => name === pooler.name)?.password ?? '' }),
    ),
    throughPoolers: new Map(poolers.map(({ name }) => [name, guarded])),
    snapshot: () => null,
  },
  looks: { database: guarded, control },
  onChanged: () => {},
  log: () => {},
  wrapSend: send,
})
lease.start()
runner.start()
process.on('SIGTERM', () => process.exit(0))
process.on('disconnect', () => process.exit(0))
