/** What a custom archive of pg_dump says of itself before its contents (ReadHead of pg_backup_archiver.c). */
interface ArchiveHead {
  /** Of the format, such as `1.14`. */
  version: string
  /** Of the server that was dumped and of the program that did it; null when the beginning does not reach that far. */
  serverVersion: string | null
  dumpedBy: string | null
}

const longestText = 1000

/** Reads the first bytes of a custom archive; null when they are none. */
export function archiveHead(head: Uint8Array): ArchiveHead | null {
  if (Buffer.from(head.subarray(0, 5)).toString('latin1') !== 'PGDMP') return null
  let at = 5
  const byte = () => {
    const value = head[at]
    at += 1
    if (value === undefined) throw new RangeError('the head ends here')
    return value
  }
  try {
    const [major, minor] = [byte(), byte()]
    // Revision of the format.
    byte()
    const intSize = byte()
    const version = `${major}.${minor}`
    const facts = { version, serverVersion: null, dumpedBy: null }
    if (major !== 1 || minor < 12 || intSize > 8) return facts
    const int = () => {
      const isNegative = byte() !== 0
      let value = 0
      for (let n = 0; n < intSize; n++) value += byte() * 256 ** n
      return isNegative ? -value : value
    }
    const text = () => {
      const length = int()
      if (length < 0) return null
      if (length > longestText || at + length > head.length) throw new RangeError('the head ends here')
      const found = Buffer.from(head.subarray(at, at + length)).toString('utf8')
      at += length
      return found
    }
    // Size of an offset, and the kind of archive.
    at += 2
    if (minor >= 15) at += 1
    else int()
    // When it was made, in seven numbers.
    for (let n = 0; n < 7; n++) int()
    // Name of the database.
    text()
    const [serverVersion, dumpedBy] = [text(), text()]
    return { version, serverVersion, dumpedBy: dumpedBy?.split(' ')[0] ?? null }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { version: `${head[5] ?? 0}.${head[6] ?? 0}`, serverVersion: null, dumpedBy: null }
  }
}

/** The newest format that a pg_restore of this major version reads (K_VERS_MAX). */
export const newestArchive = (major: number): [number, number] => [1, major >= 17 ? 16 : major === 16 ? 15 : 14]
