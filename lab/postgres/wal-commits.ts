import { readFileSync } from 'node:fs'

/*
 * Commit times in a WAL segment: the moment up to which an archive can be restored is its last commit, and no later one. The
 * layout is PostgreSQL's own (access/xlog_internal.h, xlogrecord.h, xact.h), the same since version 11 on little-endian
 * machines.
 */

const pageBytes = 8192
/** An XLogRecord's fixed part. */
const recordBytes = 24
const transactionManager = 1
const commitOperations = new Set([0x00, 0x30])
/** 2000-01-01 in ms. */
const postgresEpoch = 946_684_800_000

/** When transactions committed whose records begin in this segment, in the order of the log, ms. */
function commitTimes(segment: Buffer): number[] {
  const records = payloadOf(segment)
  const times: number[] = []
  let at = aligned(segment.readUInt32LE(16))
  while (at + recordBytes <= records.length) {
    const length = records.readUInt32LE(at)
    // Zeros follow the last record of a segment that was ended early.
    if (length < recordBytes) break
    const operation = records[at + 16] ?? 0
    if (records[at + 17] === transactionManager && commitOperations.has(operation & 0x70)) {
      const time = mainData(records.subarray(at + recordBytes, at + length))
      if (time !== null) times.push(time)
    }
    at += aligned(length)
  }
  return times
}

/** The last commit in a segment's file, ms; null when it holds none, or is gone. */
export function lastCommitIn(file: string): number | null {
  try {
    return commitTimes(readFileSync(file)).at(-1) ?? null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return null
  }
}

/** The segment without its page headers: a record goes on behind the header of the next page. */
function payloadOf(segment: Buffer): Buffer {
  const pages: Buffer[] = []
  for (let at = 0; at + pageBytes <= segment.length; at += pageBytes) {
    const isLong = (segment.readUInt16LE(at + 2) & 0x0002) !== 0
    pages.push(segment.subarray(at + (isLong ? 40 : 24), at + pageBytes))
  }
  return Buffer.concat(pages)
}

/** The time with which a commit record's own data begins; null when the record is cut off. */
function mainData(body: Buffer): number | null {
  for (let at = 0; at < body.length; ) {
    const id = body[at]
    if (id === 255) at += 2
    else if (id === 254) at += 5
    else if (id === 253) {
      at += 3
      continue
    } else if (id === 252) {
      at += 5
      continue
    } else return null
    return at + 8 <= body.length ? postgresEpoch + Number(body.readBigInt64LE(at)) / 1000 : null
  }
  return null
}

const aligned = (length: number) => (length + 7) & ~7
