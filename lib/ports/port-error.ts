import type { ProbeErrorKind } from '../domain/cluster/types'

/**
 * What went wrong at the outside world, in our classes (procedures, section 0, "error classes"). `outcome` says what is
 * known about a mutation: `rejected` = it certainly did not happen, `unknown` = it may have happened (the rule: outcome.ts).
 */
export type PortErrorClass =
  | 'transient'
  | 'state'
  | 'exists'
  | 'missing'
  | 'capacity'
  | 'config'
  | 'auth'
  | 'timeout'
  | 'unreachable'
  | 'other'

export class PortError extends Error {
  readonly detail: { code?: string; outcome: 'rejected' | 'unknown'; probe: ProbeErrorKind }

  constructor(
    readonly errorClass: PortErrorClass,
    message: string,
    { cause, ...detail }: PortError['detail'] & { cause?: unknown },
  ) {
    super(message, { cause })
    // Without the cause: a log writes every field of `detail` out, and a vendor's error may carry the whole request.
    this.detail = detail
    this.name = 'PortError'
  }
}
