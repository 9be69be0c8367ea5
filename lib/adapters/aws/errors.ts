import { type Ending, failedOutcome, unreadableAnswer } from '../../ports/outcome'
import { PortError, type PortErrorClass } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'
import { UnreadableReply } from './own-answers'

/**
 * Error classes of procedures, section 0, by code. The SDK's names and the wire's differ for instances only
 * (`DBInstanceNotFoundFault` and `DBInstanceNotFound`), so codes are looked up without the ending "Fault".
 */
const classes: Record<string, PortErrorClass> = {
  // transient
  Throttling: 'transient',
  ThrottlingException: 'transient',
  RequestLimitExceeded: 'transient',
  TooManyRequestsException: 'transient',
  PriorRequestNotComplete: 'transient',
  InternalFailure: 'transient',
  InternalError: 'transient',
  ServiceUnavailable: 'transient',
  // state
  InvalidDBClusterState: 'state',
  InvalidDBInstanceState: 'state',
  DBInstanceNotReady: 'state',
  HealthCheckVersionMismatch: 'state',
  // exists
  DBClusterAlreadyExists: 'exists',
  DBInstanceAlreadyExists: 'exists',
  // missing
  DBClusterNotFound: 'missing',
  DBInstanceNotFound: 'missing',
  DBLogFileNotFound: 'missing',
  NoSuchHostedZone: 'missing',
  NoSuchChange: 'missing',
  NoSuchHealthCheck: 'missing',
  NoSuchBucket: 'missing',
  NoSuchEntity: 'missing',
  NoSuchEntityException: 'missing',
  // capacity and quota
  InsufficientDBInstanceCapacity: 'capacity',
  InsufficientDBClusterCapacity: 'capacity',
  InsufficientStorageClusterCapacity: 'capacity',
  InstanceQuotaExceeded: 'capacity',
  StorageQuotaExceeded: 'capacity',
  DBClusterQuotaExceeded: 'capacity',
  ProvisionedIopsNotAvailableInAZ: 'capacity',
  StorageTypeNotSupported: 'capacity',
  // config
  KMSKeyNotAccessible: 'config',
  DBSubnetGroupNotFound: 'config',
  InvalidSubnet: 'config',
  InvalidVPCNetworkState: 'config',
  DBParameterGroupNotFound: 'config',
  DBClusterParameterGroupNotFound: 'config',
  InvalidRestore: 'config',
  InvalidParameterValue: 'config',
  InvalidParameterCombination: 'config',
  MissingParameter: 'config',
  ValidationError: 'config',
  InvalidAction: 'config',
  InvalidChangeBatch: 'config',
  InvalidInput: 'config',
  SubscriptionRequiredException: 'config',
  // auth
  AccessDenied: 'auth',
  AccessDeniedException: 'auth',
  UnauthorizedOperation: 'auth',
  ExpiredToken: 'auth',
  ExpiredTokenException: 'auth',
  InvalidClientTokenId: 'auth',
  SignatureDoesNotMatch: 'auth',
  IncompleteSignature: 'auth',
  MissingAuthenticationToken: 'auth',
  CredentialsProviderError: 'auth',
  RequestExpired: 'auth',
}

const says: Record<PortErrorClass, string> = {
  transient: 'cannot serve the request right now',
  state: 'refuses this in the present state',
  exists: 'already has something of that name',
  missing: 'does not know what was named',
  capacity: 'has no capacity or quota left for this',
  config: 'does not accept the request',
  auth: 'refused our credentials',
  timeout: 'did not respond in time',
  unreachable: 'cannot be reached',
  other: 'answered with an error',
}

const particular: Record<string, string> = {
  Throttling: 'is throttling our requests',
  RequestLimitExceeded: 'is throttling our requests',
  ExpiredToken: 'refused our credentials: they have expired',
  ExpiredTokenException: 'refused our credentials: they have expired',
  RequestExpired: "refused the request for its time: this machine's clock is off",
  AccessDenied: 'denies this identity the right to do that',
  CredentialsProviderError: 'was not asked: no credentials were found',
  HealthCheckVersionMismatch: 'has a newer version of the health check than the one that was read',
  PriorRequestNotComplete: 'is still processing an earlier change',
  SubscriptionRequiredException: 'answers only with a Business or Enterprise support plan',
}

/** Whatever the service calls it, our clock and its own are too far apart. */
const clockCode = 'RequestExpired'
const clockCodes = new Set([clockCode, 'RequestTimeTooSkewed', 'RequestInTheFuture'])

/** RDS itself answers with a signature that does not match, and only its words tell that the time is what is wrong. */
function isClock(code: string, message = ''): boolean {
  const signature = code === 'SignatureDoesNotMatch' || code === 'InvalidSignatureException'
  return clockCodes.has(code) || (signature && /^Signature (expired|not yet current)/.test(message))
}

/** Class of an error code, in the SDK's spelling or the wire's; null when the code is not one of ours. */
export function classOfCode(code: string): PortErrorClass | null {
  return classes[code.replace(/Fault$/, '')] ?? classes[code] ?? null
}

/** Failures of the service itself, which it may have had in the middle of the work, whatever status they come with. */
const serverFaults = new Set(['InternalFailure', 'InternalError', 'ServiceUnavailable'])

/** Each exception of a service's model is a class of its own, below that of its SDK: `DBClusterNotFoundFault`, `RDSServiceException`. */
const isOfModel = (error: unknown): boolean =>
  error instanceof Error && /.ServiceException$/.test(Object.getPrototypeOf(error.constructor)?.name ?? '')

/** Is it a refusal of the service's own: an exception of its model, or one of the common errors that all services have? */
function isModelled(error: unknown, code: string): boolean {
  if (serverFaults.has(code)) return false
  return isOfModel(error) || classOfCode(code) !== null
}

/** The SDK gave up before there was a connection; nothing was written by then. */
const neverConnected = (error: unknown) => /did not establish a connection/i.test(String((error as Error)?.message))

/** How a failed call ended (lib/ports/outcome.ts). */
function endingOf(error: unknown, code: string, status: number | null): Ending {
  if (status !== null) return { kind: 'answered', status, means: isModelled(error, code) ? 'refused' : 'unreadable' }
  return { kind: code === 'CredentialsProviderError' || neverConnected(error) ? 'never-left' : 'broke-off' }
}

/** What a failed call to `who` ("RDS in us-west-2") means; `mutation` is true when it was to change something. */
export function fromAwsError(error: unknown, who: string, mutation: boolean): PortError {
  if (error instanceof PortError) return error
  if (error instanceof UnreadableReply) return unreadableAnswer(who, error.status, mutation, error)
  // Also where a connection broke in the middle of an answer whose status had come.
  const socket = fromSocketError(error, who, mutation)
  if (socket) return socket
  const e = (error ?? {}) as {
    name?: string
    message?: string
    Code?: string
    code?: string
    $response?: { statusCode?: number }
    $metadata?: { httpStatusCode?: number }
  }
  const named = e.name && e.name !== 'Error' ? e.name : (e.Code ?? e.code ?? 'Unknown')
  const code = isClock(named, e.message) ? clockCode : named
  const status = e.$metadata?.httpStatusCode ?? e.$response?.statusCode ?? null
  const outcome = failedOutcome(mutation, endingOf(error, code, status))
  if (code === 'TimeoutError' || code === 'AbortError')
    return new PortError('timeout', `${who} did not respond in time.`, {
      code,
      outcome,
      probe: 'timeout',
      cause: error,
    })
  // The SDK's parser gives up with an error of no name.
  if (status !== null && code === 'Unknown') return unreadableAnswer(who, status, mutation, error)
  const errorClass = classOfCode(code) ?? (status !== null && status >= 500 ? 'transient' : 'other')
  return new PortError(errorClass, `${who} ${particular[code] ?? says[errorClass]} (${code}).`, {
    code,
    outcome,
    probe: errorClass === 'auth' ? 'auth' : 'api',
    cause: error,
  })
}
