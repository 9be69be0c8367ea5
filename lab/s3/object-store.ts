import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Digester, type Digests, opaqueId } from './digest'
import { S3Error } from './errors'
import { buckets, type ObjectVersion, versionSchema } from './object'

export type NewVersion = Pick<
  ObjectVersion,
  'bucket' | 'key' | 'storageClass' | 'contentType' | 'metadata' | 'checksum'
> &
  Partial<Pick<ObjectVersion, 'parts' | 'etag' | 'replication' | 'lastModified'>>

/** Objects as files: `<version>.data` beside `<version>.json`. Every bucket keeps versions. */
export class ObjectStore {
  #versions: ObjectVersion[] = []
  #sequence = 0
  readonly #listeners: ((version: ObjectVersion) => void)[] = []

  constructor(readonly directory: string) {}

  async open(): Promise<void> {
    await rm(join(this.directory, 'incoming'), { recursive: true, force: true })
    for (const { name } of buckets) await mkdir(join(this.directory, name), { recursive: true, mode: 0o700 })
    await mkdir(join(this.directory, 'incoming'), { mode: 0o700 })
    const read = await Promise.all(buckets.map(({ name }) => readVersions(join(this.directory, name))))
    this.#versions = read.flat()
    this.#sequence = Math.max(0, ...this.#versions.map(({ sequence }) => sequence))
  }

  /** Told of every new version. */
  onPut(listener: (version: ObjectVersion) => void): void {
    this.#listeners.push(listener)
  }

  /** All versions of a bucket, in S3's order: by key, the newest of a key first. */
  versions(bucket: string): ObjectVersion[] {
    return this.#versions
      .filter((version) => version.bucket === bucket)
      .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || b.sequence - a.sequence)
  }

  /** The newest version of each key that is not deleted. */
  current(bucket: string): ObjectVersion[] {
    return this.versions(bucket)
      .filter((version, index, all) => all[index - 1]?.key !== version.key)
      .filter((version) => !version.deleteMarker)
  }

  find(bucket: string, key: string, versionId: string | null): ObjectVersion | null {
    return (
      this.versions(bucket).find((one) => one.key === key && (versionId === null || one.versionId === versionId)) ??
      null
    )
  }

  dataOf({ bucket, versionId }: ObjectVersion): string {
    return join(this.directory, bucket, `${versionId}.data`)
  }

  /** Writes a body beside its place. Whoever calls gives the file to `put`, or removes it. */
  async receive(body: AsyncIterable<Buffer>): Promise<{ file: string; digests: Digests }> {
    const file = join(this.directory, 'incoming', randomBytes(12).toString('hex'))
    const digester = new Digester()
    try {
      await pipeline(
        Readable.from(body),
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            digester.update(chunk)
            yield chunk
          }
        },
        createWriteStream(file, { mode: 0o600 }),
      )
    } catch (error) {
      await rm(file, { force: true })
      throw error
    }
    return { file, digests: digester.digests() }
  }

  async discard(file: string): Promise<void> {
    await rm(file, { force: true })
  }

  /** Makes a received file a new version. */
  async put(wanted: NewVersion, { file, digests }: { file: string; digests: Digests }): Promise<ObjectVersion> {
    const version = this.#next({
      ...wanted,
      deleteMarker: false,
      size: digests.size,
      etag: wanted.etag ?? digests.md5.toString('hex'),
    })
    await rename(file, this.dataOf(version))
    await this.#keep(version)
    for (const listener of this.#listeners) listener(version)
    return version
  }

  /** Without a version: a marker that hides the object. With one: that version is gone for good. */
  async delete(bucket: string, key: string, versionId: string | null): Promise<ObjectVersion | null> {
    if (versionId === null) {
      const marker = { bucket, key, storageClass: 'STANDARD', contentType: '', metadata: {}, checksum: null }
      const version = this.#next({ ...marker, deleteMarker: true, size: 0, etag: '' })
      await this.#keep(version)
      return version
    }
    const version = this.find(bucket, key, versionId)
    if (!version) return null
    this.#versions = this.#versions.filter((one) => one !== version)
    const place = join(this.directory, bucket, versionId)
    await Promise.all([rm(`${place}.json`, { force: true }), rm(`${place}.data`, { force: true })])
    return version
  }

  /** What the storage does to a version without making another one. One that is gone meanwhile stays gone. */
  async change({ versionId }: ObjectVersion, changes: Partial<ObjectVersion>): Promise<ObjectVersion | null> {
    const index = this.#versions.findIndex((one) => one.versionId === versionId)
    const version = this.#versions[index]
    if (!version) return null
    const changed = { ...version, ...changes }
    this.#versions[index] = changed
    await this.#write(changed)
    // Deleted while it was written down.
    if (!this.#versions.includes(changed) && !this.#versions.some((one) => one.versionId === versionId))
      await rm(join(this.directory, version.bucket, `${versionId}.json`), { force: true })
    return changed
  }

  #next(wanted: NewVersion & Pick<ObjectVersion, 'deleteMarker' | 'size' | 'etag'>): ObjectVersion {
    this.#sequence += 1
    const rest = { parts: [], replication: null, restoredUntil: null, lastModified: Date.now() }
    return { ...rest, ...wanted, versionId: opaqueId(), sequence: this.#sequence }
  }

  async #keep(version: ObjectVersion): Promise<void> {
    await this.#write(version)
    this.#versions.push(version)
  }

  async #write(version: ObjectVersion): Promise<void> {
    const file = join(this.directory, version.bucket, `${version.versionId}.json`)
    const part = `${file}.${randomBytes(4).toString('hex')}.part`
    await writeFile(part, JSON.stringify(version), { mode: 0o600 })
    await rename(part, file)
  }
}

/** Versions whose description can be read; a body without one was never acknowledged. */
async function readVersions(directory: string): Promise<ObjectVersion[]> {
  const names = await readdir(directory)
  const kept = new Set<string>()
  const versions: ObjectVersion[] = []
  for (const name of names.filter((one) => one.endsWith('.json'))) {
    const parsed = versionSchema.safeParse(JSON.parse((await readFile(join(directory, name), 'utf8')) || 'null'))
    if (!parsed.success) continue
    versions.push(parsed.data)
    kept.add(name.slice(0, -'.json'.length))
  }
  for (const name of names)
    if (name.endsWith('.data') && !kept.has(name.slice(0, -'.data'.length))) await rm(join(directory, name))
  return versions
}

export function requireBucket(name: string) {
  const bucket = buckets.find((one) => one.name === name)
  if (!bucket)
    throw new S3Error('NoSuchBucket', 'The specified bucket does not exist', { members: { BucketName: name } })
  return bucket
}
