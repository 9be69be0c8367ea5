import { type DumpFacts, DumpReader } from '../domain/backups/dump-text'
import { type BackupDamage, damages } from '../domain/backups/types'
import { byteWords, counted } from '../domain/units'
import type { BackupOpener } from '../ports/backups'
import { type BackupSource, type Found, judgeDump, ObjectBytes, openDump, partSizeOf, remember } from './read-backup'

export interface Verification {
  ok: boolean
  /** The gravest thing that was found; null when it is whole. */
  damage: BackupDamage | null
  says: string
  sha256: string | null
  bytes: number
  dump: DumpFacts | null
}

interface VerifyOptions extends BackupSource {
  /** Null where backups are not encrypted. */
  opener: BackupOpener | null
}

/**
 * Reads a backup to its end, once: sums of the object, signature, encryption, compression, and the dump itself. Nothing of it is kept
 * or written anywhere. The first bytes decide what something is, not the object's name. Rejects only with what nobody foresaw.
 */
export async function verifyBackup(options: VerifyOptions): Promise<Verification> {
  const found: Found = {}
  const tolerant = async <T>(work: Promise<T>): Promise<T | null> => {
    try {
      return await work
    } catch (error) {
      remember(found, error)
      return null
    }
  }
  const partSize = await tolerant(partSizeOf(options))
  const source = new ObjectBytes(options, partSize)
  const dump = await tolerant(readDump(source, options.opener, found))
  // What is left of the object tells whether it is whole, also when it could not be opened.
  await tolerant(source.drain())
  const sha256 = source.compare(found)
  if (dump) judgeDump(dump, found)
  const damage = damages.find((kind) => found[kind] !== undefined) ?? null
  return {
    ok: damage === null,
    damage,
    says: damage === null ? whole(dump) : (found[damage] ?? ''),
    sha256,
    bytes: source.bytes,
    dump,
  }
}

const whole = (dump: DumpFacts | null) =>
  `Whole: ${byteWords(dump?.bytes ?? 0)} of SQL${dump?.format === 'plain' ? `, ${counted(dump.tables, 'table')} with rows` : ''}.`

/** Reads the dump inside to its end. */
async function readDump(source: ObjectBytes, opener: BackupOpener | null, found: Found): Promise<DumpFacts> {
  const { plain, signature } = await openDump(source.chunks(), opener, found)
  const reader = new DumpReader()
  for await (const chunk of plain) reader.write(chunk)
  await signature(found)
  return reader.facts()
}
