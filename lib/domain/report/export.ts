import { createHash } from 'node:crypto'
import type { ChainVerdict, RecordEntry, RecordHead, SealedEntry } from '../record/chain'

export interface ReportExport {
  exportedAt: string
  /** The report without what only its reader's screen needs. */
  report: object
  head: RecordHead
  verdict: ChainVerdict
}

const indented = (value: unknown, by: number): string =>
  JSON.stringify(value, null, 2).replaceAll('\n', `\n${' '.repeat(by)}`)

/**
 * A report with its piece of the record as JSON, in pieces: however long the record is, one entry at a time is held. The
 * text is that of JSON.stringify with two spaces, and closes with the SHA-256 of all that stands before, as a whole value.
 */
export async function* reportJson(
  { exportedAt, report, head, verdict }: ReportExport,
  entries: AsyncIterable<RecordEntry | SealedEntry>,
): AsyncGenerator<string> {
  const sum = createHash('sha256')
  const said = (text: string) => {
    sum.update(text, 'utf8')
    return text
  }
  yield said(
    `{\n  "format": "castmatch-warroom-report/1",\n  "exportedAt": ${JSON.stringify(exportedAt)},\n  "report": ${indented(report, 2)},\n` +
      `  "record": {\n    "head": ${indented(head, 4)},\n    "verdict": ${indented(verdict, 4)},\n    "entries": [`,
  )
  let first = true
  for await (const entry of entries) {
    yield said(`${first ? '' : ','}\n      ${indented(entry, 6)}`)
    first = false
  }
  yield said(first ? ']\n  }' : '\n    ]\n  }')
  sum.update('\n}', 'utf8')
  yield `,\n  "sha256": "${sum.digest('hex')}"\n}\n`
}
