/** The names that the lab starts with: the database's in a private zone, the API's in a public one, each a failover pair. */
import type { LabCluster, LabPorts } from '../contract'
import { labEndpoints, labRegionalApis } from '../ports'
import { switchBucket } from '../s3/object'
import type { HealthCheck } from './health-checks'
import type { RecordSet, Zone } from './records'

export const privateZone = { id: 'Z0CASTMATCHINTERNAL', name: 'castmatch.internal.' } as const
export const publicZone = { id: 'Z0CASTMATCHPUBLIC01', name: 'castmatch.test.' } as const
export const databaseName = `db.${privateZone.name}`
export const apiName = `api.${publicZone.name}`
/** Presence of this object moves the database's name to the recovery region: its check is inverted. */
export const switchObject = {
  bucket: switchBucket,
  key: 'failover/database',
  region: 'us-east-1',
} as const
export const checkIds = {
  database: '6f1d0c52-0c1e-4d0b-9a53-2a1f9f0d0001',
  api: '6f1d0c52-0c1e-4d0b-9a53-2a1f9f0d0002',
  switch: '6f1d0c52-0c1e-4d0b-9a53-2a1f9f0d0003',
} as const

/** Seconds. */
const pairTtl = 10

const set = (name: string, type: RecordSet['type'], ttl: number, values: string[]): RecordSet => ({
  name,
  type,
  ttl,
  values,
  failover: null,
  healthCheckId: null,
})

const ownRecords = (zone: string): RecordSet[] => [
  set(zone, 'NS', 172_800, [`ns-1.${zone}`, `ns-2.${zone}`]),
  // The last figure but for its TTL is how long a resolver keeps that a name does not exist.
  set(zone, 'SOA', 30, [`ns-1.${zone} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 30`]),
]

const pair = (name: string, primary: string, secondary: string, healthCheckId: string): RecordSet[] => [
  {
    ...set(name, 'CNAME', pairTtl, [primary]),
    failover: { role: 'PRIMARY', identifier: 'us-west-2' },
    healthCheckId,
  },
  { ...set(name, 'CNAME', pairTtl, [secondary]), failover: { role: 'SECONDARY', identifier: 'us-east-1' } },
]

export function seedZones({ cluster }: { cluster: Pick<LabCluster, 'nodes'> }): Zone[] {
  const west = `writer.us-west-2.${privateZone.name}`
  const east = `replica.us-east-1.${privateZone.name}`
  const crossRegion = cluster.nodes().find((node) => node.role === 'cross-region')
  const apis = labRegionalApis.map(({ region, host }) => set(`api.${region}.${publicZone.name}`, 'A', 60, [host]))
  return [
    {
      ...privateZone,
      isPrivate: true,
      records: [
        ...ownRecords(privateZone.name),
        set(west, 'A', 5, [labEndpoints.writer]),
        ...(crossRegion ? [set(east, 'A', 5, [crossRegion.address.host])] : []),
        ...pair(databaseName, west, east, checkIds.switch),
      ],
    },
    {
      ...publicZone,
      isPrivate: false,
      records: [
        ...ownRecords(publicZone.name),
        ...apis,
        ...pair(apiName, `api.us-west-2.${publicZone.name}`, `api.us-east-1.${publicZone.name}`, checkIds.api),
      ],
    },
  ]
}

/**
 * The database's name follows the switch object alone: a replica that is not promoted yet must not get its traffic by itself. The
 * API's follows the health of its own endpoint. The check of the database is there to be looked at.
 */
export function seedChecks({
  ports,
  cluster,
}: {
  ports: LabPorts
  cluster: Pick<LabCluster, 'writerEndpoint'>
}): HealthCheck[] {
  const common = {
    version: 1,
    ipAddress: null,
    resourcePath: null,
    requestInterval: 30,
    failureThreshold: 3,
    inverted: false,
    disabled: false,
  } as const
  return [
    {
      ...common,
      id: checkIds.database,
      callerReference: 'castmatch-database',
      type: 'TCP',
      domainName: `writer.us-west-2.${privateZone.name}`.replace(/\.$/, ''),
      port: cluster.writerEndpoint.port,
    },
    {
      ...common,
      id: checkIds.api,
      callerReference: 'castmatch-api',
      type: 'HTTP',
      domainName: `api.us-west-2.${publicZone.name}`.replace(/\.$/, ''),
      port: ports.http,
      resourcePath: '/healthz',
    },
    {
      ...common,
      id: checkIds.switch,
      callerReference: 'castmatch-switch',
      type: 'HTTP',
      ipAddress: '127.0.0.1',
      domainName: `${switchObject.bucket}.s3.${switchObject.region}.amazonaws.com`,
      port: ports.http,
      resourcePath: `/${switchObject.bucket}/${switchObject.key}`,
      inverted: true,
    },
  ]
}
