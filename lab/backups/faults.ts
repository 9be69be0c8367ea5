import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type LabFault, LabStateError } from '../contract'
import { type ObjectVersion, replicaBucket } from '../s3/object'
import type { ObjectStore } from '../s3/object-store'
import { type BackupJob, dumpEnd, prefix } from './job'
import { seal } from './seal'

/** Faults of the backups in S3. What one has put there is gone again, in both buckets, when it is healed. */
export function backupFaults(job: BackupJob, store: ObjectStore): LabFault[] {
  const newest = () => {
    const dump = job.dumps().at(-1)
    if (!dump) throw new LabStateError('NoTarget', 'There is no backup yet; the first is written soon after the start.')
    return dump
  }
  const fault = (id: string, title: string, strike: () => Promise<ObjectVersion>): LabFault => {
    let put: ObjectVersion | null = null
    const heal = async () => {
      const version = put
      put = null
      if (!version) return
      await store.delete(version.bucket, version.key, version.versionId)
      // Its copy has a version of its own; it is the one with the same bytes.
      for (const copy of store.versions(replicaBucket))
        if (copy.key === version.key && copy.etag === version.etag)
          await store.delete(copy.bucket, copy.key, copy.versionId)
    }
    return {
      id,
      title,
      group: 'Backups',
      targets: () => [],
      parameters: [],
      async start() {
        await heal()
        put = await strike()
      },
      heal,
    }
  }
  /** Other bytes under the same key, with the metadata of the true ones: what S3 says of itself is right. */
  const replaced = async (version: ObjectVersion, change: (data: Buffer) => Buffer) => {
    const received = await store.receive(one(change(await readFile(store.dataOf(version)))))
    const { bucket, key, storageClass, contentType, metadata } = version
    const checksum = {
      algorithm: 'SHA256',
      type: 'FULL_OBJECT',
      value: received.digests.sha256.toString('base64'),
    } as const
    return store.put({ bucket, key, storageClass, contentType, metadata, checksum }, received)
  }
  let archived: ObjectVersion | null = null
  const unarchive = async () => {
    const version = archived
    archived = null
    if (version) await store.change(version, { storageClass: 'STANDARD', restoredUntil: null })
  }

  return [
    fault('backup-truncated', 'The newest backup is cut off half way', () =>
      replaced(newest(), (data) => data.subarray(0, Math.floor(data.length / 2))),
    ),
    fault('backup-flipped', 'The newest backup has one wrong byte', () =>
      replaced(newest(), (data) => {
        const changed = Buffer.from(data)
        const at = Math.floor(changed.length / 2)
        changed[at] = (changed[at] ?? 0) ^ 0xff
        return changed
      }),
    ),
    fault('backup-small', 'The newest backup is of an empty database: 12 kB', async () => {
      const model = newest()
      const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
      const sealed = await seal(store, job.keys, one(Buffer.from(emptyDump(model.metadata['server-version'] ?? ''))))
      const { metadata } = model
      return job.put(`${prefix}${metadata.database}-${stamp}${dumpEnd}`, sealed, metadata)
    }),
    fault('backup-sidecar-newest', 'The newest object is a checksum file', () =>
      replaced({ ...newest(), key: `${newest().key}.sha256`, metadata: {} }, () =>
        Buffer.from(`${newest().metadata.checksum}  ${newest().key.slice(prefix.length)}\n`),
      ),
    ),
    {
      id: 'backup-archived',
      title: 'The newest backup is in an archive class',
      group: 'Backups',
      targets: () => [],
      parameters: [],
      async start() {
        await unarchive()
        archived = await store.change(newest(), { storageClass: 'GLACIER' })
      },
      heal: unarchive,
    },
    {
      id: 'backup-job-stopped',
      title: 'The backup job does not run',
      group: 'Backups',
      targets: () => [],
      parameters: [],
      async start() {
        job.stopped = true
      },
      async heal() {
        job.stopped = false
      },
    },
  ]
}

/** A complete dump without a table, of about the size that the customer once found: comments that do not compress. */
function emptyDump(version: string): string {
  const noise = Array.from({ length: 340 }, (_, n) => `-- ${hash(n)}`).join('\n')
  return `--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version ${version}\n\n${noise}\n\n--\n-- PostgreSQL database dump complete\n--\n`
}

const hash = (n: number) => createHash('sha256').update(String(n)).digest('hex')

async function* one(data: Buffer): AsyncGenerator<Buffer> {
  yield data
}
