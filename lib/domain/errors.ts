/**
 * The errors that we mean: each carries a sentence fit for a screen. Anything else that is thrown is a defect; it is
 * logged under a reference id and the person sees that id (lib/web/action.ts).
 */
const expectedErrorCodes = [
  /** Nobody is signed in, or the session ended. */
  'not-signed-in',
  /** Signed in, but this role may not do that. */
  'not-allowed',
  /** Allowed, once the person has proved again who they are. */
  'authentication-needed',
  'not-found',
  /** Somebody else was faster: what was read is no longer so. */
  'conflict',
  /** What was sent cannot be used; `fields` says where. */
  'invalid',
  'too-many-attempts',
  /** The War Room's own store does not answer. */
  'store-unavailable',
  /** Another system that this act needs refused, does not answer, or is not set up. */
  'unavailable',
] as const
export type ExpectedErrorCode = (typeof expectedErrorCodes)[number]

/** Messages per field of a form. */
export type FieldErrors = Record<string, string[]>

export class ExpectedError extends Error {
  readonly fields: FieldErrors | null
  /** Seconds after which it is worth trying again, when that is known. */
  readonly retryAfterSeconds: number | null

  constructor(
    readonly code: ExpectedErrorCode,
    message: string,
    more: { fields?: FieldErrors; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause })
    this.name = 'ExpectedError'
    this.fields = more.fields ?? null
    this.retryAfterSeconds = more.retryAfterSeconds ?? null
  }
}

export const notSignedIn = () => new ExpectedError('not-signed-in', 'You are signed out. Sign in and try again.')
export const authenticationNeeded = () =>
  new ExpectedError('authentication-needed', 'Confirm that it is you. This needs a sign-in within the last 5 minutes.')
export const notFound = (what: string) => new ExpectedError('not-found', `${what} was not found.`)
export const conflict = (message: string) => new ExpectedError('conflict', message)
export const notSetUp = (what: string) => new ExpectedError('unavailable', `${what} not set up here.`)
export const invalidField = (field: string, message: string) =>
  new ExpectedError('invalid', message, { fields: { [field]: [message] } })
export const storeUnavailable = (cause?: unknown) =>
  new ExpectedError(
    'store-unavailable',
    'The War Room cannot reach its own store, so the record is not available. Live health continues. Try again in a moment.',
    { cause },
  )

/** Why an action was refused or failed, fit for a screen. */
export type ActionError =
  | { code: ExpectedErrorCode; message: string; fields: FieldErrors | null; retryAfterSeconds: number | null }
  /** Not meant by us: logged under `reference`. */
  | { code: 'unexpected'; message: string; reference: string; fields: null; retryAfterSeconds: null }

/** What a server action answers. A refused action says why in a sentence, and at which field. */
export type ActionResult<T> = { ok: true; value: T } | { ok: false; error: ActionError }
