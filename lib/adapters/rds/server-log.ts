import {
  DescribeDBLogFilesCommand,
  type DescribeDBLogFilesDetails,
  DownloadDBLogFilePortionCommand,
  type RDSClient,
} from '@aws-sdk/client-rds'
import type { LogPart, LogPlace } from '../../domain/cluster/server-log'
import { unreadableAnswer } from '../../ports/outcome'
import { PortError } from '../../ports/port-error'

/** Files of one node are listed on at most this many pages; RDS keeps a week of them, one an hour. */
const maxPages = 20

/**
 * The part of an instance's log after `from`, or the place of its end. RDS turns the file once an hour: a file that brings
 * nothing more is followed by the next. Rejects with the SDK's own errors, or a PortError when there is no log.
 */
export async function readServerLog(
  rds: RDSClient,
  instance: string,
  from: LogPlace | null,
  abortSignal: AbortSignal,
): Promise<LogPart> {
  const DBInstanceIdentifier = instance
  const download = async (LogFileName: string, at: { Marker: string } | { NumberOfLines: number }) => {
    const command = new DownloadDBLogFilePortionCommand({ DBInstanceIdentifier, LogFileName, ...at })
    const { LogFileData, Marker, AdditionalDataPending } = await rds.send(command, { abortSignal })
    if (!Marker) throw unreadableAnswer(`The log of ${instance}`, 200, false)
    return {
      text: LogFileData ?? '',
      next: { file: LogFileName, marker: Marker },
      more: AdditionalDataPending === true,
    }
  }
  const files = async () => {
    const found: { name: string; written: number }[] = []
    let Marker: string | undefined
    for (let n = 0; n < maxPages; n++) {
      const command = new DescribeDBLogFilesCommand({ DBInstanceIdentifier, FilenameContains: 'postgresql', Marker })
      const answer = await rds.send(command, { abortSignal })
      for (const file of answer.DescribeDBLogFiles ?? []) found.push(...logFile(file))
      Marker = answer.Marker
      if (!Marker) break
    }
    return found.toSorted((a, b) => a.written - b.written || a.name.localeCompare(b.name))
  }
  if (from === null) {
    const newest = (await files()).at(-1)
    if (!newest)
      throw new PortError('missing', `RDS lists no log of ${instance}.`, { outcome: 'rejected', probe: 'api' })
    return { ...(await download(newest.name, { NumberOfLines: 1 })), text: '', more: false }
  }
  const part = await download(from.file, { Marker: from.marker })
  if (part.text !== '' || part.more) return part
  const all = await files()
  const next = all[all.findIndex(({ name }) => name === from.file) + 1]
  return next && next.name !== from.file ? { text: '', next: { file: next.name, marker: '0' }, more: true } : part
}

/** The same entries as CSV would count twice. */
const logFile = ({ LogFileName: name, LastWritten }: DescribeDBLogFilesDetails) =>
  name === undefined || name.endsWith('.csv') ? [] : [{ name, written: LastWritten ?? 0 }]
