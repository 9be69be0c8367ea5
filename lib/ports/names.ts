import type {
  ChangeStatus,
  CheckObservation,
  HostedZone,
  NameAnswer,
  NameHealthCheck,
  NameRecord,
  ResolverKind,
} from '../domain/names/types'
import type { NamesCall } from '../domain/procedure/names-call'

interface NamesReply {
  requestId: string | null
  httpStatus: number | null
  /** Of a change of records, by which its propagation is asked for; null for every other. */
  changeId: string | null
}

/**
 * The changing side of the names. Sends a call exactly once: no retry, with time limits. Throws PortError whose `detail.outcome`
 * says whether the change certainly did not happen (`rejected`) or may have happened (`unknown`: observe first).
 */
export interface NamesControl {
  execute(call: NamesCall, signal?: AbortSignal): Promise<NamesReply>
}

/** Reading side of the hosted zones and their health checks. Throws PortError; `missing` for what is not there. */
export interface Names {
  control: NamesControl
  zone(zoneId: string, signal?: AbortSignal): Promise<HostedZone>
  /**
   * Every record set of a name, in all types that lead to an address. Throws `config` when one has settings that this version does
   * not know: written again, it would lose them.
   */
  records(zoneId: string, name: string, signal?: AbortSignal): Promise<NameRecord[]>
  changeStatus(changeId: string, signal?: AbortSignal): Promise<ChangeStatus>
  healthCheck(id: string, signal?: AbortSignal): Promise<NameHealthCheck>
  observations(healthCheckId: string, signal?: AbortSignal): Promise<CheckObservation[]>
  /** Is there the object that moves a name? */
  switchIsSet(place: { bucket: string; key: string; region: string }, signal?: AbortSignal): Promise<boolean>
}

export interface ResolverAddress {
  kind: ResolverKind
  /** IP address, and the port where it is not 53. */
  address: string
}

/** Asks one resolver, and no other. Throws PortError when it does not answer or refuses; that a name is not there is an answer. */
export interface Resolvers {
  all: readonly ResolverAddress[]
  ask(resolver: ResolverAddress, name: string, signal?: AbortSignal): Promise<NameAnswer>
}

/** What a step may look at: names as Route 53 has them, and as each resolver answers. */
export interface NamesLook extends Omit<Names, 'control'> {
  resolvers: Resolvers
}
