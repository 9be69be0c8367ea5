import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Digests } from '../s3/digest'
import type { ObjectStore } from '../s3/object-store'

const program = join(import.meta.dirname, 'seal.mjs')

function run(args: string[]): ChildProcess {
  return spawn(process.execPath, [program, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { NODE_ENV: 'production', PATH: process.env.PATH ?? '' },
  })
}

/** Ends well or throws with what the program said. */
export async function ended(child: ChildProcess, name: string): Promise<void> {
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2000)
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${complaint.trim()}`)
}

/** Makes the keys of the lab's backups once. */
export async function prepareKeys(directory: string): Promise<void> {
  if (existsSync(join(directory, 'signing-private.asc'))) return
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  await ended(run(['keys', directory]), 'The key generator')
}

export interface Sealed {
  file: string
  digests: Digests
  /** Bytes before compression. */
  plainBytes: number
}

/** Seals a text as it comes; nothing of it reaches the disk unencrypted. Throws when its source or the sealing fails. */
export async function seal(store: ObjectStore, keys: string, plain: AsyncIterable<Buffer | string>): Promise<Sealed> {
  const child = run(['seal', keys])
  const { stdin, stdout } = child
  if (!stdin || !stdout) throw new Error('the sealing program has no pipes')
  let plainBytes = 0
  const counted = async function* () {
    for await (const chunk of plain) {
      plainBytes += Buffer.byteLength(chunk)
      yield chunk
    }
  }
  const end = ended(child, 'The encryption')
  const fed = pipeline(Readable.from(counted(), { objectMode: false }), stdin)
  const [received, feeding, ending] = await Promise.allSettled([store.receive(stdout), fed, end])
  const failure = [feeding, ending, received].find((one) => one.status === 'rejected')
  if (failure?.status === 'rejected' || received.status === 'rejected') {
    if (received.status === 'fulfilled') await store.discard(received.value.file)
    throw failure?.status === 'rejected' ? failure.reason : new Error('the backup was not received')
  }
  return { ...received.value, plainBytes }
}
