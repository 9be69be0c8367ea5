import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { readKey } from 'openpgp'
import { type BackupOpener, OpenError } from '../../ports/backups'
import { ProgramError } from '../../ports/dump-target'
import { createOpenpgp, type OpenpgpSettings } from './index'
import { isForGpg } from './packets'

const call = promisify(execFile)
const env = (): NodeJS.ProcessEnv => ({ NODE_ENV: 'production', PATH: process.env.PATH ?? '', LC_ALL: 'C' })
const importMs = 30_000
/** The beginning of a message that tells for whom it is. */
const headBytes = 16_384

/** The version of the installed gpg; null when there is none. */
export async function gpgVersion(): Promise<string | null> {
  try {
    const { stdout } = await call('gpg', ['--version'], { timeout: 10_000, env: env() })
    return /(\d+\.\d+(?:\.\d+)*)/.exec(stdout.split('\n')[0] ?? '')?.[1] ?? null
  } catch {
    return null
  }
}

/**
 * Opens OpenPGP messages by gpg where that is possible, which is faster than the library, and by the library otherwise. It has a
 * home of its own, with the two configured keys and nothing else, until it is closed. No key and no passphrase is an argument.
 */
export async function createGpg(settings: OpenpgpSettings): Promise<BackupOpener & { close(): Promise<void> }> {
  const library = await createOpenpgp(settings)
  const home = mkdtempSync(join(tmpdir(), 'wr-gpg-'))
  const close = async () => {
    await call('gpgconf', ['--homedir', home, '--kill', 'all'], { timeout: 5_000, env: env() }).catch(() => undefined)
    rmSync(home, { recursive: true, force: true })
  }
  const { decryptionKeyFile, signingKeyFile, passphrase } = settings
  const base = ['--homedir', home, '--no-options', '--batch', '--no-tty', '--quiet']
  let signer: string | null = null
  let usable = true
  try {
    for (const file of [decryptionKeyFile, ...(signingKeyFile === null ? [] : [signingKeyFile])])
      await call('gpg', [...base, '--import', file], { timeout: importMs, env: env() })
    if (signingKeyFile !== null)
      signer = (await readKey({ armoredKey: readFileSync(signingKeyFile, 'utf8') })).getFingerprint().toUpperCase()
  } catch {
    // Not installed, or a key of a kind that it does not know.
    usable = false
    await close()
  }
  return {
    knowsSigner: library.knowsSigner,
    close,
    async open(sealed) {
      const { head, all } = await headOf(sealed)
      if (!usable || isForGpg(head) !== true) return library.open(all)
      const vector = ['--pinentry-mode', 'loopback', '--passphrase-fd', '4', '--status-fd', '3', '--decrypt']
      const child = spawn('gpg', [...base, '--trust-model', 'always', '--no-auto-key-retrieve', ...vector], {
        stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
        env: env(),
      })
      return opened(child, all, passphrase, signer)
    },
  }
}

function opened(
  child: ChildProcess,
  sealed: AsyncIterable<Uint8Array>,
  passphrase: string | null,
  signer: string | null,
) {
  const { stdin, stdout, stderr } = child
  const [, , , statusPipe, passphrasePipe] = child.stdio
  if (!stdin || !stdout || !stderr || !statusPipe || !passphrasePipe) throw new Error('gpg has no pipes')
  let status = ''
  let complaint = ''
  ;(statusPipe as Readable).on('data', (chunk: Buffer) => {
    status = (status + chunk.toString()).slice(-20_000)
  })
  stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-4_000)
  })
  ;(passphrasePipe as Writable).on('error', () => {})
  ;(passphrasePipe as Writable).end(passphrase ?? '')
  const exit = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', (code) => resolve(code))
  })
  /** Why the sealed bytes ended early, when it was not for gpg. */
  let broken: { error: unknown } | null = null
  const source = async function* () {
    try {
      yield* sealed
    } catch (error) {
      broken = { error }
      child.kill('SIGKILL')
      throw error
    }
  }
  // gpg that has ended says why itself.
  const fed = pipeline(Readable.from(source(), { objectMode: true, highWaterMark: 1 }), stdin).catch(() => undefined)
  const is = (word: string) => new RegExp(`^\\[GNUPG:\\] ${word}\\b`, 'm').test(status)
  const plain = async function* () {
    try {
      yield* stdout as AsyncIterable<Buffer>
      const [code] = await Promise.all([exit, fed])
      if (broken) throw broken.error
      const failure = failureOf(code, is, complaint)
      if (failure) throw failure
    } finally {
      child.kill('SIGKILL')
    }
  }
  return {
    by: 'gpg' as const,
    plain: plain(),
    async signature() {
      if (signer === null) return 'unchecked' as const
      if (!/^\[GNUPG:\] (GOODSIG|BADSIG|ERRSIG|EXPSIG|EXPKEYSIG|REVKEYSIG|VALIDSIG)\b/m.test(status))
        return 'none' as const
      // The last field is the fingerprint of the primary key, whichever of its keys signed.
      const valid = [...status.matchAll(/^\[GNUPG:\] VALIDSIG (.*)$/gm)].some(
        ([, fields]) => fields?.trim().split(' ').at(-1)?.toUpperCase() === signer,
      )
      return valid && !is('REVKEYSIG') && !is('BADSIG') ? ('valid' as const) : ('wrong' as const)
    },
  }
}

function failureOf(code: number | null, is: (word: string) => boolean, complaint: string): Error | null {
  if (code === null) return new ProgramError('gpg was ended from outside.')
  // A signature that it cannot check makes it fail, too; who asks for the signature learns of that.
  if (is('DECRYPTION_OKAY') && is('GOODMDC')) return null
  if (!is('BEGIN_DECRYPTION') && !is('DECRYPTION_INFO')) {
    if (is('NO_SECKEY') || /No secret key|Bad passphrase/i.test(complaint))
      return new OpenError('wrong-key', 'It is encrypted to another key than the configured one.')
  }
  if (/premature|unexpected end|length byte missing|EOF|problem reading source/i.test(complaint))
    return new OpenError('truncated', 'The encrypted data ends in the middle.')
  return new OpenError('damaged', 'The encrypted data was changed.')
}

/** The first bytes of a stream, and all of it. */
async function headOf(stream: AsyncIterable<Uint8Array>) {
  const iterator = stream[Symbol.asyncIterator]()
  const begun: Uint8Array[] = []
  let bytes = 0
  while (bytes < headBytes) {
    const { done, value } = await iterator.next()
    if (done) break
    begun.push(value)
    bytes += value.byteLength
  }
  const head = Buffer.concat(begun)
  const all = async function* () {
    if (head.length > 0) yield head as Uint8Array
    yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { head, all: all() }
}
