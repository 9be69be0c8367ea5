import { ExpectedError } from '../../domain/errors'
import { addressGroup } from '../../domain/people/guessing'
import type { Store } from '../../store/client'
import { beginSignIn } from '../../store/people'
import type { Prove } from '../../store/web-proof'
import { outputFor } from './password'

/** Where an attempt comes from. */
interface AttemptFrom {
  store: Store
  address: string
}

/** Where a sign-in comes from, by a web that can prove to the store that it is the web. */
export interface SignInContext extends AttemptFrom {
  prove: Prove
  userAgent: string | null
  now(): number
}

/**
 * An attempt at a password, under the limits on guessing: the store counts it before anything is checked, and answers alike for
 * every login. What comes back proves the password to the store, once. Throws ExpectedError 'too-many-attempts',
 * 'store-unavailable'.
 */
export async function attempt(
  from: AttemptFrom,
  login: string,
  password: string,
): Promise<{ attempt: string; output: Buffer }> {
  const begun = await beginSignIn(from.store, { login, address: from.address, group: addressGroup(from.address) })
  if ('waitMs' in begun) throw tooMany(begun.waitMs)
  return { attempt: begun.attempt, output: await outputFor(password, begun) }
}

function tooMany(waitMs: number): ExpectedError {
  const minutes = Math.max(1, Math.ceil(waitMs / 60_000))
  return new ExpectedError(
    'too-many-attempts',
    `Too many attempts. Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}, or ask an admin for a new password.`,
    { retryAfterSeconds: Math.ceil(waitMs / 1000) },
  )
}
