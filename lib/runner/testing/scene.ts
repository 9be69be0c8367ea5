import { randomUUID } from 'node:crypto'
import type { BackupJob } from '../../../lab/backups/job'
import type { LabShape } from '../../../lab/contract'
import { registerRooms } from '../../../lab/rooms'
import { startTestLab, type TestLab } from '../../../lab/testing'
import { createResolvers } from '../../adapters/dns/index'
import { createApplication } from '../../adapters/kubernetes/application'
import { createKubernetes } from '../../adapters/kubernetes/index'
import { createPgbouncer } from '../../adapters/pgbouncer/index'
import { createPostgresControl } from '../../adapters/postgres/control'
import { createPostgres } from '../../adapters/postgres/index'
import { createReconciler } from '../../adapters/postgres/reconcile/index'
import { SessionBudget } from '../../adapters/postgres/sessions'
import { createPrometheus } from '../../adapters/prometheus/index'
import { createRds } from '../../adapters/rds/index'
import { createRoute53 } from '../../adapters/route53/index'
import { Collector } from '../../collector/collector'
import { StoreHealth } from '../../collector/store-health'
import { labTempo } from '../../collector/tempo'
import type { CommandContext } from '../../commands/context'
import { approve } from '../../commands/run/decide'
import { startRun } from '../../commands/run/start-run'
import { retryStep, undoStep } from '../../commands/run/steer'
import { signedIn } from '../../commands/testing/signed-in'
import { castmatch } from '../../config/castmatch'
import { type EnvironmentConfig, metricsSchema } from '../../config/environment'
import { labEnvironment, readLabConnection } from '../../config/lab-environment'
import { resolverList } from '../../config/names'
import type { Use } from '../../domain/cluster/sessions'
import type { Snapshot } from '../../domain/cluster/types'
import { ExpectedError } from '../../domain/errors'
import type { Role } from '../../domain/people/permissions'
import type { Run } from '../../domain/run/run'
import type { RunState } from '../../domain/run/states'
import type { Application } from '../../ports/application'
import { systemClock } from '../../ports/clock'
import type { Database } from '../../ports/database'
import type { Workloads } from '../../ports/workloads'
import type { AnyProcedure } from '../../procedures/contract'
import { trafficGates } from '../../procedures/index'
import { createStore, runnerLockMs, type Store } from '../../store/client'
import { damageStore } from '../../store/damage'
import { leaseStore } from '../../store/lease'
import { readRun } from '../../store/run'
import { runHoldsTraffic } from '../../store/run-hold'
import { startTestStore } from '../../store/testing/database'
import type { ProbeContext } from '../checklist-probes'
import type { SendCall } from '../effects'
import { Lease } from '../lease'
import { createProcedureRunner, type ProcedureRunner } from '../procedures'
import { resolveHost } from '../resolve-host'
import { askedIn } from './asked'
import { stageRestores } from './restores'

export interface TestRunner {
  name: string
  lease: Lease
  runner: ProcedureRunner
  /** Leaves in order. */
  stop(): Promise<void>
}

interface RunnerOptions {
  send?: (send: SendCall) => SendCall
  catalogue?: (slug: string) => AnyProcedure | null
  /** By which the store is reached, where that is another way than the test's own. */
  storeUrl?: string
}

export interface Scene {
  lab: TestLab
  store: Store
  /** As the one that owns the tables. */
  owner: Store
  storeUrl: string
  environment: EnvironmentConfig
  database: Database
  workloads: Workloads
  /** The cluster in the other region. */
  application: Application | null
  /** What a look at the checklist asks. */
  ports: ProbeContext['ports']
  restores: ReturnType<typeof stageRestores> & {
    /** A backup of now, seen by the catalogue; answers its key. */
    backUp(): Promise<string>
  }
  /** Does any pooler hold clients? Null where there is no pooler. */
  clientsHeld(): Promise<boolean | null>
  snapshot(): Snapshot | null
  startRunner(options?: RunnerOptions): TestRunner
  as(role: Role): Promise<CommandContext>
  startFailover(more?: {
    mode?: 'real' | 'drill' | 'dry-run'
    target?: string
    inputs?: Record<string, unknown>
  }): Promise<string>
  /** Waits until the run is in one of these states. Throws with what it says when it is not in time. */
  reaches(runId: string, states: RunState[], limitMs?: number): Promise<Run>
  approveOpen(runId: string, person: CommandContext): Promise<void>
  /** A person's choice for the step that failed. */
  steer(runId: string, choice: 'retry' | 'undo'): Promise<void>
  /** How often this operation took effect, by the lab's own log. */
  effects(operation: string): number
  end(): Promise<void>
}

/** A lab under load, a store, a collector and as many runners as a test wants, all in this process. */
export async function stageScene(basePort: number, shape: LabShape = 'hybrid'): Promise<Scene> {
  let job: BackupJob | null = null
  const lab = await startTestLab({
    basePort,
    shape,
    register: (created) => {
      job = registerRooms(created).backups
    },
  })
  const test = await startTestStore()
  const { ports, dataDir } = lab.lab.context
  const facts = readLabConnection(dataDir)
  const environment = labEnvironment(facts, { lab: ports })
  const fleet = createRds({
    region: environment.aws.region,
    drRegion: environment.aws.drRegion,
    endpointUrl: lab.url,
    credentials: { accessKeyId: facts.secrets.awsAccessKeyId, secretAccessKey: facts.secrets.awsSecretAccessKey },
    limits: { requestMs: 1_000, socketMs: 2_000, readTotalMs: 5_000 },
  })
  const sessions = new SessionBudget(environment.database.sessionsPerNode)
  const databaseFor = (use: Use) =>
    createPostgres({
      user: facts.collectorUser,
      password: facts.secrets.warroomPassword,
      database: facts.database,
      tls: 'disable',
      sessions: sessions.for(use),
    })
  const controlFor = (use: Use) =>
    environment.database.recovery
      ? createPostgresControl({
          user: environment.database.recovery.user,
          password: facts.secrets.adminPassword,
          database: facts.database,
          tls: 'disable',
          sessions: sessions.for(use),
        })
      : null
  const database = databaseFor('runs')
  // The same roles and the same way in: the lab's poolers speak without TLS, too.
  const throughPoolers = new Map(environment.poolers.map(({ name }) => [name, database]))
  const control = controlFor('runs')
  const reconciler = environment.database.recovery
    ? createReconciler({
        user: environment.database.recovery.user,
        password: facts.secrets.adminPassword,
        tls: 'disable',
        sessions: sessions.for('runs'),
      })
    : null
  const restores = stageRestores(environment, facts, test.runner)
  const { kubernetes } = environment
  if (!kubernetes) throw new Error('the lab has Kubernetes')
  const workloads = createKubernetes(kubernetes)
  const application =
    kubernetes.drApplication && kubernetes.drContext
      ? createApplication({ kubeconfig: kubernetes.kubeconfig, context: kubernetes.drContext })
      : null
  const poolers = environment.poolers.map((pooler) =>
    createPgbouncer({ ...pooler, password: facts.poolers.find(({ name }) => name === pooler.name)?.password ?? '' }),
  )
  const metrics = createPrometheus(metricsSchema.parse({ url: `${lab.url}/prometheus` }))
  const route53 = createRoute53({
    endpointUrl: lab.url,
    credentials: { accessKeyId: facts.secrets.awsAccessKeyId, secretAccessKey: facts.secrets.awsSecretAccessKey },
    limits: { requestMs: 5_000, socketMs: 8_000, readTotalMs: 10_000 },
  })
  const resolvers = createResolvers(resolverList(environment))
  const collector = new Collector(
    systemClock,
    {
      fleet,
      database: databaseFor('collector'),
      workloads: { port: workloads, namespace: kubernetes.namespace, deployment: 'castmatch-api' },
      workloadsElsewhere: kubernetes.drContext
        ? {
            port: createKubernetes({ kubeconfig: kubernetes.kubeconfig, context: kubernetes.drContext }),
            namespace: kubernetes.namespace,
            deployment: 'castmatch-api',
          }
        : null,
      poolers,
      metrics,
      history: null,
      damage: damageStore(test.runner),
      heldByRun: () => runHoldsTraffic(test.runner, environment.name, trafficGates(environment)),
    },
    {
      name: 'scene',
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
      tempo: labTempo,
    },
    new StoreHealth(systemClock),
    { snapshot: () => {}, lag: () => {}, mark: () => {} },
    { warn: () => {}, info: () => {} },
  )
  collector.start(1)
  const snapshot = () => collector.latest() ?? null
  const runners: TestRunner[] = []

  const scene: Scene = {
    lab,
    store: test.runner,
    owner: test.owner,
    storeUrl: test.runnerUrl,
    environment,
    database,
    workloads,
    application,
    ports: { fleet, database, workloads, poolers, metrics, snapshot, resolve: resolveHost },
    restores: {
      ...restores,
      async backUp() {
        if (!job) throw new Error('the lab has a backup job')
        const { key } = await job.run()
        await restores.readNow()
        return key
      },
    },
    async clientsHeld() {
      const paused = await Promise.all(poolers.map(async (pooler) => (await pooler.pools()).paused))
      return paused.length > 0 ? paused.includes(true) : null
    },
    snapshot,
    startRunner(options = {}) {
      const name = `runner-${runners.length + 1}-${randomUUID().slice(0, 4)}`
      const storeUrl = options.storeUrl ?? test.runnerUrl
      const store = createStore(storeUrl, { connections: 4, lockMs: runnerLockMs })
      const lease = new Lease(leaseStore(store), `collector:${environment.name}`, name)
      const runner = createProcedureRunner({
        store,
        storeUrl,
        lease,
        environment,
        ports: {
          fleet,
          database,
          workloads,
          application,
          poolers,
          throughPoolers,
          control,
          reconciler,
          backups: restores.look,
          restorer: restores.restorer,
          names: route53,
          resolvers,
          metrics,
          snapshot,
        },
        looks: { database: databaseFor('looks'), control: controlFor('looks') },
        onChanged: () => {},
        log: (level, message, detail) => {
          if (level === 'error') process.stderr.write(`${message} ${JSON.stringify(detail)}\n`)
        },
        catalogue: options.catalogue,
        wrapSend: options.send,
      })
      lease.start()
      runner.start()
      let stopped: Promise<void> | null = null
      const made: TestRunner = {
        name,
        lease,
        runner,
        stop() {
          stopped ??= (async () => {
            await runner.stop()
            await lease.stop()
            await store.close()
          })()
          return stopped
        },
      }
      runners.push(made)
      return made
    },
    // A session of now: one that is minutes old could not approve.
    as: (role) =>
      signedIn(test, { login: `${role}@test`, name: role, role }, { name: environment.name, kind: environment.kind }),
    async startFailover(more = {}) {
      const mode = more.mode ?? 'drill'
      const best = mode === 'real' ? snapshot()?.candidates.find((c) => c.best)?.nodeId : undefined
      const { id } = await startRun(
        await scene.as('responder'),
        environment,
        {
          slug: 'primary-failover',
          mode,
          reason: 'A test of the whole procedure',
          typedEnvironment: mode === 'real' ? environment.name : undefined,
          inputs: {
            target: more.target ?? best ?? 'castmatch-prod-replica-1',
            waitForAutomaticSeconds: 0,
            ...more.inputs,
          },
        },
        snapshot(),
      )
      return id
    },
    async reaches(runId, states, limitMs = 45_000) {
      const until = Date.now() + limitMs
      for (;;) {
        // On a busy machine the test's own look may time out; it looks again, as a page does.
        const run = await readRun(test.runner, runId).catch((error: unknown) => {
          if (error instanceof ExpectedError && error.code === 'store-unavailable' && Date.now() <= until) return null
          throw error
        })
        if (!run) continue
        if (states.includes(run.state)) return run
        if (Date.now() > until) {
          const steps = run.steps.map((s) => `${s.stepId}: ${s.state} (${s.sentence})`).join('\n')
          throw new Error(`Run is ${run.state}, not ${states.join(' or ')}: ${run.sentence}\n${steps}`)
        }
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    },
    async approveOpen(runId, person) {
      await approve(person, askedIn(await readRun(test.runner, runId)).input)
    },
    async steer(runId, choice) {
      const stepId = (await readRun(test.runner, runId)).currentStepId
      if (!stepId) throw new Error('the run has no current step')
      if (choice === 'retry') await retryStep(await scene.as('responder'), { runId, stepId })
      else await undoStep(await scene.as('commander'), environment, { runId, stepId })
    },
    effects: (operation) => lab.lab.context.log.list().filter((e) => e.operation === operation && e.effective).length,
    async end() {
      for (const runner of runners) await runner.stop()
      await collector.stop()
      await restores.close()
      fleet.close()
      route53.close()
      await Promise.all(poolers.map((pooler) => pooler.close()))
      await test.stop()
      await lab.end()
    },
  }
  return scene
}
