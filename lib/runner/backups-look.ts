import { catalogueOf } from '../domain/backups/catalogue'
import { DumpReader } from '../domain/backups/dump-text'
import { isRolesOf } from '../domain/backups/names'
import type { BackupCheck, BackupPolicy, CatalogueSample } from '../domain/backups/types'
import type { BackupObject } from '../domain/procedure/call'
import { type BackupOpener, type Backups, OpenError } from '../ports/backups'
import { PortError } from '../ports/port-error'
import type { BackupsLook } from '../ports/restore'
import { type Found, openDump } from './read-backup'

interface BackupsLookSettings {
  backups: Backups
  /** Null where backups are not encrypted. Rejects when the key cannot be read. */
  opener: () => Promise<BackupOpener | null>
  policy: BackupPolicy
  signed: boolean
  /** Both buckets as they were last read; null before the first time. */
  sample: () => Promise<CatalogueSample | null>
  checks: () => Promise<BackupCheck[]>
  /** Reads one version to its end and writes down what was found. Rejects when it could not be read. */
  verify: (object: BackupObject, hands: { progress: (bytes: number) => void; signal: AbortSignal }) => Promise<void>
  now: () => number
}

/** So much of a dump tells what it is. */
const headBytes = 4096
const peekLimitMs = 12_000

/** The backups as steps and prerequisites look at them; one of them at a time is read to its end. */
export function createBackupsLook(settings: BackupsLookSettings): BackupsLook & { close(): Promise<void> } {
  const { backups, opener, policy, signed, sample, checks, verify, now } = settings
  const stopping = new AbortController()
  const reading = new Map<string, { bytes: number; failed: string | null; done: Promise<void> }>()
  const idOf = ({ bucket, key, etag }: BackupObject) => `${bucket}/${key} ${etag}`

  async function checkOf({ bucket, key, etag }: BackupObject): Promise<BackupCheck | null> {
    const found = (await checks()).filter((one) => one.bucket === bucket && one.key === key && one.etag === etag)
    return found.reduce<BackupCheck | null>((a, b) => (a && a.at > b.at ? a : b), null)
  }

  function begin(object: BackupObject) {
    const work = { bytes: 0, failed: null as string | null, done: Promise.resolve() }
    const id = idOf(object)
    reading.set(id, work)
    work.done = verify(object, {
      signal: stopping.signal,
      progress(bytes) {
        work.bytes = bytes
      },
    }).then(
      () => void reading.delete(id),
      (error: unknown) => {
        work.failed = error instanceof Error ? error.message : 'It could not be read.'
      },
    )
    return work
  }

  return {
    policy,
    signed,
    buckets: backups.buckets,
    async catalogue(damage) {
      const [found, known] = await Promise.all([sample(), checks()])
      return found && catalogueOf(found, { policy, damage, checks: known, now: now() })
    },
    head: ({ place, ...object }) => backups.head(place, listed(object)),
    async rolesOf({ place, bucket, region, key }) {
      const found = await sample()
      const listing = place === 'own' ? found?.own : found?.copy
      const roles = listing?.objects.find((one) => isRolesOf(one.key, key))
      if (!roles) return null
      const { versionId } = await backups.head(place, roles)
      return { place, bucket, region, key: roles.key, versionId, etag: roles.etag, size: roles.size }
    },
    async peek({ place, key, versionId, etag, size }) {
      const limit = AbortSignal.timeout(peekLimitMs)
      const stop = new AbortController()
      const found: Found = {}
      try {
        const signal = AbortSignal.any([limit, stop.signal])
        const { plain } = await openDump(
          backups.read(place, { key, versionId, etag, size }, signal),
          await opener(),
          found,
        )
        const reader = new DumpReader()
        let bytes = 0
        for await (const chunk of plain) {
          reader.write(chunk)
          bytes += chunk.byteLength
          if (bytes >= headBytes) break
        }
        const [wrong] = Object.values(found)
        if (wrong !== undefined) throw refused(wrong)
        const { format, serverVersion } = reader.facts()
        return { format, serverVersion }
      } catch (error) {
        throw error instanceof OpenError ? refused(error.message) : error
      } finally {
        stop.abort()
      }
    },
    async verification(object) {
      const check = await checkOf(object)
      if (check) return { state: 'ended', check }
      const { bytes, failed } = reading.get(idOf(object)) ?? begin(object)
      if (failed === null) return { state: 'running', bytes, size: object.size }
      reading.delete(idOf(object))
      return { state: 'broke-off', says: failed }
    },
    async close() {
      stopping.abort()
      await Promise.all([...reading.values()].map(({ done }) => done))
    },
  }
}

const refused = (message: string) => new PortError('config', message, { outcome: 'rejected', probe: 'other' })

/** As a listing names it: what has no head yet. */
const listed = ({ key, etag, size }: Pick<BackupObject, 'key' | 'etag' | 'size'>) => ({
  key,
  etag,
  size,
  uploadedAt: 0,
  storageClass: '',
  head: null,
})
