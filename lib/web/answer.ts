import 'server-only'
import { ExpectedError, type ExpectedErrorCode } from '../domain/errors'
import type { ViewContext } from '../views/context'
import { refusal } from './run-action'
import { viewContext } from './view-context'

const statuses: Record<ExpectedErrorCode, number> = {
  'not-signed-in': 401,
  'not-allowed': 403,
  'authentication-needed': 403,
  'not-found': 404,
  conflict: 409,
  invalid: 400,
  'too-many-attempts': 429,
  'store-unavailable': 503,
  unavailable: 503,
}

/** Answers a reading route as JSON, or with the reader's own response: for people who are signed in, with our own sentences when it cannot. */
export async function answer<T>(read: (context: ViewContext) => Promise<T>): Promise<Response> {
  try {
    const context = await viewContext()
    if (!context) return Response.json({ error: 'You are signed out. Sign in and try again.' }, { status: 401 })
    const answered = await read(context)
    if (answered instanceof Response) return answered
    return Response.json(answered, { headers: { 'cache-control': 'no-store' } })
  } catch (error) {
    const { message, retryAfterSeconds } = refusal(error)
    return Response.json(
      { error: message },
      {
        status: error instanceof ExpectedError ? statuses[error.code] : 500,
        headers: {
          'cache-control': 'no-store',
          ...(retryAfterSeconds !== null && { 'retry-after': String(retryAfterSeconds) }),
        },
      },
    )
  }
}
