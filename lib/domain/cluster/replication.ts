import { listWords } from '../units'
import { streamOf } from './position'
import type { NodePosition } from './types'
import { ofOtherDatabase } from './wal-history'

/** A reader as it answered itself, or why it did not. */
export interface ReaderAnswer {
  id: string
  /** For people. */
  name: string
  /** The name that the API gives it, by which its row on the writer may be called. */
  instance: string
  position: NodePosition | null
  why: string | null
}

/** One row of pg_stat_replication on the writer. */
export interface SenderRow {
  application: string
  state: string
  replySeconds: number | null
}

interface ReplicationVerdict {
  troubles: string[]
  /** Readers that could not be asked and of which the writer says that they stream. */
  doubts: string[]
  /** Rows on the writer that are no reader: consumers, backups, other receivers. */
  others: string[]
}

/**
 * Does each reader replicate? The reader itself says so by its WAL receiver, which is right for a cascading replica, too. A row on
 * the writer counts for a reader only by its name: a logical consumer or a base backup never stands in for a reader that is lost.
 */
export function judgeReplication(
  readers: readonly ReaderAnswer[],
  rows: readonly SenderRow[],
  writer: Pick<NodePosition, 'systemId' | 'timeline'> | null,
  latestSeconds: number,
): ReplicationVerdict {
  const troubles: string[] = []
  const doubts: string[] = []
  for (const { name, instance, position, why } of readers) {
    const row = rows.find(({ application }) => application === instance)
    if (!position) {
      const streams = row?.state === 'streaming' && row.replySeconds !== null && row.replySeconds < latestSeconds
      if (streams) doubts.push(`${name} could not be asked, and the writer sends to it.`)
      else troubles.push(`${name} does not replicate: ${lower(why ?? 'it is down.')}`)
      continue
    }
    const stream = streamOf(
      { nodeId: name, startedAt: position.at, endedAt: position.at, value: position },
      latestSeconds * 1000,
    )
    const follows = position.receiver?.timeline ?? null
    if (!stream.alive) troubles.push(`${name} does not replicate: ${stream.why}.`)
    else if (ofOtherDatabase(position, writer)) troubles.push(`${name} is a copy of another database than the writer.`)
    else if (writer?.timeline != null && follows !== null && follows !== writer.timeline)
      troubles.push(`${name} follows timeline ${follows}, the writer is on ${writer.timeline}.`)
  }
  const named = new Set(readers.map(({ instance }) => instance))
  return { troubles, doubts, others: rows.flatMap(({ application }) => (named.has(application) ? [] : [application])) }
}

const lower = (sentence: string) => sentence.charAt(0).toLowerCase() + sentence.slice(1)

/** All of them, in a sentence's beginning. */
export const readersWords = (names: readonly string[]): string =>
  names.length === 1 ? `The reader ${names[0]}` : `All ${names.length} readers (${listWords(names)})`
