import { archiveHead } from '../domain/backups/archive-head'
import { type DumpPiece, DumpReader } from '../domain/backups/dump-text'
import { type LoadedBy, loadingOf } from '../domain/backups/loading'
import { cleanLine } from '../domain/text'
import type { LoadNeeds, LoadResult } from '../ports/backup-loader'
import { type DumpSink, type DumpTarget, ProgramError, StatementError, type TargetFacts } from '../ports/dump-target'
import { atServer, damaged, type Loading, type ObjectReading, openObject, refused, resultOf } from './load-object'
import { type Found, judgeDump } from './read-backup'

interface LoadBackup extends Loading {
  target: DumpTarget
  needs: LoadNeeds
}

/** The beginning of a dump that tells what it is. */
const headBytes = 4096

/**
 * Loads a backup as one stream, and finishes it only when all of it is proved to be what the backup job wrote. Nothing in the database
 * may be trusted before that. Rejects only with what nobody foresaw.
 */
export async function loadBackup(load: LoadBackup): Promise<LoadResult> {
  const { target, needs, options, now } = load
  const begunAt = now()
  const found: Found = {}
  const dump = new DumpLoad(target)
  const stop = () => void dump.abort()
  options.signal.addEventListener('abort', stop)
  let reading: ObjectReading | null = null
  let plainBytes = 0
  let sha256: string | null = null
  const read = async (take: (chunk: Uint8Array) => Promise<void>) => {
    // Not by a loop that closes the stream when the server refuses something: see `blame`.
    for (;;) {
      const { done, value } = (await reading?.plain.next()) ?? { done: true, value: undefined }
      if (done) return
      options.signal.throwIfAborted()
      plainBytes += value.byteLength
      reading?.report('loading', plainBytes)
      await take(value)
    }
  }
  try {
    reading = await openObject(load, found)
    dump.server = await checkedTarget(target, needs)
    await read((chunk) => dump.write(chunk))
    await dump.begin()
    const facts = dump.reader.facts()
    judgeDump(facts, found)
    sha256 = await reading.proved()
    options.signal.throwIfAborted()
    reading.report('building', plainBytes)
    const loadedBy = await dump.end()
    return {
      kind: 'loaded',
      sha256,
      plainBytes,
      tables: facts.format === 'plain' ? facts.tables : null,
      dumpedFrom: dump.dumpedFrom,
      decryptedBy: reading.decryptedBy,
      loadedBy,
      elapsedMs: now() - begunAt,
    }
  } catch (error) {
    await dump.abort()
    const failure = sha256 === null && isDoubtful(error) ? await blame(error) : error
    const { touched } = dump
    if (options.signal.aborted) return { kind: 'cancelled', says: 'The load was cancelled.', touched }
    return { ...resultOf(failure, found), touched }
  } finally {
    options.signal.removeEventListener('abort', stop)
    await reading?.plain.return?.(undefined)
  }

  /** What was refused may have come of wrong bytes, of which only the end of the backup tells. */
  async function blame(error: unknown): Promise<unknown> {
    try {
      await read(async () => {})
      await reading?.proved()
      return error
    } catch (worse) {
      return worse
    }
  }
}

/** Syntax, names and values (PostgreSQL manual, appendix A), which a changed byte can make wrong, and programs that give up. */
const isDoubtful = (error: unknown) =>
  error instanceof StatementError
    ? error.sqlState === null || /^(22|23|42(?!501|704))/.test(error.sqlState)
    : error instanceof ProgramError

/** Looks at the server before the first statement. Throws LoadEnd. */
async function checkedTarget(target: DumpTarget, needs: LoadNeeds): Promise<TargetFacts> {
  const facts = await atServer(target.facts(needs))
  const { relations, missingRoles, missingExtensions } = facts
  if (relations > 0)
    throw refused('not-empty', `The database is not empty: it has ${relations} tables, views or sequences.`)
  if (missingRoles.length > 0)
    throw refused('role-missing', `The server lacks roles: ${missingRoles.join(', ')}.`, missingRoles)
  if (missingExtensions.length > 0)
    throw refused(
      'extension-missing',
      `The server lacks extensions: ${missingExtensions.join(', ')}.`,
      missingExtensions,
    )
  return facts
}

/** A dump on its way into the database: read before it is handed on, because a program would do at once what is refused here. */
class DumpLoad {
  server: TargetFacts | null = null
  dumpedFrom: string | null = null
  touched = false
  #pieces: DumpPiece[] = []
  readonly reader = new DumpReader((piece) => this.#pieces.push(piece))
  #head: Uint8Array[] = []
  #headBytes = 0
  #sink: DumpSink | null = null
  #by: LoadedBy | null = null
  #aborted: Promise<void> | null = null

  constructor(private readonly target: DumpTarget) {}

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#sink) return this.#give(this.#sink, chunk)
    this.#head.push(chunk)
    this.#headBytes += chunk.byteLength
    if (this.#headBytes >= headBytes) await this.begin()
  }

  /** Opens the way into the database by what the dump begins with; a dump may be shorter than that. */
  async begin(): Promise<void> {
    if (this.#sink) return
    const head = Buffer.concat(this.#head)
    this.#head = []
    this.#read(head)
    const { format, serverVersion, dumpedBy, needs } = this.reader.facts()
    if (format === 'unknown' || !this.server) throw damaged('not-a-dump', 'It is no dump of PostgreSQL.')
    const archive = archiveHead(head)
    const versions = archive ?? { serverVersion, dumpedBy }
    const about = { format, needs, ...versions, archive: archive?.version ?? null }
    const choice = loadingOf(about, this.server.major, await this.target.tools())
    if (choice.by === null) throw refused(choice.reason, choice.says, choice.missing)
    this.dumpedFrom = versions.serverVersion
    this.#by = choice.by
    this.#sink = await atServer(this.target.open(choice.by))
    await this.#hand(this.#sink, head)
  }

  /** Everything is proved: what was begun is finished. */
  async end(): Promise<LoadedBy> {
    if (!this.#sink || !this.#by) throw new Error('nothing was started')
    await atServer(this.#sink.end())
    return this.#by
  }

  /** Once and for all, also while something is waited for. */
  abort(): Promise<void> {
    this.#aborted ??= this.#sink?.abort() ?? null
    return this.#aborted ?? Promise.resolve()
  }

  async #give(sink: DumpSink, chunk: Uint8Array): Promise<void> {
    this.#read(chunk)
    await this.#hand(sink, chunk)
  }

  #read(chunk: Uint8Array): void {
    this.reader.write(chunk)
    const { refused: unwritten, connects } = this.reader
    if (unwritten !== null)
      throw damaged('meta-command', `It contains what pg_dump does not write: ${cleanLine(unwritten)}`)
    if (connects) throw refused('names-database', 'It was made with --create, and continues in another database.')
  }

  async #hand(sink: DumpSink, chunk: Uint8Array): Promise<void> {
    this.touched = true
    const pieces = this.#pieces
    this.#pieces = []
    await atServer(sink.write(chunk, pieces))
  }
}
