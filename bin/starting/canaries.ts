import { createKubernetes } from '../../lib/adapters/kubernetes/index'
import { createPostgres } from '../../lib/adapters/postgres/index'
import { SessionBudget } from '../../lib/adapters/postgres/sessions'
import { createAwsCanaries } from '../../lib/adapters/rds/canaries'
import { createRds } from '../../lib/adapters/rds/index'
import { createS3 } from '../../lib/adapters/s3/index'
import type { Canary } from '../../lib/collector/canaries'
import { s3Settings } from '../../lib/config/backups'
import type { EnvironmentConfig } from '../../lib/config/environment'
import { vantageName } from '../../lib/domain/cluster/vantage'
import type { DatabaseProbe } from '../../lib/ports/database'
import { PortError } from '../../lib/ports/port-error'

/** A canary that hangs tells so by its own limit; these only end the request. */
const limits = { connectMs: 3_000, requestMs: 5_000, socketMs: 5_000, readTotalMs: 5_000 }

/** Every service of both regions that this environment uses, each with one question that changes nothing. */
export function canariesFor(
  environment: EnvironmentConfig,
  databasePassword: string,
): { canaries: Canary[]; close(): Promise<void> } {
  const { aws, kubernetes } = environment
  const { region, drRegion, endpointUrl } = aws
  const home = createAwsCanaries({ region, endpointUrl, limits })
  const own = createAwsCanaries({ region: drRegion, endpointUrl, limits })
  const buckets = s3Settings(environment)
  const s3 = buckets && createS3({ ...buckets, limits })
  const inCluster = (context: string | null | undefined) => {
    if (!kubernetes || !context) return null
    const { kubeconfig, namespace } = kubernetes
    const workloads = createKubernetes({ kubeconfig, context, requestMs: limits.requestMs })
    return () => workloads.canI('get', 'deployments', namespace).then(() => undefined)
  }
  const writer = writerProbe(environment, databasePassword)
  const found: (Canary | null)[] = [
    { of: 'home', service: 'rds', ask: home.rds },
    { of: 'home', service: 'sts', ask: home.sts },
    s3 && { of: 'home', service: 's3', ask: (signal) => s3.bucketAnswers('own', signal) },
    canary('home', inCluster(kubernetes?.context)),
    { of: 'home', service: 'database', ask: writer.ask },
    { of: 'own', service: 'rds', ask: own.rds },
    { of: 'own', service: 'sts', ask: own.sts },
    // A copy in a third region says nothing of this one.
    s3 && buckets.copy?.region === drRegion
      ? { of: 'own', service: 's3', ask: (signal) => s3.bucketAnswers('copy', signal) }
      : null,
    canary('own', inCluster(kubernetes?.drContext)),
  ]
  return {
    canaries: found.filter((one) => one !== null),
    async close() {
      home.close()
      own.close()
      s3?.close()
      await writer.close()
    },
  }
}

const canary = (of: Canary['of'], ask: Canary['ask'] | null): Canary | null => ask && { of, service: 'kubernetes', ask }

/** An address that follows the writer stays; that of a lone instance may be another after a recovery. */
const lookEveryMs = 15_000

/** A session at the address of the writer, as RDS last named it: while RDS is silent the last one counts. */
function writerProbe({ aws, database }: EnvironmentConfig, password: string) {
  const { region, drRegion, endpointUrl } = aws
  const fleet = createRds({ region, drRegion, endpointUrl, limits })
  const guarded = createPostgres({
    user: database.user,
    password,
    database: database.name,
    tls: database.tls,
    caFile: database.caFile,
    applicationName: vantageName,
    sessions: new SessionBudget(database.sessionsPerNode).elsewhere(),
  })
  let probe: DatabaseProbe | null = null
  let looking: Promise<void> | null = null
  let lookAgainAt = 0

  const look = async () => {
    const { cluster, instances } = await fleet.guarded(aws.clusterId, [])
    const address = cluster?.writerEndpoint ?? instances[0]?.address ?? null
    if (!address || (probe?.address.host === address.host && probe.address.port === address.port)) return
    const before = probe
    probe = guarded.probe('writer-from-elsewhere', address, { connectMs: 3_000, queryMs: 2_000 })
    await before?.close()
  }
  return {
    async ask(): Promise<void> {
      if (!probe || Date.now() >= lookAgainAt) {
        lookAgainAt = Date.now() + lookEveryMs
        looking ??= look()
          .catch(() => undefined)
          .finally(() => {
            looking = null
          })
      }
      if (!probe) await looking
      if (!probe)
        throw new PortError('other', 'its address is unknown so far', { outcome: 'rejected', probe: 'not-configured' })
      await probe.position()
    },
    async close(): Promise<void> {
      fleet.close()
      await probe?.close()
    },
  }
}
