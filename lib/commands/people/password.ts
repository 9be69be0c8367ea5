import { hash, verify } from '@node-rs/argon2'

/** argon2id (the library's default algorithm) with OWASP's second choice: 19 MiB, two passes, one lane. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export const hashPassword = (password: string): Promise<string> => hash(password, cost)

let decoyHash: Promise<string> | null = null

/**
 * Is this the password? Takes as long when there is no hash to compare with, so that the answer's time does not tell which
 * accounts exist: the password is then compared with a decoy that nobody's password can match.
 */
export async function passwordMatches(passwordHash: string | null, password: string): Promise<boolean> {
  decoyHash ??= hashPassword(crypto.randomUUID() + crypto.randomUUID())
  const decoy = await decoyHash
  const matches = await verify(passwordHash ?? decoy, password)
  return passwordHash !== null && matches
}
