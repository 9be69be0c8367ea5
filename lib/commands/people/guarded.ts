import { ExpectedError } from '../../domain/errors'
import type { Account } from '../../domain/people/account'
import {
  accountLimit,
  addressGroup,
  addressLimit,
  type GuessingLimit,
  knownAddressMs,
  pairLimit,
} from '../../domain/people/guessing'
import type { Store } from '../../store/client'
import { findAccountByLogin, knowsAddress } from '../../store/people'
import { type Counted, countAttempt, takeBack } from '../../store/sign-in-limit'
import { passwordMatches } from './password'

/** Where an attempt comes from. */
export interface AttemptFrom {
  store: Store
  address: string
  now(): number
}

/**
 * Checks a password under the limits on guessing: each attempt is counted before it is checked. Answers the account and the hash
 * that matched, or null. Throws ExpectedError 'too-many-attempts', 'store-unavailable'.
 */
export async function guardedPassword(
  from: AttemptFrom,
  login: string,
  password: string,
): Promise<{ account: Account; proof: string } | null> {
  const db = from.store.prisma
  const group = addressGroup(from.address)
  const keys = { pair: `pair ${group} ${login}`, address: `address ${group}`, account: `account ${login}` }

  refuseOver(pairLimit, await countAttempt(db, keys.pair, pairLimit))
  refuseOver(addressLimit, await countAttempt(db, keys.address, addressLimit))
  const found = await findAccountByLogin(db, login)
  const onAccount = await countAttempt(db, keys.account, accountLimit)
  if (onAccount.failures > accountLimit.failures) {
    // Somebody guesses at this account from many places. Its own people still get in from where they signed in before.
    const since = from.now() - knownAddressMs
    const known = found !== null && (await knowsAddress(db, found.account.id, from.address, since))
    if (!known) refuseOver(accountLimit, onAccount)
  }

  const matches = await passwordMatches(found?.passwordHash ?? null, password)
  if (!found?.passwordHash || !matches || found.account.disabledAt !== null) return null
  await takeBack(db, keys.pair, [keys.address, keys.account])
  return { account: found.account, proof: found.passwordHash }
}

function refuseOver(limit: GuessingLimit, counted: Counted): void {
  if (counted.failures <= limit.failures) return
  const minutes = Math.max(1, Math.ceil(counted.endsInMs / 60_000))
  throw new ExpectedError(
    'too-many-attempts',
    `Too many attempts. Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}, or ask an admin for a new password.`,
    { retryAfterSeconds: Math.ceil(counted.endsInMs / 1000) },
  )
}
