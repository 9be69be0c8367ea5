import type { AwsCall, KubernetesCall, PoolerCall, SqlCall } from '../domain/procedure/call'

export type { AwsCall } from '../domain/procedure/call'

/** What the API said when it accepted a change. Accepted is not done. */
export interface AwsReply {
  requestId: string | null
  /** The API's own clock (HTTP Date), ms. */
  serverAt: number | null
}

/**
 * The changing side of the managed database API. One call is one attempt on the wire: no retries, real time limits
 * (connect 3 s, request 10 s, socket 15 s). Throws PortError whose `detail.outcome` says whether the change certainly did
 * not happen (`rejected`: a modelled 4xx) or may have happened (`unknown`: timeout, reset, 5xx).
 */
export interface FleetControl {
  execute(call: AwsCall, signal?: AbortSignal): Promise<AwsReply>
}

/** Statements on one address of the guarded database, one attempt, in one transaction. Throws PortError as above. */
export interface DatabaseControl {
  execute(call: SqlCall, signal?: AbortSignal): Promise<void>
}

/** Everything that can change the outside world, by kind of call. */
export interface Effects {
  aws(call: AwsCall, signal: AbortSignal): Promise<AwsReply>
  kubernetes(call: KubernetesCall, signal: AbortSignal): Promise<void>
  pooler(call: PoolerCall, signal: AbortSignal): Promise<void>
  sql(call: SqlCall, signal: AbortSignal): Promise<void>
}
