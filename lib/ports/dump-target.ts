import type { DumpPiece } from '../domain/backups/dump-text'
import type { LoadedBy, LoadingTools } from '../domain/backups/loading'

/** The server refused a statement. */
export class StatementError extends Error {
  constructor(
    /** Null where the program that loaded did not tell it. */
    readonly sqlState: string | null,
    message: string,
  ) {
    super(message)
    this.name = 'StatementError'
  }
}

/** A program that was started for the load came to an end by itself, or could not be started. */
export class ProgramError extends Error {
  override name = 'ProgramError'
}

export interface TargetFacts {
  /** "15.13" */
  version: string
  major: number
  /** Tables, views and sequences that are there already. */
  relations: number
  /** Of those asked for. */
  missingRoles: string[]
  missingExtensions: string[]
}

/** A load under way. Throws StatementError, ProgramError or PortError from then on when it has failed. */
export interface DumpSink {
  /** The next bytes of the dump, and for a plain one their pieces. Resolves when more may come. */
  write(bytes: Uint8Array, pieces: readonly DumpPiece[]): Promise<void>
  /** Everything was written, and is right: finishes the load, and makes sure that it outlives a crash of the server. */
  end(): Promise<void>
  /** Breaks off. When it resolves, nothing of the load runs any more at a server that can be reached. */
  abort(): Promise<void>
}

/** One database into which one dump is loaded. Throws PortError. */
export interface DumpTarget {
  facts(needs: { roles: readonly string[]; extensions: readonly string[] }): Promise<TargetFacts>
  tools(): Promise<LoadingTools>
  open(by: LoadedBy): Promise<DumpSink>
  /** Runs statements in one transaction. */
  run(statements: readonly string[]): Promise<void>
}
