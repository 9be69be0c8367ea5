import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { ChecksumAlgorithm } from './object'

export interface Digests {
  size: number
  md5: Buffer
  sha256: Buffer
  crc32: Buffer
}

/** Takes bytes as they pass, and answers all sums that S3 knows of them. */
export class Digester {
  readonly #md5 = createHash('md5')
  readonly #sha256 = createHash('sha256')
  #crc = 0
  #size = 0

  update(chunk: Buffer): void {
    this.#md5.update(chunk)
    this.#sha256.update(chunk)
    this.#crc = crc32(chunk, this.#crc)
    this.#size += chunk.length
  }

  digests(): Digests {
    const crc = Buffer.alloc(4)
    crc.writeUInt32BE(this.#crc)
    return { size: this.#size, md5: this.#md5.digest(), sha256: this.#sha256.digest(), crc32: crc }
  }
}

export async function digestFile(file: string): Promise<Digests> {
  const digester = new Digester()
  for await (const chunk of createReadStream(file)) digester.update(chunk)
  return digester.digests()
}

export function sumOf(digests: Digests, algorithm: ChecksumAlgorithm): string {
  return (algorithm === 'SHA256' ? digests.sha256 : digests.crc32).toString('base64')
}

/** The sum over the sums of the parts, as S3 writes it for a multipart upload. */
export function compositeSum(parts: readonly string[], algorithm: ChecksumAlgorithm): string {
  const digester = new Digester()
  for (const part of parts) digester.update(Buffer.from(part, 'base64'))
  return `${sumOf(digester.digests(), algorithm)}-${parts.length}`
}

/** An opaque id such as S3 gives to versions and uploads; hexadecimal, because one that begins with a hyphen is an option to the AWS CLI. */
export const opaqueId = (): string => randomBytes(16).toString('hex')
