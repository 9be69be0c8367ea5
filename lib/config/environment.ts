import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { leastSessionsPerNode, usualSessionsPerNode } from '../domain/cluster/sessions'
import { environmentKinds } from '../domain/environment'
import { nameUses } from '../domain/names/types'
import { drApplicationProblems, drApplicationSchema, readManifestFiles } from './dr-application'

const name = z.string().min(1)
const promql = z.string().trim().min(1).max(1000)
const port = z.coerce.number().int().min(1).max(65535)
/** Secrets stand in the environment, never in the file: the file names the variable. */
const secretVariable = z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'name an environment variable such as DB_PASSWORD')

export const metricsSchema = z.object({
  url: z.url(),
  /** PromQL of the share of requests that fail (0 to 1), and of the 95th percentile of their time in ms. */
  errorRatio: promql.default('castmatch_api_error_ratio'),
  p95Ms: promql.default('castmatch_api_p95_ms'),
  /** Labels by which an alert is about this environment, in Prometheus and from Alertmanager. None: all alerts are. */
  ownAlerts: z.record(z.string().regex(/^[a-zA-Z_]\w*$/, 'not the name of a label'), z.string().max(300)).default({}),
})

const poolerSchema = z.object({
  name: name.regex(/^[a-z0-9][a-z0-9.-]{0,39}$/, 'use small letters, digits, dots and hyphens'),
  host: name,
  port,
  database: name,
  user: name,
  passwordVariable: secretVariable,
  /** Of PgBouncer's own listener (client_tls_sslmode). */
  tls: z.enum(['verify-full', 'disable']).default('verify-full'),
  caFile: z.string().optional(),
})

function ownAddresses(poolers: z.infer<typeof poolerSchema>[], context: z.RefinementCtx): void {
  poolers.forEach((one, i) => {
    const before = poolers.slice(0, i)
    if (before.some((other) => other.name === one.name))
      context.addIssue({ code: 'custom', path: [i, 'name'], message: `another pooler is called ${one.name}` })
    const twin = before.find((other) => other.host === one.host && other.port === one.port)
    if (twin)
      context.addIssue({
        code: 'custom',
        path: [i, 'host'],
        message: `${one.host}:${one.port} is the address of ${twin.name}; give each PgBouncer process its own`,
      })
  })
}

/** An IP address, with a port where it is not 53: a resolver is asked directly, not found by a name. */
const resolverAddress = z
  .string()
  .regex(/^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:]+\])(:\d{1,5})?$/, 'an IP address such as 10.0.0.2 or 10.0.0.2:5353')

const namesSchema = z.object({
  /** Names that a recovery of the region moves. */
  records: z
    .array(
      z.object({
        use: z.enum(nameUses),
        name,
        /** Of the hosted zone at Route 53. */
        zoneId: z.string().regex(/^[A-Z0-9]+$/, 'the id of a hosted zone, without /hostedzone/'),
        /** A name of a private zone is not asked of public resolvers: for them it does not exist. */
        zone: z.enum(['public', 'private']),
        /** Where a name without a failover pair is to lead in the recovery region: an address or another name. */
        recoveryValue: name.nullable().default(null),
      }),
    )
    .min(1),
  resolvers: z.object({
    /** Name servers of the zones, or the resolver of the network that asks them and keeps nothing. */
    authoritative: z.array(resolverAddress).min(1),
    cluster: z.array(resolverAddress).default([]),
    public: z.array(resolverAddress).default([]),
  }),
  /** The object by whose presence an inverted health check moves the database's name. Null: there is none. */
  switchObject: z.object({ bucket: name, key: name, region: name }).nullable().default(null),
})

/** A guarded environment: an AWS account, regions, a Kubernetes context and a database, under one name. */
export const environmentSchema = z.object({
  name: name.max(40),
  kind: z.enum(environmentKinds),
  aws: z.object({
    accountId: z.string().regex(/^\d{12}$/, 'an AWS account id has 12 digits'),
    region: name,
    drRegion: name,
    clusterId: z.string().regex(/^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$/),
    crossRegionReplicaId: z.string().nullable().default(null),
    /** A security group that lets nobody in: an old writer that only the API reaches is put into it. */
    quarantineSecurityGroupId: z.string().nullable().default(null),
    /** Lets in the War Room and not the application: a restored copy is looked at in it before it serves. */
    recoverySecurityGroupId: z.string().nullable().default(null),
    /** Only set for the lab or a VPC endpoint. */
    endpointUrl: z.url().optional(),
    /** Ask AWS Health for open events. It needs a Business or Enterprise support plan. */
    health: z.boolean().default(false),
  }),
  database: z.object({
    name,
    /** Role of the collector and its heartbeat. */
    user: name,
    passwordVariable: secretVariable,
    /**
     * Role that fences an old writer: may alter the application's roles and the database, and end sessions. Without one,
     * an old writer that still answers can be fenced by its security group only.
     */
    recovery: z.object({ user: name, passwordVariable: secretVariable }).nullable().default(null),
    /** The application's own role(s): what is fenced and counted as writers. */
    applicationRoles: z.array(name).min(1),
    tls: z.enum(['verify-full', 'disable']).default('verify-full'),
    caFile: z.string().optional(),
    /**
     * Most sessions of ours that one node ever sees: those of the collector, of runs, of what people look at, and of a
     * runner that hangs while another has taken over. The roles' CONNECTION LIMIT in the deployment guide is this number.
     */
    sessionsPerNode: z.number().int().min(leastSessionsPerNode).max(500).default(usualSessionsPerNode),
    criticalTables: z.array(name).default([]),
    /**
     * What the business counts to know that a copy of the database is right: each a SELECT of one number, with the least or
     * the most that passes, or by how many percent it may differ from the damaged source.
     */
    businessQueries: z
      .array(
        z.object({
          name: name.max(80),
          sql: z.string().regex(/^\s*SELECT\b[^;]*$/i, 'one SELECT without a semicolon'),
          atLeast: z.number().nullable().default(null),
          atMost: z.number().nullable().default(null),
          withinPercent: z.number().min(0).nullable().default(null),
        }),
      )
      .default([]),
    /**
     * What the application keeps in its database to be sent, such as messages: statements that turn it off on a restored copy and
     * on again when the copy serves, and a query that gives more than 0 while it is on. The recovery role runs them.
     */
    outbox: z
      .object({
        off: z.array(z.string().min(1)).min(1),
        on: z.array(z.string().min(1)),
        isOn: z.string().regex(/^\s*SELECT\b[^;]*$/i, 'one SELECT without a semicolon'),
      })
      .nullable()
      .default(null),
    /**
     * Queries whose every row breaks a rule of the application, such as a row whose owner does not exist. They run as the
     * collector's role, read only and with a time limit; two failures in a row suspect corruption.
     */
    invariants: z
      .array(
        z.object({
          name: name.max(80),
          sql: z.string().regex(/^\s*(select|with)\b[^;]*$/i, 'one SELECT without a semicolon'),
          mustBe: z.literal('empty').default('empty'),
        }),
      )
      .max(20)
      .default([]),
    /**
     * An application that numbers its commits, and tells the last number that was acknowledged to each of its writers as a
     * metric, lets the commits lost by a recovery be counted instead of estimated.
     */
    numberedCommits: z
      .object({
        table: name,
        writerColumn: name,
        numberColumn: name,
        metric: z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'the name of a metric'),
        writerLabel: name,
      })
      .nullable()
      .default(null),
  }),
  kubernetes: z
    .object({
      kubeconfig: name,
      context: name,
      /** Context of the kubeconfig for the recovery region's cluster; the collector there asks whether it answers. */
      drContext: name.nullable().default(null),
      namespace: name,
      deployments: z.array(name).min(1),
      hostVariable: name.default('DATABASE_HOST'),
      /** Values of that variable that lead to the poolers besides their own addresses, such as a service in front of all. */
      poolerHosts: z.array(name).default([]),
      /** Carries the port of a host that names none. */
      portVariable: name.default('DATABASE_PORT'),
      /** What a cross-region recovery starts in the cluster of drContext. Null: people start the application there. */
      drApplication: drApplicationSchema,
    })
    .superRefine((kubernetes, context) => {
      for (const { path, message } of drApplicationProblems(kubernetes))
        context.addIssue({ code: 'custom', path, message })
    })
    .nullable(),
  /** One entry for each PgBouncer process, each by an address behind which no other answers. Empty when there is none. */
  poolers: z
    .array(poolerSchema, { error: 'a list with one entry for each PgBouncer process; [] when there is none' })
    .superRefine(ownAddresses),
  pooler: z
    .never({
      error: 'write poolers, a list with one entry and a name for each PgBouncer process; [] when there is none',
    })
    .optional(),
  metrics: metricsSchema.nullable(),
  /**
   * The collector in the other region, by which an outage of the home region is recognised; its secret stands in the same variable
   * there and here. Null: there is none, and no outage of a region is found.
   */
  vantage: z.object({ url: z.url(), secretVariable }).nullable().default(null),
  /** Dumps in S3. Null: none are configured, and the War Room says so instead of that there are none. */
  backups: z
    .object({
      bucket: name,
      prefix: z.string().default(''),
      /** The bucket in another region to which S3 copies them. */
      copy: z.object({ bucket: name, region: name }).nullable().default(null),
      /** What the backup job writes as `source-environment`; backups of another one are never recommended. */
      source: name,
      /** Hours between two backups. */
      everyHours: z.number().positive().default(24),
      /** OpenPGP key that decrypts them: a file of the runner, and the variable with its passphrase. Null: they are not encrypted. */
      decryptionKeyFile: name.nullable().default(null),
      passphraseVariable: secretVariable.nullable().default(null),
      /** What decrypts them for a restore: gpg where it is installed, which is faster, or always the library. */
      decryptWith: z.enum(['gpg', 'library']).default('gpg'),
      /** OpenPGP key that must have signed them. Null: signatures are not looked at. */
      signingKeyFile: name.nullable().default(null),
      /** Read each recommended backup to its end once, so that it is known to be whole. Costs a processor while it is read. */
      verify: z.boolean().default(false),
      /** Refuse a backup that lacks a checksum or its source, instead of warning. */
      strict: z.boolean().default(false),
    })
    .nullable()
    .default(null),
  /** DNS names of the database and the API. Null: none are configured, and the War Room says so. */
  names: namesSchema.nullable().default(null),
  /** Who is paged and told. What is missing is said on the screens, with whom to call manually. */
  integrations: z
    .object({
      /** Events API v2. */
      pagerduty: z
        .object({ url: z.url().default('https://events.pagerduty.com'), routingKeyVariable: secretVariable })
        .nullable()
        .default(null),
      slack: z
        .object({ url: z.url().default('https://slack.com/api'), tokenVariable: secretVariable, channel: name })
        .nullable()
        .default(null),
      /** Takes updates for the public as JSON. */
      statusPage: z.object({ url: z.url(), tokenVariable: secretVariable }).nullable().default(null),
    })
    .optional(),
  /**
   * Passkeys (WebAuthn): the address at which people open the War Room, and the file in which an operator of the runner enters whose
   * keys count. Null: nobody can register one.
   */
  passkeys: z.object({ origin: z.url(), enrolmentFile: name }).nullable().default(null),
  policy: z
    .object({
      /** May one person act alone with a reason (break-glass)? */
      breakGlass: z.boolean().default(true),
      /** Must a second person approve, also outside production? */
      twoPersons: z.boolean().default(true),
      /** What proves an approval: a sign-in within five minutes, or a passkey's signature, which the runner verifies. */
      approvals: z.enum(['sign-in', 'passkey']).default('sign-in'),
    })
    .prefault({}),
})
export type EnvironmentConfig = z.infer<typeof environmentSchema>

/** Reads the environment file named by WARROOM_CONFIG. Throws ConfigError with the whole list. */
export function readEnvironmentFile(path: string): EnvironmentConfig {
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ConfigError([`WARROOM_CONFIG: ${path} cannot be read as JSON (${(error as Error).message})`])
  }
  const parsed = environmentSchema.safeParse(raw)
  if (!parsed.success)
    throw new ConfigError(parsed.error.issues.map((i) => `${path}: ${i.path.join('.') || '(top)'}: ${i.message}`))
  const { kubernetes } = parsed.data
  if (kubernetes?.drApplication) kubernetes.drApplication = withManifests(path, kubernetes)
  if (parsed.data.policy.approvals === 'passkey' && parsed.data.passkeys === null)
    throw new ConfigError([`${path}: policy.approvals: 'passkey' needs passkeys (origin and enrolmentFile)`])
  return parsed.data
}

/** What is applied, with the objects of its files. Throws ConfigError. */
function withManifests(path: string, kubernetes: NonNullable<EnvironmentConfig['kubernetes']>) {
  const { drApplication } = kubernetes
  if (!drApplication || drApplication.manifestFiles.length === 0) return drApplication
  const at = `${path}: kubernetes.drApplication`
  try {
    const manifests = [...drApplication.manifests, ...readManifestFiles(path, drApplication.manifestFiles)]
    const whole = { ...drApplication, manifests, manifestFiles: [] }
    const problems = drApplicationProblems({ ...kubernetes, drApplication: whole })
    if (problems.length > 0)
      throw new ConfigError(problems.map((p) => `${path}: kubernetes.${p.path.join('.')}: ${p.message}`))
    return whole
  } catch (error) {
    if (error instanceof z.ZodError) throw new ConfigError(error.issues.map(({ message }) => `${at}: ${message}`))
    throw error instanceof ConfigError ? error : new ConfigError([`${at}: ${(error as Error).message}`])
  }
}

/** The site that passkeys are for, where approvals take one; null where they take a fresh sign-in. */
export const approvalSite = (
  environment: Pick<EnvironmentConfig, 'policy' | 'passkeys'>,
): { origin: string; rpId: string } | null =>
  environment.policy.approvals === 'passkey' ? passkeySite(environment) : null

/** The site that passkeys are registered for; null where there are none. */
export function passkeySite({
  passkeys,
}: Pick<EnvironmentConfig, 'passkeys'>): { origin: string; rpId: string } | null {
  if (!passkeys) return null
  const { origin, hostname } = new URL(passkeys.origin)
  return { origin, rpId: hostname }
}

/** Everything that is missing or wrong at start, as a list; nothing starts half. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(`The configuration is incomplete:\n${problems.map((p) => `  - ${p}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}
