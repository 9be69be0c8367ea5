import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { compositeSum, type Digests, opaqueId, sumOf } from './digest'
import { S3Error } from './errors'
import type { Checksum, ChecksumAlgorithm, ObjectVersion } from './object'
import type { NewVersion, ObjectStore } from './object-store'

const smallestPart = 5 * 1024 * 1024

interface Part {
  file: string
  digests: Digests
}

interface Upload {
  wanted: Omit<NewVersion, 'checksum'>
  algorithm: ChecksumAlgorithm | null
  type: Checksum['type']
  parts: Map<number, Part>
}

/** Uploads in parts that are under way; they end with the lab. */
export class Uploads {
  readonly #uploads = new Map<string, Upload>()

  constructor(private readonly store: ObjectStore) {}

  begin(wanted: Upload['wanted'], algorithm: ChecksumAlgorithm | null, type: Checksum['type']): string {
    const id = opaqueId()
    this.#uploads.set(id, { wanted, algorithm, type, parts: new Map() })
    return id
  }

  require(bucket: string, key: string, id: string): Upload {
    const upload = this.#uploads.get(id)
    if (upload?.wanted.bucket !== bucket || upload.wanted.key !== key)
      throw new S3Error(
        'NoSuchUpload',
        'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      )
    return upload
  }

  /** A part sent again replaces the former one. */
  async add(upload: Upload, number: number, part: Part): Promise<void> {
    const former = upload.parts.get(number)
    upload.parts.set(number, part)
    if (former) await rm(former.file, { force: true })
  }

  async abort(id: string): Promise<void> {
    const upload = this.#uploads.get(id)
    this.#uploads.delete(id)
    for (const { file } of upload?.parts.values() ?? []) await rm(file, { force: true })
  }

  /** Joins the named parts. Throws InvalidPart, InvalidPartOrder, EntityTooSmall. */
  async complete(id: string, upload: Upload, listed: { number: number; etag: string }[]): Promise<ObjectVersion> {
    if (listed.length === 0 || listed.some((one, index) => one.number <= (listed[index - 1]?.number ?? 0)))
      throw new S3Error(
        'InvalidPartOrder',
        'The list of parts was not in ascending order. Parts must be ordered by part number.',
      )
    const parts = listed.map(({ number, etag }) => {
      const part = upload.parts.get(number)
      if (!part || part.digests.md5.toString('hex') !== etag)
        throw new S3Error('InvalidPart', 'One or more of the specified parts could not be found.')
      return part
    })
    if (parts.slice(0, -1).some(({ digests }) => digests.size < smallestPart))
      throw new S3Error('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size')
    const whole = await this.store.receive(joined(parts))
    const { algorithm, type } = upload
    const checksum: Checksum | null = algorithm && {
      algorithm,
      type,
      value:
        type === 'FULL_OBJECT'
          ? sumOf(whole.digests, algorithm)
          : compositeSum(
              parts.map(({ digests }) => sumOf(digests, algorithm)),
              algorithm,
            ),
    }
    const md5 = createHash('md5')
    for (const { digests } of parts) md5.update(digests.md5)
    const etag = `${md5.digest('hex')}-${parts.length}`
    const sizes = parts.map(({ digests }) => digests.size)
    const version = await this.store.put({ ...upload.wanted, checksum, etag, parts: sizes }, whole)
    await this.abort(id)
    return version
  }
}

async function* joined(parts: Part[]): AsyncGenerator<Buffer> {
  for (const { file } of parts) for await (const chunk of createReadStream(file)) yield chunk
}

/** `<Part><PartNumber/><ETag/></Part>..` of CompleteMultipartUpload. Throws MalformedXML. */
export function readParts(xml: string): { number: number; etag: string }[] {
  const parts = [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
    number: Number(/<PartNumber>\s*(\d+)\s*<\/PartNumber>/.exec(part)?.[1] ?? Number.NaN),
    etag: (/<ETag>(.*?)<\/ETag>/s.exec(part)?.[1] ?? '')
      .replaceAll('&quot;', '')
      .replaceAll('&#34;', '')
      .replaceAll('"', '')
      .trim(),
  }))
  if (parts.length === 0 || parts.some(({ number }) => !Number.isInteger(number)))
    throw new S3Error(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    )
  return parts
}
