import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { usualSessionsPerNode } from '../domain/cluster/sessions'
import { nameUses } from '../domain/names/types'
import type { Manifest } from '../domain/procedure/apply-call'
import { type EnvironmentConfig, metricsSchema } from './environment'

/** What the lab writes of itself to `<lab>/connection.json` (0600). */
const connectionSchema = z.object({
  accountId: z.string(),
  region: z.string(),
  drRegion: z.string(),
  clusterId: z.string(),
  crossRegionReplicaId: z.string(),
  quarantineSecurityGroupId: z.string(),
  recoverySecurityGroupId: z.string(),
  database: z.string(),
  collectorUser: z.string(),
  masterUser: z.string(),
  applicationUser: z.string(),
  kubeconfig: z.string(),
  backups: z
    .object({
      bucket: z.string(),
      replicaBucket: z.string(),
      replicaRegion: z.string(),
      prefix: z.string(),
      everyMinutes: z.number(),
      decryptionKeyFile: z.string(),
      signingKeyFile: z.string(),
    })
    .nullable()
    .default(null),
  poolers: z.array(
    z.object({ name: z.string(), host: z.string(), port: z.number(), user: z.string(), password: z.string() }),
  ),
  /** The same APIs as they are dialled from the other region. */
  elsewhere: z.object({ url: z.string(), kubeconfig: z.string() }),
  poolerService: z.object({ host: z.string(), port: z.number() }).nullable(),
  receivers: z
    .object({
      pagerduty: z.object({ url: z.string(), routingKey: z.string(), webhookSecret: z.string() }),
      slack: z.object({ url: z.string(), token: z.string(), channel: z.string() }),
      statusPage: z.object({ url: z.string(), token: z.string() }),
      alertToken: z.string(),
    })
    .nullable()
    .default(null),
  names: z
    .object({
      records: z.array(
        z.object({
          use: z.enum(nameUses),
          name: z.string(),
          zoneId: z.string(),
          zone: z.enum(['public', 'private']),
          recoveryValue: z.string().nullable().default(null),
        }),
      ),
      resolvers: z.object({
        authoritative: z.array(z.string()),
        cluster: z.array(z.string()),
        public: z.array(z.string()),
      }),
      switchObject: z.object({ bucket: z.string(), key: z.string(), region: z.string() }),
    })
    .nullable()
    .default(null),
  secrets: z.object({
    warroomPassword: z.string(),
    adminPassword: z.string(),
    awsAccessKeyId: z.string(),
    awsSecretAccessKey: z.string(),
    token: z.string(),
  }),
})
export type LabConnection = z.infer<typeof connectionSchema>

/** Reads the running lab's addresses and credentials. Throws when the file is missing or of another version. */
export function readLabConnection(labDir: string): LabConnection {
  return connectionSchema.parse(JSON.parse(readFileSync(join(labDir, 'connection.json'), 'utf8')))
}

/** What `npm start` guards, and what its store is stamped with. */
export const labStamp = { name: 'lab', kind: 'lab' } as const

const counted = (name: string, sql: string) => ({ name, sql, atLeast: 1, atMost: null, withinPercent: null })
/** Those of the customer's runbook, with the least that its casting platform has. */
const businessQueries = [
  { ...counted('Users', 'SELECT count(*) FROM users'), withinPercent: 5 },
  { ...counted('Open castings', "SELECT count(*) FROM castings WHERE status = 'open'"), atLeast: 600 },
  counted('Newest audit log entry', 'SELECT max(id) FROM audit_logs'),
  counted('Users of the last day', "SELECT count(*) FROM users WHERE created_at > now() - interval '1 day'"),
  { ...counted('Database size, MB', 'SELECT pg_database_size(current_database()) / 1000000'), atLeast: 5 },
  { ...counted('Tables', "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"), atLeast: 6 },
]

/** The application as its repository has it for the recovery region; the run names the database. */
function labApplication({ database, applicationUser }: LabConnection): Manifest {
  const labels = { app: 'castmatch-api' }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'castmatch-api', labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'api',
              image: 'castmatch/api:2.14.0',
              env: [
                { name: 'DATABASE_HOST', value: 'set-by-the-run' },
                { name: 'DATABASE_PORT', value: '5432' },
                { name: 'DATABASE_NAME', value: database },
                { name: 'DATABASE_USER', value: applicationUser },
                {
                  name: 'DATABASE_PASSWORD',
                  valueFrom: { secretKeyRef: { name: 'castmatch-database', key: 'password' } },
                },
              ],
              resources: { requests: { cpu: '50m', memory: '64Mi' } },
            },
          ],
        },
      },
    },
  }
}

/** The environment file that makes the War Room guard the lab: configuration, exactly as production has it. */
export function labEnvironment(
  lab: LabConnection,
  ports: { vantage?: number; lab: { http: number } },
): EnvironmentConfig {
  const api = `http://127.0.0.1:${ports.lab.http}`
  return {
    ...labStamp,
    aws: {
      accountId: lab.accountId,
      region: lab.region,
      drRegion: lab.drRegion,
      clusterId: lab.clusterId,
      crossRegionReplicaId: lab.crossRegionReplicaId,
      quarantineSecurityGroupId: lab.quarantineSecurityGroupId,
      recoverySecurityGroupId: lab.recoverySecurityGroupId,
      endpointUrl: api,
      health: true,
    },
    database: {
      name: lab.database,
      user: lab.collectorUser,
      passwordVariable: 'LAB_DATABASE_PASSWORD',
      recovery: { user: lab.masterUser, passwordVariable: 'LAB_RECOVERY_PASSWORD' },
      applicationRoles: [lab.applicationUser],
      tls: 'disable',
      sessionsPerNode: usualSessionsPerNode,
      criticalTables: ['users', 'castings', 'audit_logs', 'commits'],
      businessQueries,
      outbox: null,
      invariants: [
        {
          name: 'every casting has an owner',
          sql: 'SELECT 1 FROM castings c WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = c.owner_id)',
          mustBe: 'empty',
        },
      ],
      numberedCommits: {
        table: 'commits',
        writerColumn: 'worker',
        numberColumn: 'n',
        metric: 'castmatch_commit_acknowledged_number',
        writerLabel: 'pod',
      },
    },
    kubernetes: {
      kubeconfig: lab.kubeconfig,
      context: 'castmatch-prod-us-west-2',
      drContext: 'castmatch-dr-us-east-1',
      namespace: 'production',
      deployments: ['castmatch-api'],
      hostVariable: 'DATABASE_HOST',
      poolerHosts: lab.poolerService ? [`${lab.poolerService.host}:${lab.poolerService.port}`] : [],
      portVariable: 'DATABASE_PORT',
      drApplication: {
        namespace: null,
        manifests: [labApplication(lab)],
        manifestFiles: [],
        replicas: { 'castmatch-api': 4 },
        terraform: null,
      },
    },
    poolers: lab.poolers.map(({ name, host, port, user }) => ({
      name,
      host,
      port,
      database: lab.database,
      user,
      passwordVariable: 'LAB_POOLER_PASSWORD',
      tls: 'disable',
    })),
    metrics: metricsSchema.parse({ url: `${api}/prometheus` }),
    vantage:
      ports.vantage === undefined
        ? null
        : { url: `http://127.0.0.1:${ports.vantage}`, secretVariable: 'WARROOM_VANTAGE_SECRET' },
    backups: lab.backups && {
      bucket: lab.backups.bucket,
      prefix: lab.backups.prefix,
      copy: { bucket: lab.backups.replicaBucket, region: lab.backups.replicaRegion },
      source: 'production',
      everyHours: lab.backups.everyMinutes / 60,
      decryptionKeyFile: lab.backups.decryptionKeyFile,
      passphraseVariable: null,
      decryptWith: 'gpg',
      signingKeyFile: lab.backups.signingKeyFile,
      verify: true,
      strict: false,
    },
    names: lab.names,
    integrations: lab.receivers
      ? {
          pagerduty: { url: lab.receivers.pagerduty.url, routingKeyVariable: 'LAB_PAGERDUTY_ROUTING_KEY' },
          slack: {
            url: lab.receivers.slack.url,
            channel: lab.receivers.slack.channel,
            tokenVariable: 'LAB_SLACK_TOKEN',
          },
          statusPage: { url: lab.receivers.statusPage.url, tokenVariable: 'LAB_STATUS_PAGE_TOKEN' },
        }
      : undefined,
    passkeys: null,
    policy: { breakGlass: true, twoPersons: true, approvals: 'sign-in' },
  }
}

/** The same environment, as the collector in the other region has it: with the ways that lead there. */
export function labVantageEnvironment(environment: EnvironmentConfig, { elsewhere }: LabConnection): EnvironmentConfig {
  const { aws, kubernetes } = environment
  return {
    ...environment,
    aws: { ...aws, endpointUrl: elsewhere.url },
    kubernetes: kubernetes && { ...kubernetes, kubeconfig: elsewhere.kubeconfig },
  }
}

/** The secrets that the environment file above names, as a runner gets them. */
export function labRunnerSecrets({ secrets, poolers, receivers }: LabConnection): Record<string, string | undefined> {
  return {
    LAB_DATABASE_PASSWORD: secrets.warroomPassword,
    LAB_RECOVERY_PASSWORD: secrets.adminPassword,
    LAB_POOLER_PASSWORD: poolers[0]?.password,
    LAB_PAGERDUTY_ROUTING_KEY: receivers?.pagerduty.routingKey,
    LAB_SLACK_TOKEN: receivers?.slack.token,
    LAB_STATUS_PAGE_TOKEN: receivers?.statusPage.token,
    AWS_ACCESS_KEY_ID: secrets.awsAccessKeyId,
    AWS_SECRET_ACCESS_KEY: secrets.awsSecretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}
