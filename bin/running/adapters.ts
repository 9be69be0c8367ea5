import { readFileSync } from 'node:fs'
import { createHealth } from '../../lib/adapters/health/index'
import { createApplication } from '../../lib/adapters/kubernetes/application'
import { createKubernetes } from '../../lib/adapters/kubernetes/index'
import { createPgbouncer } from '../../lib/adapters/pgbouncer/index'
import { createPostgresControl } from '../../lib/adapters/postgres/control'
import { createPostgres } from '../../lib/adapters/postgres/index'
import { createReconciler } from '../../lib/adapters/postgres/reconcile/index'
import { SessionBudget } from '../../lib/adapters/postgres/sessions'
import { createPrometheus } from '../../lib/adapters/prometheus/index'
import { createRds } from '../../lib/adapters/rds/index'
import { createRoute53 } from '../../lib/adapters/route53/index'
import { createS3 } from '../../lib/adapters/s3/index'
import { createVantage } from '../../lib/adapters/vantage/index'
import { s3Settings } from '../../lib/config/backups'
import type { RunnerEnv } from '../../lib/config/env'
import { ConfigError } from '../../lib/config/environment'
import { placeOfUrl, reachProblems } from '../../lib/config/reach'
import { deploymentsIn } from '../../lib/domain/application/manifests'
import type { Use } from '../../lib/domain/cluster/sessions'

/** Everything outside that the runner reaches. Throws ConfigError with all that cannot be made. */
export function createAdapters(env: RunnerEnv) {
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
  const platformEvents = aws.health ? made(() => createHealth({ endpointUrl: aws.endpointUrl })) : null
  const route53 = env.environment.names && made(() => createRoute53({ endpointUrl: aws.endpointUrl }))
  // Everything that opens a session on the guarded database has its part of the one budget.
  const sessions = new SessionBudget(database.sessionsPerNode)
  const { tls, caFile } = database
  const own = { user: database.user, password: env.secrets.databasePassword }
  const recovery =
    database.recovery && env.secrets.recoveryPassword !== null
      ? { user: database.recovery.user, password: env.secrets.recoveryPassword, tls, caFile }
      : null
  const of = { database: database.name, applicationRoles: database.applicationRoles }
  const postgresFor = (use: Use) => createPostgres({ ...own, ...of, tls, caFile, sessions: sessions.for(use) })
  const controlFor = (use: Use) =>
    recovery && createPostgresControl({ ...recovery, database: database.name, sessions: sessions.for(use) })
  const reconciler =
    recovery &&
    made(() => ({
      runs: createReconciler({ ...recovery, sessions: sessions.for('runs') }),
      looks: createReconciler({ ...recovery, sessions: sessions.for('looks') }),
    }))
  const guarded = made(() => ({
    collector: postgresFor('collector'),
    runs: { database: postgresFor('runs'), control: controlFor('runs') },
    looks: { database: postgresFor('looks'), control: controlFor('looks') },
    checklist: postgresFor('checklist'),
  }))
  const refuse = (server: string) =>
    reachProblems(env.environment, [placeOfUrl('kubernetes.kubeconfig', server)])[0] ?? null
  const workloads = kubernetes && made(() => createKubernetes({ ...kubernetes, refuse }))
  const drContext = kubernetes?.drApplication ? kubernetes.drContext : null
  const application =
    kubernetes && drContext
      ? made(() => createApplication({ kubeconfig: kubernetes.kubeconfig, context: drContext, refuse }))
      : null
  const deployment = kubernetes?.deployments[0]
  const elsewhere = kubernetes?.drApplication && deploymentsIn(kubernetes.drApplication.manifests)[0]?.metadata.name
  const thereToo =
    kubernetes && drContext && elsewhere
      ? made(() => createKubernetes({ kubeconfig: kubernetes.kubeconfig, context: drContext, refuse }))
      : null
  const bouncers = poolers.flatMap((pooler) => {
    const password = env.secrets.poolerPasswords[pooler.name]
    const console = password ? made(() => createPgbouncer({ ...pooler, password })) : null
    return console ? [console] : []
  })
  const throughPoolers = (use: Use) =>
    new Map(
      poolers.flatMap((pooler) => {
        const { database, tls, caFile } = pooler
        const reached = made(() => createPostgres({ ...own, database, tls, caFile, sessions: sessions.for(use) }))
        return reached ? [[pooler.name, reached] as const] : []
      }),
    )
  const through = { runs: throughPoolers('runs'), looks: throughPoolers('looks') }
  const { RUNNER_TLS_CERT: cert, RUNNER_TLS_KEY: key } = env
  const feedTls =
    cert && key ? made(() => ({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') })) : null
  const prometheus = metrics && made(() => createPrometheus(metrics))
  const { vantage } = env.environment
  const { vantageSecret } = env.secrets
  if (problems.length || !fleet || !guarded) throw new ConfigError(problems)
  return {
    fleet,
    guarded,
    reconciler,
    workloads:
      kubernetes && workloads && deployment ? { port: workloads, namespace: kubernetes.namespace, deployment } : null,
    workloadsElsewhere:
      kubernetes && thereToo && elsewhere
        ? {
            port: thereToo,
            namespace: kubernetes.drApplication?.namespace ?? kubernetes.namespace,
            deployment: elsewhere,
          }
        : null,
    application,
    poolers: bouncers,
    through,
    metrics: prometheus,
    vantage: vantage && vantageSecret ? createVantage({ url: vantage.url, secret: vantageSecret }) : null,
    s3,
    route53,
    platformEvents,
    feedTls,
  }
}
