import { unreadableAnswer } from '../../ports/outcome'
import { PortError, type PortErrorClass } from '../../ports/port-error'
import { fromSocketError } from '../../ports/socket-error'

/** Error classes of procedures, section 0, for the codes of S3. A refused HEAD has no body, so its code is that of its status. */
const classes: Record<string, PortErrorClass> = {
  SlowDown: 'transient',
  ServiceUnavailable: 'transient',
  InternalError: 'transient',
  RequestTimeout: 'transient',
  NoSuchKey: 'missing',
  NoSuchVersion: 'missing',
  NoSuchBucket: 'missing',
  NotFound: 'missing',
  MethodNotAllowed: 'missing',
  PreconditionFailed: 'missing',
  InvalidObjectState: 'state',
  AccessDenied: 'auth',
  Forbidden: 'auth',
  ExpiredToken: 'auth',
  InvalidAccessKeyId: 'auth',
  SignatureDoesNotMatch: 'auth',
  RequestTimeTooSkewed: 'auth',
  CredentialsProviderError: 'auth',
  AuthorizationHeaderMalformed: 'config',
  PermanentRedirect: 'config',
  KMSDisabledException: 'config',
  KMSInvalidStateException: 'config',
}

const says: Record<PortErrorClass, string> = {
  transient: 'cannot serve the request right now',
  missing: 'does not have the object or bucket that was named',
  state: 'cannot read the object: it is archived',
  auth: 'refused our credentials',
  config: 'does not accept the request',
  exists: 'already has something of that name',
  capacity: 'has no capacity left for this',
  timeout: 'did not respond in time',
  unreachable: 'cannot be reached',
  other: 'answered with an error',
}

const particular: Record<string, string> = {
  SlowDown: 'is throttling our requests',
  NoSuchBucket: 'has no bucket of that name',
  NoSuchKey: 'no longer has the object',
  NoSuchVersion: 'no longer has this version of the object',
  MethodNotAllowed: 'no longer has this version of the object',
  PreconditionFailed: 'has another object under this key by now',
  AccessDenied: 'denies this identity the right to read it',
  Forbidden: 'denies this identity the right to read it',
  ExpiredToken: 'refused our credentials: they have expired',
  RequestTimeTooSkewed: "refused the request for its time: this machine's clock is off",
  CredentialsProviderError: 'was not asked: no credentials were found',
  AuthorizationHeaderMalformed: 'says that the bucket is in another region',
  PermanentRedirect: 'says that the bucket is in another region',
  KMSDisabledException: 'cannot read the object: its KMS key is disabled',
  KMSInvalidStateException: 'cannot read the object: its KMS key cannot be used',
}

const codeOfStatus: Record<number, string> = {
  301: 'PermanentRedirect',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  412: 'PreconditionFailed',
}

/** What a failed read of `who` ("S3 in us-west-2") means. */
export function fromS3Error(error: unknown, who: string): PortError {
  if (error instanceof PortError) return error
  const socket = fromSocketError(error, who, false)
  if (socket) return socket
  const e = (error ?? {}) as { name?: string; $metadata?: { httpStatusCode?: number } }
  const status = e.$metadata?.httpStatusCode ?? null
  const named = e.name && e.name !== 'Error' && e.name !== 'UnknownError' && e.name !== 'Unknown' ? e.name : null
  const code = named !== null && classes[named] ? named : (codeOfStatus[status ?? 0] ?? named ?? 'Unknown')
  if (code === 'TimeoutError' || code === 'AbortError')
    return new PortError('timeout', `${who} did not respond in time.`, {
      code,
      outcome: 'rejected',
      probe: 'timeout',
      cause: error,
    })
  if (status !== null && status < 500 && code === 'Unknown') return unreadableAnswer(who, status, false, error)
  const errorClass = classes[code] ?? (status !== null && status >= 500 ? 'transient' : 'other')
  return new PortError(errorClass, `${who} ${particular[code] ?? says[errorClass]} (${code}).`, {
    code,
    outcome: 'rejected',
    probe: errorClass === 'auth' ? 'auth' : 'api',
    cause: error,
  })
}
