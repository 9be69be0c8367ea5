import type { ChecklistKey, ProbeState } from '../../domain/checklist/items'
import type { Snapshot } from '../../domain/cluster/types'
import type { MovedName } from '../../domain/names/agreement'
import type { Baseline } from '../../domain/run/baseline'
import type { Database } from '../../ports/database'
import type { Fleet } from '../../ports/fleet'
import type { Metrics } from '../../ports/metrics'
import type { Pooler } from '../../ports/pooler'
import { PortError } from '../../ports/port-error'
import { type Standing, standingOf } from '../../ports/standing'
import type { Workloads } from '../../ports/workloads'
import type { Surroundings } from '../../procedures/contract'

/** What a probe asked, got and made of it. */
export interface ProbeResult {
  state: ProbeState
  says: string
  request: string
  result: string
}

interface ProbePorts {
  database: Database
  fleet: Fleet
  workloads: Workloads | null
  poolers: readonly Pooler[]
  metrics: Metrics | null
  snapshot: () => Snapshot | null
  /** All addresses of a host now. Throws PortError. */
  resolve(host: string): Promise<string[]>
}

/** What items are compared with. */
export interface ProbedIncident {
  impactStartedAt: number
  /** What the latest run of the incident wrote down before it changed anything; null without one. */
  baseline: Baseline | null
  /** Names that its latest run has moved; null while none has. */
  movedNames?: readonly MovedName[] | null
}

export interface ProbeContext {
  ports: ProbePorts
  environment: Surroundings
  /** A run has cut over to another database, which `environment` names: the picture is still of the former one. */
  cutOver?: true
  now(): number
  wait(ms: number): Promise<void>
}

export type Probe = (context: ProbeContext, incident: ProbedIncident) => Promise<ProbeResult>
export type Probes<Key extends ChecklistKey> = Record<Key, Probe>

export const limits = { connectMs: 3_000, queryMs: 2_000 }

const readable = (value: unknown): string =>
  JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? v.toString() : v), 2)

export const found = (state: ProbeState, says: string, request: string, result: unknown): ProbeResult => ({
  state,
  says,
  request,
  result: typeof result === 'string' ? result : readable(result),
})

/** Troubles make it fail, doubts leave it unknown, and with neither it holds. */
export const judged = (
  troubles: string[],
  well: string,
  request: string,
  result: unknown,
  doubts: string[] = [],
): ProbeResult =>
  troubles.length
    ? found('fail', troubles.join(' '), request, result)
    : doubts.length
      ? found('unknown', doubts.join(' '), request, result)
      : found('pass', well, request, result)

/** The cloud's API did not say where the database is: nothing is known of the database itself. */
class AddressUnknown extends Error {}

/** Who is what in the guarded database. Throws PortError. */
export async function standing({
  ports,
  environment,
  cutOver,
}: Pick<ProbeContext, 'ports' | 'environment' | 'cutOver'>): Promise<Standing> {
  const { clusterId, region } = environment.aws
  const snapshot = cutOver ? null : ports.snapshot()
  const known = snapshot?.nodes.map((n) => n.id) ?? []
  return standingOf(await ports.fleet.guarded(clusterId, known), snapshot?.writerId ?? null, region)
}

/** Where clients reach the writer. Throws AddressUnknown. */
export async function addressed(
  context: ProbeContext,
): Promise<Standing & { endpoint: { host: string; port: number } }> {
  const found = await standing(context).catch((error) => {
    throw new AddressUnknown(words(error))
  })
  if (!found.endpoint) throw new AddressUnknown('The API gives no address of the writer.')
  return { ...found, endpoint: found.endpoint }
}

export const words = (error: unknown): string =>
  error instanceof PortError || error instanceof AddressUnknown ? error.message : 'it failed with an unknown error.'

/** The value below which the given share of values lies, by nearest rank; null without values. */
export function quantileOf(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null
}
