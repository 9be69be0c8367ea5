const statuses: Record<string, number> = {
  AccessDenied: 403,
  InvalidAccessKeyId: 403,
  SignatureDoesNotMatch: 403,
  RequestTimeTooSkewed: 403,
  InvalidObjectState: 403,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchVersion: 404,
  NoSuchUpload: 404,
  MethodNotAllowed: 405,
  RestoreAlreadyInProgress: 409,
  PreconditionFailed: 412,
  InvalidRange: 416,
  InternalError: 500,
  NotImplemented: 501,
  SlowDown: 503,
}

/** A refusal as S3 writes it: a bare `<Error>` with its code. */
export class S3Error extends Error {
  readonly status: number

  constructor(
    readonly code: string,
    message: string,
    /** Further members of the answer, and headers. */
    readonly more: { members?: Record<string, string>; headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.name = 'S3Error'
    this.status = statuses[code] ?? 400
  }
}

export const noSuchKey = (key: string) =>
  new S3Error('NoSuchKey', 'The specified key does not exist.', { members: { Key: key } })
