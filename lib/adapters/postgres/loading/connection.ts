import type { Client } from 'pg'
import { type CopyStreamQuery, from } from 'pg-copy-streams'
import type { DumpPiece } from '../../../domain/backups/dump-text'
import { type DumpSink, ProgramError } from '../../../ports/dump-target'
import { fromPostgresError, isSqlState } from '../errors'
import { refusedBy } from './server-says'

/** Statements are sent together until they are so long. */
const batchBytes = 64 * 1024
/** What is longer without an end is no statement of a dump that can be held in memory. */
const longestStatement = 64 * 1024 * 1024

/** Loads a plain dump through one connection of ours, for runners without psql. Meta-commands are never executed. */
export function openConnection(client: Client, who: string, terminate: () => Promise<void>): DumpSink {
  /** Whole statements, and the beginning of the next one. */
  let whole: Buffer[] = []
  let wholeBytes = 0
  let begun: Buffer[] = []
  let begunBytes = 0
  let rows: CopyStreamQuery | null = null
  let failure: Error | null = null

  const told = (error: unknown): Error => {
    const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
    // The end of a session is the end of the connection, whatever its code.
    if (isSqlState(code) && !/^(08|57P)/.test(code)) return refusedBy(code, String(message))
    return fromPostgresError(error, who, true)
  }
  const run = async (): Promise<void> => {
    const text = Buffer.concat(whole).toString('utf8')
    whole = []
    wholeBytes = 0
    if (text !== '') await client.query(text)
  }
  const take = async (piece: DumpPiece): Promise<void> => {
    switch (piece.kind) {
      case 'sql':
        begun.push(piece.bytes)
        begunBytes += piece.bytes.length
        if (begunBytes > longestStatement) throw new ProgramError('A statement of the dump is too long without psql.')
        if (!piece.ends) return
        if (piece.copies) {
          await run()
          rows = client.query(from(Buffer.concat(begun).toString('utf8')))
          // Heard where it is written to.
          rows.on('error', (error) => {
            failure ??= told(error)
          })
        } else {
          whole.push(...begun)
          wholeBytes += begunBytes
        }
        begun = []
        begunBytes = 0
        if (wholeBytes > batchBytes) await run()
        return
      case 'rows':
        if (rows && !rows.write(piece.bytes)) await drained(rows)
        return
      case 'rows-end': {
        const ending = rows
        rows = null
        if (!ending) return
        const end = finished(ending)
        ending.end()
        await end
        return
      }
    }
  }
  const guarded = async (work: () => Promise<void>): Promise<void> => {
    try {
      if (failure) throw failure
      await work()
      if (failure) throw failure
    } catch (error) {
      failure ??= told(error)
      throw failure
    }
  }
  client.on('error', (error) => {
    failure ??= told(error)
    rows?.destroy(error)
  })
  return {
    write: (_, pieces) =>
      guarded(async () => {
        for (const piece of pieces) await take(piece)
      }),
    end: () =>
      guarded(async () => {
        await run()
        await client.end()
      }),
    async abort() {
      client.connection.stream.destroy()
      await terminate()
    },
  }
}

/** Resolves when the stream takes more, or has ended; why it ended is told by its error. */
const drained = (stream: CopyStreamQuery) =>
  new Promise<void>((resolve) => {
    stream.once('drain', resolve)
    stream.once('close', resolve)
  })

/** Resolves when the server has taken all rows, or has refused them. */
const finished = (stream: CopyStreamQuery) =>
  new Promise<void>((resolve) => {
    stream.once('finish', resolve)
    stream.once('close', resolve)
  })
