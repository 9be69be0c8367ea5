import { LabStateError } from '../contract'

/** A refusal as the API writes it: wire code, sentence, HTTP status. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number = statusOf(code, 400),
  ) {
    super(message)
    this.name = 'AwsError'
  }

  /** Who is at fault, as the reply says it. */
  get type(): 'Sender' | 'Receiver' {
    return this.status >= 500 ? 'Receiver' : 'Sender'
  }
}

// Statuses from the RDS 2014-10-31 model and its list of common errors; what is not here answers 400.
const statuses: Record<string, number> = {
  DBClusterNotFoundFault: 404,
  DBInstanceNotFound: 404,
  DBClusterSnapshotNotFoundFault: 404,
  DBClusterAutomatedBackupNotFoundFault: 404,
  DBSnapshotNotFound: 404,
  DBInstanceAutomatedBackupNotFound: 404,
  DBLogFileNotFoundFault: 404,
  DBSubnetGroupNotFoundFault: 404,
  DBParameterGroupNotFound: 404,
  DBClusterParameterGroupNotFound: 404,
  ResourceNotFoundFault: 404,
  DBClusterQuotaExceededFault: 403,
  InsufficientDBClusterCapacityFault: 403,
  MissingAuthenticationToken: 403,
  InvalidClientTokenId: 403,
  SignatureDoesNotMatch: 403,
  ExpiredToken: 403,
  NoSuchEntity: 404,
  AccessDenied: 403,
  InternalFailure: 500,
}

function statusOf(code: string, otherwise: number): number {
  return statuses[code] ?? otherwise
}

/** The reply for anything thrown: modelled refusals keep their code, everything else is the service's own failure. */
export function asAwsError(thrown: unknown): AwsError {
  if (thrown instanceof AwsError) return thrown
  if (thrown instanceof LabStateError) {
    // The cluster room names a code; the API's model says which status belongs to it.
    return new AwsError(thrown.code, thrown.message, statusOf(thrown.code, thrown.httpStatus))
  }
  return new AwsError('InternalFailure', 'The request processing has failed because of an unknown error.')
}

export const clusterNotFound = (id: string) => new AwsError('DBClusterNotFoundFault', `DBCluster ${id} not found.`)
export const instanceNotFound = (id: string) => new AwsError('DBInstanceNotFound', `DBInstance ${id} not found.`)
export const invalidValue = (message: string) => new AwsError('InvalidParameterValue', message)
export const invalidCombination = (message: string) => new AwsError('InvalidParameterCombination', message)
