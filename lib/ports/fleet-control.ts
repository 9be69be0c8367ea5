import type { AwsCall } from '../domain/procedure/call'

interface AwsAnswer {
  requestId: string | null
  httpStatus: number | null
  /** The answer without its metadata, as plain values (times as ISO strings); for the record. */
  output: unknown
}

/**
 * The changing side of the managed database API. Sends a call exactly once: no retry, with time limits. Throws PortError
 * whose `detail.outcome` says whether the change certainly did not happen (`rejected`) or may have happened (`unknown`:
 * observe, never repeat blindly).
 */
export interface FleetControl {
  execute(call: AwsCall, signal?: AbortSignal): Promise<AwsAnswer>
}
