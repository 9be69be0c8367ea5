import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import type { EnrolledPasskey } from '../domain/people/passkey'

/*
 * The runner's own list of passkeys: whose signature is an approval. It lies beside the runner's configuration and not in the
 * store, so that nobody who can write to the store can make a second person.
 */

const base64url = z.string().regex(/^[A-Za-z0-9_-]{16,2048}$/, 'base64url')
const enrolledPasskeySchema = z.object({
  credentialId: base64url,
  /** COSE. */
  publicKey: base64url,
  accountId: z.uuid(),
  login: z.string().min(1),
  addedAt: z.iso.datetime(),
})
const fileSchema = z
  .object({ passkeys: z.array(enrolledPasskeySchema) })
  .refine(
    ({ passkeys }) => new Set(passkeys.map(({ credentialId }) => credentialId)).size === passkeys.length,
    'a passkey is on the list twice',
  )
  .refine(
    ({ passkeys }) => new Set(passkeys.map(({ publicKey }) => publicKey)).size === passkeys.length,
    'a public key is on the list twice',
  )

/** Reads the list. Throws an Error in one sentence. */
export function readEnrolmentFile(path: string): EnrolledPasskey[] {
  let raw: unknown
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Error(`${path} cannot be read as JSON (${(error as Error).message})`)
  }
  const parsed = fileSchema.safeParse(raw)
  if (!parsed.success)
    throw new Error(
      `${path}: ${parsed.error.issues.map((i) => `${i.path.join('.') || '(top)'}: ${i.message}`).join('; ')}`,
    )
  return parsed.data.passkeys
}

/** Writes the list anew, whole or not at all. */
export function writeEnrolmentFile(path: string, passkeys: readonly EnrolledPasskey[]): void {
  const checked = fileSchema.parse({ passkeys })
  writeFileSync(`${path}.new`, `${JSON.stringify(checked, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

const lineSchema = enrolledPasskeySchema.omit({ addedAt: true })

/** What Settings prints for an operator, and `npm run enrol` takes: an entry without its time, as one word. */
export const enrolmentLine = (entry: z.infer<typeof lineSchema>): string =>
  Buffer.from(JSON.stringify(lineSchema.parse(entry))).toString('base64url')

/** The entry of such a line; null when it is none. */
export function readEnrolmentLine(line: string): z.infer<typeof lineSchema> | null {
  try {
    return lineSchema.parse(JSON.parse(Buffer.from(line.trim(), 'base64url').toString()))
  } catch {
    return null
  }
}
