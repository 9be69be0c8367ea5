import { createHash, randomBytes } from 'node:crypto'
import { hashRaw } from '@node-rs/argon2'

/** argon2id (the library's default algorithm) with OWASP's second choice: 19 MiB, two passes, one lane. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const outputLen = 32

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')

/**
 * What is kept of a new password: salt, parameters, and the SHA-256 of argon2id's output. Whoever reads it can check a password
 * and cannot sign in: that takes the output itself, which is worked out from the password each time (`outputFor`).
 */
export async function keptOf(password: string): Promise<string> {
  const salt = randomBytes(16)
  const proof = createHash('sha256')
    .update(await hashRaw(password, { ...cost, salt, outputLen }))
    .digest()
  const parameters = `m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}`
  return `$argon2id-sha256$v=19$${parameters}$${unpadded(salt)}$${unpadded(proof)}`
}

/** argon2id's output of a password under the salt and the parameters ("m=19456,t=2,p=1") that the store named. */
export async function outputFor(password: string, how: { salt: string; parameters: string }): Promise<Buffer> {
  const numbers = /^m=(\d+),t=(\d+),p=(\d+)$/.exec(how.parameters)
  if (!numbers) throw new Error(`The store has invalid argon2id parameters: ${how.parameters}`)
  const [memoryCost = 0, timeCost = 0, parallelism = 0] = numbers.slice(1).map(Number)
  return await hashRaw(password, {
    memoryCost,
    timeCost,
    parallelism,
    salt: Buffer.from(how.salt, 'base64'),
    outputLen,
  })
}
