import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { labAccountId, quarantineGroup, recoveryGroup } from './aws/names'
import { shapeOf } from './aws/shape'
import type { Lab } from './contract'
import { labEndpoints } from './ports'
import { plans } from './postgres/member'
import { applicationUser, collectorUser } from './postgres/seed'

/** Files by which other programs, and people in a terminal, find the lab. All readable by their owner alone. */
export function writeConnectionFiles(lab: Lab, extra: Map<string, string>, described: Record<string, unknown>): void {
  const { context, secrets } = lab
  const { cluster, ports } = context
  const dataDir = resolve(context.dataDir)
  const keep = (name: string, text: string) => writeFileSync(join(dataDir, name), text, { mode: 0o600 })
  const url = `http://127.0.0.1:${ports.http}`
  const passFile = join(dataDir, 'pgpass')

  const hosts = [cluster.writerEndpoint, cluster.readerEndpoint, ...cluster.nodes().map((node) => node.address)]
  const logins = [
    [collectorUser, secrets.warroomPassword],
    [cluster.masterUsername, secrets.adminPassword],
    [applicationUser, secrets.applicationPassword],
  ]
  keep('pgpass', hosts.flatMap(({ host }) => logins.map(([user, word]) => `${host}:*:*:${user}:${word}\n`)).join(''))

  const variables = new Map([
    ['AWS_ENDPOINT_URL', url],
    ['AWS_ACCESS_KEY_ID', secrets.awsAccessKeyId],
    ['AWS_SECRET_ACCESS_KEY', secrets.awsSecretAccessKey],
    ['AWS_DEFAULT_REGION', cluster.region],
    ['AWS_EC2_METADATA_DISABLED', 'true'],
    ['KUBECONFIG', join(dataDir, 'kubeconfig')],
    ['PGHOST', cluster.writerEndpoint.host],
    ['PGPORT', String(cluster.writerEndpoint.port)],
    ['PGUSER', cluster.masterUsername],
    ['PGPASSFILE', passFile],
    ['PGDATABASE', cluster.databaseName],
    ...extra,
  ])
  const quoted = (value: string) => `'${value.replaceAll("'", `'"'"'`)}'`
  const exports = [...variables].map(([name, value]) => `export ${name}=${quoted(value)}\n`).join('')
  // The CLI knows AWS_ENDPOINT_URL from 2.13 on only, and version 1 passes it over for RDS in us-east-1: without the
  // option such a call would leave this machine.
  keep('env', `${exports}aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }\n`)

  keep('token', secrets.token)
  const alone = shapeOf(context) === 'instance'
  const connection = {
    url,
    token: secrets.token,
    accountId: labAccountId,
    region: cluster.region,
    drRegion: 'us-east-1',
    // Without a cluster the guarded database goes by the name of its first instance.
    clusterId: alone ? plans[0].id : cluster.id,
    crossRegionReplicaId: cluster.nodes().find((node) => node.role === 'cross-region')?.id ?? null,
    quarantineSecurityGroupId: quarantineGroup,
    recoverySecurityGroupId: recoveryGroup,
    database: cluster.databaseName,
    masterUser: cluster.masterUsername,
    collectorUser,
    applicationUser,
    writerEndpoint: cluster.writerEndpoint,
    readerEndpoint: cluster.readerEndpoint,
    nodes: cluster.nodes().map(({ id, address, region, zone }) => ({ id, address, region, zone })),
    kubeconfig: variables.get('KUBECONFIG'),
    elsewhere: {
      url: `http://${labEndpoints.elsewhere}:${ports.http}`,
      kubeconfig: join(dataDir, 'kubeconfig-elsewhere'),
    },
    pooler: null,
    poolers: [],
    poolerService: null,
    ports,
    secrets,
    environment: Object.fromEntries(variables),
    ...described,
  }
  keep('connection.json', `${JSON.stringify(connection, null, 2)}\n`)
}

/** The address of a lab that runs over this directory right now, or null. Two would end each other's servers. */
export async function runningLab(dataDir: string): Promise<string | null> {
  const file = join(dataDir, 'connection.json')
  if (!existsSync(file)) return null
  try {
    const { url, token } = z
      .object({ url: z.string(), token: z.string() })
      .parse(JSON.parse(readFileSync(file, 'utf8')))
    const headers = { 'x-lab-token': token }
    const response = await fetch(`${url}/lab/status`, { headers, signal: AbortSignal.timeout(1000) })
    return response.ok ? url : null
  } catch {
    return null
  }
}
