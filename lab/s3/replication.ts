import { setMaxListeners } from 'node:events'
import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { digestFile } from './digest'
import { buckets, type ObjectVersion } from './object'
import type { ObjectStore } from './object-store'

/** Copying to another region is asynchronous; most objects are there within a minute. */
const usualSeconds = 60

interface Replication {
  /** What was on its way when the lab last stopped goes on its way again. */
  resume(): void
  delay(realSeconds: number): Promise<void>
  stop(): Promise<void>
}

/** Copies every new object to the bucket in the other region, with its metadata, some time after it was written. */
export function replicate(store: ObjectStore, speedup: number): Replication {
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal)
  const underway = new Set<Promise<void>>()
  const delay = (realSeconds: number) =>
    new Promise<void>((done, fail) => {
      const leave = () => {
        clearTimeout(timer)
        fail(new Error('the lab is stopping'))
      }
      const end = () => {
        stopping.signal.removeEventListener('abort', leave)
        done()
      }
      const timer = setTimeout(end, (realSeconds * 1000) / speedup)
      stopping.signal.addEventListener('abort', leave)
    })

  const copy = async (version: ObjectVersion, to: string) => {
    await store.change(version, { replication: 'PENDING' })
    await delay(usualSeconds)
    if (!store.find(version.bucket, version.key, version.versionId)) return
    const file = join(store.directory, 'incoming', version.versionId)
    await copyFile(store.dataOf(version), file)
    const received = { file, digests: await digestFile(file) }
    const { size, etag } = version
    // A damaged source is not copied: its bytes are no longer those that were acknowledged.
    const isWhole =
      received.digests.size === size && (etag.includes('-') || received.digests.md5.toString('hex') === etag)
    if (!isWhole) {
      await rm(file, { force: true })
      await store.change(version, { replication: 'FAILED' })
      return
    }
    const { key, storageClass, contentType, metadata, checksum, parts, lastModified } = version
    const kept = { key, storageClass, contentType, metadata, checksum, parts, lastModified, etag }
    await store.put({ bucket: to, ...kept, replication: 'REPLICA' }, received)
    await store.change(version, { replication: 'COMPLETED' })
  }
  const begin = (version: ObjectVersion) => {
    const target = buckets.find(({ replicaOf }) => replicaOf === version.bucket)
    if (!target || version.deleteMarker || version.replication === 'REPLICA') return
    const task = copy(version, target.name)
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) console.error('lab: an object was not copied:', error)
      })
      .finally(() => underway.delete(task))
    underway.add(task)
  }
  store.onPut(begin)
  return {
    delay,
    resume() {
      for (const bucket of buckets)
        for (const version of store.versions(bucket.name)) if (version.replication === 'PENDING') begin(version)
    },
    async stop() {
      stopping.abort()
      await Promise.allSettled(underway)
    },
  }
}
