import type { LabPorts } from './contract'

/** Ports of one copy, from the web's port: +1 runner, +2 store, +3.. lab. Two copies differ by >= 20. */
export function portsFrom(webPort: number): {
  web: number
  runner: number
  store: number
  /** The collector in the other region. */
  vantage: number
  lab: LabPorts
} {
  return {
    web: webPort,
    runner: webPort + 1,
    store: webPort + 2,
    vantage: webPort + 8,
    lab: {
      http: webPort + 3,
      postgres: webPort + 4,
      postgresBehind: webPort + 5,
      pgbouncer: webPort + 6,
      kubernetes: webPort + 7,
    },
  }
}

/** Loopback addresses of the lab's nodes, endpoints and the servers behind the proxies. */
export const labAddresses = {
  'castmatch-prod-primary': { front: '127.0.10.1', behind: '127.0.12.1' },
  'castmatch-prod-replica-1': { front: '127.0.10.2', behind: '127.0.12.2' },
  'castmatch-prod-replica-2': { front: '127.0.10.3', behind: '127.0.12.3' },
  'castmatch-xregion-replica': { front: '127.0.10.4', behind: '127.0.12.4' },
} as const
export const labEndpoints = {
  writer: '127.0.11.1',
  reader: '127.0.11.2',
  control: '127.0.0.1',
  /** The same APIs, as they are dialled from the other region: what lies between the regions lies on this way. */
  elsewhere: '127.0.11.20',
  /** The one address of all poolers, as the application knows it; its port is theirs. */
  poolerService: '127.0.11.9',
} as const

/** The lab's PgBouncer processes: where each is known, and where it listens behind that. They share one port number. */
export const labPoolers = [
  { name: 'pgbouncer-1', front: '127.0.0.1', behind: '127.0.12.9', folder: 'pgbouncer' },
  { name: 'pgbouncer-2', front: '127.0.11.10', behind: '127.0.12.10', folder: 'pgbouncer-2' },
] as const

/** DNS: the servers that answer for the lab's zones, and the resolvers that ask them. On the port of the HTTP interfaces. */
export const labResolvers = {
  authoritative: '127.0.53.1',
  cluster: '127.0.53.2',
  public: ['127.0.53.3', '127.0.53.4', '127.0.53.5'],
} as const

/** Where the application of each region is reached. On the port of the HTTP interfaces. */
export const labRegionalApis = [
  { region: 'us-west-2', host: '127.0.20.1' },
  { region: 'us-east-1', host: '127.0.20.2' },
] as const
