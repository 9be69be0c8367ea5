import type { NameAnswer, NameUse, ResolverAnswer } from '../names/types'
import { isWriterElsewhere } from './serving'
import type { NodeView, Reading, Snapshot, WorkloadView } from './types'

/*
 * Where traffic goes, by region: what each resolver answers for a name, and where the sessions and pods of the application are.
 * A region is null where it is not known. Nothing is guessed from the role of a node.
 */

/** What one resolver answers for a name, and where that is. */
export interface TrafficAnswer extends Pick<ResolverAnswer, 'kind' | 'address' | 'error'> {
  region: string | null
  /** The address or addresses; null when it did not answer or has none. */
  to: string | null
  /** It answered that the name has no address. */
  empty: boolean
  ttlSeconds: number | null
}

export interface TrafficName {
  use: NameUse
  name: string
  answers: TrafficAnswer[]
}

/** Sessions of the application on the nodes of one region; null while one of its nodes cannot be asked. */
export interface TrafficSessions {
  region: string
  count: number | null
}

/** A pooler or a deployment, in the region where it sends or runs. */
export interface TrafficPart {
  name: string
  region: string | null
  says: string
}

export interface Traffic {
  names: TrafficName[]
  sessions: TrafficSessions[]
  /** Poolers and deployments. */
  parts: TrafficPart[]
}

export type TrafficSource = Pick<
  Snapshot,
  'environment' | 'names' | 'nodes' | 'poolers' | 'workload' | 'workloadElsewhere' | 'network' | 'writerId'
>

/** The region of a host: that of the node that has it, else the one that stands as a label in its name, as in all of AWS's. */
export function regionOfHost(
  host: string,
  source: { environment: { region: string; drRegion: string }; nodes: readonly Pick<NodeView, 'address' | 'region'>[] },
): string | null {
  const node = source.nodes.find(({ address }) => address?.host === host)
  if (node) return node.region
  const { region, drRegion } = source.environment
  const labels = host.toLowerCase().split('.')
  const named = [region, drRegion].filter((one) => labels.includes(one))
  return named.length === 1 ? (named[0] ?? null) : null
}

function regionOfAnswer(answer: NameAnswer, source: TrafficSource): string | null {
  if (answer.kind !== 'answer') return null
  const named = answer.alias === null ? null : regionOfHost(answer.alias, source)
  if (named !== null) return named
  const regions = new Set(answer.addresses.map((address) => regionOfHost(address, source)))
  const [only = null] = regions
  return regions.size === 1 ? only : null
}

function answerOf({ kind, address, answer, error }: ResolverAnswer, source: TrafficSource): TrafficAnswer {
  const found = answer?.kind === 'answer' ? answer : null
  return {
    kind,
    address,
    error,
    region: answer && regionOfAnswer(answer, source),
    to: found && (found.addresses.join(', ') || null),
    empty: answer !== null && found === null,
    ttlSeconds: found?.ttlSeconds ?? null,
  }
}

const applicationOn = ({ connections: { value, error } }: NodeView): number | null =>
  error === null ? (value?.application ?? null) : null

function sessionsIn(region: string, nodes: readonly NodeView[]): TrafficSessions | [] {
  const counts = nodes.filter((node) => node.region === region).map(applicationOn)
  if (counts.length === 0) return []
  const known = counts.flatMap((count) => count ?? [])
  return { region, count: known.length < counts.length ? null : known.reduce((sum, one) => sum + one, 0) }
}

/** Where a pooler's server connections are: at the writer at home, unless it says that they are at a reader. */
function poolersOf({ poolers, nodes, writerId }: TrafficSource): TrafficPart[] {
  const writer = isWriterElsewhere({ writerId }) ? undefined : nodes.find(({ id }) => id === writerId)
  return poolers.map(({ name, value, error }) => {
    if (value === null || error !== null) return { name, region: null, says: 'not responding' }
    const servers = value.serversActive + value.serversIdle
    if (value.serversAt) return { name, region: null, says: `servers at ${value.serversAt}` }
    return { name, region: (servers > 0 && writer?.region) || null, says: `${servers} servers` }
  })
}

/** Pods are in the region in which they are watched; their database is where its host is. */
function applicationOf(source: TrafficSource, { value, error }: Reading<WorkloadView>, region: string): TrafficPart[] {
  const { network, nodes } = source
  if (!value) return []
  const { deployment, ready, replicas, databaseHost } = value
  if (error !== null) return [{ name: deployment, region: null, says: 'pods not observed' }]
  const endpoint = databaseHost !== null && databaseHost === network.value?.endpoint && network.error === null
  const answers = endpoint ? nodes.find(({ id }) => id === network.value?.answersAs) : undefined
  const at = answers?.region ?? (databaseHost === null ? null : regionOfHost(databaseHost, source))
  const pods = `${ready} of ${replicas} pods ready`
  return [{ name: deployment, region, says: at === null ? pods : `${pods}, database host in ${at}` }]
}

export function trafficOf(source: TrafficSource): Traffic {
  const { environment, names, nodes } = source
  return {
    names: (names.value ?? []).map(({ use, name, answers }) => ({
      use,
      name,
      answers: answers.map((answer) => answerOf(answer, source)),
    })),
    sessions: [...new Set([environment.region, environment.drRegion])].flatMap((region) => sessionsIn(region, nodes)),
    parts: [
      ...poolersOf(source),
      ...applicationOf(source, source.workload, environment.region),
      ...(source.workloadElsewhere ? applicationOf(source, source.workloadElsewhere, environment.drRegion) : []),
    ],
  }
}

/** Where a name resolves to: one region, several of them, none at all, or nobody knows. */
export type NamePlace =
  | { kind: 'one'; region: string }
  | { kind: 'several'; regions: string[] }
  | { kind: 'none' }
  | { kind: 'unknown' }

/** By those resolvers that answered: one that is silent makes one region not unknown, and is counted beside it. */
export function placeOf({ answers }: Pick<TrafficName, 'answers'>): NamePlace {
  const told = answers.filter(({ error }) => error === null)
  if (told.length === 0) return { kind: 'unknown' }
  if (told.every(({ empty }) => empty)) return { kind: 'none' }
  const regions = [...new Set(told.flatMap(({ region }) => region ?? []))]
  const [only] = regions
  if (regions.length > 1) return { kind: 'several', regions }
  if (only === undefined || told.some(({ region }) => region === null)) return { kind: 'unknown' }
  return { kind: 'one', region: only }
}
