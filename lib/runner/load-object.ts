import { type BackupDamage, damages, type Place, type StoredObject } from '../domain/backups/types'
import type { LoadOptions, LoadPhase, LoadRefusal, LoadSource, NotLoaded } from '../ports/backup-loader'
import { type BackupOpener, type Backups, OpenError } from '../ports/backups'
import { ProgramError, StatementError } from '../ports/dump-target'
import { PortError } from '../ports/port-error'
import { type Found, ObjectBytes, type OpenedDump, openDump, partSizeOf, remember } from './read-backup'

/** What a load reads from, and whom it tells. */
export interface Loading {
  backups: Backups
  /** Null where backups are not encrypted. */
  opener: BackupOpener | null
  source: LoadSource
  options: LoadOptions
  now: () => number
}

/** Ends a load with what it came to. */
class LoadEnd extends Error {
  constructor(readonly result: NotLoaded) {
    super(result.says)
    this.name = 'LoadEnd'
  }
}

export const refused = (reason: LoadRefusal, says: string, missing: readonly string[] = []) =>
  new LoadEnd({ kind: 'refused', reason, says, missing, touched: false })

export const damaged = (damage: Exclude<BackupDamage, 'unreachable'>, says: string) =>
  new LoadEnd({ kind: 'damaged', damage, says, touched: false })

/** The gravest thing that was found. */
function worst(found: Found): LoadEnd | null {
  const kind = damages.find((kind) => found[kind] !== undefined)
  if (kind === undefined) return null
  const says = found[kind] ?? ''
  return kind === 'unreachable'
    ? new LoadEnd({ kind: 'unreachable', who: 's3', says, touched: false })
    : damaged(kind, says)
}

/** Work of the server that is loaded into: its failures are told from those of S3. */
export async function atServer<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    const { code } = error.detail
    const says = error.message
    const answered = code !== undefined && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) && error.errorClass !== 'unreachable'
    throw new LoadEnd(
      answered
        ? { kind: 'failed', sqlState: code, says, touched: false }
        : { kind: 'unreachable', who: 'server', says, touched: false },
    )
  }
}

/** What the failure of a load comes to. Throws what nobody foresaw. */
export function resultOf(error: unknown, found: Found): NotLoaded {
  const touched = false
  if (error instanceof LoadEnd) return error.result
  if (error instanceof StatementError) return { kind: 'failed', sqlState: error.sqlState, says: error.message, touched }
  if (error instanceof ProgramError) return { kind: 'died', says: error.message, touched }
  remember(found, error)
  const end = worst(found)
  if (!end) throw error
  return end.result
}

/** Between two reports of progress, ms. */
const reportedEveryMs = 250

export interface ObjectReading {
  plain: AsyncIterator<Uint8Array>
  decryptedBy: OpenedDump['decryptedBy']
  report(phase: LoadPhase, plainBytes: number): void
  /** After the end of the dump: answers the sum when all of it is what the backup job wrote, and throws LoadEnd otherwise. */
  proved(): Promise<string>
}

/** Finds the object, compares what is said of it with what was agreed, and opens it. */
export async function openObject(
  { backups, opener, source, options, now }: Loading,
  found: Found,
): Promise<ObjectReading> {
  const { signal, progress } = options
  if (source.signature === 'required' && !opener?.knowsSigner)
    throw refused('not-configured', 'A signature is required, and no signing key is configured.', ['signingKeyFile'])
  const place = placeOf(backups, source)
  const { key, etag, size, versionId } = source
  const object: StoredObject = {
    key,
    etag,
    size,
    uploadedAt: 0,
    storageClass: '',
    head: await backups.head(place, { key, etag, head: { versionId } }, signal),
  }
  if (versionId !== null && object.head) object.head.versionId = versionId
  const { metadata } = object.head ?? { metadata: {} as Record<string, string> }
  const said = metadata.checksum?.trim().toLowerCase()
  if (source.sha256 !== null && said && said !== source.sha256)
    throw damaged('checksum-differs', 'The metadata name another SHA-256 than the one that was agreed.')

  let bytesRead = 0
  let reportedAt = Number.NEGATIVE_INFINITY
  let reported: LoadPhase = 'checking'
  const report = (phase: LoadPhase, plainBytes: number) => {
    if (phase === reported && now() - reportedAt < reportedEveryMs) return
    reported = phase
    reportedAt = now()
    const percent = size === 0 ? 100 : Math.floor((100 * bytesRead) / size)
    progress({ phase, bytesRead, bytesTotal: size, percent, plainBytes })
  }
  report('checking', 0)
  const counted = (bytes: number) => {
    bytesRead = bytes
  }
  const reading = { backups, place, object, signal, progress: counted }
  const bytes = new ObjectBytes(reading, await partSizeOf(reading))
  const dump = await openDump(bytes.chunks(), opener, found)
  return {
    plain: dump.plain[Symbol.asyncIterator](),
    decryptedBy: dump.decryptedBy,
    report,
    async proved() {
      await dump.signature(found)
      await bytes.drain()
      const sha256 = bytes.compare(found)
      if (source.sha256 !== null && sha256 !== null && sha256 !== source.sha256)
        found['checksum-differs'] = 'What was read does not have the SHA-256 that was agreed.'
      const end = worst(found)
      if (end) throw end
      if (sha256 === null) throw new OpenError('truncated', 'Not all of the object was read.')
      return sha256
    },
  }
}

function placeOf({ buckets }: Backups, { bucket, region }: LoadSource): Place {
  const is = (one: { bucket: string; region: string } | undefined) => one?.bucket === bucket && one.region === region
  if (is(buckets.own)) return 'own'
  if (is(buckets.copy)) return 'copy'
  throw refused('not-configured', `The bucket ${bucket} in ${region} is not one of the configured ones.`)
}
