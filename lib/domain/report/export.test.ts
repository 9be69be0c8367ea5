// An export is written in pieces, so that its length costs no memory. What is written must be the same text as of a whole
// value, or whoever checks its sum finds it changed.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from '../procedure/canonical'
import type { RecordEntry, SealedEntry } from '../record/chain'
import { type ReportExport, reportJson } from './export'

const entries = fc.array(
  fc.oneof(
    fc.record<RecordEntry>({
      n: fc.nat(),
      at: fc.string(),
      body: fc.string(),
      prevHash: fc.string(),
      hash: fc.string(),
    }),
    fc.record<SealedEntry>({ n: fc.nat(), prevHash: fc.string(), hash: fc.string() }),
  ),
  { maxLength: 5 },
)
const given = fc.record<ReportExport>({
  exportedAt: fc.string(),
  report: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })) as fc.Arbitrary<object>,
  head: fc.record({ n: fc.nat(), hash: fc.string() }),
  verdict: fc.constant({ whole: false, at: 3, why: 'Entry 3 is\nmissing.' } as const),
})

async function* each<T>(items: T[]) {
  yield* items
}
async function written(value: ReportExport, record: (RecordEntry | SealedEntry)[]): Promise<string> {
  let text = ''
  for await (const piece of reportJson(value, each(record))) text += piece
  return text
}

test('the pieces are the text of the whole value, and carry its sum', async () => {
  await fc.assert(
    fc.asyncProperty(given, entries, async (value, record) => {
      const { exportedAt, report, head, verdict } = value
      const whole = JSON.stringify(
        { format: 'castmatch-warroom-report/1', exportedAt, report, record: { head, verdict, entries: record } },
        null,
        2,
      )
      expect(await written(value, record)).toBe(`${whole.slice(0, -2)},\n  "sha256": "${sha256(whole)}"\n}\n`)
    }),
  )
})

test('what was written is read back with the sum that verify-record works out', async () => {
  await fc.assert(
    fc.asyncProperty(given, entries, async (value, record) => {
      const { sha256: given, ...content } = JSON.parse(await written(value, record)) as { sha256: string }
      expect(sha256(JSON.stringify(content, null, 2))).toBe(given)
    }),
  )
})
