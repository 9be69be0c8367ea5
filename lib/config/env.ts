import { z } from 'zod'
import { castmatch } from './castmatch'
import { readEnrolmentFile } from './enrolment'
import { ConfigError, type EnvironmentConfig, passkeySite, readEnvironmentFile } from './environment'
import { type Place, placeOfStore, placeOfUrl, reachProblems } from './reach'

export const secret = z.string().min(32, 'at least 32 characters')
export const port = z.coerce.number().int().min(1).max(65535)
const urlList = z
  .string()
  .transform((s) => s.split(',').map((u) => u.trim()))
  .pipe(z.array(z.url()).min(1))

const shared = {
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'a postgresql:// address of our own store' }),
  WARROOM_FEED_SECRET: secret,
  WARROOM_CONFIG: z.string().min(1, 'path of the environment file'),
}

/** An IANA name such as Europe/Berlin, as this machine knows it. */
const zone = z.string().refine((name) => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }))
  } catch {
    return false
  }
}, 'the name of a time zone such as America/Los_Angeles')

/** Where people open the War Room. */
const site = z.url({ protocol: /^https?$/, error: 'the http:// or https:// address of the site' })
/** Values with commas between them; none when the variable is missing. */
const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((value) => value.trim())
      .filter(Boolean),
  )

const webSchema = z.object({
  ...shared,
  PORT: port.default(3000),
  /** Where it listens; in production a proxy in front ends TLS. */
  WEB_HOST: z.string().default('127.0.0.1'),
  NEXTAUTH_URL: site,
  NEXTAUTH_SECRET: secret,
  /** Feeds of all runners; the leader among them is followed. */
  RUNNER_URLS: urlList,
  /** Reverse proxies of our own in front: so many entries of X-Forwarded-For are believed, from the right. */
  WARROOM_PROXIES: z.coerce.number().int().min(0).max(5).default(0),
  OIDC_ISSUER: z.url().optional(),
  OIDC_CLIENT_ID: z.string().optional(),
  OIDC_CLIENT_SECRET: z.string().optional(),
  OIDC_NAME: z.string().default('Single sign-on'),
  /** Whom single sign-on lets in: domains of verified e-mail addresses, groups, or either. */
  OIDC_ALLOWED_DOMAINS: list.transform((all) => all.map((domain) => domain.toLowerCase().replace(/^@/, ''))),
  OIDC_ALLOWED_GROUPS: list,
  OIDC_SCOPE: z.string().min(1).default('openid email profile'),
  /** The claim in which the provider names groups. */
  OIDC_GROUPS_CLAIM: z.string().min(1).default('groups'),
  /** `always` for a provider that verifies every address and does not say so (no email_verified claim). */
  OIDC_ADDRESSES: z.enum(['verified', 'always'], 'verified or always').default('verified'),
  /** Only read in a lab environment. */
  LAB_URL: z.url().optional(),
  LAB_TOKEN: secret.optional(),
  /** What a sender of alerts must show: a bearer token, and the signing secret of PagerDuty's webhook. */
  WARROOM_ALERT_TOKEN: secret.optional(),
  PAGERDUTY_WEBHOOK_SECRET: z.string().min(16, 'at least 16 characters').optional(),
  /** By whose clocks the review of an incident is at 14:00. */
  WARROOM_REVIEW_ZONE: zone.default(castmatch.review.zone),
})

const runnerSchema = z.object({
  ...shared,
  RUNNER_PORT: port.default(3001),
  RUNNER_HOST: z.string().default('127.0.0.1'),
  /** PEM files of the feed's own certificate; without them it speaks plain HTTP. */
  RUNNER_TLS_CERT: z.string().optional(),
  RUNNER_TLS_KEY: z.string().optional(),
  WARROOM_DATA: z.string().default('.data'),
  /** How long the others wait for a runner that is lost, ms; longer where machines or the store stall for a second now and then. */
  RUNNER_LEASE_MS: z.coerce.number().int().min(1_000, 'at least 1000').max(60_000, 'at most 60000').default(1_000),
  /** For the links in what the runner itself tells people; without it they have none. */
  NEXTAUTH_URL: site.optional(),
})

export type WebEnv = z.infer<typeof webSchema> & { environment: EnvironmentConfig }
export type RunnerEnv = z.infer<typeof runnerSchema> & {
  environment: EnvironmentConfig
  secrets: {
    databasePassword: string
    recoveryPassword: string | null
    /** By the poolers' names. */
    poolerPasswords: Record<string, string>
    pagerdutyRoutingKey: string | null
    slackToken: string | null
    statusPageToken: string | null
    vantageSecret: string | null
    backupPassphrase: string | null
  }
}

export function parse<T extends z.ZodObject>(schema: T, source: NodeJS.ProcessEnv) {
  const problems: string[] = []
  const parsed = schema.safeParse(source)
  if (!parsed.success)
    for (const issue of parsed.error.issues) {
      const key = issue.path.join('.')
      problems.push(source[key] === undefined ? `${key} is missing` : `${key}: ${issue.message}`)
    }
  let environment: EnvironmentConfig | null = null
  if (source.WARROOM_CONFIG) {
    try {
      environment = readEnvironmentFile(source.WARROOM_CONFIG)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      problems.push(...error.problems)
    }
  }
  return { values: parsed.success ? parsed.data : null, environment, problems }
}

/** Places that both programs go to. */
const sharedPlaces = ({ DATABASE_URL }: { DATABASE_URL: string }, problems: string[]): Place[] => {
  try {
    return [placeOfStore('DATABASE_URL', DATABASE_URL)]
  } catch {
    // The driver's words may quote the address, and with it the password.
    problems.push('DATABASE_URL: the driver cannot use this address; look at its sslmode and sslrootcert')
    return []
  }
}

/** The web's configuration. Throws ConfigError with everything that is missing or wrong. */
export function readWebEnv(source: NodeJS.ProcessEnv = process.env): WebEnv {
  const { values, environment, problems } = parse(webSchema, source)
  if (values?.OIDC_ISSUER && !(values.OIDC_CLIENT_ID && values.OIDC_CLIENT_SECRET))
    problems.push('OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET')
  if (values && environment)
    problems.push(
      ...reachProblems(environment, [
        ...sharedPlaces(values, problems),
        placeOfUrl('NEXTAUTH_URL', values.NEXTAUTH_URL),
        ...values.RUNNER_URLS.map((url) => placeOfUrl('RUNNER_URLS', url)),
        ...(values.OIDC_ISSUER ? [placeOfUrl('OIDC_ISSUER', values.OIDC_ISSUER)] : []),
        ...(environment.kind === 'lab'
          ? [
              { what: 'WEB_HOST', host: values.WEB_HOST, encrypted: false },
              ...(values.LAB_URL ? [placeOfUrl('LAB_URL', values.LAB_URL)] : []),
            ]
          : []),
      ]),
    )
  if (values?.OIDC_ISSUER && values.OIDC_ALLOWED_DOMAINS.length + values.OIDC_ALLOWED_GROUPS.length === 0)
    problems.push('OIDC_ISSUER needs OIDC_ALLOWED_DOMAINS or OIDC_ALLOWED_GROUPS: who is allowed to sign in')
  const site = environment && passkeySite(environment)
  if (values && site && new URL(values.NEXTAUTH_URL).origin !== site.origin)
    problems.push(
      `NEXTAUTH_URL has the origin ${new URL(values.NEXTAUTH_URL).origin}, and passkeys.origin is ${site.origin}`,
    )
  if (problems.length || !values || !environment) throw new ConfigError(problems)
  return { ...values, environment }
}

/** Addresses by which the process's environment redirects the cloud's own clients. */
export function awsPlaces(source: NodeJS.ProcessEnv, problems: string[]): Place[] {
  return Object.entries(source).flatMap(([name, url]) => {
    if (!name.startsWith('AWS_ENDPOINT_URL') || !url) return []
    if (URL.canParse(url)) return [placeOfUrl(name, url)]
    problems.push(`${name}: not an address`)
    return []
  })
}

/** The runner's configuration with its secrets. Throws ConfigError with everything that is missing or wrong. */
export function readRunnerEnv(source: NodeJS.ProcessEnv = process.env): RunnerEnv {
  const { values, environment, problems } = parse(runnerSchema, source)
  const read = (variable: string | undefined) => {
    if (!variable) return null
    const value = source[variable]
    if (!value) problems.push(`${variable} is missing (named by WARROOM_CONFIG)`)
    return value ?? null
  }
  if (environment?.passkeys)
    try {
      readEnrolmentFile(environment.passkeys.enrolmentFile)
    } catch (error) {
      problems.push(`passkeys.enrolmentFile: ${(error as Error).message}`)
    }
  const databasePassword = read(environment?.database.passwordVariable)
  const recoveryPassword = read(environment?.database.recovery?.passwordVariable)
  const poolerPasswords = Object.fromEntries(
    (environment?.poolers ?? []).map((pooler) => [pooler.name, read(pooler.passwordVariable) ?? '']),
  )
  const integrations = environment?.integrations
  const pagerdutyRoutingKey = read(integrations?.pagerduty?.routingKeyVariable)
  const slackToken = read(integrations?.slack?.tokenVariable)
  const statusPageToken = read(integrations?.statusPage?.tokenVariable)
  const vantageSecret = read(environment?.vantage?.secretVariable)
  const backupPassphrase = read(environment?.backups?.passphraseVariable ?? undefined)
  if (values && environment) {
    const { RUNNER_TLS_CERT, RUNNER_TLS_KEY, RUNNER_HOST } = values
    if (!RUNNER_TLS_CERT !== !RUNNER_TLS_KEY) problems.push('RUNNER_TLS_CERT and RUNNER_TLS_KEY must be set together')
    problems.push(
      ...reachProblems(environment, [
        ...sharedPlaces(values, problems),
        { what: 'RUNNER_HOST', host: RUNNER_HOST, encrypted: RUNNER_TLS_CERT !== undefined },
        ...awsPlaces(source, problems),
      ]),
    )
  }
  if (problems.length || !values || !environment || !databasePassword) throw new ConfigError(problems)
  return {
    ...values,
    environment,
    secrets: {
      databasePassword,
      recoveryPassword,
      poolerPasswords,
      pagerdutyRoutingKey,
      slackToken,
      statusPageToken,
      vantageSecret,
      backupPassphrase,
    },
  }
}
