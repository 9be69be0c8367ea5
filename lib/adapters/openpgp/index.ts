import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { decrypt, decryptKey, type PrivateKey, type PublicKey, readKey, readMessage, readPrivateKey } from 'openpgp'
import { type BackupOpener, OpenError } from '../../ports/backups'

export interface OpenpgpSettings {
  /** An armored private key. */
  decryptionKeyFile: string
  passphrase: string | null
  /** An armored public key; null: signatures are not looked at. */
  signingKeyFile: string | null
}

/** Opens OpenPGP messages as a stream. Throws when a key cannot be read: at once, not half way through a restore. */
export async function createOpenpgp(settings: OpenpgpSettings): Promise<BackupOpener> {
  const decryptionKey = await privateKeyOf(settings)
  const signingKey = settings.signingKeyFile === null ? null : await publicKeyOf(settings.signingKeyFile)
  return {
    knowsSigner: signingKey !== null,
    async open(sealed) {
      try {
        const binaryMessage = Readable.toWeb(Readable.from(sealed, { objectMode: true, highWaterMark: 1 }))
        // The library's types know the stream of a browser; it is the same one.
        const message = await readMessage({ binaryMessage: binaryMessage as unknown as ReadableStream<Uint8Array> })
        const opened = await decrypt({
          message,
          decryptionKeys: decryptionKey,
          ...(signingKey ? { verificationKeys: signingKey } : {}),
          format: 'binary',
          // Else the library holds the whole of it back until it is authentic. Whoever reads must not trust it before its end.
          config: { allowUnauthenticatedStream: true },
        })
        // Taken care of at once: a signature that fails before anybody asks must not end the process.
        const verdicts = Promise.all(
          opened.signatures.map(({ verified }) =>
            verified.then(
              () => true,
              () => false,
            ),
          ),
        )
        return {
          by: 'library',
          plain: named(opened.data as unknown as WebStream<Uint8Array>),
          async signature() {
            if (signingKey === null) return 'unchecked'
            const all = await verdicts
            return all.length === 0 ? 'none' : all.includes(true) ? 'valid' : 'wrong'
          },
        }
      } catch (error) {
        throw openErrorOf(error)
      }
    },
  }
}

async function* named(stream: WebStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* Readable.fromWeb(stream) as AsyncIterable<Uint8Array>
  } catch (error) {
    throw openErrorOf(error)
  }
}

/** The library has no codes; what its sentences say is held to by a test for each. A failure of the source stays what it is. */
function openErrorOf(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'Error') return error
  if (/Unexpected end of packet|Premature/i.test(error.message))
    return new OpenError('truncated', 'The encrypted data ends in the middle.', { cause: error })
  if (/No decryption key packets found|Session key decryption failed|no decryption key/i.test(error.message))
    return new OpenError('wrong-key', 'It is encrypted to another key than the configured one.', { cause: error })
  return new OpenError('damaged', 'The encrypted data was changed.', { cause: error })
}

async function privateKeyOf({ decryptionKeyFile, passphrase }: OpenpgpSettings): Promise<PrivateKey> {
  try {
    const key = await readPrivateKey({ armoredKey: readFileSync(decryptionKeyFile, 'utf8') })
    if (key.isDecrypted()) return key
    if (passphrase === null) throw new Error('it has a passphrase, and none is configured')
    return await decryptKey({ privateKey: key, passphrase })
  } catch (error) {
    throw new Error(`The decryption key ${decryptionKeyFile} cannot be used: ${(error as Error).message}`)
  }
}

async function publicKeyOf(file: string): Promise<PublicKey> {
  try {
    return await readKey({ armoredKey: readFileSync(file, 'utf8') })
  } catch (error) {
    throw new Error(`The signing key ${file} cannot be used: ${(error as Error).message}`)
  }
}
