import { z } from 'zod'
import { awsPlaces, parse, port, secret } from './env'
import { ConfigError, type EnvironmentConfig } from './environment'
import { reachProblems } from './reach'

const vantageSchema = z.object({
  WARROOM_CONFIG: z.string().min(1, 'path of the environment file'),
  VANTAGE_PORT: port.default(3008),
  VANTAGE_HOST: z.string().default('127.0.0.1'),
  /** PEM files of its own certificate; without them it speaks plain HTTP. */
  VANTAGE_TLS_CERT: z.string().optional(),
  VANTAGE_TLS_KEY: z.string().optional(),
})

export type VantageEnv = z.infer<typeof vantageSchema> & {
  environment: EnvironmentConfig
  secret: string
  databasePassword: string
}

/** Configuration of the collector in the other region. Throws ConfigError with everything that is missing or wrong. */
export function readVantageEnv(source: NodeJS.ProcessEnv = process.env): VantageEnv {
  const { values, environment, problems } = parse(vantageSchema, source)
  const read = (variable: string | undefined) => {
    const value = variable && source[variable]
    if (variable && !value) problems.push(`${variable} is missing (named by WARROOM_CONFIG)`)
    return value || null
  }
  if (environment && !environment.vantage)
    problems.push('vantage is missing in WARROOM_CONFIG: nobody would ask this collector')
  const databasePassword = read(environment?.database.passwordVariable)
  const shared = read(environment?.vantage?.secretVariable)
  if (shared && !secret.safeParse(shared).success)
    problems.push(`${environment?.vantage?.secretVariable}: at least 32 characters`)
  if (values && environment) {
    const { VANTAGE_TLS_CERT: cert, VANTAGE_TLS_KEY: key, VANTAGE_HOST: host } = values
    if (!cert !== !key) problems.push('VANTAGE_TLS_CERT and VANTAGE_TLS_KEY must be set together')
    const own = { what: 'VANTAGE_HOST', host, encrypted: cert !== undefined }
    problems.push(...reachProblems(environment, [own, ...awsPlaces(source, problems)]))
  }
  if (problems.length || !values || !environment || !databasePassword || !shared) throw new ConfigError(problems)
  return { ...values, environment, secret: shared, databasePassword }
}
