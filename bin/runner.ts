import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { pino } from 'pino'
import { createResolvers } from '../lib/adapters/dns/index'
import { Collector } from '../lib/collector/collector'
import { StoreHealth } from '../lib/collector/store-health'
import { labTempo, productionTempo } from '../lib/collector/tempo'
import { backupPolicy } from '../lib/config/backups'
import { castmatch } from '../lib/config/castmatch'
import { readRunnerEnv } from '../lib/config/env'
import { resolverList } from '../lib/config/names'
import { storeUnavailable } from '../lib/domain/errors'
import { systemClock } from '../lib/ports/clock'
import type { LeaseStore } from '../lib/ports/lease-store'
import { procedureBySlug, trafficGates } from '../lib/procedures/index'
import { createBackupVerifier } from '../lib/runner/backup-verifier'
import { FeedServer } from '../lib/runner/feed-server'
import { createHousekeeping } from '../lib/runner/housekeeping'
import { createIntegrationTests } from '../lib/runner/integration-tests'
import { Lease, leaseTimes } from '../lib/runner/lease'
import { createMergeRows } from '../lib/runner/merge-rows'
import { createOutbox } from '../lib/runner/outbox'
import { createProcedureRunner } from '../lib/runner/procedures'
import { resolveHost } from '../lib/runner/resolve-host'
import { createIncidentWatch } from '../lib/runner/watch-incidents'
import { backupStore } from '../lib/store/backups'
import { createStore, runnerLockMs } from '../lib/store/client'
import { damageStore } from '../lib/store/damage'
import { lagHistoryStore } from '../lib/store/history'
import { keepLagOfEndedIncidents } from '../lib/store/incident-lag'
import { leaseStore } from '../lib/store/lease'
import { forgetting } from '../lib/store/retention'
import { runHoldsTraffic } from '../lib/store/run-hold'
import { createAdapters } from './running/adapters'
import { passkeyTrust } from './running/passkeys'
import { rememberedInventory } from './running/remembered-inventory'
import { createRestores, verifyInOwnProcess } from './running/restores'
import { createSenders } from './running/senders'
import { endWithParent, exitOnConfigError } from './starting/process'
import { whenStamped } from './starting/stamped'

const log = pino({
  name: 'runner',
  redact: {
    paths: ['*.password', '*.secret', '*.authorization', '*.connectionString', 'password', 'secret'],
    censor: '(hidden)',
  },
})

/** Leases that are taken only when something holds; until then the store might as well not answer. */
const onlyWhen = (holds: () => boolean, leases: LeaseStore): LeaseStore => ({
  ...leases,
  acquire: (...how) => (holds() ? leases.acquire(...how) : Promise.reject(storeUnavailable())),
})

async function main(): Promise<void> {
  const env = exitOnConfigError(readRunnerEnv)
  const { environment } = env
  // Unique per boot: a restarted process is not the one that died.
  const name = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`
  const ports = exitOnConfigError(() => createAdapters(env))
  const policy = backupPolicy(environment)
  // The lease has connections of its own: a slow history write must not cost the leadership.
  const store = createStore(env.DATABASE_URL, { connections: 4, lockMs: runnerLockMs })
  const times = { ...leaseTimes, ttlMs: env.RUNNER_LEASE_MS }
  const answerMs = times.ttlMs - 100
  const leases = createStore(env.DATABASE_URL, { connections: 2, connectMs: answerMs, statementMs: answerMs })
  const health = new StoreHealth(systemClock)

  let collector: Collector | null = null
  // The store of another environment is none of ours: until it has said whose it is, it is as good as away.
  let ours = false
  const stamped = whenStamped(leases, environment).then(() => {
    ours = true
  })
  const lease = new Lease(
    onlyWhen(() => ours, leaseStore(leases)),
    `collector:${environment.name}`,
    name,
    times,
  )
  const feed = new FeedServer(
    env.WARROOM_FEED_SECRET,
    {
      hello: () => ({
        runner: name,
        leader: lease.state.leading,
        epoch: lease.state.leading ? lease.state.epoch : 0,
        version: process.env.npm_package_version ?? '0',
      }),
      latest: () => (lease.state.leading ? (collector?.latest() ?? null) : null),
      history: (from, to, points) =>
        collector?.ring.history(from, to, points) ?? {
          fromMs: from,
          toMs: to,
          stepMs: 1000,
          at: [],
          series: {},
          marks: [],
        },
      health: () => {
        const latest = collector?.latest() ?? null
        const age = (at: number | null | undefined) => (at == null ? null : Math.max(0, Date.now() - at))
        return {
          ready: !lease.state.leading || latest !== null,
          leader: lease.state.leading,
          epoch: lease.state.leading ? lease.state.epoch : 0,
          runner: name,
          snapshotAgeMs: age(latest?.takenAt),
          writeProbeAgeMs: age(latest?.lastHeartbeatAt),
          rdsAgeMs: age(latest?.rdsObservedAt),
          store: { ok: health.state.ok, since: health.state.since },
          memoryMb: Math.round(process.memoryUsage.rss() / 1e6),
        }
      },
      rows: ports.reconciler && createMergeRows(store, environment.name, ports.reconciler.looks),
    },
    ports.feedTls,
  )
  const resolvers = environment.names && createResolvers(resolverList(environment))
  collector = new Collector(
    systemClock,
    {
      ...ports,
      database: ports.guarded.collector,
      history: lagHistoryStore(store),
      backups: ports.s3 && policy && { port: ports.s3, policy, store: backupStore(store) },
      names: resolvers &&
        environment.names && {
          resolvers,
          followed: environment.names.records,
        },
      damage: damageStore(store),
      heldByRun: () => runHoldsTraffic(store, environment.name, trafficGates(environment)),
      remembered: rememberedInventory(env, log),
    },
    {
      name,
      environment: {
        name: environment.name,
        kind: environment.kind,
        region: environment.aws.region,
        drRegion: environment.aws.drRegion,
        cluster: environment.aws.clusterId,
        crossRegionReplicaId: environment.aws.crossRegionReplicaId,
      },
      objectives: castmatch.objectives,
      data: environment.database,
      tempo: environment.kind === 'lab' ? labTempo : productionTempo,
    },
    health,
    { snapshot: (s) => feed.snapshot(s), lag: (p) => feed.lag(p), mark: (m) => feed.mark(m) },
    log,
  )

  // Terms follow each other in order, even when leadership changes faster than connections close.
  let term = Promise.resolve()
  lease.on('change', (state) => {
    log.info({ ...state }, state.leading ? 'leading the collection' : 'standing by')
    term = term
      .then(async () => {
        await collector?.stop()
        if (state.leading && lease.state.leading) collector?.start(state.epoch)
      })
      .catch((error) => log.error({ err: error }, 'the collector did not change over cleanly'))
    feed.hello()
  })
  lease.on('answered', () => health.answered())
  lease.on('failed', (error) => {
    if (health.state.ok) log.warn({ err: error }, 'the store is not responding; live health continues')
    health.failed(error)
  })

  const restores = createRestores(env, store, ports.s3)
  const procedures = createProcedureRunner({
    store,
    storeUrl: env.DATABASE_URL,
    lease,
    environment,
    ports: {
      fleet: ports.fleet,
      ...ports.guarded.runs,
      workloads: ports.workloads?.port ?? null,
      application: ports.application,
      poolers: ports.poolers,
      throughPoolers: ports.through.runs,
      reconciler: ports.reconciler?.runs ?? null,
      backups: restores?.look ?? null,
      restorer: restores?.restorer ?? null,
      names: ports.route53,
      resolvers,
      metrics: ports.metrics,
      snapshot: () => collector?.latest() ?? null,
    },
    passkeys: passkeyTrust(env),
    looks: { ...ports.guarded.looks, throughPoolers: ports.through.looks },
    onChanged: (what, ids) => {
      feed.changed(what, ids)
      // A page, an update or broken glass may be among what changed.
      if (what !== 'preflight') outbox.wake()
    },
    log: (level, message, detail) => log[level](detail, message),
  })

  const say = (level: 'warn' | 'error', message: string, detail: object) => log[level](detail, message)
  const senders = { ...createSenders(env), store, environment: environment.name, runner: name, log: say }
  const outbox = createOutbox(senders)
  const tests = createIntegrationTests(senders)
  const incidents = createIncidentWatch({
    catalogue: procedureBySlug,
    store,
    runner: name,
    leads: () => lease.state.leading,
    againAfterMs: { holds: 60_000, open: 15_000 },
    probe: {
      ports: {
        fleet: ports.fleet,
        database: ports.guarded.checklist,
        workloads: ports.workloads?.port ?? null,
        poolers: ports.poolers,
        metrics: ports.metrics,
        snapshot: () => collector?.latest() ?? null,
        resolve: resolveHost,
      },
      environment,
      now: Date.now,
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    },
    log: say,
  })

  const housekeeping = createHousekeeping({
    leads: () => lease.state.leading,
    firstAfterMs: 60_000,
    everyMs: 3_600_000,
    tasks: {
      // Before the samples that it is made of are forgotten.
      'keep the lag of ended incidents': () => keepLagOfEndedIncidents(store, environment.name, Date.now()),
      ...forgetting(store, environment.name, Date.now),
    },
    log: say,
  })

  const verifier = environment.backups?.verify
    ? createBackupVerifier({
        leads: () => lease.state.leading,
        summary: () => collector?.latest()?.s3Backups.value ?? null,
        verify: (signal) => verifyInOwnProcess(signal),
        now: Date.now,
        everyMs: 5_000,
        againAfterMs: 3_600_000,
        log: say,
      })
    : null

  let ending = false
  const port = await feed.listen(env.RUNNER_HOST, env.RUNNER_PORT)
  log.info({ port, environment: environment.name, kind: environment.kind }, 'the internal feed is open')
  lease.start()
  void stamped.then(() => {
    if (ending) return
    procedures.start()
    outbox.start()
    tests.start()
    incidents.start()
    housekeeping.start()
    verifier?.start()
  })

  const end = (signal: string) => {
    if (ending) return
    ending = true
    log.info({ signal }, 'ending')
    // Whatever still hangs is cut off: a supervisor should not have to wait.
    setTimeout(() => process.exit(0), 1800).unref()
    void (async () => {
      // Runs end their piece of work while the lease is still ours.
      await procedures.stop().catch((error) => log.error({ err: error }, 'the runs did not end cleanly'))
      await Promise.allSettled([
        outbox.stop(),
        tests.stop(),
        incidents.stop(),
        housekeeping.stop(),
        verifier?.stop(),
        restores?.look.close(),
      ])
      await Promise.allSettled([lease.stop(), collector?.stop(), feed.close()])
      ports.fleet.close()
      ports.s3?.close()
      ports.route53?.close()
      await Promise.allSettled([...ports.poolers.map((pooler) => pooler.close()), store.close(), leases.close()])
      process.exit(0)
    })()
  }
  process.on('SIGTERM', () => end('SIGTERM'))
  endWithParent()
  process.on('SIGINT', () => end('SIGINT'))
}

// A probe's stray rejection is a fault of ours; it must not end the watch over the cluster.
process.on('unhandledRejection', (error) => log.error({ err: error }, 'a promise was rejected and nobody listened'))

main().catch((error) => {
  log.fatal({ err: error }, 'the runner could not start')
  process.stderr.write(`The runner could not start: ${(error as Error).message}\n`)
  process.exit(1)
})
