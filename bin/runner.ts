import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { createKubernetes } from '../lib/adapters/kubernetes/index'
import { createOpenpgp } from '../lib/adapters/openpgp/index'
import { createPagerduty } from '../lib/adapters/pagerduty/index'
import { createPgbouncer } from '../lib/adapters/pgbouncer/index'
import { createPostgresAdmin } from '../lib/adapters/postgres/admin'
import { createPostgresControl } from '../lib/adapters/postgres/control'
import { createPostgres } from '../lib/adapters/postgres/index'
import { createReconciler } from '../lib/adapters/postgres/reconcile/index'
import { SessionBudget } from '../lib/adapters/postgres/sessions'
import { createPrometheus } from '../lib/adapters/prometheus/index'
import { createRds } from '../lib/adapters/rds/index'
import { createMasterLogins } from '../lib/adapters/rds/master-logins'
import { createS3 } from '../lib/adapters/s3/index'
import { createSlack } from '../lib/adapters/slack/index'
import { createStatusPage } from '../lib/adapters/status-page/index'
import { Collector } from '../lib/collector/collector'
import type { Inventory } from '../lib/collector/inventory'
import { StoreHealth } from '../lib/collector/store-health'
import { labTempo, productionTempo } from '../lib/collector/tempo'
import { backupPolicy, s3Settings } from '../lib/config/backups'
import { castmatch } from '../lib/config/castmatch'
import { readEnrolmentFile } from '../lib/config/enrolment'
import { type RunnerEnv, readRunnerEnv } from '../lib/config/env'
import { approvalSite, ConfigError } from '../lib/config/environment'
import { placeOfUrl, reachProblems } from '../lib/config/reach'
import type { Use } from '../lib/domain/cluster/sessions'
import { storeUnavailable } from '../lib/domain/errors'
import type { BackupObject } from '../lib/domain/procedure/call'
import type { BackupOpener, Backups } from '../lib/ports/backups'
import { systemClock } from '../lib/ports/clock'
import type { LeaseStore } from '../lib/ports/lease-store'
import { procedureBySlug, trafficGates } from '../lib/procedures/index'
import type { PasskeyTrust } from '../lib/runner/approval-proof'
import { createBackupVerifier } from '../lib/runner/backup-verifier'
import { createBackupsLook } from '../lib/runner/backups-look'
import { FeedServer } from '../lib/runner/feed-server'
import { createHousekeeping } from '../lib/runner/housekeeping'
import { createIntegrationTests } from '../lib/runner/integration-tests'
import { Lease, leaseTimes } from '../lib/runner/lease'
import { createMergeRows } from '../lib/runner/merge-rows'
import { createOutbox } from '../lib/runner/outbox'
import { createProcedureRunner } from '../lib/runner/procedures'
import { createRestorer } from '../lib/runner/restorer'
import { createIncidentWatch } from '../lib/runner/watch-incidents'
import { backupStore, readBackupChecks, readCatalogueSample } from '../lib/store/backups'
import { createStore, runnerLockMs, type Store } from '../lib/store/client'
import { damageStore } from '../lib/store/damage'
import { lagHistoryStore } from '../lib/store/history'
import { keepLagOfEndedIncidents } from '../lib/store/incident-lag'
import { leaseStore } from '../lib/store/lease'
import { forgetting } from '../lib/store/retention'
import { runHoldsTraffic } from '../lib/store/run-hold'
import { backupLoader } from './starting/backup-loader'
import { endWithParent } from './starting/process'
import { whenStamped } from './starting/stamped'

/** Exit status for a configuration that cannot work (sysexits: EX_CONFIG). */
const badConfiguration = 78

const log = pino({
  name: 'runner',
  redact: {
    paths: ['*.password', '*.secret', '*.authorization', '*.connectionString', 'password', 'secret'],
    censor: '(hidden)',
  },
})

function configure(): RunnerEnv {
  try {
    return readRunnerEnv()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(badConfiguration)
  }
}

function adapters(env: RunnerEnv) {
  const { aws, database, kubernetes, poolers, metrics } = env.environment
  const problems: string[] = []
  const made = <T>(make: () => T): T | null => {
    try {
      return make()
    } catch (error) {
      problems.push((error as Error).message)
      return null
    }
  }
  const fleet = made(() => createRds({ region: aws.region, drRegion: aws.drRegion, endpointUrl: aws.endpointUrl }))
  const buckets = s3Settings(env.environment)
  const s3 = buckets && made(() => createS3(buckets))
  // Everything that opens a session on the guarded database has its part of the one budget.
  const sessions = new SessionBudget(database.sessionsPerNode)
  const { tls, caFile, recovery } = database
  const { databasePassword, recoveryPassword } = env.secrets
  const postgresFor = (use: Use) =>
    createPostgres({
      user: database.user,
      password: databasePassword,
      database: database.name,
      tls,
      caFile,
      sessions: sessions.for(use),
    })
  const controlFor = (use: Use) =>
    recovery && recoveryPassword !== null
      ? createPostgresControl({
          user: recovery.user,
          password: recoveryPassword,
          database: database.name,
          tls,
          caFile,
          sessions: sessions.for(use),
        })
      : null
  const reconciler =
    recovery && recoveryPassword !== null
      ? made(() => ({
          runs: createReconciler({
            user: recovery.user,
            password: recoveryPassword,
            tls,
            caFile,
            sessions: sessions.for('runs'),
          }),
          looks: createReconciler({
            user: recovery.user,
            password: recoveryPassword,
            tls,
            caFile,
            sessions: sessions.for('looks'),
          }),
        }))
      : null
  const guarded = made(() => ({
    collector: postgresFor('collector'),
    runs: { database: postgresFor('runs'), control: controlFor('runs') },
    looks: { database: postgresFor('looks'), control: controlFor('looks') },
    checklist: postgresFor('checklist'),
  }))
  const refuse = (server: string) =>
    reachProblems(env.environment, [placeOfUrl('kubernetes.kubeconfig', server)])[0] ?? null
  const workloads = kubernetes && made(() => createKubernetes({ ...kubernetes, refuse }))
  const deployment = kubernetes?.deployments[0]
  const bouncers = poolers.flatMap((pooler) => {
    const password = env.secrets.poolerPasswords[pooler.name]
    const console = password ? made(() => createPgbouncer({ ...pooler, password })) : null
    return console ? [console] : []
  })
  const throughPoolers = (use: Use) =>
    new Map(
      poolers.flatMap((pooler) => {
        const settings = { user: database.user, password: databasePassword, database: pooler.database }
        const reached = made(() =>
          createPostgres({ ...settings, tls: pooler.tls, caFile: pooler.caFile, sessions: sessions.for(use) }),
        )
        return reached ? [[pooler.name, reached] as const] : []
      }),
    )
  const through = { runs: throughPoolers('runs'), looks: throughPoolers('looks') }
  const { RUNNER_TLS_CERT: cert, RUNNER_TLS_KEY: key } = env
  const feedTls =
    cert && key ? made(() => ({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') })) : null
  const prometheus = metrics && made(() => createPrometheus({ url: metrics.url }))
  if (problems.length || !fleet || !guarded) {
    process.stderr.write(`${new ConfigError(problems).message}\n`)
    process.exit(badConfiguration)
  }
  return {
    fleet,
    guarded,
    reconciler,
    workloads:
      kubernetes && workloads && deployment ? { port: workloads, namespace: kubernetes.namespace, deployment } : null,
    poolers: bouncers,
    through,
    metrics: prometheus,
    s3,
    feedTls,
  }
}

/** Whose passkeys this runner believes: by its own files, where approvals take one. */
function passkeyTrust({ environment }: RunnerEnv): PasskeyTrust | null {
  const site = approvalSite(environment)
  const file = environment.passkeys?.enrolmentFile
  return site && file ? { site, enrolled: () => readEnrolmentFile(file) } : null
}

/**
 * Reading a backup to its end keeps a processor busy for minutes: here, it would cost the watch over the cluster its beat. The
 * recommended one, or the one that is named.
 */
async function verifyInOwnProcess(
  signal: AbortSignal,
  object: Pick<BackupObject, 'place' | 'key' | 'etag'> | null = null,
  progress: (bytes: number) => void = () => {},
): Promise<void> {
  const program = join(import.meta.dirname, 'verify-backup.ts')
  const flags = ['--max-old-space-size=160', '--import', 'tsx']
  const chosen = object ? [object.place, object.key, object.etag] : []
  const child = spawn(process.execPath, [...flags, program, ...chosen], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    signal,
  })
  child.on('message', ({ bytes }: { bytes: number }) => progress(bytes))
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-500)
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  // 1: it was read, and is bad; the catalogue says so.
  if (code !== 0 && code !== 1) throw new Error(`verify-backup ended with ${code}. ${complaint.trim()}`)
}

/** What a restore from a backup looks at and does; null where none are configured. */
function restoring(env: RunnerEnv, store: Store, backups: Backups | null) {
  const { environment, secrets } = env
  const { aws, database } = environment
  const policy = backupPolicy(environment)
  if (!environment.backups || !policy || !backups) return null
  const { decryptionKeyFile, signingKeyFile } = environment.backups
  let opener: Promise<BackupOpener> | null = null
  const look = createBackupsLook({
    backups,
    policy,
    signed: signingKeyFile !== null,
    async opener() {
      if (decryptionKeyFile === null) return null
      opener ??= createOpenpgp({ decryptionKeyFile, passphrase: secrets.backupPassphrase, signingKeyFile })
      return await opener
    },
    sample: () => readCatalogueSample(store, environment.name),
    checks: () => readBackupChecks(store, environment.name),
    verify: (object, { progress, signal }) => verifyInOwnProcess(signal, object, progress),
    now: Date.now,
  })
  const restorer = createRestorer({
    loader: backupLoader(),
    admin: createPostgresAdmin({ tls: database.tls, caFile: database.caFile }),
    masters: createMasterLogins({ region: aws.region, drRegion: aws.drRegion, endpointUrl: aws.endpointUrl }),
    ownPasswords: {
      [database.user]: secrets.databasePassword,
      ...(database.recovery && secrets.recoveryPassword !== null
        ? { [database.recovery.user]: secrets.recoveryPassword }
        : {}),
    },
    tls: database.tls === 'verify-full' ? { caFile: database.caFile ?? null } : null,
    signed: signingKeyFile !== null,
  })
  return { look, restorer }
}

/** The nodes as the API last named them, in the data directory: names and addresses, no secrets. */
function rememberedInventory(env: RunnerEnv) {
  const { name, aws } = env.environment
  const path = join(env.WARROOM_DATA, `inventory-${name.replace(/[^A-Za-z0-9_-]/g, '_')}-${aws.clusterId}.json`)
  return {
    load(): { at: number; inventory: Inventory } | null {
      try {
        const kept = JSON.parse(readFileSync(path, 'utf8')) as { at?: number; inventory?: Partial<Inventory> }
        const { at, inventory } = kept
        const whole = typeof at === 'number' && inventory?.cluster !== undefined && Array.isArray(inventory.instances)
        return whole ? { at, inventory: inventory as Inventory } : null
      } catch {
        return null
      }
    },
    save(at: number, inventory: Inventory): void {
      try {
        mkdirSync(env.WARROOM_DATA, { recursive: true })
        writeFileSync(`${path}.new`, JSON.stringify({ at, inventory }), { mode: 0o600 })
        renameSync(`${path}.new`, path)
      } catch (error) {
        log.warn({ err: error }, 'the list of nodes was not written down')
      }
    },
  }
}

/** Leases that are taken only when something holds; until then the store might as well not answer. */
const onlyWhen = (holds: () => boolean, leases: LeaseStore): LeaseStore => ({
  ...leases,
  acquire: (...how) => (holds() ? leases.acquire(...how) : Promise.reject(storeUnavailable())),
})

async function main(): Promise<void> {
  const env = configure()
  const { environment } = env
  // Unique per boot: a restarted process is not the one that died.
  const name = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`
  const ports = adapters(env)
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
  collector = new Collector(
    systemClock,
    {
      ...ports,
      database: ports.guarded.collector,
      history: lagHistoryStore(store),
      backups: ports.s3 && policy && { port: ports.s3, policy, store: backupStore(store) },
      damage: damageStore(store),
      heldByRun: () => runHoldsTraffic(store, environment.name, trafficGates(environment)),
      remembered: rememberedInventory(env),
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

  const restores = restoring(env, store, ports.s3)
  const procedures = createProcedureRunner({
    store,
    storeUrl: env.DATABASE_URL,
    lease,
    environment,
    ports: {
      fleet: ports.fleet,
      ...ports.guarded.runs,
      workloads: ports.workloads?.port ?? null,
      poolers: ports.poolers,
      throughPoolers: ports.through.runs,
      reconciler: ports.reconciler?.runs ?? null,
      backups: restores?.look ?? null,
      restorer: restores?.restorer ?? null,
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
  const { integrations } = environment
  const { pagerdutyRoutingKey, slackToken, statusPageToken } = env.secrets
  const senders = {
    store,
    environment: environment.name,
    runner: name,
    site: env.NEXTAUTH_URL ?? null,
    pager:
      integrations?.pagerduty && pagerdutyRoutingKey
        ? createPagerduty({ url: integrations.pagerduty.url, routingKey: pagerdutyRoutingKey })
        : null,
    chat: integrations?.slack && slackToken ? createSlack({ ...integrations.slack, token: slackToken }) : null,
    statusPage:
      integrations?.statusPage && statusPageToken
        ? createStatusPage({ url: integrations.statusPage.url, token: statusPageToken })
        : null,
    log: say,
  }
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
